#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program would wait for ever for a datagram service that cannot be reached, or for a peer that is gone.
. "$(dirname "$0")/lib.sh"

need nft jq
plan 15
lan c s new
id=$(new_id)
rule c "$id" via $S_ADDR
start server sv listen -d "$id"
until_said server ready
# on the server's host, for all of protocol 144
now() {
	on s nft flush ruleset
	[ -z "$1" ] || on s nft -f - <<-END
		table inet t {
			chain in { type filter hook input priority 0; meta l4proto 144 $1; }
		}
	END
}
dial() { sv connect -d -x "$1" "$id"; }

## connect()
on c sysctl -qw net.serval.sal_max_retransmits=1
now drop
syns=$(counter c OutSyn)
check "a silent host ends a connect with ETIMEDOUT" dial ETIMEDOUT
is "after as many requests as asked for" $(($(counter c OutSyn) - syns)) 2
now "reject with icmpx type port-unreachable"
check "a port that is unreachable, at once" dial ECONNREFUSED
now "reject with icmpx type host-unreachable"
check "a host as well" dial EHOSTUNREACH
now "reject with icmp type net-unreachable"
check "and a network" dial ENETUNREACH
now ""
is "without all that it connects" "$(sv connect -d "$id")" $S_ADDR

## a connection
ends() { start "$1" sv connect -d -k 60 -x "$2" "$id"; until_said "$1" "^$S_ADDR"; }
flow_id() { serval "$1" -j flow show state ESTABLISHED | jq '.[0].id'; }
wait_until 20 no_flows c
ends killed ECONNABORTED
check "a flow the operator kills" serval c flow kill "$(flow_id c)"
check "ends with ECONNABORTED" until_said killed '^ECONNABORTED' 20
result killed
stop server
check "its peer has nothing left of it" wait_until 20 no_flows s
# one that says nothing before the server's host has forgotten it
other=$(new_id)
rule c "$other" via $S_ADDR
start listener svcat s -ul "$other"
wait_until 20 demux_shown s
start writer svcat c -uv "$other"
until_said writer 'connected to'
hears writer one listener
hears listener two writer
start server sv listen -d "$id"
until_said server ready
ends rebooted ECONNRESET
# the server's host forgets everything: a new host with the old address
ip -n "$(ns s)" link del eth0
add_addr new eth0 $S_ADDR4/24
neighbour c $S_ADDR new
check "a peer that came back without memory resets the connection" until_said rebooted '^ECONNRESET' 60
check "as it should" result rebooted
rsyn=$(counter c OutRsyn) rst=$(counter c InRst)
echo three > "$TMP/writer.in"
check "another when its program writes" until_said writer 'reset by peer'
is "which takes one request to prove, and no second" $(($(counter c OutRsyn) - rsyn)) 1
is "and one reset" $(($(counter c InRst) - rst)) 1
stop server
start server at new listen -d "$id"
until_said server ready
check "and new connections work" sv connect -d "$id"
