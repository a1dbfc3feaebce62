#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, who speaks with many hosts behind firewalls would ask some raw again and again.
# not on: debug, encap asks the same table
# not on: 6.12, the table is the same code on both
. "$(dirname "$0")/lib.sh"

need nft
plan 4
load_module
log_mark
add_host c s
link c eth0 10.9.0.1/24 s eth0 10.9.0.2/24
route c 7 10.9.0.2
quiet_tw c s
on c sysctl -qw net.serval.udp_encap=2
on s nft -f - <<-END
	table inet wall {
		chain in { type filter hook input priority 0;
			meta l4proto 144 drop; }
	}
END
id=$(new_id)
start s at s serve "$id"
until_said s ready

hosts=()
for n in {1..40}; do
	hosts+=("$(ip4 7 "$n")")
	ip -n "$(ns s)" addr add "$(ip4 7 "$n")" dev lo
done

found() {
	local host jobs=() job

	for host in "${hosts[@]}"; do
		at c connect -a "$host" "$id" &
		jobs+=("$!")
	done
	for job in "${jobs[@]}"; do
		wait "$job" || return
	done
}

known() {
	local host

	for host; do
		[ "$(at c connect -a "$host" "$id")" = "$host udp" ] || return
	done
}

out=$(counter c OutSyn)
check "what passes no firewall comes inside UDP" found
within "in two requests for each host" $(($(counter c OutSyn) - out)) 80 200
out=$(counter c OutSyn)
check "next time as well" known "${hosts[@]}"
is "in one, to whichever host" $(($(counter c OutSyn) - out)) 40
