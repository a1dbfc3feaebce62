#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, packets inside UDP could be merged that differ, or be merged that are for another program.
# not on: debug, data and encap merge and segment as well
. "$(dirname "$0")/lib.sh"

need ethtool nft nstat
case $SV_WAY in
*6) family=ip6 ttl="ip6 hoplimit" second="numgen inc mod 2 0" count=8 ;;
*) family=ip ttl="ip ttl" second="ip id & 1 == 0" count=18 ;;
esac
plan $count
load_module
log_mark
add_host c n s
link c eth0 10.9.0.1/24 n eth0 10.9.0.254/24
link n eth1 10.9.1.254/24 s eth0 10.9.1.2/24
route c default "$(ip_of 0 254)"
route s default "$(ip_of 1 254)"
forwarding n
quiet_tw c s
S_ADDR=$(ip_of 1 2)
S_ADDR4=10.9.1.2
id=$(new_id)
rule c "$id" via "$S_ADDR"
serve "$id"
bulk=1000000
[ "${SERVAL_KERNEL:-}" != debug ] || bulk=400000
on c sysctl -qw net.serval.udp_encap=1
off() { on "$1" ethtool -K "${@:2}" > /dev/null 2>&1; }
# sums are on the wire, segments of the link's size come in bursts, the server merges
off c eth0 tso off gso off tx off
off n eth1 tso off gso off
off s eth0 gro on

segs() { on s nstat -asz TcpInSegs | awk '$1 == "TcpInSegs" { print $2 }'; }
packets() { on s cat /sys/class/net/eth0/statistics/rx_packets; }
# transfers NAME: leaves how many packets came, and how many segments TCP saw
transfers() {
	local p s

	p=$(packets) s=$(segs)
	check "$1: the bytes are right" sv transfer -u $bulk "$id"
	came=$(($(packets) - p))
	seen=$(($(segs) - s))
}
merged() { within "$1" "$seen" 1 $((came * most / 10)); }
alone() { within "they are not merged" "$seen" $((came * 95 / 100)) "$came"; }
# every second packet of the client, or which says $which, is changed on its way
mangle() {
	on n nft -f - <<-END
		table inet mangle {
			chain pre { type filter hook prerouting priority 0;
				iifname eth0 meta l4proto udp ${which-$second} $*; }
		}
	END
}
restore() { on n nft delete table inet mangle; }

most=4
# a slow kernel polls the device when there is little to merge
[ "${SERVAL_KERNEL:-}" != debug ] || most=9
transfers "like packets"
merged "they are merged"
mangle "$ttl set 33"
transfers "two TTLs"
alone
restore
mangle "$family dscp set cs1"
transfers "two classes"
alone
restore
if [ $family = ip ]; then
	mangle udp checksum set 0
	transfers "with and without UDP's checksum"
	alone
	restore
	mangle ip frag-off set 0
	transfers "with and without DF"
	alone
	restore
	which='' mangle ip frag-off set 0
	ip -n "$(ns n)" link set eth1 mtu 1000
	transfers "fragments"
	within "and come in fragments" "$(mib s IpReasmOKs)" 1 100000
	restore
	ip -n "$(ns n)" link set eth1 mtu 1500
	check "nobody else can have the port" sv case udp-alone
	# UDP_SEGMENT wants that of a device, and then sums are left to be filled in
	off c eth0 tx on
	on s sysctl -qw net.serval.udp_encap_server_port=0
	check "who has it when it is free gets what was sent, one by one" sv case udp-foreign
	on s sysctl -qw net.serval.udp_encap_server_port=54325
	transfers "the port is ours again"
	merged "and merges again"
fi
is "no checksum was wrong" "$(mib s TcpInCsumErrors) $(mib s UdpInCsumErrors) $(mib s Udp6InCsumErrors)" "0 0 0"
check "the flow tables are empty again" wait_until 60 no_flows c s
