#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, datagrams that nobody read would keep a container or the module alive, or end the machine with them.
. "$(dirname "$0")/lib.sh"

plan 10
two_hosts
route_ids
id=$(new_id)
refs() { cat /sys/module/serval/refcnt; }
unused() { [ "$(refs)" = 0 ]; }

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

start held sv datagrams "$id"
until_said held ready
ip netns del "$(ns c)"
HOSTS=(s)
alone() { ! ip -n "$(ns s)" link show dev eth0 > /dev/null 2>&1; }
stop held
check "a namespace goes with its last socket" wait_until 60 alone
check "the module can be unloaded" rmmod serval
