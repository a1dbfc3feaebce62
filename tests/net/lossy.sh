#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a transfer would break or stall on a link that loses, reorders and doubles packets.
. "$(dirname "$0")/lib.sh"

need tc
plan 6
two_hosts
neighbours
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
for h in c s; do
	tc -n "$(ns $h)" qdisc add dev eth0 root netem \
		delay 2ms 1ms loss 2% reorder 5% 50% duplicate 2%
done
serve "$id"
check "4 MB up" timeout 200 "$SV" -f "$SV_FAMILY" -C "$(ns c)" -S "$(ns s)" \
	-c $C_ADDR -s $S_ADDR transfer -u 4000000 "$id"
check "4 MB down" sv transfer -d 4000000 "$id"
check "20 connections at once with data both ways" \
	sv transfer -n 20 -p 20 -u 30000 -d 30000 "$id"
within "packets were lost indeed" "$(mib c TcpRetransSegs)" 1 1000000
is "no packet was taken for broken" "$(counter c InHdrErrors) $(counter s InHdrErrors)
$(counter c InCsumErrors) $(counter s InCsumErrors) $(mib s TcpInCsumErrors)" "0 0
0 0 0"
check "the flow tables are empty again" wait_until 60 no_flows c s
