#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, SYNs with forged sources would fill a datagram server's memory or lock clients out.
. "$(dirname "$0")/lib.sh"

BACKLOG=16
COUNT=$((20000 * (SCALE < 50 ? SCALE : 50)))
[ "${SERVAL_KERNEL:-}" != debug ] || COUNT=$((COUNT / 5))

plan 11
two_hosts
route_ids
forged_nowhere

id=$(new_id)
start server sv listen -d "$id"
until_said server ready
conns=$(objects serval_conn) slab=$(slab_kib)
check "$((COUNT / 10)) SYNs for a service that is not there" \
	sv flood -d 0 $((COUNT / 10)) "$(new_id)"
made=$(counter s FlowsCreated)
before=$(counter s InSyn)
check "$COUNT SYNs from forged addresses" sv flood -d 0 "$COUNT" "$id"
is "all arrive" $(($(counter s InSyn) - before)) "$COUNT"
is "and are answered" "$(counter s OutSynAck)" "$COUNT"
is "no flow is made of them" "$(counter s FlowsCreated) $(counter s FlowNoMem)" "$made 0"
is "nor kept" "$(flows s)" 0
within "no connection" $(($(objects serval_conn) - conns)) -1000 0
within "what is left is a few pages, whatever the count" $(($(slab_kib) - slab)) -100000 2048
is "nobody's queue was full" "$(counter s BacklogFull)" 0
check "a client still gets in" sv connect -d "$id"
stop server

conns=$((300 * (SCALE < 10 ? SCALE : 10)))
crowd=$(sv crowd -d $conns 10 $BACKLOG)
note "$conns connections behind 10 SYNs each: $crowd"
within "99 of 100 clients get in with one SYN" "${crowd%% *}" $((conns * 99 / 100)) $conns
