#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a flow would keep an input route that the administrator has taken away.
. "$(dirname "$0")/lib.sh"

need nft
plan 18
two_hosts
quiet_tw c s
# so that a rule fits in before it
for h in c s; do
	for v in -4 -6; do
		ip -n "$(ns $h)" $v rule add pref 10 table local
		ip -n "$(ns $h)" $v rule del pref 0
	done
done
bulk=20000000
[ "${SERVAL_KERNEL:-}" != debug ] || bulk=3000000

retransmitted() { [ "$(mib c TcpRetransSegs)" -ge "$1" ]; }

# stopped VERSION SERVER CLIENT: a route of received packets goes, and comes back
stopped() {
	local v=$1 id before n

	id=$(new_id)
	rule c "$id" via "$2"
	serve "$id"
	# slow enough to be met in the middle
	tc -n "$(ns c)" qdisc replace dev eth0 root tbf rate 8mbit burst 20k latency 50ms
	before=$(counter s InPkts)
	start load sv transfer -u "$bulk" "$id"
	check "IPv$v: data comes" wait_until 30 counted s InPkts $((before + 100))
	ip -n "$(ns s)" "-$v" rule add pref 5 from "$3" blackhole
	n=$(mib c TcpRetransSegs)
	check "the route goes, in mid-stream" wait_until 60 retransmitted $((n + 1))
	before=$(counter s InPkts)
	check "the sender tries again" wait_until 60 retransmitted $((n + 3))
	is "and nothing comes through" "$(counter s InPkts)" "$before"
	ip -n "$(ns s)" "-$v" rule del pref 5
	tc -n "$(ns c)" qdisc del dev eth0 root
	check "the route is back: every byte arrives" result load
}
stopped 4 $S_ADDR4 $C_ADDR4
stopped 6 "$(ip6 0 2)" "$(ip6 0 1)"

id=$(new_id)
rule c "$id" via $S_ADDR
serve "$id"

## it is not asked if IP is told not to
on s sysctl -qw net.ipv4.ip_early_demux=0
check "without early demultiplexing" sv transfer -u 1000000 -d 1000000 "$id"
on s sysctl -qw net.ipv4.ip_early_demux=1

## by mark
on s nft -f - <<-END
table inet m {
	chain pre { type filter hook prerouting priority -150; meta l4proto 144 meta mark set 5; }
	chain in { type filter hook input priority 0; meta l4proto 144 meta mark set 6; }
}
END
check "with a mark before and another after" sv transfer -u 1000000 -d 1000000 "$id"
ip -n "$(ns s)" rule add pref 5 fwmark 5 blackhole
on c sysctl -qw net.serval.sal_max_retransmits=1
check "a mark's route counts" sv connect -x ETIMEDOUT "$id"
ip -n "$(ns s)" rule del pref 5
on s nft flush ruleset
check "and only its packets'" sv transfer -u 1000000 -d 1000000 "$id"

## devices that go are not held
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
other=$(new_id)
rule c "$other" via "$(ip_of 1 2)"
serve "$other"
check "over another link" sv transfer -u 1000000 -d 1000000 "$other"
check "which can go" ip -n "$(ns s)" link del eth1
gone() { ! ip -n "$(ns c)" link show eth1 2> /dev/null; }
check "at both ends" wait_until 20 gone
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
check "and come again" sv transfer -u 1000000 -d 1000000 "$other"
