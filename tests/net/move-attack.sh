#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, somebody on the link could move, reset or listen to connections of others,
# or make a host flood a third one.
# not on: debug, its times are those of a fast machine
. "$(dirname "$0")/lib.sh"

need nft jq
lan c s spy
quiet_tw c s
route_ids
# a hub: spy sees what c and s say to each other
ip -n "$(ns switch)" link set br0 type bridge ageing_time 0
for h in c s; do
	# addresses of nobody that lead to spy, which answers nothing by itself
	neighbour $h 10.9.0.114 spy
	neighbour $h 10.9.0.115 spy
	# the module has to know its own addresses by itself
	on $h sysctl -qw net.ipv4.conf.all.accept_local=1
	# the test program keeps RSYN, RSYN-ACK or ACK (11 or 16 words, no payload) from a
	# host by the time to live that the other one sends with
	on $h nft -f - <<-END
		table ip hush {
			chain move {
				ip ttl . @th,112,8 { 65 . 0x40, 66 . 0x60, 67 . 0x20 } drop
			}
			chain in {
				type filter hook input priority 0
				ip protocol 144 @th,64,16 { 0x0b3b, 0x103b } jump move
			}
		}
	END
done
on spy sysctl -qw net.ipv4.ip_forward=0
# who waits for an answer repeats what he asks by the time that the link takes: on the slow
# kernel that has to be more than the attacks take
[ "${SERVAL_KERNEL:-}" != debug ] ||
	for h in c s; do on $h tc qdisc add dev eth0 root netem delay 50ms; done
add_addr c eth0 10.9.0.11/24
add_addr s eth0 10.9.0.12/24

# attack SUITE: by spy
attack() { numbered "" sv -A "$(ns spy)" suite "$1"; }
count() { sv -A "$(ns spy)" list "$1" | wc -l; }
security() {
	on c sysctl -qw net.serval.security="$1"
	on s sysctl -qw net.serval.security="$1"
}
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
