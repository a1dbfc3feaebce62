#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, connections would take to a link that nobody wants used, and flap with a bad one.
# not on: debug, follow-device and follow-address take the same steps
. "$(dirname "$0")/lib.sh"

need jq
plan 41
two_links $S_ADDR
link c eth2 10.9.2.1/24 s eth2 10.9.2.2/24
dev() { serval c dev set "$@"; }
# Some kernels give each host tunnels as well
settings() { serval c dev show "$@" | grep -v "^[^ ]*\(tun\|tnl\|sit\|gre\|vti\|span\)"; }
c_link() { ip -n "$(ns c)" link set "$@"; }
# The peer's end of the link: the device stays up without its carrier
carrier() {
	ip -n "$(ns s)" link set "$1" "$2"
	wait_until 20 has_carrier "$1" "$2"
}
# Who watches devices has heard of it then, which is later than LOWER_UP
has_carrier() {
	local state=up

	[[ $(ip -n "$(ns c)" link show dev "$1") = *" state UP "* ]] || state=down
	[ "$state" = "$2" ]
}
goes() { [ "$(serval c -j flow show service "$1" | jq -r '.[].dev')" = "$2" ]; }
holds() { [[ $(where c) = *" NOADDRESS" ]]; }
passed() { [ $SECONDS -ge "$later" ]; }
now() { echo $((${EPOCHREALTIME/./} / 1000)); }

is "devices have defaults, and sal0 and the loopback none" "$(settings)" \
	"eth0 preference 100 settle 2000
eth1 preference 100 settle 2000
eth2 preference 100 settle 2000"
check "both can be set" dev eth0 preference 200 settle 1500
check "or one" dev eth1 preference 50
check "or the other" dev eth2 settle 600000
is "which is shown" "$(settings eth0) $(settings eth1)" \
	"eth0 preference 200 settle 1500 eth1 preference 50 settle 2000"
is "also as json" "$(serval c -j dev show eth2 | jq -c '.[0] | [.dev, .preference, .settle_ms]')" \
	'["eth2",100,600000]'
matches "sal0 is refused" "$(dev sal0 preference 1 2>&1)" 'Error: .*connections do not move to it'
matches "so is an hour and more" "$(dev eth0 settle 3600001 2>&1)" 'Error: .*range'

## a setting goes with its device
ip -n "$(ns c)" link add d0 type dummy
index=$(ip -n "$(ns c)" -j link show d0 | jq '.[0].ifindex')
check "a device is set" dev d0 preference 7 settle 7
ip -n "$(ns c)" link del d0
is "deleted, it is not shown" "$(settings | wc -l)" 3
ip -n "$(ns c)" link add d0 index "$index" type dummy
is "and the next one with its number begins anew" "$(settings d0)" "d0 preference 100 settle 2000"
ip -n "$(ns c)" link del d0

## nothing by itself
talk
check "a connection" hears client one server
c_link eth0 down
check "holds without auto_migrate" wait_until 20 holds
dev eth2 preference 150
c_link eth0 up
check "and goes on when its link comes back" \
	wait_until 20 is_at c "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
is "from there" "$(counter c Moved)" 1

## down the list, and back
on c sysctl -qw net.serval.auto_migrate=1
c_link eth0 down
check "a lost connection goes to the next best, and not the next, at once" \
	wait_until 20 is_at c "10.9.2.1 10.9.0.2 eth2 ESTABLISHED"
check "and is heard" hears client two server
begun=$(now)
c_link eth0 up
check "the best one draws it back" wait_until 20 is_at c "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
within "when it has settled" $(($(now) - begun)) 1400 1000000
check "and is heard" hears client three server
check "in both directions" hears server four client
is "each was one move" "$(counter c Moved)" 3

## a link that flaps
c_link eth0 down
wait_until 20 goes "$id" eth2
dev eth0 settle 8000
carrier eth0 down
c_link eth0 up
carrier eth0 up
later=$((SECONDS + 4))
wait_until 20 passed
begun=$(now)
carrier eth0 down
carrier eth0 up
is "a link that is young does not draw" "$(where c)" "10.9.2.1 10.9.0.2 eth2 ESTABLISHED"
check "one that stays does" wait_until 60 goes "$id" eth0
within "counted from its last break" $(($(now) - begun)) 7900 1000000
dev eth0 settle 600000
for i in 1 2 3; do
	carrier eth0 down
	carrier eth0 up
done
check "what it carried has left it" wait_until 20 goes "$id" eth2
is "once" "$(counter c Moved)" 6
check "and is heard" hears client five server

## somebody moves one: the other shows that the device draws
first=$id
id=$(new_id)
rule c "$id" via $S_ADDR
start server2 svcat s -v -l "$id"
until_said server2 listening
start client2 svcat c -v "$id"
until_said client2 'connected to'
check "a new connection goes by the route" goes "$id" eth0
serval c service migrate "$id" dev eth1 > "$TMP/moved"
before=$(counter c OutRsyn)
dev eth0 settle 0
check "a device that has settled draws" wait_until 20 goes "$first" eth0
is "but not who was moved since" "$(counter c OutRsyn)" $((before + 1))
check "it stays" goes "$id" eth1
carrier eth0 down
carrier eth0 up
check "until something happens to the device" wait_until 20 goes "$id" eth0
wait_until 20 goes "$first" eth0
stop client2
stop server2

## never
wait_until 20 not goes "$id" eth0
dev eth1 preference 0
c_link eth2 down
c_link eth0 down
check "a device with preference 0 takes none" wait_until 20 holds
later=$((SECONDS + 3))
wait_until 20 passed
check "however long it is lost" holds
dev eth1 preference 1
check "another preference is heeded at once" wait_until 20 goes "$first" eth1
check "and is heard" hears client six server
dev eth2 settle 0
dev eth2 preference 1
c_link eth2 up
wait_until 20 link_up c eth2
before=$(counter c OutRsyn)
dev eth1 settle 1
is "an equal one does not draw" "$(counter c OutRsyn) $(where c)" \
	"$before 10.9.1.1 10.9.0.2 eth1 ESTABLISHED"
dev eth2 preference 2
check "a better one does" wait_until 20 goes "$first" eth2
is "in one move" "$(counter c OutRsyn)" $((before + 1))
# refusals of what comes late need a route
c_link eth0 up
wait_until 20 goes "$first" eth0
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s
