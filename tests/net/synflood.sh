#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, SYNs with forged sources would fill a server's memory, lock clients out or
# make it a weapon against those whose addresses they carry.
. "$(dirname "$0")/lib.sh"

BACKLOG=128
COUNT=$((20000 * (SCALE < 50 ? SCALE : 50)))
REPLIES=$((5000 + 100 * SCALE))
[ "${SERVAL_KERNEL:-}" != debug ] || COUNT=$((COUNT / 5)) REPLIES=$((REPLIES / 5))
PARTS=10

flood() { sv flood "$@"; }

most() { echo $(($1 > $2 ? $1 : $2)); }

# flooded FIRST ID: a part of the flood; the most that was ever there into most_*
flooded() {
	flood "$1" $((COUNT / PARTS)) "$2" || return
	most_flows=$(most "$most_flows" "$(flows s)")
	most_conns=$(most "$most_conns" $(($(objects serval_conn) - conns)))
	most_reqs=$(most "$most_reqs" "$(objects request_sock_TCPv6)")
}

plan 18
two_hosts
quiet_tw c s
route_ids
forged_nowhere
on s sysctl -qw net.ipv4.tcp_fastopen=3
is "cookies are what the kernel's default makes of them" \
	"$(on s sysctl -n net.ipv4.tcp_syncookies)" 1

id=$(new_id)
serve -b $BACKLOG "$id"
conns=$(objects serval_conn) slab=$(slab_kib)
most_flows=0 most_conns=0 most_reqs=0
check "$((COUNT / PARTS)) SYNs for a service that is not there" flooded 0 "$(new_id)"
is "leave nothing" "$(flows s) $(counter s FlowsCreated)" "0 0"
before=$(counter s InSyn)
flood_all() {
	local i

	for ((i = 0; i < PARTS; i++)); do
		flooded $((i * COUNT / PARTS)) "$id" || return
	done
}
check "$COUNT SYNs from forged addresses" flood_all
is "all arrive" $(($(counter s InSyn) - before)) "$COUNT"
grown=$(($(slab_kib) - slab))
note "most: $most_flows flows, $most_conns connections, $most_reqs request sockets;" \
	"slabs grew by $grown KiB"
within "flows are made for the listener's queue only" $most_flows $BACKLOG $((2 * BACKLOG))
within "connections as well" $most_conns $((BACKLOG / 2)) $((3 * BACKLOG))
within "and request sockets" $most_reqs $BACKLOG $((2 * BACKLOG))
within "what is left is a few pages, whatever the count" $grown -100000 2048
is "every other SYN got a cookie" \
	"$(mib s TcpExtSyncookiesSent)" $((COUNT - $(counter s FlowsCreated)))
is "and nobody was believed" "$(mib s TcpExtSyncookiesRecv) $(counter s FlowNoMem)" "0 0"
check "a client still gets in" sv transfer -n 5 -u 10000 -d 10000 "$id"
stop serve
check "without the listener nothing is left" wait_until 30 no_flows s

# as if each owner of an address answered for itself
ip -n "$(ns c)" route add local $FORGED dev lo
serve -b $BACKLOG "$id"
check "SYNs whose answers are reset by who gets them" flood 0 500 "$id"
check "leave nothing while the listener listens" no_flows s
ip -n "$(ns c)" route del local $FORGED dev lo
stop serve

conns=$((300 * (SCALE < 10 ? SCALE : 10)))
crowd=$(sv crowd $conns 10 $BACKLOG)
note "$conns connections behind 10 SYNs each: $crowd"
within "99 of 100 clients get in with one SYN" "${crowd%% *}" $((conns * 99 / 100)) $conns

seed=${SERVAL_SEED:-$RANDOM}
note "seed $seed (SERVAL_SEED repeats it)"
check "no answer is longer than what asked for it" sv replies "$seed" $REPLIES
note "$(cat "$TMP/.out")"
is "all kinds of answers were seen" "$(grep -cE '^(SYN-ACK|NACK|RST) [1-9]' "$TMP/.out")" 3
