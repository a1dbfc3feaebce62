#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a service could not be found, or started, at the moment somebody asks for it.
. "$(dirname "$0")/lib.sh"

need jq
plan 38
two_hosts
id=$(new_id)
serve "$id"
timeout_ms() { on c sysctl -qw net.serval.delay_timeout="$1"; }
held() { serval c -j delay show; }
held_is() { [ "$(held | jq length)" = "$1" ]; }
check "a delay rule" serval c service add 0x5e/8 delay
is "is shown as one" "$(serval c service show)" "0x5e/8 delay priority 1 weight 1"
is "also in /proc" "$(service_table c | awk '{ print $3, $NF }')" "DLY -"

check "unreachable at once while nobody listens" at c connect -x EHOSTUNREACH "$id"
is "which is counted" "$(counter c DelayNoListener)" 1

timeout_ms 1
start watch ip netns exec "$(ns c)" "$SERVAL" -j monitor delay
watched() {
	at c connect -x EHOSTUNREACH 0x5e00 > /dev/null
	said watch '"held"'
}
wait_until 60 watched
timeout_ms 600000

# asked SERVICE: number of the packet last held for it
asked() {
	jq -s "map(select(.object == \"delay\" and .event == \"held\" and
		.service == \"$1\"))[-1].id // empty" "$TMP/watch" 2>/dev/null
}
was_asked() { [ -n "$(asked "$1")" ]; }

## found on demand
start first at c transfer -u 10000 -d 10000 "$id"
check "a controller is asked for the service" wait_until 20 was_asked "$id"
n=$(asked "$id")
is "with its protocol, and no name or address of the sender" \
	"$(held | jq -c '.[0] | [.id, .proto, .service, .source_service, .from]')" \
	"[$n,\"tcp\",\"$id\",null,null]"
within "and how long it waits" "$(held | jq '.[0].remaining_ms')" 500000 600000
before=$(counter c OutSyn)
check "released without a rule" serval c delay release "$n"
again() { [ "$(asked "$id")" -gt "$n" ]; }
check "it is asked for once more" wait_until 20 again
is "and nothing is sent" "$(counter c OutSyn)" "$before"
# just after a repetition the next one is seconds away
copies=$(counter c DelayCopies)
wait_until 60 counted c DelayCopies $((copies + 1))
serval c service add "$id" via $S_ADDR
check "released with a rule" serval c delay release "$(asked "$id")"
check "the connection carries every byte" result first
is "both releases are counted" "$(counter c DelayReleased)" 2
is "nothing is held" "$(held)" "[]"

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
is "has one place" "$(held | jq length)" 1
start server sv listen "$other"
until_said server ready
cancelled=$(counter c DelayCancelled)
serval c service add "$other" via $S_ADDR
check "a repetition that finds a rule connects" result third
is "and the held one goes" "$(counter c DelayCancelled) $(held)" "$((cancelled + 1)) []"
serval c service del "$other"
stop server

## no verdict
timeout_ms 300
check "without a verdict the attempt ends" at c connect -x EHOSTUNREACH "$other"
within "which is counted" "$(counter c DelayExpired)" 2 100
timeout_ms 600000

## the sender's name, and that it goes
name=0x5e$(printf '%062d' 10)
start named at c dials -b "$name" 1 "$other"
until_said named "1 pending"
is "a sender that has a name is told" "$(held | jq -r '.[0].source_service')" "$name"
stop named
check "closing takes it out" wait_until 10 held_is 0

## bound
full=$(counter c DelayFull)
# requests that are repeated meanwhile find the new rule by themselves
done_with() { echo $(($(counter c DelayReleased) + $(counter c DelayCancelled))); }
start many at c dials 1030 "$other"
check "1,024 are held, for the rest there is no way" \
	until_said many "^1024 pending, 6 unreachable" 120
is "which is counted" "$(($(counter c DelayFull) - full))" 6
is "all of them are listed" "$(held | jq 'map(.id) | unique | length')" 1024
before=$(done_with)
serval c service add "$other" drop
check "release all" serval c delay release all
is "resolves each anew" "$(($(done_with) - before))" 1024
is "and keeps none" "$(held)" "[]"
stop many

## unload
serval c service del "$other"
start many at c dials 100 "$other"
until_said many "^100 pending" 60
check "rmmod is refused while packets of open sockets are held" not rmmod serval
stop watch
check "without a controller no more are held" at c connect -x EHOSTUNREACH "$other"
is "but those that are stay" "$(held | jq length)" 100
stop many
stop serve
unused() { [ "$(cat /sys/module/serval/refcnt)" = 0 ]; }
wait_until 20 unused
check "it can be unloaded after them" rmmod serval
