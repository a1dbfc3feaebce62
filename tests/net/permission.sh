#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, any user could redirect everybody's connections.
# not on: debug, it refuses as it does elsewhere
. "$(dirname "$0")/lib.sh"

need setpriv
plan 14
two_hosts
id=$(new_id)
rule c "$id" via $S_ADDR
nobody() { on c setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

denied() {
	fails_with "$1 is refused" 1 nobody "$SERVAL" "${@:2}"
}
denied add service add 0x5e/8 via $S_ADDR
denied del service del "$id" via $S_ADDR
denied change service change "$id" weight 3
denied flush service flush
denied "flow kill" flow kill 1
denied "a verdict" delay release all
denied "a preference" dev set eth0 preference 1
denied "to be asked about held packets" monitor delay
matches "the refusal says what it takes" \
	"$(nobody "$SERVAL" service flush 2>&1)" 'Error: .*CAP_NET_ADMIN'
check "showing rules is open to all" nobody "$SERVAL" service show
check "so is showing held packets" nobody "$SERVAL" delay show
check "and preferences" nobody "$SERVAL" dev show
is "nothing was changed" "$(serval c service show | wc -l)" 1
serve "$id"
check "anybody may connect" nobody "$SV" connect "$id"
