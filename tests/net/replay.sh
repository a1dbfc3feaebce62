#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, somebody who replays packets, damaged or changed with skill, could stop a
# host or harm connections whose packets he did not forge.
# not on: 6.1, moves are the same code on both
# limit: 600
. "$(dirname "$0")/lib.sh"

COUNT=$((20000 * (SCALE < 50 ? SCALE : 50)))
[ "${SERVAL_KERNEL:-}" != debug ] || COUNT=$((COUNT / 10))
seed=${SERVAL_SEED:-$RANDOM}

# Packets lost before they are seen, on all processors
lost() {
	local dropped sum=0

	while read -r _ dropped _; do
		sum=$((sum + 0x$dropped))
	done < /proc/net/softnet_stat
	echo "$sum"
}

# Where received packets end, by what the counters say of themselves
ended() {
	serval "$1" stats show |
		awk '$1 == "InDelivers" || $3 == "dropped:" { n += $2 } END { print n }'
}

running() {
	local pid=pid_$1

	kill -0 "${!pid}" 2> /dev/null
}

# With the bytes of both directions verified, until the packets are sent
transfers() {
	rounds=0
	while running replay; do
		sv transfer -n 16 -p 4 -u 200000 -d 200000 "$1" || return
		rounds=$((rounds + 1))
	done
	[ "$rounds" -gt 0 ]
}

plan 9
two_hosts
quiet_tw c s
route_ids
on c sysctl -qw net.ipv4.tcp_orphan_retries=1
on s sysctl -qw net.ipv4.tcp_orphan_retries=1
backlog=$(sysctl -n net.core.netdev_max_backlog)
sysctl -qw net.core.netdev_max_backlog=100000
id=$(new_id)
serve -j "$id"
before=$(lost)
note "seed $seed (SERVAL_SEED repeats it)"
start replay sv replay "$seed" $COUNT
check "transfers beside it bring every byte" transfers "$id"
check "$COUNT changed packets are sent" result replay
note "$rounds rounds of 16 transfers"
note "$(cat "$TMP/replay")"
read -r _ to_c to_s < <(grep '^sent' "$TMP/replay")
is "packets of all seven kinds were changed" \
	"$(grep -v ^sent "$TMP/replay" | grep -cE ' [1-9][0-9]*$')" 7
stop serve
check "the tables are empty" wait_until 120 no_flows c s
is "no packet was lost before it was seen" "$(lost)" "$before"
sysctl -qw net.core.netdev_max_backlog="$backlog"
is "the client saw each that was sent to it" \
	"$(counter c InPkts)" $(($(counter s OutPkts) + to_c))
is "the server saw each that was sent to it" \
	"$(counter s InPkts)" $(($(counter c OutPkts) + to_s))
is "each ended in one place" "$(ended c) $(ended s)" "$(counter c InPkts) $(counter s InPkts)"
serve "$id"
check "services work as before" sv transfer -n 4 -u 100000 -d 100000 "$id"
