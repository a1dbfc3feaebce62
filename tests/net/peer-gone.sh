#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program would wait for ever for a peer that died, was rebooted or cut off.
. "$(dirname "$0")/lib.sh"

need nft jq
plan 6
two_hosts
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
serve "$id"
cut() { on s nft add table inet t; on s nft add chain inet t in \
	'{ type filter hook input priority 0; policy accept; }'
	on s nft add rule inet t in meta l4proto 144 drop; }
start silent sv connect -k 3 -x ETIMEDOUT "$id"
until_said silent '^[0-9a-f]'
cut
check "keepalive finds out that the peer is silent" until_said silent '^ETIMEDOUT' 60
check "and says so" result silent
on s nft flush ruleset

# the server's host forgets everything: the module is the machine's, so a new host
# with the old address stands for a reboot. The wire goes first, so that the old one
# cannot say goodbye
start told sv connect -k 20 -x ECONNRESET "$id"
until_said told '^[0-9a-f]'
ip -n "$(ns s)" link del eth0
stop serve
add_host n
link c eth0 $C_ADDR4/24 n eth0 $S_ADDR4/24
check "a peer that came back without memory resets the connection" \
	until_said told '^ECONNRESET' 60
check "as it should" result told
start serve at n serve "$id"
until_said serve ready
check "and new connections work" sv transfer -u 1000 "$id"

start killed sv connect -k 60 -x ECONNABORTED "$id"
until_said killed '^[0-9a-f]'
serval c flow kill "$(serval c -j flow show state ESTABLISHED | jq '.[0].id')"
check "a flow the operator kills ends with ECONNABORTED" until_said killed '^ECONNABORTED' 20
