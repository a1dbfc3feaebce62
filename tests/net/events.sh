#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a controller would not learn what is bound, changed or connected.
. "$(dirname "$0")/lib.sh"

need jq
plan 11
two_hosts
quiet_tw c s
id=$(new_id)
monitor here c all
monitor there s all

# event JOB FILTER: an event that jq selects has come
event() {
	jq -e -s "map(select($2)) | length > 0" "$TMP/$1" > /dev/null 2>&1
}
told() {
	check "$1" wait_until 30 event "$2" "$3"
}
rule c "$id" via $S_ADDR
told "a new rule" here ".event == \"new\" and .id == \"$id\" and .via == \"$S_ADDR\""
serval c service change "$id" weight 5
told "a changed rule" here ".event == \"change\" and .id == \"$id\" and .weight == 5"
start server sv serve -n 1 "$id"
told "a bound service" there ".event == \"new\" and .id == \"$id\" and .type == \"demux\""
until_said server ready
sv transfer "$id" > /dev/null
told "a flow at the client" here ".object == \"flow\" and .event == \"new\" and .peer == \"$S_ADDR\""
told "a flow at the server" there ".object == \"flow\" and .event == \"new\" and .peer == \"$C_ADDR\""
told "its end at the client" here '.object == "flow" and .event == "del"'
told "its end at the server" there '.object == "flow" and .event == "del"'
result server
told "an unbound service" there ".event == \"del\" and .id == \"$id\" and .type == \"demux\""
serval c service del "$id"
told "a deleted rule" here ".event == \"del\" and .id == \"$id\""
rule c "$id" via $S_ADDR
serval c service flush
deleted() { [ "$(jq -s "map(select(.event == \"del\" and .id == \"$id\")) | length" "$TMP/here")" = 2 ]; }
check "a flushed rule" wait_until 30 deleted
is "no host hears another's events" \
	"$(jq -s "map(select(.type == \"demux\")) | length" "$TMP/here")" 0
