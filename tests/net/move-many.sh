#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a busy host could not leave a link, or a connection that often moves would eat memory.
# not on: 6.1, moves are the same code on both
. "$(dirname "$0")/lib.sh"

need jq
# KASAN keeps for a while what is freed; there kmemleak watches
[ "${SERVAL_KERNEL:-}" = debug ] && sees_memory=0 || sees_memory=1
plan $((24 + sees_memory))
two_hosts
quiet_tw c s
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
for h in c s; do
	on $h sysctl -qw net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=4096
done
id=$(new_id) id2=$(new_id)
rule c "$id" via $S_ADDR4
rule c "$id2" via $S_ADDR4
# ids HOST: the local flow ids, in order
ids() { serval "$1" -j flow show | jq -r '.[].id' | sort; }
peers() { serval s -j flow show | jq -r '.[].peer' | sort | uniq -c | xargs; }
# in_use HOST...: flows that there are, those included that are not shown: what a
# connection has left is kept until it moves again
in_use() {
	local h

	for h; do
		echo $(($(counter "$h" FlowsCreated) - $(counter "$h" FlowsFreed)))
	done | xargs
}
in_use_are() { [ "$(in_use c s)" = "$1 $1" ]; }
moves() { counters "$1" Moved MoveFailed; }
uptime_ms() { awk '{ print $1 * 1000 }' /proc/uptime; }

## Many connections at once

[ "${SERVAL_KERNEL:-}" = debug ] && conns=100 || conns=1000

serve -b 4096 "$id"
# each has been answered: half of what goes up is there, and then it is idle
start many sv transfer -p "$conns" -u 200 -d 100 -M "$id"
check "$conns connections" until_said many "half way $conns" 120
heard() { [ "$(counter c InPkts)" -ge $((2 * conns)) ]; }
check "each has been answered" wait_until 20 heard
ids c > "$TMP/old"
start=$(uptime_ms)
serval c -j dev migrate eth0 eth1 > "$TMP/result" 2> "$TMP/err"
is "are moved by one command: status" "$? $(<"$TMP/err")" "0 "
note "in $(($(uptime_ms) - start)) ms, the slowest in $(jq 'map(.duration_us) | max' "$TMP/result") us"
is "each is told of" "$(jq 'map(select(.error == null)) | length' "$TMP/result")" "$conns"
is "those that were there" "$(jq -r '.[].old_id' "$TMP/result" | sort | cmp - "$TMP/old" 2>&1)" ""
is "with the ids that they have now" \
	"$(jq -r '.[].id' "$TMP/result" | sort | cmp - <(ids c) 2>&1)" ""
is "which are new" "$(comm -12 "$TMP/old" <(ids c) | wc -l)" 0
is "each counted once" "$(moves c)" "Moved $conns MoveFailed 0"
check "at the other end as well" wait_until 20 counted s Moved "$conns"
is "which has followed" "$(peers)" "$conns 10.9.1.1"
check "each has what it left besides" wait_until 20 in_use_are $((2 * conns))
is "$conns are shown" "$(flows c) $(flows s)" "$conns $conns"
tell many
check "all of them carry their bytes and end" result many
stop serve
check "nothing is left" wait_until 60 no_flows c s
check "of what cannot be seen either" wait_until 20 in_use_are 0

## One connection many times, while both ends send

[ "${SERVAL_KERNEL:-}" = debug ] && n=50 || n=$((200 * SCALE))
# what the kernel keeps for itself, kB
kept() { awk '$1 == "SUnreclaim:" { print $2 }' /proc/meminfo; }
before=$(kept)
moved=$(counter c Moved)
# requests of both ends
asked() { echo $(($(counter c OutRsyn) + $(counter s OutRsyn))); }
asked=$(asked)
start shuttle sv shuttle "$n" "$id2"
check "one connection moves $n times" until_said shuttle "moved $n failed 0" $((120 * SCALE))
# who has heard nothing for long asks as well, on a busy machine
within "each counted once" $(($(counter c Moved) - moved)) "$n" $(($(asked) - asked))
is "and none failed" "$(counter c MoveFailed)" 0
check "it has two flows, however often it moves" wait_until 20 in_use_are 2
note "memory of the kernel: $before kB, now $(kept) kB"
is_flat() { [ $(($(kept) - before)) -lt 2048 ]; }
[ "$sees_memory" = 0 ] || check "nor does memory grow" wait_until 20 is_flat
tell shuttle
check "both ends get all that was sent" result shuttle
note "$(tail -n 1 "$TMP/shuttle")"
is "every move was the first attempt's" "$(counter s MoveFailed)" 0
check "nothing is left" wait_until 60 no_flows c s
check "of what cannot be seen either" wait_until 20 in_use_are 0
is "no memory failed, no packet was broken" "$(counters c FlowNoMem InHdrErrors) $(counters s FlowNoMem InHdrErrors)" \
	"FlowNoMem 0 InHdrErrors 0 FlowNoMem 0 InHdrErrors 0"
