#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, each use of the module could cost memory until the machine is rebooted.
# limit: 900
. "$(dirname "$0")/../net/lib.sh"

ROUNDS=20
KMEMLEAK=/sys/kernel/debug/kmemleak

unload() {
	wait_until 60 unused && rmmod serval
}

# A rule, a service, connections with data both ways, and a host that goes with all that.
use() {
	rule c "$id" via $S_ADDR || return
	serve "$id"
	sv transfer -n 4 -p 2 -u 20000 -d 20000 "$id" || return
	stop serve
	add_host extra
	rule extra "$id" via $S_ADDR
	ip netns del "$TAG-extra"
}

cycle() {
	local i

	for ((i = 1; i <= ROUNDS; i++)); do
		{ load_module && use && unload; } || { echo "round $i"; return 1; }
	done
}

# Younger than five seconds, memory may still be on its way into a structure.
aged() { [ "$SECONDS" -gt $((ended + 6)) ]; }

scan() {
	wait_until 20 aged
	echo scan > $KMEMLEAK
	echo scan > $KMEMLEAK
	[ -z "$(head -c 1 $KMEMLEAK)" ] || { head -n 60 $KMEMLEAK; return 1; }
}

plan 3
two_hosts
quiet_tw c s
id=$(new_id)
check "what the tests before left can be unloaded" unload
check "loaded, used and unloaded $ROUNDS times" cycle
ended=$SECONDS
check "no memory is lost, here or in the tests before" scan
