#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program would wait for ever for a peer that died, was rebooted or cut off.
. "$(dirname "$0")/lib.sh"

need nft jq
plan 9
lan c s new
quiet_tw c s
# one that says nothing before the server's host has forgotten it
id=$(new_id)
rule c "$id" via $S_ADDR
talk
hears client one server
hears server two client

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
add_addr new eth0 $S_ADDR4/24
neighbour c $S_ADDR new
check "a peer that came back without memory resets the connection" \
	until_said told '^ECONNRESET' 60
check "as it should" result told
rsyn=$(counter c OutRsyn) rst=$(counter c InRst)
echo three > "$TMP/client.in"
check "another when its program writes" until_said client 'reset by peer'
# repeated at most once, until the program has closed its socket
within "which takes a request to prove" $(($(counter c OutRsyn) - rsyn)) 1 2
is "and one reset" $(($(counter c InRst) - rst)) 1
stop server
start serve at new serve "$id"
until_said serve ready
check "and new connections work" sv transfer -u 1000 "$id"

start killed sv connect -k 60 -x ECONNABORTED "$id"
until_said killed '^[0-9a-f]'
serval c flow kill "$(serval c -j flow show state ESTABLISHED | jq '.[0].id')"
check "a flow the operator kills ends with ECONNABORTED" until_said killed '^ECONNABORTED' 20
