#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, each change of a connection's path would cost a round trip.
. "$(dirname "$0")/lib.sh"

need jq
plan 42
two_links $S_ADDR

# The flows of a host: device and role of each
flows_of() { serval "$1" -j flow show | jq -r '[.[] | .dev + " " + .role] | sort | join(", ")'; }
has_flows() { [ "$(flows_of "$1")" = "$2" ]; }
# role_id HOST ROLE: local id of the flow with that role
role_id() { serval "$1" -j flow show | jq -r ".[] | select(.role == \"$2\") | .id"; }
join() { serval "$1" flow join "$(role_id "$1" used)" "${@:2}"; }

## A flow joins
talk
check "a connection" hears client one server
is "has one flow" "$(flows_of c), $(flows_of s)" "eth0 used, eth0 used"
check "another joins it" join c dev eth1
is "and is ready at the client" "$(flows_of c)" "eth0 used, eth1 backup"
check "and at the server" wait_until 10 has_flows s "eth0 used, eth1 backup"
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
is "at the client" "$(flows_of c)" "eth0 backup, eth1 used"
check "and the server follows" wait_until 10 has_flows s "eth0 backup, eth1 used"
check "data goes on" hears client four server
check "both ways" hears server five client

## The address of the one in use is lost
check "its link is cut" ip -n "$(ns c)" link set eth1 down
check "the other is used" wait_until 10 has_flows c "eth0 used, eth1 down"
check "the server follows" wait_until 10 has_flows s "eth0 used, eth1 backup"
check "data goes on" hears client six server
check "both ways" hears server seven client
check "the link comes back" ip -n "$(ns c)" link set eth1 up
check "and is used again" wait_until 20 has_flows c "eth0 backup, eth1 used"
check "by both" wait_until 10 has_flows s "eth0 backup, eth1 used"
check "data goes on" hears server eight client

## Nothing gets through
on c nft -f - <<-END
	table inet cut {
		chain out { type filter hook output priority 0; oifname eth1 drop; }
		chain in { type filter hook input priority 0; iifname eth1 drop; }
	}
END
check "nothing gets through on it: data goes on" hears client nine server
is "along the other" "$(flows_of c)" "eth0 used, eth1 down"
check "both ways" hears server ten client
on c nft delete table inet cut
check "it gets through again, and is used again" wait_until 30 has_flows c "eth0 backup, eth1 used"
check "by both" wait_until 10 has_flows s "eth0 backup, eth1 used"

## A flow goes
check "one flow ends" serval c flow part "$(role_id c backup)"
check "at both ends" wait_until 10 has_flows s "eth1 used"
is "and not the connection" "$(flows_of c)" "eth1 used"
check "data goes on" hears client eleven server
fails_with "the last one cannot end" 1 serval c flow part "$(role_id c used)"
check "another may join again, from another address of the server" join s addr 10.9.1.2
check "at both ends" wait_until 10 has_flows c "eth1 backup, eth1 used"
check "and the one in use may end" serval s flow part "$(role_id s used)"
check "at both ends" wait_until 10 has_flows c "eth1 used"
check "data goes on" hears client twelve server

## All end with the connection
monitor watch c all
# ends N: so many have been told
ends() {
	jq -e -s "map(select(.object == \"flow\" and .event == \"del\")) | length == $1" \
		"$TMP/watch" > /dev/null 2>&1
}
check "one more joins" join c dev eth0
stop client
stop server
check "the end of both is told" wait_until 30 ends 2
stop watch
check "nothing is left" wait_until 30 no_flows c s
