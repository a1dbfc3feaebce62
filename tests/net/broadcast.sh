#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, hosts on one link could not find each other's services unless somebody tells them where they are.
. "$(dirname "$0")/lib.sh"

need jq nft
plan 37
lan c s1 s2
C=10.9.0.1 S1=10.9.0.2 S2=10.9.0.3
id=$(new_id)
link_of() { ip -n "$(ns "$1")" "${@:2}"; }
devices() { on c sysctl -qw net.serval.broadcast_devices="$1"; }
shown() { serval c service show; }
rule_is() { [ "$(shown)" = "$1" ]; }
DEFAULT="default via 10.9.0.255 dev eth0 priority 1 weight 1"

## the sysctl
is "off at first" "$(on c sysctl -n net.serval.broadcast_devices) $(shown)" " "
devices "nodev0 lo sal0"
is "no rule for what does not broadcast" "$(shown)" ""
devices "nodev0 eth0"
is "a rule for a device that is named" "$(shown)" "$DEFAULT"
is "this host's own" "$(serval s1 service show)" ""

## discovery
start s1 at s1 serve "$id"
until_said s1 ready
check "a service is found" at c transfer -u 50000 -d 50000 "$id"
is "at the host that has it" "$(at c connect "$id")" $S1
check "the others are silent" silent s1 s2
is "though they were asked" "$(counter s2 SynNoService)" 2
matches "the flow has addresses of two hosts" \
	"$(serval s1 flow show | head -n 1)" "local $S1 peer $C "
start s2 at s2 serve "$id"
until_said s2 ready
late=$(counter c InSynAckLate)
resets=$(counter c OutRst)
check "of two that answer" at c transfer -u 10000 -d 10000 "$id"
check "one is late" wait_until 20 counted c InSynAckLate $((late + 1))
check "and is reset" counted c OutRst $((resets + 1))
stop s2
stop s1
nobody=0x5e$(printf '%062d' 7)
start asks at c late "$nobody"
until_said asks pending
check "nobody has it: nobody says so" wait_until 10 silent s1 s2
is "and it may still come" "$(cat "$TMP/asks")" pending
start s2 at s2 serve "$nobody"
until_said s2 ready
check "which it does" until_said asks "^$S2\$" 60
result asks
stop s2
start here at c serve "$id"
until_said here ready
is "a service of this very host needs no answer from others" "$(at c transfer -u 1000 -d 1000 "$id" > /dev/null && echo found)" found
stop here

## it follows the device
link_of c addr del $C/24 dev eth0
check "the rule goes with the address" wait_until 20 rule_is ""
link_of c addr add $C/16 dev eth0
check "and comes with another one, for that network" \
	wait_until 20 rule_is "default via 10.9.255.255 dev eth0 priority 1 weight 1"
link_of c addr add $C/24 dev eth0
link_of c addr del $C/16 dev eth0
check "whatever the order" wait_until 20 rule_is "$DEFAULT"
link_of c link set eth0 down
check "it goes when the device goes down" wait_until 20 rule_is ""
link_of c link set eth0 up
check "and is back when it is up" wait_until 20 rule_is "$DEFAULT"
link_of c link set eth0 down
link_of c link set eth0 name lan0
link_of c link set lan0 up
wait_until 20 link_up c lan0
is "not under another name" "$(shown)" ""
devices "lan0 eth0"
check "unless that is named" rule_is "${DEFAULT/eth0/lan0}"
link_of c link set lan0 down
link_of c link set lan0 name eth0
link_of c link set eth0 up
wait_until 20 link_up c eth0
check "off again" devices ""
is "leaves no rule" "$(shown)" ""
serval c service add default via 10.9.0.255 dev eth0
devices eth0
devices ""
is "a rule of the operator's own stays" "$(shown)" "$DEFAULT"
serval c service flush

## other groups
start s1 at s1 serve "$id"
until_said s1 ready
wait_until 20 at c connect -a $S1 "$id" > /dev/null
matches "a group without a device is refused" \
	"$(serval c service add "$id" via 224.0.0.1 2>&1)" 'needs a device'
serval c service add "$id" via 224.0.0.1 dev eth0
is "an IPv4 group" "$(at c connect "$id")" $S1
serval c service change "$id" to 255.255.255.255 dev eth0
is "all hosts" "$(at c connect "$id")" $S1
link_of c -6 addr add fd09::1/64 dev eth0 nodad
link_of s1 -6 addr add fd09::2/64 dev eth0 nodad
serval c service change "$id" to ff02::1 dev eth0
check "an IPv6 group" at c transfer -u 50000 -d 50000 "$id"
matches "answers from an address of its own" "$(serval s1 flow show)" \
	'local (fe80|fd09):[^ ]* peer (fe80|fd09):'
fails_with "an address that is advised must be one host's" 0 \
	at c connect -x ENETUNREACH -a 10.9.0.255 "$id"
check "all that time nobody refused anything" silent s1 s2

## what else is sent to a group
serval c service change "$id" via ff02::1 dev eth0 to $S1
start talk at c connect -w "$id"
until_said talk $S1
before=$(counter s1 InUnexpected)
to_group c $S1
tell talk
check "of a connection nothing is taken from there" \
	wait_until 20 counted s1 InUnexpected $((before + 1))
check "nor answered" silent s2
on c nft flush ruleset
serval c service flush
rule c "$id" via $S1
check "one host is reached as ever" at c transfer -u 10000 -d 10000 "$id"
stop s1
check "and refuses as ever" at c connect -x ECONNREFUSED "$id"
