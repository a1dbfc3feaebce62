#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a host on the network could talk to services past their names, or a plain IPv6 server would block them.
. "$(dirname "$0")/lib.sh"

plan 10
two_hosts
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
ip -n "$(ns c)" addr add fd99::1/64 dev eth0 nodad
ip -n "$(ns s)" addr add fd99::2/64 dev eth0 nodad

start plain "$SV" -S "$(ns s)" -C "$(ns c)" v6 listen 7777
check "a plain server on [::]:7777" until_said plain ready
start serve sv serve "$id"
check "a service beside it" until_said serve ready
is "the plain server is reached" "$(sv v6 connect fd99::2 7777)" connected
check "the service is reached" sv transfer -u 1000 -d 1000 "$id"

# the address TCP has for the service, tried from the link and from the host itself
bound=$(on s ss -Htln6 | awk '{ print $4 }' | grep -v '^\*\|^\[::\]' | head -n 1)
ulid=${bound#[} ulid=${ulid%%[]%]*} port=${bound##*:}
matches "the service has an address of its own" "$ulid" ':'
ip -n "$(ns c)" -6 route add "$ulid/128" via fd99::2 dev eth0
flows_before=$(counter s FlowsCreated)
for p in 7777 "${port:-7777}"; do
	[[ $(sv v6 connect "$ulid" "$p") != connected ]] || reached="from the link, port $p"
	[[ $("$SV" -C "$(ns s)" v6 connect "$ulid" "$p") != connected ]] ||
		reached="from the host, port $p"
done
is "plain TCP does not reach it" "${reached:-no}" no
is "nothing of that became a flow" "$(counter s FlowsCreated)" "$flows_before"

tell plain
result plain
start plain2 "$SV" -S "$(ns s)" -C "$(ns c)" v6 listen 7777
check "the other order: a plain server after the service" until_said plain2 ready
check "the service is still reached" sv transfer -u 1000 "$id"
is "the plain server as well" "$(sv v6 connect fd99::2 7777)" connected
