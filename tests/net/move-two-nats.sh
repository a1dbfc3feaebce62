#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection would end when its host goes from one network behind a NAT to another.
# not on: debug, move-kinds takes the same steps
# not on: 6.1, routes and moves are the same code on both
. "$(dirname "$0")/lib.sh"

need jq nft
plan 70
load_module
log_mark
add_host c n m s
# n and m are NATs, each on one of the client's links; the server has one address for both
link c eth0 10.9.0.1/24 n eth0 10.9.0.254/24
link c eth1 10.9.1.1/24 m eth0 10.9.1.254/24
link n eth1 10.9.2.254/24 s eth0 10.9.2.2/24
link m eth1 10.9.3.254/24 s eth1 10.9.3.2/24
route c default 10.9.0.254
ip -n "$(ns c)" route add default via 10.9.1.254 metric 5000
ip -n "$(ns m)" route add 10.9.2.0/24 via 10.9.3.2
forwarding n m
quiet_tw c s
for h in n m; do
	on $h nft -f - <<-END
		table ip nat {
			chain post { type nat hook postrouting priority 100;
				oifname eth1 masquerade random; }
		}
	END
done

FIRST="10.9.2.2 10.9.2.254 ESTABLISHED"
SECOND="10.9.2.2 10.9.3.254 ESTABLISHED"
id=$(new_id)
rule c "$id" via 10.9.2.2
# without the device, which datagrams have only once one is sent
where() { on "$1" tail -n +2 /proc/net/serval/migrate | cut -d ' ' -f 2,3,5; }
# connect [u]: a connection, or one for datagrams
connect() {
	start server svcat s "-${1:-}l" "$id"
	wait_until 20 demux_shown s
	start client svcat c "-${1:-}v" "$id"
	until_said client 'connected to'
	hears client one server && hears server one-back client
}
disconnect() {
	stop client
	stop server
	wait_until 30 no_flows c s
}
migrate() { serval c flow migrate "$(flow_id c)" dev "$1" 2>&1; }
# how both send
way() { serval "$1" -j flow show | jq -r '.[].encap'; }
ways() { echo "$(way c) $(way s)"; }
control() { echo "$(counters c OutRsyn InRsynAck Moved) $(counters s InRsyn OutRsynAck Moved)"; }

moves=0
for kind in raw udp "udp u"; do
	read -r encap u <<< "$kind"
	case $kind in
	raw) what="raw" ;;
	udp) what="inside UDP" ;;
	*) what="datagrams" ;;
	esac
	serval c service change "$id" encap "$encap"
	check "$what: a client behind a NAT" connect "$u"
	is "is seen at its address" "$(where s)" "$FIRST"
	matches "it moves behind another" "$(migrate eth1)" "^flow [0-9]+ is $(flow_id c) now, moved in "
	is "at once" "$(where c)" "10.9.1.1 10.9.2.2 ESTABLISHED"
	check "and is seen at that one's" wait_until 10 is_at s "$SECOND"
	# what the move left in the NAT lets the server speak first
	check "hears" hears server two client
	check "and is heard" hears client three server
	matches "it moves back" "$(migrate eth0)" "now, moved in "
	check "to the first" wait_until 10 is_at s "$FIRST"
	check "hears" hears server four client
	check "and is heard" hears client five server

	on c sysctl -qw net.serval.auto_migrate=1
	ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
	check "by itself when its address goes" wait_until 20 is_at s "$SECOND"
	check "hears" hears server six client
	check "and is heard" hears client seven server
	moves=$((moves + 3))
	is "three packets each" "$(control)" \
		"OutRsyn $moves InRsynAck $moves Moved $moves InRsyn $moves OutRsynAck $moves Moved $moves"
	is "sent as before" "$(ways)" "$encap $encap"
	# behind the other NAT nobody knows the address of eth1
	ip -n "$(ns c)" addr add 10.9.0.1/24 dev eth0
	route c default 10.9.0.254
	check "is heard when a better route is back" hears client eight server
	check "and hears" hears server nine client
	is "and stays where it is" "$(where s)" "$SECOND"
	disconnect
	on c sysctl -qw net.serval.auto_migrate=0
done

# behind the other NAT only UDP passes
on m nft -f - <<-END
	table ip wall {
		chain transit { type filter hook forward priority 0; policy accept;
			meta l4proto 144 drop; }
	}
END
serval c service change "$id" encap raw
check "raw: a client behind a NAT" connect
matches "does not move where only UDP passes" "$(migrate eth1)" \
	"has not moved: Connection timed out"
is "it is seen where it was" "$(where s)" "$FIRST"
check "hears" hears server two client
check "and is heard" hears client three server
disconnect
on c sysctl -qw net.serval.udp_encap=2
serval c service change "$id" encap default
check "raw first: a client behind a NAT" connect
is "is heard raw" "$(ways)" "raw raw"
matches "it moves there" "$(migrate eth1)" "now, moved in "
check "and is seen there" wait_until 10 is_at s "$SECOND"
is "inside UDP" "$(ways)" "udp udp"
check "hears" hears server two client
check "and is heard" hears client three server
check "nothing is left" disconnect
