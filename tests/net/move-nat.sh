#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection would die when a NAT forgets it, when both ends lose their
# addresses at once, or hang when the peer has forgotten it.
. "$(dirname "$0")/lib.sh"

need nft
plan 18
load_module
log_mark
add_host c n s
link c eth0 10.9.0.1/24 n eth0 10.9.0.254/24
link n eth1 10.9.1.254/24 s eth0 10.9.1.2/24
ip -n "$(ns n)" addr add 10.9.1.253/24 dev eth1
route c default 10.9.0.254
forwarding n
quiet_tw c s
# A NAT without memory: from now on c is seen at that address
nat() {
	on n nft -f - <<-END
		table ip nat
		delete table ip nat
		table ip nat {
			chain post { type filter hook postrouting priority 0;
				ip saddr 10.9.0.1 oifname eth1 ip saddr set $1; }
			chain pre { type filter hook prerouting priority -200;
				ip daddr $1 iifname eth1 ip daddr set 10.9.0.1; }
		}
	END
}
svcat() { on "$1" "$BUILD/user/svcat" "${@:2}"; }
where() { on "$1" tail -n +2 /proc/net/serval/migrate | cut -d ' ' -f 2,3,5; }
is_at() { [ "$(where "$1")" = "$2" ]; }
hears() { echo "$2" > "$TMP/$1.in"; until_said "$3" "^$2\$"; }
connect() {
	start server svcat s -l "$id"
	wait_until 20 demux_shown s
	start client svcat c -v "$id"
	until_said client 'connected to'
	hears client one server && hears server one-back client
}

nat 10.9.1.254
id=$(new_id)
rule c "$id" via 10.9.1.2
check "a client behind a NAT" connect
is "is seen at its address" "$(where s)" "10.9.1.2 10.9.1.254 ESTABLISHED"
nat 10.9.1.253
check "is heard when that changes" hears client two server
check "at the new one" wait_until 10 is_at s "10.9.1.2 10.9.1.253 ESTABLISHED"
check "and hears" hears server three client
is "nobody gave up" "$(counters c MoveFailed) $(counters s MoveFailed)" "MoveFailed 0 MoveFailed 0"
# of the host that has the old address now, and knows nothing
nat 10.9.1.254
check "also the other way round" hears client four server
check "both ways" hears server five client
stop client
stop server
wait_until 30 no_flows c s

# inside UDP
on c sysctl -qw net.serval.udp_encap=1
check "an encapsulated one" connect
nat 10.9.1.253
check "is heard as well" hears client two server
check "and hears" hears server three client
stop client
stop server
wait_until 30 no_flows c s
on c sysctl -qw net.serval.udp_encap=0

# both lose what they had; the service table knows where the service is now
on n nft delete table ip nat
route s default 10.9.1.254
check "another" connect
on c sysctl -qw net.serval.auto_migrate=1
on s sysctl -qw net.serval.auto_migrate=1
link n eth2 10.9.2.254/24 s eth1 10.9.2.2/24
ip -n "$(ns s)" link set eth0 down
ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
check "holds when both ends lose their address" wait_until 20 is_at c \
	"10.9.0.1 10.9.1.2 NOADDRESS"
ip -n "$(ns s)" route add default via 10.9.2.254
rule c "$id" via 10.9.2.2
serval c service del "$id" via 10.9.1.2
add_addr c eth0 10.9.0.3/24
route c default 10.9.0.254
check "and meets at new ones" wait_until 60 is_at c "10.9.0.3 10.9.2.2 ESTABLISHED"
check "on both sides" wait_until 20 is_at s "10.9.2.2 10.9.0.3 ESTABLISHED"
check "where it is heard" hears client two server
check "both ways" hears server three client
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s
