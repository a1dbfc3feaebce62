#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a container with live connections could not be removed.
. "$(dirname "$0")/lib.sh"

plan 6
id=$(new_id)
round() {
	local i=$1

	rule c 0x5e/8 via $S_ADDR
	start "serve$i" sv serve "$id"
	until_said "serve$i" ready
	alive() { local pid=pid_$1; kill -0 "${!pid}"; }
	start "flood$i" sv transfer -n 100000 -p 20 -u 20000 -d 20000 "$id"
	busy() { [ "$(flows s)" -ge 10 ]; }
	wait_until 20 busy
}
alone() { ! ip -n "$(ns s)" link show dev eth0 > /dev/null 2>&1; }
two_hosts
round 1
check "traffic runs" busy
ip netns del "$(ns c)"
check "deleting the name leaves the connections alive" alive flood1
stop flood1
# the server's process can enter both namespaces: it holds this one as well
stop serve1
check "when the last socket is closed the namespace goes" wait_until 60 alone

# the other way round: the server's host goes, the client's stays
ip netns del "$(ns s)"
HOSTS=()
add_host c s
link c eth0 $C_ADDR/24 s eth0 $S_ADDR/24
round 2
check "traffic runs again" busy
stop serve2
ip netns del "$(ns s)"
gone() { ! ip -n "$(ns c)" link show dev eth0 > /dev/null 2>&1; }
check "a server's namespace goes under its clients" wait_until 60 gone
stop flood2
check "and they can be ended" not alive flood2
