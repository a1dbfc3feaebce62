#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, tools that read /proc/net/serval would misread it.
. "$(dirname "$0")/lib.sh"

plan 15
two_hosts
quiet_tw c s
id=$(new_id)
prefix=$(new_id)
rule c "$id" via $S_ADDR dev eth0 priority 3 weight 4
rule c 0x5e/8 via $S_ADDR
rule c 0xdd/8 drop
head1=$(on c head -n 1 /proc/net/serval/service_table | tr -s ' ' | sed 's/ $//')
is "the service table says its columns" "$head1" \
	"prefix bits type flags prio weight resolved dropped target(s)"
row() { service_table "$1" | grep -i "$2" | tr -s ' ' | sed 's/ $//'; }
matches "a rule" "$(row c "${id#0x}")" ' 256 FWD 0 3 4 0 0 eth0 10\.9\.0\.2'
matches "a prefix" "$(row c ' 8 FWD')" ' 8 FWD 0 1 1 0 0 .*10\.9\.0\.2'
matches "a drop rule" "$(row c ' 8 DRP')" ' 8 DRP 0 1 1 0 0 -'
start server sv serve "$id" "$prefix/64"
until_said server ready
matches "a bound service" "$(row s "${id#0x}")" ' 256 DMX 0 32000 1024 0 0 sock TCP'
matches "a bound prefix" "$(row s ' 64 DMX')" ' 64 DMX 0 32000 1024 0 0 sock TCP'

start client sv transfer -p 3 -H "$id"
until_said client 'established 3'
head2=$(on c head -n 1 /proc/net/serval/flow_table | tr -s ' ' | sed 's/ $//')
is "the flow table says its columns" "$head2" \
	"srcFlowID dstFlowID srcIP dstIP proto reqQ backlog state dev"
is "one line per connection" "$(flows c) $(flows s)" "3 3"
is "client and server see the same flows" \
	"$(flow_table c | awk '{ print $1, $2, $3, $4 }' | sort)" \
	"$(flow_table s | awk '{ print $2, $1, $4, $3 }' | sort)"
matches "addresses, protocol and device are real" "$(flow_table c | head -n 1 | tr -s ' ')" \
	' 10\.9\.0\.1 10\.9\.0\.2 (TCP|6) .*eth0'
is "the rule counted them" "$(row c "${id#0x}" | awk '{ print $7 }')" 3
is "the bound service counted them" "$(row s "${id#0x}" | awk '{ print $7 }')" 3
tell client
check "the connections end well" result client
check "and leave the table" wait_until 20 no_flows c s
# shellcheck disable=SC2016
snmp=$(on c awk 'NR == 1 { n = NF } NR == 2 { print (n == NF && $1 == "Serval:") }' \
	/proc/net/serval/snmp)
is "the counters are two lines of one length" "$snmp" 1
