#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, forged datagrams would get in, and datagrams would go where a rule led before.
. "$(dirname "$0")/lib.sh"

need ethtool
two_hosts
route_ids
ip -n "$TAG-s" addr add 10.9.0.3/24 dev eth0
rule c 0xa1/8 via $S_ADDR
rule c 0xa1/8 via 10.9.0.3
rule c 0xa2/8 via $S_ADDR
# captured as they would leave a network card
for h in c s; do
	on $h ethtool -K eth0 tx off tso off gso off gro off > /dev/null 2>&1
done
plan $(($(cases datagram-wire two) + 2))
suite datagram-wire two

before=$(mib c IpFragCreates)
check "datagrams of all sizes arrive" sv case dgram-sizes
within "the long ones in fragments" $(($(mib c IpFragCreates) - before)) 100 200
