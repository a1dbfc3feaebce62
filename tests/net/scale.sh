#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a busy server would lose connections or keep their remains for ever.
. "$(dirname "$0")/lib.sh"

plan 11
two_hosts
quiet_tw c s
for h in c s; do
	on $h sysctl -qw net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=4096
	on $h sysctl -qw net.ipv4.tcp_syncookies=1
done
[ "${SERVAL_KERNEL:-}" = debug ] && most=200 || most=1000
id=$(new_id)
rule c "$id" via $S_ADDR
serve -b 4096 "$id"

start many sv transfer -p "$most" -u 100 -d 100 -H "$id"
check "$most connections are open at once" until_said many "established $most" 120
is "the tables hold them" "$(flows c) $(flows s)" "$most $most"
tell many
check "all of them carry their bytes and end" result many
check "the tables are empty" wait_until 60 no_flows c s

check "64 transfers at once, both ways" \
	sv transfer -n 64 -p 64 -u $((50000 + 2000 * SCALE)) -d $((50000 + 2000 * SCALE)) "$id"
n=$((100 * SCALE))
check "$n connections one after the other" sv transfer -n $n -u 100 -d 100 "$id"
check "$n connections that end by a reset" sv transfer -n $n -u 100 -d 100 -R "$id"
check "the tables are empty" wait_until 60 no_flows c s
check "every flow made was freed" wait_until 60 all_freed c s
is "every connection was one flow" "$(counter c FlowsCreated)" $((most + 64 + 2 * n))
is "no memory failed, no packet was broken" \
	"$(counter s FlowNoMem) $(counter s InHdrErrors) $(mib s TcpInCsumErrors)" "0 0 0"
