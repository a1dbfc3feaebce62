# SPDX-License-Identifier: GPL-2.0-only
# Hosts out of network namespaces, and cables between them; sourced by what plays
# with them in a guest.
# shellcheck shell=bash

# host NAME...
host() {
	local name

	for name; do
		ip netns add "$name"
		ip -n "$name" link set lo up
	done
}

# cable HOST DEVICE ADDRESS/LEN HOST DEVICE ADDRESS/LEN
cable() {
	ip -n "$1" link add "$2" type veth peer name "$5" netns "$4"
	ip -n "$1" addr add "$3" dev "$2"
	ip -n "$4" addr add "$6" dev "$5"
	ip -n "$1" link set "$2" up
	ip -n "$4" link set "$5" up
}

# on HOST COMMAND...
on() {
	local name=$1

	shift
	ip netns exec "$name" "$@"
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}
