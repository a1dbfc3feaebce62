#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, what works over IPv4 might not over IPv6, or inside UDP.
# limit: 600
. "$(dirname "$0")/lib.sh"

ways=(6:data 6:syncookies udp6:data)
# on 6.1 one of a kind has to do, and the kernel that watches takes a minute for each
[ "${SERVAL_KERNEL:-6.12}" = debug ] || ways+=(6:routed udp:mtu)
[ "${SERVAL_KERNEL:-6.12}" != 6.12 ] || ways+=(
	6:first-light 6:calls 6:errors 6:fastopen 6:mtu 6:offload 6:peer-gone 6:encap
	udp:data udp:fastopen udp:syncookies udp:routed udp6:mtu
)
plan ${#ways[@]}
load_module
log_mark
for way in "${ways[@]}"; do
	name=${way#*:}
	check "$way" env SV_WAY="${way%%:*}" "$NET/$name.sh"
done
