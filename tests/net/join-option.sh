#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program could not say what its connections do with several paths.
. "$(dirname "$0")/lib.sh"

two_hosts
quiet_tw c s
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
route_ids
plan $(($(cases join-option two) + 1))
suite join-option two
check "no flow is left" wait_until 30 no_flows c s
