#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a datagram connection would fail, or be made twice, on a link that loses, reorders and doubles packets.
# not on: debug, torture loses and doubles datagrams as well
. "$(dirname "$0")/lib.sh"

need tc
plan 8
two_hosts
neighbours
route_ids
for h in c s; do
	tc -n "$(ns $h)" qdisc add dev eth0 root netem \
		delay 3ms 2ms loss 10% reorder 20% 50% duplicate 20%
done
check "50 clients at once, each with a connection of its own" sv case dconn-crowd
within "requests were lost indeed" "$(counter c OutSyn)" 51 1000
within "or answers were doubled" "$(($(counter c InSynAck) + $(counter c InSynAckLate)))" 51 1000
# one flow at each end for each of the clients
is "no connection was made twice" "$(counter c FlowsCreated) $(counter s FlowsCreated)" \
	"$((2 * 50)) $((50 + 1))"
is "no packet was taken for broken" "$(counter c InHdrErrors) $(counter s InHdrErrors)
$(counter c InCsumErrors) $(counter s InCsumErrors)" "0 0
0 0"
is "nor for forged" "$(counter c InBadNonce) $(counter s InBadNonce) $(counter c InBadPeerId) $(counter s InBadPeerId)" "0 0 0 0"
check "nobody was reset" [ "$(counter c InRst) $(counter s InRst)" = "0 0" ]
check "the flow tables are empty again" wait_until 60 no_flows c s
