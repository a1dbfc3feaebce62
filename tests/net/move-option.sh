#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program that moves its own connection would not hear how that ended.
. "$(dirname "$0")/lib.sh"

two_hosts
quiet_tw c s
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
# from here nobody answers
add_host nobody
link c eth2 10.9.2.1/24 nobody eth0 10.9.2.2/24
route_ids
plan $(($(cases move-option two) + 1))
suite move-option two
check "no flow is left" wait_until 30 no_flows c s
