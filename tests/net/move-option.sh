#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program that moves its own connection would not hear how that ended.
. "$(dirname "$0")/lib.sh"

need nft
two_hosts
quiet_tw c s
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
# from here nobody answers
add_host nobody
link c eth2 10.9.2.1/24 nobody eth0 10.9.2.2/24
# what is sent in 4 ms of each 256 (TCP's timestamp) is lost, that its window has a limit;
# which no pause is to change
on s nft -f - <<-END
	table ip lossy {
		chain in {
			type filter hook prerouting priority -350
			ip protocol 144 iifname eth0 meta length > 1000 @th,312,6 9 drop
		}
	}
END
on c sysctl -qw net.ipv4.tcp_slow_start_after_idle=0
route_ids
plan $(($(cases move-option two) + 1))
suite move-option two
check "no flow is left" wait_until 30 no_flows c s
