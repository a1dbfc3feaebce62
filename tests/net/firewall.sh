#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a host that admits only what it must would cut services off although it admits protocol 144.
. "$(dirname "$0")/lib.sh"

need nft
plan 9
two_hosts
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
for h in c s; do
	on $h nft -f - <<-END
		table inet wall {
			counter other { }
			chain in {
				type filter hook input priority 0; policy drop
				ip protocol { icmp, 144 } accept
				counter name other
			}
			chain out {
				type filter hook output priority 0; policy drop
				ip protocol { icmp, 144 } accept
			}
			chain forwarded { type filter hook forward priority 0; policy drop; }
		}
	END
done
tcp() { timeout 3 "$SV" -f inet -C "$(ns c)" -S "$(ns s)" -c $C_ADDR -s $S_ADDR case exchange; }
check "the wall stands: no TCP passes" not tcp
serve "$id"
check "a service is reached" sv transfer -u 300000 -d 300000 "$id"
check "by many at once" sv transfer -n 50 -p 50 -u 1000 -d 1000 "$id"
check "one that is not there is refused at once" sv connect -x ECONNREFUSED -a $S_ADDR 0x77
check "connections reset and end" sv transfer -n 5 -R "$id"
check "on one host as well" at s transfer -u 1000 -d 1000 "$id"

# and with connection tracking, which sees half of the virtual packets at most
for h in c s; do
	on $h nft -f - <<-END
		flush ruleset
		table inet wall {
			chain in {
				type filter hook input priority 0; policy drop
				ct state established,related accept
				ct state invalid drop
				ip protocol 144 accept
			}
			chain out {
				type filter hook output priority 0; policy drop
				ct state established,related accept
				ct state invalid drop
				ip protocol 144 accept
			}
		}
	END
done
check "a stateful wall lets them pass" sv transfer -n 20 -p 5 -u 100000 -d 100000 "$id"
check "also when they end by a reset" sv transfer -n 5 -R "$id"
check "the tables are empty" wait_until 30 no_flows c s
