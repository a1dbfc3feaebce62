#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, services would end at the first NAT or firewall that knows only TCP and UDP.
# not on: 6.12, the kernel that watches is a 6.12 as well
. "$(dirname "$0")/lib.sh"

need nft jq
plan 63

# The host in the middle
middle() {
	add_host n
	link c eth0 10.9.0.1/24 n eth0 10.9.0.254/24
	link n eth1 10.9.1.254/24 s eth0 10.9.1.2/24
	route c default "$(ip_of 0 254)"
	route s default "$(ip_of 1 254)"
	forwarding n
}

# masquerade PORTS: a NAT that gives every flow another port of these
masquerade() {
	on n nft -f - <<-END
		table $family nat {
			chain post { type nat hook postrouting priority 100;
				oifname eth1 meta l4proto udp masquerade to :$1 random; }
		}
	END
}

load_module
log_mark
add_host c s
S_ADDR=$(ip_of 1 2)
middle
quiet_tw c s
[[ $SV_WAY = *6 ]] && family=ip6 || family=ip
id=$(new_id)
rule c "$id" via "$S_ADDR"
serve "$id"
bulk=2000000
[ "${SERVAL_KERNEL:-}" != debug ] || bulk=400000
set_encap() { on c sysctl -qw net.serval.udp_encap="$1"; }
transfers() {
	check "$1: up and down" sv transfer -u $bulk -d $bulk "$id"
}

# what passes the host in the middle, by protocol
watch() {
	on n nft -f - <<-END
	table inet watch {
		counter raw { }
		counter inside { }
		chain transit { type filter hook forward priority 0; policy accept;
			meta l4proto 144 counter name raw
			udp dport 54325 counter name inside
			udp sport 54325 counter name inside; }
	}
	END
}
watch
passed() { on n nft -j list counter inet watch "$1" | jq '.nftables[] | .counter? | .packets // empty'; }
reset() { on n nft reset counters > /dev/null; }

## as the rule says
rule_encap() { serval c service change "$id" encap "$1"; }
check "a rule can ask for UDP" rule_encap udp
is "and says so" "$(serval c service show "$id")" "$id via $S_ADDR priority 1 weight 1 encap udp"
is "its connections go inside UDP" "$(sv connect "$id")" "$S_ADDR udp"
is "not those of a socket of its own mind" "$(sv connect -u 0 "$id")" "$S_ADDR"
set_encap 1
check "or stay raw" rule_encap raw
is "whatever the namespace says" "$(sv connect "$id")" "$S_ADDR"
check "or leave it to the namespace" rule_encap default
is "which is not shown" "$(serval c service show "$id")" "$id via $S_ADDR priority 1 weight 1"
is "and it decides" "$(sv connect "$id")" "$S_ADDR udp"
fails_with "what leads nowhere has none" 1 serval c service add 0x78 drop encap udp

## as told
set_encap 0
is "0: a connection goes raw" "$(sv connect "$id")" "$S_ADDR"
set_encap 1
is "1: a connection goes inside UDP" "$(sv connect "$id")" "$S_ADDR udp"
reset
transfers "inside UDP"
is "nothing of it goes raw" "$(passed raw)" 0
within "but inside UDP" "$(passed inside)" 50 100000
is "a socket of its own mind goes raw" "$(sv connect -u 0 "$id")" "$S_ADDR"
set_encap 0
is "or inside UDP" "$(sv connect -u 1 "$id")" "$S_ADDR udp"
fails_with "and takes no other" 1 sv connect -u 3 "$id"
set_encap 1
check "a refusal comes back inside UDP" sv connect -x ECONNREFUSED -a "$S_ADDR" 0x77
on c sysctl -qw net.serval.udp_encap_csum=0
on s sysctl -qw net.serval.udp_encap_csum=0
transfers "without checksums"
on c sysctl -qw net.serval.udp_encap_csum=1
on s sysctl -qw net.serval.udp_encap_csum=1

## segmentation and aggregation in the outer pass
off() { on "$1" ethtool -K "$2" "${@:3}" > /dev/null 2>&1; }
segs() { on s nstat -asz TcpInSegs | awk '$1 == "TcpInSegs" { print $2 }'; }
stat() { on s cat /sys/class/net/eth0/statistics/"$1"; }
p0=$(stat rx_packets) b0=$(stat rx_bytes)
check "superpackets" sv transfer -u $((2 * bulk)) "$id"
within "they cross links and the router whole" \
	$((($(stat rx_bytes) - b0) / ($(stat rx_packets) - p0))) 2000 70000
off c eth0 tso off gso off
# veth polls, and so merges, only what does not come in superpackets
off n eth1 tso off gso off
off s eth0 gro on
p0=$(stat rx_packets) s0=$(segs)
check "segments of the link's size" sv transfer -u $((2 * bulk)) "$id"
packets=$(($(stat rx_packets) - p0))
[ "${SERVAL_KERNEL:-}" = debug ] && most=$((packets * 9 / 10)) || most=$((packets / 3))
within "are merged for TCP" $(($(segs) - s0)) 1 "$most"
off c eth0 tx off
check "sums in software" sv transfer -u 1000000 "$id"
off c eth0 tx on gso on tso on
off n eth1 gso on tso on
is "no checksum was wrong" "$(mib s TcpInCsumErrors) $(mib s UdpInCsumErrors) $(mib s Udp6InCsumErrors)" "0 0 0"

## a NAT that gives every flow other ports
masquerade 20000-29999
sees() { on s tail -n +2 /proc/net/serval/flow_table | awk '{ print $4 }' | sort -u; }
start held sv connect -w "$id"
until_said held udp
is "behind a NAT the server sees the NAT" "$(sees)" "$(ip_of 1 254)"
tell held
check "it ends well" result held
transfers "through the NAT"
dgram=$(new_id)
rule c "$dgram" via "$S_ADDR"
start echo sv echo "$dgram"
until_said echo ready
is "a datagram and its answer, too" "$(sv ask "$dgram" hello)" "hello 54325"
is "and a refusal" "$(sv ask "$id" hello)" ECONNREFUSED

# the NAT is rebooted: the next packet of the client gets another port
start held sv transfer -p 1 -u 300000 -d 300000 -H "$id"
until_said held 'established 1'
lost() { echo "$(counter s OutNoFlow) $(counter s NoRoute)"; }
is "no packet was lost on the way back" "$(lost)" "0 0"
ip netns del "$(ns n)"
middle
watch
masquerade 30000-39999
tell held
check "a NAT that forgets a flow does not end it" result held
# as the links were back before the routes, s has asked its peer in vain once
without=$(lost)

# a silent flow
on c sysctl -qw net.serval.udp_encap_keepalive=1
start held sv connect -w "$id"
until_said held udp
check "a silent flow keeps its binding" wait_until 40 counted s InKeepalive 2
is "and nothing answers" "$(counter s OutRst) $(counter s OutKeepalive)" "0 0"
tell held
check "it ends well" result held
on n nft delete table "$family" nat

## raw first
set_encap 2
route n 7 "$(ip_of 1 2)"
other=$(new_id)
rule c "$other" via "$(ip_of 7 1)"
ip -n "$(ns s)" addr add "$(ip_of 7 1)" dev lo
start other sv serve "$other"
until_said other ready
reset
is "2: raw if it is answered" "$(sv connect "$other")" "$(ip_of 7 1)"
is "and nothing inside UDP" "$(passed inside)" 0
on n nft insert rule inet watch transit meta l4proto 144 drop
again=$(mib c TcpRetransSegs)
is "a firewall that knows no protocol 144: inside UDP" "$(sv connect "$id")" "$S_ADDR udp"
is "without waiting for TCP's timer" $(($(mib c TcpRetransSegs) - again)) 0
out=$(counter c OutSyn)
is "the next knows" "$(sv connect "$id")" "$S_ADDR udp"
is "and asks once" $(($(counter c OutSyn) - out)) 1
transfers "as found out"
is "what worked does not work any more: found out again" "$(sv connect "$other")" "$(ip_of 7 1) udp"
on n nft flush chain inet watch transit
on n nft add rule inet watch transit udp dport 54325 drop
is "another socket's mind goes before memory" "$(sv connect -u 0 "$id")" "$S_ADDR"
on n nft flush chain inet watch transit
on c sysctl -qw net.serval.sal_max_retransmits=1
on n nft add rule inet watch transit drop
check "nothing passes: the attempt ends" sv connect -x ETIMEDOUT "$id"
on n nft flush chain inet watch transit

is "a datagram goes the way that is known" "$(sv ask "$dgram" hello)" "hello 54325"

## ports
set_encap 1
ports() { on "$1" ss -Huan | awk '{ n = split($4, a, ":"); print a[n] }' | sort -nu | tr '\n' ' '; }
matches "the server's port" "$(ports s)" '54325'
within "the client has a pool of ports" "$(ports c | wc -w)" 17 40
matches "its first is the published one" "$(ports c)" '54324'
check "many connections at once" sv transfer -n 64 -p 64 -u 1000 -d 1000 "$id"
others() { ports c | tr ' ' '\n' | grep -vx '5.*'; }
before=$(others)
on s sysctl -qw net.serval.udp_encap_server_port=5001
on c sysctl -qw net.serval.udp_encap_server_port=5001 net.serval.udp_encap_client_port=5000
is "other ports" "$(sv connect "$id")" "$S_ADDR udp"
matches "the server's" "$(ports s)" '^5001 '
matches "the client's" "$(ports c)" '5000 5001'
is "the rest of the pool stays" "$(others)" "$before"
ip -n "$(ns s)" link add vx0 type vxlan id 5 dstport 5002 remote 10.9.1.254 dev eth0
ip -n "$(ns s)" link set vx0 up
fails_with "a port that is taken is refused" 1 on s sysctl -w net.serval.udp_encap_server_port=5002
is "and nothing has changed" "$(on s cat /proc/sys/net/serval/udp_encap_server_port)" 5001
is "it still serves" "$(sv connect "$id")" "$S_ADDR udp"

# garbage for the port is noise, not an answer
errors=$(counter s InHdrErrors)
on c bash -c "echo noise > /dev/udp/$S_ADDR/5001"
check "noise is counted" wait_until 10 counted s InHdrErrors $((errors + 1))
check "the tables are empty" wait_until 60 no_flows c s
is "no packet was lost since, either" "$(lost)" "$without"
on s sysctl -qw net.serval.udp_encap_server_port=0
on c sysctl -qw net.serval.sal_max_retransmits=1
check "port 0: nothing is received" sv connect -x ECONNREFUSED "$id"
is "and no port open" "$(ports s | grep -c 5001)" 0
