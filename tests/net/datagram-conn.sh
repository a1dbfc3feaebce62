#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, programs could not have a datagram conversation with one peer, nor hear that it ended.
. "$(dirname "$0")/lib.sh"

need ethtool
two_hosts
add_host lone
ip -n "$TAG-c" addr add fd99::1/64 dev eth0 nodad
ip -n "$TAG-s" addr add fd99::2/64 dev eth0 nodad
route_ids
serval lone service add 0x5e/8 via 127.0.0.1
serval lone service add 0xdd/8 drop
for h in c s; do
	on $h ethtool -K eth0 tx off tso off gso off gro off > /dev/null 2>&1
done
plan $(($(cases datagram-conn one) + $(cases datagram-conn two) + 1))
suite datagram-conn one
suite datagram-conn two
check "no flow is left" no_flows c s lone
