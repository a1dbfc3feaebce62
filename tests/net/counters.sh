#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, "serval stats" would not tell an administrator what happened to a packet.
# not on: debug, it counts as it does elsewhere
# not on: 6.1, it counts as it does on 6.12
. "$(dirname "$0")/lib.sh"

need nft jq
plan 28
two_hosts
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
serve "$id"

## remember and grew: since when, and by how much
remember() {
	local h

	for h in c s; do
		serval "$h" -j stats show > "$TMP/stats.$h"
	done
}
# grew HOST NAME...: growth of each
grew() {
	local h=$1 name

	shift
	for name; do
		echo $(($(counter "$h" "$name") - $(jq ".[0].$name" "$TMP/stats.$h")))
	done | tr '\n' ' '
}

## what crosses the link, by a stranger's count
for h in c s; do
	on $h nft -f - <<-END
	table inet watch {
		counter in { }
		counter out { }
		chain in { type filter hook prerouting priority -300; iif eth0 meta l4proto 144 counter name in; }
		chain out { type filter hook postrouting priority 300; oif eth0 meta l4proto 144 counter name out; }
	}
	END
done
# seen HOST DIRECTION: packets, and bytes behind the IPv4 header
seen() {
	on "$1" nft -j list counter inet watch "$2" |
		jq -r '.nftables[] | .counter? | select(.) | "\(.packets) \(.bytes - 20 * .packets)"'
}

remember
check "a connection" sv transfer -u 1000 -d 1000 "$id"
settled() { [ "$(grew s InPkts)" = "$(grew c OutPkts)" ] && no_flows c s; }
check "all that left has arrived" wait_until 30 settled
is "one request, one answer" "$(grew c OutSyn InSynAck)$(grew s InSyn OutSynAck)" "1 1 1 1 "
is "one flow at each end" "$(grew c FlowsCreated FlowsFreed)$(grew s FlowsCreated FlowsFreed)" "1 1 1 1 "
is "nothing was dropped" "$(grew c InPkts)$(grew s InPkts)" "$(grew c InDelivers)$(grew s InDelivers)"
is "packets and bytes that the client sent" "$(grew c OutPkts OutOctets)" "$(seen c out) "
is "that the server received" "$(grew s InPkts InOctets)" "$(seen s in) "
is "that it sent" "$(grew s OutPkts OutOctets)" "$(seen s out) "
is "and the client received" "$(grew c InPkts InOctets)" "$(seen c in) "

## datagrams
dgram=$(new_id)
rule c "$dgram" via $S_ADDR
start echo sv echo "$dgram"
until_said echo ready
remember
is "a datagram and its answer" "$(sv ask "$dgram" hello)" "hello 0"
is "both are counted at the client" "$(grew c OutDatagrams InDatagrams)" "1 1 "
is "and at the server" "$(grew s OutDatagrams InDatagrams)" "1 1 "
is "and delivered" "$(grew c InDelivers)$(grew s InDelivers)" "1 1 "

## what does not leave
remember
on c sysctl -qw net.serval.service_resolution_mode=1
check "a rule that the mode excludes" sv connect -x EADDRNOTAVAIL "$id"
is "is counted" "$(grew c NoTarget NoRule)" "1 0 "
on c sysctl -qw net.serval.service_resolution_mode=3
check "no rule at all" sv connect -x EHOSTUNREACH 0x4711
is "is counted apart" "$(grew c NoTarget NoRule)" "1 1 "

# the route is looked up again for every request
ip -n "$(ns c)" route add 198.51.100.0/24 dev sal0
rule c 0x5e0001 via 198.51.100.1
on c sysctl -qw net.serval.sal_max_retransmits=1
check "a route into sal0 leads nowhere" sv connect -x EHOSTUNREACH 0x5e0001
within "and is counted" "$(grew c OutLoop)" 1 2
is "not as one that is missing" "$(grew c NoRoute)" "0 "
rule c 0x5e0002 via 203.0.113.1
check "a route that is missing" sv connect -x ENETUNREACH 0x5e0002
within "is" "$(grew c NoRoute)" 1 2

## no way back
on s sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
ip -n "$(ns s)" route del 10.9.0.0/24
remember
check "a request that can't be answered" sv connect -x ETIMEDOUT "$id"
is "no answer" "$(grew s OutSynAck OutNack)" "0 0 "
is "each is counted as dropped" "$(grew s InSyn)$(grew s InDelivers)" "$(grew s InNoRoute)0 "
within "and there were some" "$(grew s InNoRoute)" 1 10

## kept for a controller
serval c service add 0x5d/8 delay
check "a controller listens" controller c EHOSTUNREACH 0x5d00
within "what it is asked about is counted" "$(grew c DelayHeld)" 1 10
