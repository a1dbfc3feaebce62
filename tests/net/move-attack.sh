#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, somebody on the link could move, reset or listen to connections of others,
# or make a host flood a third one.
# not on: debug, its times are those of a fast machine
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/spy.sh"

need jq
# shown HOST: the connection for $id, as an administrator sees it
shown() {
	serval "$1" -j flow show service "$id" |
		jq -r '.[] | "\(.id) \(.local) \(.peer) \(.dev) \(.state)"'
}
WHY=(InBadAuth InBadNonce InBadVerno InBadPeerId InBadLocator InUnexpected InNoFlow)
# never FILE: which of them are not among the counters that are not zero
never() { printf '%s\n' "${WHY[@]}" | grep -vxFf <(awk '{ print $1 }' "$1"); }

plan $(($(count move-attack) + $(count move-guess) + 12))
id=$(new_id)
rule c "$id" via $S_ADDR
security 1
talk
check "a connection that nobody attacks" hears client one server
at_c=$(shown c) at_s=$(shown s)
matches "is shown" "$at_c, $at_s" '^[0-9]+ 10.9.0.1 10.9.0.2 eth0 .*, [0-9]+ 10.9.0.2 10.9.0.1 eth0'
attack move-attack
security 0
attack move-guess
for h in c s; do
	serval $h stats show nonzero > "$TMP/stats"
	is "each kind of refusal was seen at $h" "$(never "$TMP/stats")" ""
	note "$h: $(awk '$3 == "dropped:" || /Move|Rsyn|KeyDefer/ { printf "%s %s ", $1, $2 }' "$TMP/stats")"
done
is "the connection is where it was" "$(shown c), $(shown s)" "$at_c, $at_s"
check "goes on" hears client two server
check "both ways" hears server three client
check "and moves" serval c flow migrate "${at_c%% *}" addr 10.9.0.11
check "as its peer sees" wait_until 20 is_at s "10.9.0.2 10.9.0.11 eth0 ESTABLISHED"
check "at its other end as well" serval s flow migrate "$(flow_id s)" addr 10.9.0.12
check "to go on from there" hears server four client
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s
