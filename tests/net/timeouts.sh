#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, what a controller has set up would outlive it, and what nobody uses would stay for ever.
# not on: debug, its times are those of a fast machine
. "$(dirname "$0")/lib.sh"

need jq
plan 19
two_hosts
id=$(new_id)
serve 0x5e/8
monitor watch c service

rules() { serval c -j service show; }
count() { rules | jq length; }
count_is() { [ "$(count)" = "$1" ]; }
# ended REASON ID: how often an event said so
ended() {
	jq -s "map(select(.event == \"del\" and .reason == \"$1\" and .id == \"$2\")) | length" \
		"$TMP/watch" 2>/dev/null
}
has_ended() { [ "$(ended "$1" "$2")" = 1 ]; }

## after a time, long enough to see the rule used
brief=6 idle=6
serval c service add 0x5e/8 via $S_ADDR
check "a rule for a time" serval c service add "$id" drop timeout "$brief"
within "says when it ends" "$(rules | jq ".[] | select(.id == \"$id\") | .expires_ms")" 1 $((brief * 1000))
check "until then it is used" at c connect -x EHOSTUNREACH "$id"
check "then it ends, which is told with the reason" wait_until 60 has_ended timeout "$id"
is "it alone" "$(serval c service show | awk '{ print $1 }')" 0x5e/8
check "the wider rule is used instead" sv connect "$id"

check "a time that is set later" serval c service change 0x5e/8 timeout 600
within "begins then" "$(rules | jq '.[0].expires_ms')" 500000 600000
before=$(rules | jq '.[0].expires_ms')
passes() { [ "$(rules | jq '.[0].expires_ms')" -lt "$before" ]; }
serval c service change 0x5e/8 weight 2
check "another change does not start it anew" wait_until 10 passes
is "saved is what was asked for" "$(serval c service save)" \
	"service add 0x5e/8 via $S_ADDR priority 1 weight 2 timeout 600"
serval c service change 0x5e/8 timeout 0
is "0 is no timeout" "$(serval c service show)" "0x5e/8 via $S_ADDR priority 1 weight 2"

## without use
serval c service add "$id" via $S_ADDR idle-timeout "$idle"
serval c service add 0x5f/8 via $S_ADDR idle-timeout "$idle"
later=$((SECONDS + idle + 2))
unused_gone() {
	sv connect "$id" > /dev/null
	[ $SECONDS -ge $later ] && has_ended idle-timeout 0x5f/8
}
check "a rule that is not used ends" wait_until 40 unused_gone
is "one that is stays" "$(rules | jq "map(select(.id == \"$id\")) | length")" 1
check "and ends when it is not used any more" wait_until 40 has_ended idle-timeout "$id"
is "nothing but the wider rule is left" "$(count)" 1

## many
seq -f 'service add 0x60%08.0f via 10.9.0.2 idle-timeout 2' 1000 > "$TMP/batch"
seq -f 'service add 0x61%08.0f via 10.9.0.2 timeout 2' 1000 >> "$TMP/batch"
seq -f 'service add 0x62%08.0f via 10.9.0.2 timeout 600' 1000 >> "$TMP/batch"
check "3,000 rules with timeouts" serval c -batch "$TMP/batch"
check "2,000 of them end" wait_until 60 count_is 1001
check "the others go as ever" serval c service flush
is "and nothing is left" "$(count)" 0
