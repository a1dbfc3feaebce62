#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, full segments would vanish in a path narrower than the link.
. "$(dirname "$0")/lib.sh"

plan 5
load_module
log_mark
add_host c r q s
link c eth0 10.9.0.1/24 r eth0 10.9.0.254/24
link r eth1 10.9.2.1/24 q eth1 10.9.2.2/24
link q eth0 10.9.1.254/24 s eth0 10.9.1.2/24
S_ADDR=10.9.1.2
ip -n "$(ns c)" route add default via 10.9.0.254
ip -n "$(ns s)" route add default via 10.9.1.254
ip -n "$(ns r)" route add 10.9.1.0/24 via 10.9.2.2
ip -n "$(ns q)" route add 10.9.0.0/24 via 10.9.2.1
on r sysctl -qw net.ipv4.ip_forward=1
on q sysctl -qw net.ipv4.ip_forward=1
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
serve "$id"
narrow() {
	ip -n "$(ns r)" link set eth1 mtu "$1"
	ip -n "$(ns q)" link set eth1 mtu "$1"
}
check "over two routers" sv transfer -u 500000 -d 500000 "$id"
narrow 1400
check "a narrower link between them" sv transfer -u 500000 -d 500000 "$id"
start slow sv transfer -p 2 -u 3000000 -d 3000000 -H "$id"
until_said slow 'established 2'
narrow 1100
tell slow
check "a link that becomes narrower in the middle" result slow
ip -n "$(ns c)" route replace default via 10.9.0.254 mtu 1000
check "a route with an MTU of its own" sv transfer -u 500000 -d 500000 "$id"
is "no full segment was fragmented" "$(mib s IpReasmReqds)" 0
