#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the module could not be replaced, or replacing it would crash the machine.
. "$(dirname "$0")/lib.sh"

need nft
plan 13
two_hosts
id=$(new_id)
route_ids
start server sv listen "$id"
until_said server ready
check "rmmod is refused while a service is bound" not rmmod serval
tell server
result server
start server sv serve "$id"
until_said server ready
start client sv transfer -p 2 -H "$id"
until_said client established
stop server
check "and while a connection is open" not rmmod serval
stop client

check "nobody uses it then" wait_until 10 unused

# connections without a process, half of them unable to end, and TIME_WAIT
start orphans sv orphans
until_said orphans ready
for h in c s; do
	on $h nft -f - <<-END
		table inet cut {
			chain in { type filter hook input priority 0; ip protocol 144 drop; }
		}
	END
done
tell orphans
check "a program leaves connections behind" result orphans
left() { on c ss -Htan6 | grep -c 'FIN-WAIT\|TIME-WAIT\|LAST-ACK\|CLOS'; }
within "which are there" "$(left)" 1 20
check "rmmod succeeds" rmmod serval
later=$((SECONDS + 3))
passed() { [ $SECONDS -ge $later ]; }
check "their timers fire without it" wait_until 20 passed
check "the hosts are well" on c ping -qc 1 -W 5 $S_ADDR
for h in c s; do on $h nft flush ruleset; done
check "it loads again beside them" load_module
route_ids
start served sv serve "$id"
until_said served ready
check "and works" sv transfer -u 100000 -d 100000 "$id"
stop served

rounds=$((5 + (SCALE > 10 ? 15 : 0)))
cycle() {
	local i

	for ((i = 0; i < rounds; i++)); do
		wait_until 20 unused && rmmod serval && load_module || return 1
		route_ids
		sv case exchange && sv case tfo-msg || return 1
		at c case half-close || return 1
	done
}
check "unloaded and loaded $rounds times with use between" cycle
check "the last use leaves nothing" wait_until 20 unused
again() { rmmod serval && load_module; }
check "it can be unloaded with hosts that had services" again
