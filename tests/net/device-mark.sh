#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, SO_BINDTODEVICE, SERVAL_BINDTODEVICE and SO_MARK would be ignored and VPN or policy routes bypassed.
# not on: debug, its routes are found as elsewhere
. "$(dirname "$0")/lib.sh"

need nft jq
plan 13
two_hosts
quiet_tw c s
link c eth1 10.8.0.1/24 s eth1 10.8.0.2/24
id=$(new_id)
serve "$id"
far=10.50.0.1
ip -n "$(ns s)" addr add $far/32 dev lo
rule c "$id" via $far

# what arrives at a host, by device
count() {
	on "$1" nft -f - <<-END
		table inet t {
			counter one { }
			counter two { }
			chain in {
				type filter hook input priority 0
				iifname eth0 ip protocol 144 counter name one
				iifname eth1 ip protocol 144 counter name two
			}
		}
	END
}
arrived() { on "$1" nft -j list counter inet t "$2" | jq '.nftables[1].counter.packets'; }
seen() { arrived s "$1"; }
count s

check "no route: unreachable" sv connect -x ENETUNREACH "$id"
ip -n "$(ns c)" rule add fwmark 7 table 77
ip -n "$(ns c)" route add $far via $S_ADDR dev eth0 table 77
check "no mark: unreachable" sv connect -x ENETUNREACH "$id"
is "SO_MARK chooses the route" "$(sv connect -m 7 "$id")" $far

ip -n "$(ns c)" route add $far via $S_ADDR dev eth0
ip -n "$(ns c)" route add $far via 10.8.0.2 dev eth1 metric 100
before=$(seen two)
is "by the table it goes over eth0" "$(sv connect "$id") $(seen two)" "$far $before"
is "SO_BINDTODEVICE" "$(sv connect -i eth1 "$id")" $far
within "sends over that device" $(($(seen two) - before)) 2 10
before=$(seen two)
is "SERVAL_BINDTODEVICE" "$(sv connect -I eth1 "$id")" $far
within "sends over that device as well" $(($(seen two) - before)) 2 10
serval c service change "$id" via $far to 10.8.0.2 dev eth1
is "a rule with a device" "$(sv connect "$id")" 10.8.0.2

# the other way: a marked listener answers through eth1, its connections too
ip -n "$(ns s)" rule add fwmark 9 table 79
ip -n "$(ns s)" route add $C_ADDR via 10.8.0.1 dev eth1 table 79
marked=$(new_id)
start marked sv serve -m 9 "$marked"
until_said marked ready
rule c "$marked" via $S_ADDR
count c
check "a marked listener" sv transfer -d 300000 "$marked"
is "answers and sends by its mark" "$(arrived c one)" 0
within "all of it" "$(arrived c two)" 5 1000

# several are asked, and who answers is not who was asked last
on c sysctl -qw net.serval.service_resolution_mode=0
ip -n "$(ns c)" route del $far via $S_ADDR
ip -n "$(ns c)" route del $far via 10.8.0.2
both=$(new_id)
start both sv serve "$both"
until_said both ready
rule c "$both" via $far
rule c "$both" via 127.0.0.1
is "a marked socket keeps its way when the first of two answers" "$(sv connect -m 7 "$both")" $far
