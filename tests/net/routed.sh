#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a router would drop whole superpackets, or take their segments for longer than they are.
# not on: debug, the kernel's own forwarding is what works here
. "$(dirname "$0")/lib.sh"

need ethtool nstat
plan 17
load_module
log_mark
add_host c r s
link c eth0 10.9.0.1/24 r eth0 10.9.0.254/24
link s eth0 10.9.1.2/24 r eth1 10.9.1.254/24
S_ADDR=$(ip_of 1 2)
route c default "$(ip_of 0 254)"
route s default "$(ip_of 1 254)"
forwarding r
# the high half of a port lies where a router looks for TCP's header length
on c sysctl -qw net.ipv4.ip_local_port_range="60000 60999"
quiet_tw c s
id=$(new_id)
rule c "$id" via "$S_ADDR"
serve "$id"

dropped() {
	local dev

	for dev in eth0 eth1; do
		on r cat /sys/class/net/$dev/statistics/tx_dropped
	done | awk '{ sum += $1 } END { print sum }'
}

transfers() {
	check "$1: up" sv transfer -u 4000000 "$id"
	check "$1: down" sv transfer -d 4000000 "$id"
	is "$1: the router loses nothing" "$(dropped)" 0
	is "$1: and calls nothing too long" "$(mib r IpFragFails) $(mib r IcmpOutDestUnreachs)" "0 0"
}

transfers "superpackets"
for h in c s; do
	on $h ethtool -K eth0 tso off gso off > /dev/null 2>&1
done
for dev in eth0 eth1; do
	on r ethtool -K $dev gro on > /dev/null 2>&1
done
packets() { on r cat "/sys/class/net/$1/statistics/$2"; }
before_in=$(packets eth0 rx_packets) before_out=$(packets eth1 tx_packets)
transfers "segments that the router merges"
came=$(($(packets eth0 rx_packets) - before_in))
within "what came as $came packets leaves in fewer" \
	$(($(packets eth1 tx_packets) - before_out)) 100 $((came * 9 / 10))

# the client behind a tunnel that ends at the router
ip -n "$(ns r)" link add vx0 type vxlan id 5 remote 10.9.0.1 dstport 4789 udpcsum dev eth0
add_addr r vx0 10.9.5.254/24
ip -n "$(ns r)" link set vx0 up
ip -n "$(ns c)" link add vx0 type vxlan id 5 remote 10.9.0.254 dstport 4789 udpcsum dev eth0
add_addr c vx0 10.9.5.1/24
ip -n "$(ns c)" link set vx0 up
route c default "$(ip_of 5 254)"
transfers "out of a tunnel"
route c default "$(ip_of 0 254)"
# out of a router's narrower side they leave in pieces that fit
ip -n "$(ns r)" link set eth1 mtu 1400
ip -n "$(ns s)" link set eth0 mtu 1400
check "narrower behind the router: up" sv transfer -u 4000000 "$id"
check "narrower behind the router: down" sv transfer -d 4000000 "$id"
is "no checksum was wrong" "$(mib s TcpInCsumErrors) $(mib c TcpInCsumErrors)" "0 0"
check "the flow tables are empty again" wait_until 30 no_flows c s
