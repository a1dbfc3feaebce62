#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, services would fail in containers, where IPv6 is switched off for real devices.
# not on: debug, the route of sal0 comes back as elsewhere
. "$(dirname "$0")/lib.sh"

plan 12
two_hosts
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
serve "$id"
works() { check "$1" sv transfer -n 2 -u 50000 -d 50000 "$id"; }
flip() {
	local h

	for h in c s; do
		on $h sysctl -qw "net.ipv6.conf.$1.disable_ipv6=$2"
	done
}
works "as it is"
flip all 1
flip default 1
works "all and default switched off"
start held sv transfer -p 4 -u 50000 -d 50000 -H "$id"
until_said held 'established 4'
flip all 0
works "switched on again"
flip all 1
tell held
check "connections live through both" result held
for h in c s; do ip -n "$(ns $h)" -6 route flush table main; done
works "routes flushed"
for h in c s; do ip -n "$(ns $h)" -6 route flush table all 2>/dev/null; done
works "every table flushed"
for h in c s; do ip -n "$(ns $h)" -6 addr flush dev sal0 2>/dev/null; done
works "addresses of sal0 flushed"
start held2 sv transfer -p 4 -u 50000 -d 50000 -H "$id"
until_said held2 'established 4'
for h in c s; do ip -n "$(ns $h)" link set sal0 down; done
for h in c s; do ip -n "$(ns $h)" link set sal0 up; done
works "sal0 down and up"
tell held2
check "connections live through it" result held2

# a namespace that had it off before the module came, as a container has
if [ "$SV_FAMILY" = serval ]; then
	stop serve
	wait_until 20 unused
	rmmod serval
fi
flip all 1
flip default 1
load_module
rule c "$id" via $S_ADDR
start again sv serve "$id"
check "a service in a namespace that had it off" until_said again ready
works "it is reached"
is "sal0 alone has it on" "$(on c sysctl -n net.ipv6.conf.sal0.disable_ipv6 \
	net.ipv6.conf.eth0.disable_ipv6 | tr '\n' ' ')" "0 1 "
