#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a datagram service could not be found, or started, at the moment somebody asks for it.
# not on: 6.12, the kernel that watches is a 6.12 as well
. "$(dirname "$0")/lib.sh"

need jq
plan 25
two_hosts
id=$(new_id)
nobody=0x5e$(printf '%062d' 7)
serval c service add 0x5e/8 delay
start echo sv echo "$id"
until_said echo ready

matches "unreachable at once while nobody listens" "$(at c ask "$id" hello 2>&1)" EHOSTUNREACH
is "which is counted" "$(counter c DelayNoListener)" 1

controller c EHOSTUNREACH 0x5e00
wait_until 20 held_is c 0

## found on demand
start first at c ask "$id" hello
check "a datagram is held" wait_until 20 held_is c 1
n=$(held c | jq '.[0].id')
is "for its service, with its protocol" "$(held c | jq -c '.[0] | [.proto, .service, .from]')" \
	"[\"udp\",\"$id\",null]"
matches "and the name it can be answered at" "$(held c | jq -r '.[0].source_service')" '^0x[0-9a-f]{64}$'
sent=$(counter c OutDatagrams)
check "released without a rule" serval c delay release "$n"
check "it is held again" held_is c 1
is "and not sent" "$(counter c OutDatagrams)" "$sent"
serval c service add "$id" via $S_ADDR
check "released with a rule" serval c delay release all
check "it is sent and answered" result first
is "the answer" "$(cat "$TMP/first")" "hello 0"
is "nothing is held" "$(held c)" "[]"

## drop, no verdict, close
dropped=$(counter c DelayDropped)
start second at c ask "$nobody" hello
wait_until 20 held_is c 1
check "drop" serval c delay drop all
is "is counted" "$(counter c DelayDropped) $(held c)" "$((dropped + 1)) []"
stop second
expired=$(counter c DelayExpired)
delay_ms c 1
start third at c ask "$nobody" hello
check "without a verdict it is dropped as well" \
	wait_until 20 counted c DelayExpired $((expired + 1))
stop third
delay_ms c 600000
start fourth at c ask "$nobody" hello
wait_until 20 held_is c 1
cancelled=$(counter c DelayCancelled)
stop fourth
check "it goes with its socket" wait_until 20 held_is c 0
is "which is counted" "$(counter c DelayCancelled)" $((cancelled + 1))

## bound: each datagram has a place
full=$(counter c DelayFull)
start many at c burst 1030 "$nobody"
check "1,024 are held, for the rest there is no way" \
	until_said many "^1024 sent, 6 unreachable" 120
is "which is counted" "$(counter c DelayFull)" $((full + 6))
is "all of them are listed" "$(held c | jq 'map(.id) | unique | length')" 1024
check "rmmod is refused meanwhile" not rmmod serval
stop many
check "none outlives its socket" wait_until 20 held_is c 0

## a connect
stop echo
serval c service del "$id"
start server sv listen -d "$id"
until_said server ready
start fifth at c connect -d "$id"
check "a connect is held" wait_until 20 held_is c 1
serval c service add "$id" via $S_ADDR
check "release" serval c delay release all
check "connects" result fifth
