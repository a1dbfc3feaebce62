#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the sysctl service_resolution_mode would not keep traffic local, or let it out.
# not on: debug, late-binding and table take the same steps
. "$(dirname "$0")/lib.sh"

plan 12
two_hosts
quiet_tw c s
id=$(new_id)
mode() { on c sysctl -qw net.serval.service_resolution_mode="$1"; }
route_ids
rule c "$id" via $S_ADDR priority 40000	# above a local bind
serve "$id"
is "mode 3 is the default" "$(on c sysctl -n net.serval.service_resolution_mode)" 3
is "mode 3: by priority, here the rule" "$(sv connect "$id")" $S_ADDR
mode 1
check "mode 1: a rule is not used" sv connect -x EADDRNOTAVAIL "$id"
check "mode 1: nor one of lower priority" sv connect -x EADDRNOTAVAIL "$(new_id)"
start here at c serve "$id"
until_said here ready
matches "mode 1: a local service is" "$(sv connect "$id")" '^(127\.0\.0\.1|10\.9\.0\.1)$'
mode 2
is "mode 2: the rule is used, not the local service" "$(sv connect "$id")" $S_ADDR
serval c service del "$id" via $S_ADDR
serval c service del 0x5e/8 via $S_ADDR
check "mode 2: a local service alone is EADDRNOTAVAIL" sv connect -x EADDRNOTAVAIL "$id"
mode 0
matches "mode 0: whoever answers first" "$(sv connect "$id")" '^(127\.0\.0\.1|10\.9\.0\.[12])$'

# nobody listens at one of the two addresses
id=$(new_id)
rule c "$id" via $C_ADDR
rule c "$id" via $S_ADDR
check "mode 0: refused only if all refuse" sv connect -x ECONNREFUSED "$id"
start other sv serve "$id"
until_said other ready
is "mode 0: one refusal does not hide another's answer" "$(sv connect "$id")" $S_ADDR
id=$(new_id)
rule c "$id" via $C_ADDR
rule c "$id" via 198.51.100.1	# no way there
check "mode 0: who cannot be asked is not waited for" \
	timeout 20 "$SV" -C "$(ns c)" -S "$(ns s)" connect -x ECONNREFUSED "$id"
serval c service add "$id" drop
check "mode 0: nor who is dropped" \
	timeout 20 "$SV" -C "$(ns c)" -S "$(ns s)" connect -x ECONNREFUSED "$id"
