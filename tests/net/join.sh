#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, each change of a connection's path would cost a round trip.
. "$(dirname "$0")/lib.sh"

need jq nft
plan 61
two_links $S_ADDR

## A flow joins
talk
check "a connection" hears client one server
is "has one flow" "$(roles c), $(roles s)" "eth0 used, eth0 used"
check "another joins it" join c dev eth1
is "and is ready at the client" "$(roles c)" "eth0 used, eth1 backup"
check "and at the server" wait_until 10 has_roles s "eth0 used, eth1 backup"
is "in three packets" \
	"$(counters c OutJoin InJoinAck Joined) $(counters s InJoin OutJoinAck Joined)" \
	"OutJoin 1 InJoinAck 1 Joined 1 InJoin 1 OutJoinAck 1 Joined 1"
check "the client says the same" hears client two server
check "and the server" hears server three client
is "along the first" "$(counters c Moved) $(counters s Moved)" "Moved 0 Moved 0"
matches "a path that is there joins once" "$(join c dev eth1 2>&1)" \
	"a flow of the connection leads there already"

## Another is used
check "it can be used at once" serval c flow use "$(role_id c backup)"
is "at the client" "$(roles c)" "eth0 backup, eth1 used"
check "and the server follows" wait_until 10 has_roles s "eth0 backup, eth1 used"
check "data goes on" hears client four server
check "both ways" hears server five client

## The address of the one in use is lost
check "its link is cut" ip -n "$(ns c)" link set eth1 down
check "the other is used" wait_until 10 has_roles c "eth0 used, eth1 down"
check "the server follows" wait_until 10 has_roles s "eth0 used, eth1 backup"
check "data goes on" hears client six server
check "both ways" hears server seven client
check "the link comes back" ip -n "$(ns c)" link set eth1 up
check "and is used again" wait_until 20 has_roles c "eth0 backup, eth1 used"
check "by both" wait_until 10 has_roles s "eth0 backup, eth1 used"
check "data goes on" hears server eight client

## Nothing gets through
on c nft -f - <<-END
	table inet cut {
		chain out { type filter hook output priority 0; oifname eth1 drop; }
		chain in { type filter hook input priority 0; iifname eth1 drop; }
	}
END
check "nothing gets through on it: data goes on" hears client nine server
is "along the other" "$(roles c)" "eth0 used, eth1 down"
check "both ways" hears server ten client
on c nft delete table inet cut
check "it gets through again, and is used again" wait_until 30 has_roles c "eth0 backup, eth1 used"
check "by both" wait_until 10 has_roles s "eth0 backup, eth1 used"

## The ends differ
# neither RSYN|FIN nor JOIN
deaf c "@th,112,8 { 0x44, 0xc0 }"
check "the server ends the one in use" serval s flow part "$(role_id s used)"
is "of which the client does not hear" "$(roles c)" "eth0 backup, eth1 used"
check "until it says something, which arrives" hears client ten-two server
is "along the other" "$(roles c)" "eth0 used"
hear c
check "both ways" hears server ten-three client
check "a flow joins again" join c dev eth1
check "and is used" serval c flow use "$(role_id c backup)"
check "by both" wait_until 10 has_roles s "eth0 backup, eth1 used"

## A flow goes
check "one flow ends" serval c flow part "$(role_id c backup)"
check "at both ends" wait_until 10 has_roles s "eth1 used"
is "and not the connection" "$(roles c)" "eth1 used"
check "data goes on" hears client eleven server
fails_with "the last one cannot end" 1 serval c flow part "$(role_id c used)"
check "another may join again, from another address of the server" join s addr 10.9.1.2
check "at both ends" wait_until 10 has_roles c "eth1 backup, eth1 used"
check "and the one in use may end" serval s flow part "$(role_id s used)"
check "at both ends" wait_until 10 has_roles c "eth1 used"
check "data goes on" hears client twelve server

## There are no more than eight
for i in 1 2 3 4 5 6 7; do
	ip -n "$(ns c)" addr add 10.9.1.1$i/24 dev eth1
done
# joined N HOST...: has each host as many flows?
joined() {
	local h

	for h in "${@:2}"; do
		[ "$(serval "$h" -j flow show | jq length)" = "$1" ] || return
	done
}
seven() {
	local i

	for i in 1 2 3 4 5 6 7; do
		join c addr 10.9.1.1$i || return
	done
}
check "seven more join" seven
check "at both ends" wait_until 10 joined 8 c s
ip -n "$(ns c)" addr add 10.9.1.18/24 dev eth1
matches "and no other" "$(join c addr 10.9.1.18 2>&1)" "the connection has eight flows already"
# id_from HOST ADDRESS: local id of the flow from or to that address of the client
id_from() {
	serval "$1" -j flow show |
		jq -r ".[] | select(.local == \"$2\" or .peer == \"$2\") | .id"
}
used=$(role_id c used) last=$(id_from c 10.9.1.17)
full=$(counter s JoinFull)
# RSYN|FIN; the server asks along a flow after 15 s
deaf s "@th,112,8 0x44"
check "one ends, of which the server does not hear" serval c flow part "$last"
# the server may come to that while it is asked
serval c flow join "$used" addr 10.9.1.18 > /dev/null 2>&1
check "then another finds no room there" test "$(counter s JoinFull)" -gt "$full"
hear s
has_joined() { [ -n "$(id_from c 10.9.1.18)" ] || join c addr 10.9.1.18; }
check "until the server has asked along the one that went" wait_until 60 has_joined
# down_at HOST: that from .14 is
down_at() {
	serval "$1" -j flow show |
		jq -e ".[] | select(.id == $(id_from "$1" 10.9.1.14)) | .role == \"down\"" > /dev/null
}
deaf s "ip saddr 10.9.1.14"
check "one is dead" wait_until 60 down_at c
check "at the server as well" wait_until 60 down_at s
ip -n "$(ns c)" addr add 10.9.1.19/24 dev eth1
check "it gives way to another" join c addr 10.9.1.19
check "at both ends" wait_until 10 joined 8 c s
is "and no other does" "$(id_from c 10.9.1.14)$(id_from s 10.9.1.14)" ""
hear s
check "data goes on" hears client thirteen server

## All end with the connection
monitor watch c all
# ends N: so many have been told
ends() {
	jq -e -s "map(select(.object == \"flow\" and .event == \"del\")) | length == $1" \
		"$TMP/watch" > /dev/null 2>&1
}
stop client
stop server
check "the end of both is told" wait_until 30 ends 8
stop watch
check "nothing is left" wait_until 30 no_flows c s
