#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, programs could not exchange datagrams with a service.
. "$(dirname "$0")/lib.sh"

two_hosts
add_host lone
ip -n "$TAG-c" addr add fd99::1/64 dev eth0 nodad
ip -n "$TAG-s" addr add fd99::2/64 dev eth0 nodad
if [ "$SV_FAMILY" = serval ]; then
	route_ids
	serval lone service add 0x5e/8 via 127.0.0.1
	serval lone service add 0xdd/8 drop
fi
plan $(($(cases datagram one) + $(cases datagram two)))
suite datagram one
suite datagram two
