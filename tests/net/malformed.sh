#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a malformed packet would be answered, believed or not be noticed.
. "$(dirname "$0")/lib.sh"

two_hosts
route_ids
serve "$(new_id)"
plan $(($(sv inject list | wc -l) + 4))
numbered "" sv inject check

seed=${SERVAL_SEED:-$RANDOM}
note "fuzz seed $seed (SERVAL_SEED repeats it)"
in=$(counter s InPkts)
count=$((5000 + 1000 * SCALE))
check "$count random packets" sv inject fuzz "$seed" $count
within "all of them were seen" $(($(counter s InPkts) - in)) $((count / 2)) $count
id=$(new_id)
stop serve
start again sv serve -n 1 "$id"
until_said again ready
check "services work as before" sv transfer -u 100000 -d 100000 "$id"
rm_flows() { [ "$(counter s FlowsCreated)" -le $(($(counter s FlowsFreed) + 600)) ]; }
check "no flow was left behind by noise" rm_flows
