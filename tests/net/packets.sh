#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a short connection by name would cost more packets than over TCP.
. "$(dirname "$0")/lib.sh"

need nft jq
plan 4
two_hosts
route_ids
on s nft -f - <<-END
	table inet t {
		counter n_inet { }
		counter n_sal { }
		chain in {
			type filter hook input priority -300
			ip protocol tcp counter name n_inet
			ip protocol 144 counter name n_sal
		}
		chain out {
			type filter hook postrouting priority 300
			ip protocol tcp counter name n_inet
			ip protocol 144 counter name n_sal
		}
	}
END
count() { on s nft -j list counter inet t "$1" | jq '.nftables[1].counter.packets'; }
rounds=20
per_family() {
	local before

	before=$(count "$2")
	"$SV" -f "$1" -C "$(ns c)" -S "$(ns s)" -c $C_ADDR -s $S_ADDR packets $rounds > /dev/null
	echo $((($(count "$2") - before + rounds / 2) / rounds))
}
inet=$(per_family inet n_inet)
is "TCP takes 10 packets for connect, request, response, close" "$inet" 10
is "a service takes as many" "$(per_family serval n_sal)" "$inet"
is "and nothing beside them" "$(counter c InNoFlow) $(counter s InNoFlow) $(counter s OutRst)" "0 0 0"
is "TCP remembers nothing of who connected, whose address never comes again" \
	"$(on s ip -6 tcp_metrics show | wc -l)" 0
