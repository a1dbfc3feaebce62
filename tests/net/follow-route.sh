#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection would wait long for a route that has come back, or for ever
# for one that another link does not need.
. "$(dirname "$0")/lib.sh"

need nft
plan 30
two_links $S_ADDR
talk
check "a connection" hears client one server

ip -n "$(ns c)" route del 10.9.0.0/24 dev eth0
echo two > "$TMP/client.in"
check "holds when TCP has no answer and no route is there" \
	wait_until 30 is_at c "10.9.0.1 10.9.0.2 - NOADDRESS"
is "and does not move" "$(counter c Moved)" 0
check "what had no route is counted" test "$(counter c NoRoute)" -gt 0
ip -n "$(ns c)" route add 10.9.0.0/24 dev eth0 src 10.9.0.1
check "goes on when one comes" wait_until 20 is_at c "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
check "with what was said meanwhile" until_said server '^two$'
sure() { [ "$(counter c Moved)" -gt 0 ] && [ "$(counter s Moved)" -gt 0 ]; }
check "both make sure of each other" wait_until 20 sure

on c sysctl -qw net.serval.auto_migrate=1
serval c dev set eth0 preference 0
ip -n "$(ns c)" route del 10.9.0.0/24 dev eth0
echo three > "$TMP/client.in"
check "or moves to another device" wait_until 30 is_at c "10.9.1.1 10.9.0.2 eth1 ESTABLISHED"
check "with what was said" until_said server '^three$'

# The server has its route to the client by an address that it does not use otherwise
ip -n "$(ns c)" route add 10.9.0.0/24 dev eth0 src 10.9.0.1
on s sysctl -qw net.serval.auto_migrate=1
check "a server at an address" is_at s "10.9.0.2 10.9.1.1 eth1 ESTABLISHED"
ip -n "$(ns s)" addr del 10.9.1.2/24 dev eth1
check "finds a client to whom it has lost the route" hears server four client
check "and heard" hears client five server
# The server's address stays, but not its device; the client has found another to it
ip -n "$(ns s)" addr add 10.9.1.2/24 dev eth1
on s sysctl -qw net.serval.auto_migrate=0
serval c dev set eth0 preference 100
check "a client moves back" move c eth0
check "and the server" wait_until 20 is_at s "10.9.0.2 10.9.0.1 eth0 ESTABLISHED"
# the last packet of a move
deaf s "@th,64,16 { 0x0b3b, 0x103b } @th,112,8 0x20"
ip -n "$(ns c)" link set eth0 down
check "the client asks from another device" \
	wait_until 20 is_at c "10.9.1.1 10.9.0.2 eth1 ESTABLISHED"
state() { [[ $(where s) = *" $1" ]]; }
check "and the server answers" wait_until 20 state RSYN_RCVD
# has it look once more
ip -n "$(ns s)" addr add 10.9.5.1/32 dev lo
lacks_address() { state NOADDRESS_RSYN_RCVD; }
fails_with "whose address is there, unlike its device" 1 lacks_address
hear s
check "it follows" hears client six server
check "to there" wait_until 20 is_at s "10.9.0.2 10.9.1.1 eth1 ESTABLISHED"
check "and is heard" hears server seven client
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s
ip -n "$(ns c)" link set eth0 up
ip -n "$(ns c)" addr replace fd09::1/64 dev eth0 nodad

## Datagrams, of which nobody hears that they don't arrive
# an address that comes has all connections looked at
settled() { [ -z "$(on c ip -6 addr show tentative; on s ip -6 addr show tentative)" ]; }
check "all addresses are there" wait_until 20 settled
on c sysctl -qw net.serval.auto_migrate=0
start grams between c s torture 1 0 1 "$id"
check "datagrams" until_said grams "open 1\."
get_on() { echo "all $1" > "$TMP/grams.in"; until_said grams "all $1\."; }
check "both ways" get_on 1
ip -n "$(ns c)" route del 10.9.0.0/24 dev eth0
check "hold when no route is there" wait_until 20 is_at c "10.9.0.1 10.9.0.2 - NOADDRESS"
ip -n "$(ns c)" route add 10.9.0.0/24 dev eth0 src 10.9.0.1
check "and go on when one comes" get_on 2
echo end > "$TMP/grams.in"
check "to the end" result grams

## A device asked for is where IPv6 packets go out as well
serval c service change "$id" to fd09::2
talk
check "a connection" hears client one server
is "does not move to where no route leads to the peer" \
	"$(serval c flow migrate "$(flow_id c)" addr fd09::1 dev eth1 2>&1)" \
	"serval: Error: there is no route to the peer from there"
check "and goes on" hears client two server
