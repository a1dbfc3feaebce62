#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection would be lost with the address or the link that it came by.
. "$(dirname "$0")/lib.sh"

plan 14
# What was said may arrive by the old ids, before either has heard of the other
sure() { [[ "$(counters c Moved) $(counters s Moved)" =~ ^"Moved "[1-9]" Moved "[1-9]$ ]]; }
two_links $S_ADDR
talk
check "a connection" hears client one server
ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
check "holds when its address goes" wait_until 20 is_at c "10.9.0.1 10.9.0.2 - NOADDRESS"
echo two > "$TMP/client.in"
ip -n "$(ns c)" addr add 10.9.0.1/24 dev eth0
check "goes on when it comes back" wait_until 20 is_at c "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
check "with what was said meanwhile" until_said server '^two$'
check "both make sure of each other" wait_until 20 sure

on c sysctl -qw net.serval.auto_migrate=1
ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
check "or moves to another device" wait_until 20 is_at c "10.9.1.1 10.9.0.2 eth1 ESTABLISHED"
check "and is heard from there" hears client three server
check "in both directions" hears server four client
ip -n "$(ns c)" addr add 10.9.0.1/24 dev eth0
ip -n "$(ns c)" link set eth1 down
check "and back when the link goes" wait_until 20 is_at c "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
check "and is heard" hears client five server
ip -n "$(ns c)" link set eth1 up
wait_until 10 link_up c eth1
on s sysctl -qw net.serval.auto_migrate=1
ip -n "$(ns s)" link set eth0 down
# whoever is first finds the other still at its old address, which works as well
met() { [[ $(where c) =~ ^"10.9."[01]".1 10.9.1.2 eth1 ESTABLISHED"$ ]]; }
check "or when a link goes under both ends" wait_until 30 met
check "and is heard" hears client six server
check "in both directions again" hears server seven client
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s
