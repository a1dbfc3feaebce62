#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, datagrams could not find who has a service on the link, nor reach all of them at once.
. "$(dirname "$0")/lib.sh"

need jq nft
plan 19
lan c s1 s2
S1=10.9.0.2
id=$(new_id)
got_is() { [ "$(counter "$1" InDatagrams)" = "$2" ]; }
asked_is() { [ "$(counter "$1" SynNoService)" = "$2" ]; }

## the default rule
on c sysctl -qw net.serval.broadcast_devices=eth0
start s1 at s1 echo "$id"
until_said s1 ready
is "a service is found, and answers" "$(at c ask "$id" hello)" "hello 0"
check "the others are asked" wait_until 10 asked_is s2 1
check "and silent" silent c s1 s2
is "who sends has asked himself as well" "$(counter c SynNoService)" 1
start s2 at s2 echo "$id"
until_said s2 ready
before1=$(counter s1 InDatagrams) before2=$(counter s2 InDatagrams)
is "of two one answers first" "$(at c ask "$id" again)" "again 0"
check "one datagram reaches both" wait_until 10 got_is s1 $((before1 + 1))
check "each once" wait_until 10 got_is s2 $((before2 + 1))
stop s1
stop s2
start nobody at c ask "$id" hello
check "nobody has it: nobody says so" wait_until 10 asked_is s2 2
# the client may have refused the answer that came second
check "to anybody" silent s1 s2
stop nobody

## connect()
start s1 at s1 listen -d "$id"
until_said s1 ready
is "a connection goes to who has it" "$(at c connect -d "$id")" $S1
start s2 at s2 listen -d "$id"
until_said s2 ready
late=$(counter c InSynAckLate)
matches "of two, to one" "$(at c connect -d "$id")" '^10\.9\.0\.[23]$'
check "and the other has kept nothing" wait_until 20 counted c InSynAckLate $((late + 1))
kept() { [ "$(($(flows s1) + $(flows s2)))" -le 2 ]; }
check "of it" kept
stop s1
stop s2
on c sysctl -qw net.serval.broadcast_devices=

## other groups
start s1 at s1 echo "$id"
until_said s1 ready
serval c service add "$id" via 224.0.0.1 dev eth0
is "an IPv4 group" "$(at c ask "$id" hello)" "hello 0"
ip -n "$(ns c)" -6 addr add fd09::1/64 dev eth0 nodad 2> /dev/null
ip -n "$(ns s1)" -6 addr add fd09::2/64 dev eth0 nodad 2> /dev/null
serval c service change "$id" to ff02::1 dev eth0
is "an IPv6 group" "$(at c ask "$id" hello)" "hello 0"
check "nobody refused anything" silent s1 s2

## what else is sent to a group
serval c service change "$id" via ff02::1 dev eth0 to $S1
stop s1
start s1 at s1 listen -d "$id"
until_said s1 ready
start talk at c connect -d -w "$id"
until_said talk $S1
before=$(counter s1 InUnexpected)
to_group c $S1
tell talk
check "of a connection nothing is taken from there" \
	wait_until 20 counted s1 InUnexpected $((before + 1))
check "nor answered" silent s1 s2
on c nft flush ruleset
serval c service flush
rule c "$id" via $S1
stop s1
is "one host refuses as ever" "$(at c ask "$id" hello)" ECONNREFUSED
