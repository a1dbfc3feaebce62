#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, datagrams that nobody read would keep a container or the module alive, or end the machine with them.
. "$(dirname "$0")/lib.sh"

plan 19
two_hosts
route_ids
id=$(new_id)

start held sv datagrams "$id"
check "datagrams are queued" until_said held ready
is "a bind shows its protocol" "$(serval s -j service show | jq -c 'map(.proto)')" '["udp"]'
is "unconnected sockets are no flows" "$(flows c) $(flows s)" "0 0"
matches "the table shows it as well" "$(service_table s)" 'sock UDP'
check "rmmod is refused meanwhile" not rmmod serval
tell held
check "the program leaves without reading" result held
check "nobody uses the module then" wait_until 20 unused
is "the names are free again" "$(service_table s)$(service_table c | grep DMX)" ""

start held sv datagram-conns "$id"
check "connections with datagrams, accepted and not" until_said held ready
# the client has left one of the three
waiting() { [ "$(flows s)" = 3 ] && [ "$(flows c)" -le 3 ]; }
check "are flows" waiting
check "rmmod is refused meanwhile" not rmmod serval
tell held
check "the program leaves them so" result held
check "nobody uses the module then" wait_until 20 unused
check "and no flow is left" wait_until 20 no_flows c s

# both ends in one program, whose sockets hold both namespaces
start held sv datagrams "$id"
until_said held ready
start conns sv datagram-conns "$(new_id)"
check "unconnected and connected ones" until_said conns ready
ip netns del "$(ns c)"
HOSTS=(s)
alone() { ! ip -n "$(ns s)" link show dev eth0 > /dev/null 2>&1; }
check "keep a namespace that was deleted" not alone
stop held
stop conns
check "which goes with its last socket" wait_until 60 alone
is "the other has no flow any more" "$(flows s)" 0
check "the module can be unloaded" rmmod serval
