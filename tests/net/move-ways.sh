#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection would be lost in a network of the other IP version, or one
# not on: debug, move-kinds and torture take the same steps
# that lets only UDP pass, or if its host moves before it is set up.
. "$(dirname "$0")/lib.sh"

need jq nft
plan 49
two_links $S_ADDR4
rule c "$id" via fd09:1::2 priority 0

## From one IP version to the other: the service table knows where the service is

talk
check "a connection over IPv4" hears client one server
check "moves to an address of IPv6" move c fd09:1::1
check "from there" wait_until 10 is_at c "fd09:1::1 fd09:1::2 eth1 ESTABLISHED"
check "and so does the server" wait_until 10 is_at s "fd09:1::2 fd09:1::1 eth1 ESTABLISHED"
check "data goes on" hears client two server
check "both ways" hears server three client
check "and back" move c 10.9.0.1
check "from there" wait_until 10 is_at c "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
check "both ways again" hears server four client
serval c service del "$id" via fd09:1::2
check "not without a rule for it" not move c fd09:1::1
is "that leaves it where it was" "$(where c)" "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
check "nor does the server, which knows no name" not move s fd09:1::2
rule c "$id" via fd09:1::2 priority 0
on c sysctl -qw net.serval.auto_migrate=1
for h in c s; do
	ip -n "$(ns $h)" -4 addr flush dev eth1
done
ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
check "a host that loses its last IPv4 address has IPv6" \
	wait_until 20 is_at c "fd09:1::1 fd09:1::2 eth1 ESTABLISHED"
check "with all that was said" hears client five server
ip -n "$(ns c)" addr add 10.9.0.1/24 dev eth0
ip -n "$(ns c)" addr add 10.9.1.1/24 dev eth1
ip -n "$(ns s)" addr add 10.9.1.2/24 dev eth1
on c sysctl -qw net.serval.auto_migrate=0

# much data, whose segments have to become smaller on the way
stop client
stop server
wait_until 30 no_flows c s
serval c service flush
rule c "$id" via $S_ADDR4 priority 2
rule c "$id" via fd09:1::2
serve "$id"
start bulk sv transfer -u 4000000 -d 4000000 -M "$id"
check "a transfer over IPv4" until_said bulk 'half way'
check "moves in the middle" move c fd09:1::1
tell bulk
check "every byte arrives over IPv6" until_said bulk 'done 1' 120
stop serve
wait_until 30 no_flows c s
serval c service del "$id" via fd09:1::2

## Raw and inside UDP

# way HOST: how its only flow's packets leave
way() { serval "$1" -j flow show | jq -r '.[0].encap'; }
is_way() { [ "$(way "$1")" = "$2" ]; }
migrate() { serval c flow migrate "$(flow_id c)" "$@"; }
# blocked PROTOCOL: does not get through to either, nobody is told
blocked() {
	local h

	for h in c s; do
		on $h nft -f - <<-END
			table inet wall
			delete table inet wall
			table inet wall {
				chain in { type filter hook prerouting priority -350; meta l4proto $1 drop; }
			}
		END
	done
}
talk
is "a connection goes raw" "$(way c)" raw
check "moves into UDP on the spot" migrate encap udp
check "both send so" wait_until 10 is_way s udp
is "from the same addresses" "$(where c)" "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
blocked 144
check "where nothing else passes" hears client one server
check "both ways" hears server two client
matches "it is inside UDP already" "$(migrate encap udp 2>&1)" "is there already"
matches "and stays so elsewhere" "$(migrate dev eth1 2>&1; way c)" "now, moved.*udp"
blocked udp
check "out of UDP" migrate dev eth0 encap raw
check "data goes on" hears client three server
check "both ways" hears server four client
is "raw" "$(way c) $(way s)" "raw raw"
blocked 144
check "if the other kind may not be tried, a move fails" not migrate dev eth1
blocked udp
stop client
stop server
wait_until 60 no_flows c s
on c sysctl -qw net.serval.udp_encap=2
check "if it may" talk
is "raw goes first" "$(way c)" raw
blocked 144
check "and UDP where raw does not pass" migrate dev eth1
check "both ways" hears server two client
is "inside UDP" "$(way c) $(way s)" "udp udp"
blocked udp
check "and raw where UDP does not" migrate dev eth0
check "data goes on" hears client three server
is "raw again" "$(way c) $(way s)" "raw raw"
stop client
stop server
on c sysctl -qw net.serval.udp_encap=0
on c nft delete table inet wall
wait_until 30 no_flows c s

## While it is being set up

# asking: the service is there, but through the first link nothing reaches it
asking() {
	on s nft -f - <<-END
		table inet wall
		delete table inet wall
		table inet wall {
			chain in { type filter hook prerouting priority -350;
				iifname eth0 meta l4proto 144 drop; }
		}
	END
	start server svcat s -l "$id"
	wait_until 20 demux_shown s
	start client svcat c -v "$id"
	wait_until 20 counted c OutSyn $(($(counter c OutSyn) + 1))
}
check "a request that is not answered" asking
check "leaves through another device when told" move c eth1
check "and is answered" until_said client 'connected to'
check "there" wait_until 10 is_at c "10.9.1.1 10.9.0.2 eth1 ESTABLISHED"
check "data goes through" hears client one server
stop client
stop server
wait_until 30 no_flows c s

check "another one" asking
is "asks from the address of the first link" "$(where c)" "10.9.0.1 10.9.0.2 eth0 SYN_SENT"
# used only once that of the address has gone with it
ip -n "$(ns c)" route add 10.9.0.0/24 dev eth1 src 10.9.1.1 metric 5000
ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
check "and from another when that goes" until_said client 'connected to'
check "there" wait_until 10 is_at c "10.9.1.1 10.9.0.2 eth1 ESTABLISHED"
check "data goes through" hears client one server
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s
