#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program would have to know its host's networks to use more than one.
# limit: 600
. "$(dirname "$0")/lib.sh"

need jq nft tc
plan 57
two_links $S_ADDR
link c eth2 10.9.2.1/24 s eth2 10.9.2.2/24
for h in c s; do
	ip -n "$(ns $h)" link set eth2 down
done

policy() {
	local h

	for h in c s; do
		on $h sysctl -qw net.serval.multipath="$1"
	done
}

# flows_of HOST: local and peer address and role of each of its flows
flows_of() {
	serval "$1" -j flow show |
		jq -r '[.[] | .local + " " + .peer + " " + .role] | sort | join(", ")'
}
has_flows() { [ "$(flows_of "$1")" = "$2" ]; }
count_is() { [ "$(serval "$1" -j flow show | jq length)" = "$2" ]; }
uses() { [[ ", $(flows_of "$1"), " = *", $2 used, "* ]]; }
lacks() { [[ "$(flows_of "$1")" != *"$2"* ]]; }
# came HOST LOCAL PEER: bytes that came along that flow
came() {
	serval "$1" -s -j flow show |
		jq ".[] | select(.local == \"$2\" and .peer == \"$3\") | .stats.bytes_received"
}
# cut HOST DEV: nothing that comes through it is heard
cut() {
	on "$1" nft -f - <<-END
		table inet cut {
			chain in { type filter hook input priority 0; iifname $2 drop; }
		}
	END
}
uncut() { on "$1" nft delete table inet cut; }
# resent_by HOST...: segments that all of them have sent again
resent_by() {
	local h n=0

	for h; do
		n=$((n + $(mib "$h" TcpRetransSegs)))
	done
	echo $n
}

FIVE_C="10.9.0.1 10.9.0.2 used, 10.9.1.1 10.9.0.2 backup, 10.9.1.1 10.9.1.2 backup"
FIVE_C+=", fd09:1::1 fd09:1::2 backup, fd09::1 fd09::2 backup"

## Flows join by themselves
talk
check "a connection" hears client one server
is "has one flow without a policy" "$(flows_of c)" "10.9.0.1 10.9.0.2 used"
stop client
stop server
policy 1
talk
check "another, with one" hears client one server
check "gets one for each device and each address of the server" wait_until 20 has_flows c "$FIVE_C"
check "which it has told" counted c InAddress 1
check "data goes on" hears server two client
for h in c s; do
	ip -n "$(ns $h)" link set eth2 up
done
check "a device more is more flows" wait_until 30 count_is c 7
check "at both ends" wait_until 10 count_is s 7
check "the one in use loses its address" ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
check "and another is used, through the same device" wait_until 10 uses c "fd09::1 fd09::2"
check "data goes on" hears client three server
check "both ways" hears server four client
check "the flow has ended at both ends" wait_until 10 lacks s "10.9.0.1"
check "its device loses the other as well" ip -n "$(ns c)" addr del fd09::1/64 dev eth0
check "and another is used" wait_until 10 lacks c "fd09::1"
check "data goes on" hears client four-two server
check "an address comes back" ip -n "$(ns c)" addr add 10.9.0.1/24 dev eth0
check "and its device is used again" wait_until 20 uses c "10.9.0.1 10.9.0.2"
check "data goes on" hears client five server

## The server moves to the other IP version: it knows the client's addresses
server_uses() { serval s -j flow show | jq -r '.[] | select(.role == "used") | .id'; }
check "the server moves to IPv6" serval s flow migrate "$(server_uses)" addr fd09:1::2
check "the client follows" wait_until 10 uses c "fd09:1::1 fd09:1::2"
check "data goes on" hears client six server
check "both ways" hears server seven client
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s

## Small messages along all
for h in c s; do
	ip -n "$(ns $h)" link set eth2 down
done
ip -n "$(ns c)" addr add fd09::1/64 dev eth0 nodad
policy 2
talk
check "redundant: a connection" hears client one server
check "has several flows" wait_until 20 has_flows s "$(echo "$FIVE_C" |
	sed 's/10.9.0.1 10.9.0.2/10.9.0.2 10.9.0.1/; s/10.9.1.1 10.9.0.2/10.9.0.2 10.9.1.1/
		s/10.9.1.1 10.9.1.2/10.9.1.2 10.9.1.1/; s/fd09:1::1 fd09:1::2/fd09:1::2 fd09:1::1/
		s/fd09::1 fd09::2/fd09::2 fd09::1/')"
before=$(came s 10.9.1.2 10.9.1.1)
check "a message arrives" hears client two server
all_came() { [ "$(came s 10.9.1.2 10.9.1.1)" -gt "$before" ]; }
check "along another flow as well" wait_until 10 all_came
resent=$(mib c TcpRetransSegs)
cut s eth0
check "it arrives while the path in use is dead" hears client three server
is "and nothing had to be sent again" $(($(mib c TcpRetransSegs) - resent)) 0
uncut s
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s

# each end says so in one packet
serve "$id"
start held sv connect -w "$id"
until_said held $S_ADDR
check "a connection that says nothing has several as well" wait_until 20 has_flows c "$FIVE_C"
resent=$(resent_by c s)
cut c eth0
cut s eth0
tell held
check "it is closed while the path in use is dead" result held
check "and ends at both ends" wait_until 30 no_flows c s
is "for which nothing had to be sent again" $(($(resent_by c s) - resent)) 0
uncut c
uncut s
stop serve

## Datagrams
for policy in 1 2 3; do
	policy $policy
	start server svcat s -ul "$id"
	wait_until 20 demux_shown s
	start client svcat c -uv "$id"
	until_said client 'connected to'
	check "datagrams ($policy): there and back" hears client one server
	check "several flows" wait_until 20 count_is s 5
	check "along them" hears client two server
	check "both ways" hears server three client
	if [ $policy = 2 ]; then
		grew() { [ "$(counter s InCopy)" -gt "$copies" ]; }
		copies=$(counter s InCopy)
		check "a message" hears client once server
		check "comes along several of them" wait_until 10 grew
		cut s eth0
		check "another, while the path in use is dead" hears client again server
		is "each is there once" "$(grep -cE '^(once|again)$' "$TMP/server")" 2
		uncut s
	fi
	cut s eth0
	talks() { echo four > "$TMP/client.in"; said server '^four$'; }
	check "the path in use dies: they go on along another" wait_until 20 talks
	uncut s
	stop client
	stop server
	check "nothing is left" wait_until 30 no_flows c s
done
