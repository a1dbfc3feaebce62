#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, full segments would vanish in a path narrower than the link.
# not on: debug, move-kinds changes segment sizes as well
. "$(dirname "$0")/lib.sh"

plan 5
load_module
log_mark
add_host c r q s
link c eth0 10.9.0.1/24 r eth0 10.9.0.254/24
link r eth1 10.9.2.1/24 q eth1 10.9.2.2/24
link q eth0 10.9.1.254/24 s eth0 10.9.1.2/24
S_ADDR=$(ip_of 1 2)
route c default "$(ip_of 0 254)"
route s default "$(ip_of 1 254)"
route r 1 "$(ip_of 2 2)"
route q 0 "$(ip_of 2 1)"
forwarding r q
quiet_tw c s
id=$(new_id)
rule c "$id" via "$S_ADDR"
serve "$id"
# IPv6 has no links below 1,280
case $SV_WAY in
*6) wide=1450 small=1350 own=1290 ;;
*) wide=1400 small=1100 own=1000 ;;
esac
narrow() {
	ip -n "$(ns r)" link set eth1 mtu "$1"
	ip -n "$(ns q)" link set eth1 mtu "$1"
}
check "over two routers" sv transfer -u 500000 -d 500000 "$id"
narrow "$wide"
check "a narrower link between them" sv transfer -u 500000 -d 500000 "$id"
start slow sv transfer -p 2 -u 3000000 -d 3000000 -H "$id"
until_said slow 'established 2'
narrow "$small"
tell slow
check "a link that becomes narrower in the middle" result slow
route c default "$(ip_of 0 254)" mtu "$own"
check "a route with an MTU of its own" sv transfer -u 500000 -d 500000 "$id"
is "no full segment was fragmented" "$(mib s IpReasmReqds) $(mib s Ip6ReasmReqds)" "0 0"
