#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a service could not be found, or started, at the moment somebody asks for it.
. "$(dirname "$0")/lib.sh"

need jq
plan 38
two_hosts
id=$(new_id)
serve "$id"
check "a delay rule" serval c service add 0x5e/8 delay
is "is shown as one" "$(serval c service show)" "0x5e/8 delay priority 1 weight 1"
is "also in /proc" "$(service_table c | awk '{ print $3, $NF }')" "DLY -"

check "unreachable at once while nobody listens" at c connect -x EHOSTUNREACH "$id"
is "which is counted" "$(counter c DelayNoListener)" 1

controller c EHOSTUNREACH 0x5e00

## found on demand
start first at c transfer -u 10000 -d 10000 "$id"
check "a controller is asked for the service" wait_until 20 was_asked "$id"
n=$(asked "$id")
is "with its protocol, and no name or address of the sender" \
	"$(held c | jq -c '.[0] | [.id, .proto, .service, .source_service, .from]')" \
	"[$n,\"tcp\",\"$id\",null,null]"
within "and how long it waits" "$(held c | jq '.[0].remaining_ms')" 500000 600000
before=$(counter c OutSyn)
check "released without a rule" serval c delay release "$n"
check "it is asked for once more" wait_until 20 was_asked "$id" "$n"
is "and nothing is sent" "$(counter c OutSyn)" "$before"
# just after a repetition the next one is seconds away
copies=$(counter c DelayCopies)
wait_until 60 counted c DelayCopies $((copies + 1))
serval c service add "$id" via $S_ADDR
check "released with a rule" serval c delay release "$(asked "$id")"
check "the connection carries every byte" result first
is "both releases are counted" "$(counter c DelayReleased)" 2
is "nothing is held" "$(held c)" "[]"

## drop
other=0x5e$(printf '%062d' 8)
start second at c connect -x EHOSTUNREACH "$other"
wait_until 20 was_asked "$other"
fails_with "a verdict on an unknown packet fails" 1 serval c delay drop 4000000000
matches "in words" "$(serval c delay release 4000000000 2>&1)" 'no packet with this number'
check "drop" serval c delay drop "$(asked "$other")"
check "ends the attempt" result second
is "and is counted" "$(counter c DelayDropped)" 1

## repetitions
other=0x5e$(printf '%062d' 9)
start third at c connect "$other"
copies=$(counter c DelayCopies)
check "a request that is repeated" wait_until 30 counted c DelayCopies $((copies + 1))
is "has one place" "$(held c | jq length)" 1
start server sv listen "$other"
until_said server ready
cancelled=$(counter c DelayCancelled)
serval c service add "$other" via $S_ADDR
check "a repetition that finds a rule connects" result third
is "and the held one goes" "$(counter c DelayCancelled) $(held c)" "$((cancelled + 1)) []"
serval c service del "$other"
stop server

## no verdict
delay_ms c 300
check "without a verdict the attempt ends" at c connect -x EHOSTUNREACH "$other"
within "which is counted" "$(counter c DelayExpired)" 2 100
delay_ms c 600000

## the sender's name, and that it goes
name=0x5e$(printf '%062d' 10)
start named at c dials -b "$name" 1 "$other"
until_said named "1 pending"
is "a sender that has a name is told" "$(held c | jq -r '.[0].source_service')" "$name"
stop named
check "closing takes it out" wait_until 10 held_is c 0

## bound
full=$(counter c DelayFull)
# requests that are repeated meanwhile find the new rule by themselves
done_with() { echo $(($(counter c DelayReleased) + $(counter c DelayCancelled))); }
start many at c dials 1030 "$other"
check "1,024 are held, for the rest there is no way" \
	until_said many "^1024 pending, 6 unreachable" 120
is "which is counted" "$(($(counter c DelayFull) - full))" 6
is "all of them are listed" "$(held c | jq 'map(.id) | unique | length')" 1024
before=$(done_with)
serval c service add "$other" drop
check "release all" serval c delay release all
is "resolves each anew" "$(($(done_with) - before))" 1024
is "and keeps none" "$(held c)" "[]"
stop many

## unload
serval c service del "$other"
start many at c dials 100 "$other"
until_said many "^100 pending" 60
check "rmmod is refused while packets of open sockets are held" not rmmod serval
stop watch
check "without a controller no more are held" at c connect -x EHOSTUNREACH "$other"
is "but those that are stay" "$(held c | jq length)" 100
stop many
stop serve
wait_until 20 unused
check "it can be unloaded after them" rmmod serval
