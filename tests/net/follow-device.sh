#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a host would send into a network that it has left.
# not on: 6.12, the kernel that watches is a 6.12 as well
. "$(dirname "$0")/lib.sh"

need jq
plan 19
two_hosts
ip -n "$(ns c)" link add d0 type dummy
dev() { ip -n "$(ns c)" link set d0 "$@"; }
dev up
monitor watch c service
count() { serval c -j service show | jq "map(select($1)) | length"; }
none_names() { [ "$(count ".dev == \"$1\" or .dev == \"if$index\"")" = 0 ]; }
told() {
	jq -s 'map(select(.event == "del" and .reason == "device")) | length' "$TMP/watch"
}
told_are() { [ "$(told)" = "$1" ]; }
index=$(ip -n "$(ns c)" -j link show d0 | jq '.[0].ifindex')

fill() {
	serval c service add 0x5e01/16 via 10.8.0.1 dev d0 &&
		serval c service add 0x5e01/16 via 10.8.0.2 dev d0 &&
		serval c service add 0x5e01/16 via $S_ADDR dev eth0 &&
		serval c service add 0x5e02/16 via fe80::1 dev d0
}
serval c service add 0x5e/8 via $S_ADDR
check "rules that name a device" fill
dev down
check "go when it goes down" wait_until 20 none_names d0
is "the others stay" "$(count true)" 2
check "each is told with the reason" wait_until 20 told_are 3
matches "none is taken for a device that is down" \
	"$(serval c service add 0x5e02/16 via 10.8.0.1 dev d0 2>&1)" 'device is down'
serval c service add 0x5e03/16 via 10.8.0.1
matches "nor can one be led there" \
	"$(serval c service change 0x5e03/16 to 10.8.0.2 dev d0 2>&1)" 'device is down'
serval c service flush

dev up
fill
dev down
dev up
check "a rule that is added after the device came back" \
	serval c service add 0x5e04/16 via 10.8.0.1 dev d0
is "stays, the older ones are gone" "$(count '.dev == "d0"')" 1

# a walk that takes its time: what waits to be removed is not used
id=$(new_id)
serve "$id"
serval c service flush
serval c service add 0x5e/8 via $S_ADDR
n=$((2000 * SCALE))
[ "${SERVAL_KERNEL:-}" != debug ] || n=200
seq -f 'service add 0x11%08.0f via 10.8.0.1 dev d0' $n > "$TMP/batch"
echo "service add $id via 10.8.0.1 dev d0" >> "$TMP/batch"
check "$n rules that name a device" serval c -batch "$TMP/batch"
dev down
check "a connection goes by the wider rule at once" sv transfer -u 1000 -d 1000 "$id"
is "without a packet for the device" "$(counter c OutSyn) $(counter c NoRoute)" "1 0"
check "all of them go" wait_until 60 none_names d0
is "and no other" "$(count true)" 1

dev up
fill
ip -n "$(ns c)" link set d0 netns "$(ns s)"
check "rules go when the device is moved to another host" wait_until 20 none_names d0
is "and no other" "$(count true)" 2
ip -n "$(ns s)" link set d0 netns "$(ns c)"
serval c service flush
dev up
index=$(ip -n "$(ns c)" -j link show d0 | jq '.[0].ifindex')
fill
ip -n "$(ns c)" link del d0
check "and when it is deleted" wait_until 20 none_names d0
is "and no other" "$(count true)" 1
add_host gone
ip -n "$(ns gone)" link add d1 type dummy
ip -n "$(ns gone)" link set d1 up
serval gone service add 0x5e/8 via 10.8.0.1 dev d1 timeout 2
check "a host goes with its devices and rules" ip netns del "$(ns gone)"
settled() { [ ! -e "/run/netns/$(ns gone)" ]; }
check "quietly" settled
