#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, packets would not be what the protocol says, and no dissector could read them.
. "$(dirname "$0")/lib.sh"

need ethtool
two_hosts
route_ids
for h in c s; do
	on $h ethtool -K eth0 tx off tso off gso off gro off > /dev/null 2>&1
done
plan "$(cases wire two)"
suite wire two
