#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the operator could not lead services to IPv6 addresses, nor see that they go there.
# not on: debug, rules and routes6 take the same steps
. "$(dirname "$0")/lib.sh"

need jq
plan 26
two_hosts
C6=fd09::1 S6=fd09::2
ip -n "$(ns c)" addr add $C6/64 dev eth0 nodad
ip -n "$(ns s)" addr add $S6/64 dev eth0 nodad
LL=fe80::99
ip -n "$(ns s)" addr add $LL/64 dev eth0 nodad
id=$(new_id)
monitor watch c all

# refused WORDS ARGS...
refused() {
	local words=$1 out

	shift
	out=$(serval c service "$@" 2>&1)
	matches "refused: $words" "$? $out" "^1 .*$words"
}
refused "multicast or broadcast address needs a device" add "$id" via ff02::1
refused "nobody's address" add "$id" via ::
refused "can't be given as an IPv6" add "$id" via ::ffff:10.9.0.2
refused "link-local address needs a device" add "$id" via $LL
is "nothing of that is in the table" "$(serval c service show)" ""

check "add" serval c service add "$id" via $S6 dev eth0 weight 3
matches "show" "$(serval c service show)" "$id via $S6 dev eth0 priority 1 weight 3"
is "json" "$(serval c -j service show | jq -r '.[0] | "\(.via) \(.dev)"')" "$S6 eth0"
matches "/proc" "$(service_table c)" "$S6"
check "the IPv4 rule for the same service is another one" \
	serval c service add "$id" via $S_ADDR dev eth0 priority 0
check "and goes by its address" serval c service del "$id" via $S_ADDR dev eth0
refused "no such rule" del "$id" via fd09::3 dev eth0

start server ip netns exec "$(ns s)" "$BUILD/user/svcat" -v -l "$id"
until_said server listening
start client ip netns exec "$(ns c)" "$BUILD/user/svcat" -v "$id"
check "svcat says where it is connected to" until_said client "at $S6,"
flow=$(serval c -j flow show state established)
is "the flow is shown with both addresses" \
	"$(jq -r '.[0] | "\(.local) \(.peer)"' <<< "$flow")" "$C6 $S6"
is "alone, and in full" \
	"$(serval s -j flow show id "$(serval s -j flow show | jq '.[0].id')" |
		jq -r '.[0] | "\(.local) \(.peer)"')" "$S6 $C6"
event() {
	jq -e -s "map(select($1)) | length > 0" "$TMP/watch" > /dev/null 2>&1
}
check "events have the rule's address" \
	wait_until 30 event ".event == \"new\" and .id == \"$id\" and .via == \"$S6\""
check "and the flow's" \
	wait_until 30 event ".object == \"flow\" and .event == \"new\" and .peer == \"$S6\""
stop client
stop server

serval c service add 0x5e01/16 via $S6
refused "link-local address needs a device" change 0x5e01/16 to $LL
check "a link-local target" serval c service change "$id" to $LL
start server ip netns exec "$(ns s)" "$BUILD/user/svcat" -v -l "$id"
until_said server listening
start client ip netns exec "$(ns c)" "$BUILD/user/svcat" -v "$id"
check "is reached" until_said client "at $LL,"
stop client
stop server

serval c service add 0x5e/8 via $S_ADDR
serval c service save > "$TMP/saved"
serval c service flush
check "what was saved" serval c service restore "$TMP/saved"
is "comes back" "$(serval c service save)" "$(cat "$TMP/saved")"
check "from IPv6 to IPv4" serval c service change "$id" to $S_ADDR
serve "$id"
check "and back to bytes" sv transfer -u 1000 -d 1000 "$id"
check "and to IPv6 again" serval c service change "$id" to $S6
check "with all bytes" sv transfer -u 100000 -d 100000 "$id"
