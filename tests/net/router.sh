#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a client would have to know where every service is, and learn of each move.
# limit: 600
. "$(dirname "$0")/lib.sh"

need nft
plan 66
lan c r1 r2 s1 s2
C=10.9.0.1 R1=10.9.0.2 R2=10.9.0.3 S1=10.9.0.4 S2=10.9.0.5
C6=fd09::1 R16=fd09::2 S16=fd09::4
quiet_tw c r1 s1 s2

passes_on() { on "$1" sysctl -qw net.serval.sal_forward="$2"; }
believes() { on "$1" sysctl -qw net.serval.sal_routers="$2"; }
# serves HOST ID
serves() {
	start "$1" at "$1" serve "$2"
	until_said "$1" ready
}
# datagrams TEXT CASE...: between the client and the first server
datagrams() {
	local text=$1 case

	shift
	for case; do
		check "$text: $case" between c s1 -c $C -s $S1 case "$case"
	done
}
# watch HOST: what it sees of the next request that a router passed on, see "saw"
watch() {
	start way between c "$1" way eth0
	until_said way ready
}
saw() {
	result way
	tail -n 1 "$TMP/way"
}

# one router
id=$(new_id)
serves s1 "$id"
rule c "$id" via $R1
rule r1 "$id" via $S1
check "a host passes nothing on unless it is told to" at c connect -x ECONNREFUSED "$id"
is "but refuses" "$(counters r1 SynNoService Forwarded)" "SynNoService 1 Forwarded 0"
passes_on r1 1
start late at c late "$id"
check "a server drops what a strange router passes on" wait_until 20 counted s1 SourceUntrusted 1
is "and answers nobody" "$(counters s1 InSyn OutSynAck OutNack)" "InSyn 0 OutSynAck 0 OutNack 0"
believes s1 $R1
check "told of the router, it takes the next request of the same connect" \
	until_said late "^$S1\$"
result late

syns=$(counter c OutSyn) fwd=$(counter r1 Forwarded) in=$(counter r1 InPkts)
check "streams are right" between c s1 transfer -n 20 -p 4 -u 200000 -d 200000 "$id"
syns=$(($(counter c OutSyn) - syns))
is "the router passed on each request" "$(($(counter r1 Forwarded) - fwd))" "$syns"
is "and saw nothing else of the connections" "$(($(counter r1 InPkts) - in))" "$syns"
is "the rule has counted them" "$(resolved r1 "$id" $S1)" "$(counter r1 Forwarded)"
is "nothing was held back or reset" "$(counters s1 OutRst OutUnproven)" "OutRst 0 OutUnproven 0"
watch s1
is "the client speaks to the server" "$(at c connect "$id")" "$S1"
is "which knows the way, and has it one hop less far" "$(saw)" "$R1 ttl 63 tos 0: $C,$R1"
watch s1
between c r1 -c $C -s $R1 syn -l 2 -q 187 "$id"
is "DSCP and ECN stay" "$(saw)" "$R1 ttl 1 tos 187: $C,$R1"
between c r1 -c $C -s $R1 syn -l 1 "$id"
is "a packet at its last hop goes no further" "$(counters r1 FwdTtl)" "FwdTtl 1"
is "and its sender hears of it" "$(mib c IcmpInTimeExcds)" 1

# what it is not for
fwd=$(counter r1 Forwarded)
ip -n "$(ns c)" route add 224.0.0.0/4 dev eth0
between c r1 -c $C -s 10.9.0.255 syn "$id"
between c r1 -c $C -s 224.0.0.1 syn "$id"
is "what is sent to many is not passed on" "$(counters r1 Forwarded SynNoService)" \
	"Forwarded $fwd SynNoService 3"
near=$(new_id)
rule c "$near" via $R1
rule r1 default via $S1
serves r1 "$near"
check "a service of the router's own is not passed on" between c r1 transfer -u 1000 -d 1000 "$near"
is "but answered" "$(counter r1 Forwarded)" "$fwd"
stop r1
serval r1 service del default via $S1

ip -n "$(ns r1)" route add $S1 dev eth0 mtu lock 130
between c r1 -c $C -s $R1 syn "$id"
is "what fits the link with the router's address goes on" "$(counters r1 Forwarded FwdTooBig)" \
	"Forwarded $((fwd + 1)) FwdTooBig 0"
ip -n "$(ns r1)" route replace $S1 dev eth0 mtu lock 120
between c r1 -c $C -s $R1 syn "$id"
is "what does not, does not" "$(counters r1 Forwarded FwdTooBig)" \
	"Forwarded $((fwd + 1)) FwdTooBig 1"
is "and its sender hears of it, too" "$(mib c IcmpInDestUnreachs)" 1
ip -n "$(ns r1)" route del $S1 dev eth0

# no way
none=$(new_id)
rule c "$none" via $R1
check "without a rule the router refuses" at c connect -x ECONNREFUSED "$none"
rule r1 "$none" drop
check "as with one that says drop" at c connect -x ECONNREFUSED "$none"
serval r1 service del "$none" drop
rule r1 "$none" via 192.0.2.1
check "or without a route" at c connect -x ECONNREFUSED "$none"
is "each refusal went to the client" "$(counters c InNack) $(counters r1 NoRule)" "InNack 4 NoRule 2"
serval r1 service del "$none" via 192.0.2.1
rule r1 "$none" via $S1
check "the server's own refusal as well" at c connect -x ECONNREFUSED "$none"
serval r1 service del "$none" via $S1

# two routers
serval r1 service change "$id" via $S1 to $R2
rule r2 "$id" via $S1
passes_on r2 1
believes s1 $R2
start late at c late "$id"
check "a router believes no strange router either" wait_until 20 counted r2 SourceUntrusted 1
is "and passes nothing on for it" "$(counter r2 Forwarded)" 0
believes r2 $R1/32
check "told of it, it does" until_said late "^$S1\$"
result late
watch s1
check "streams are right through two routers" between c s1 transfer -n 5 -u 50000 -d 50000 "$id"
is "the whole way is told" "$(saw)" "$R2 ttl 62 tos 0: $C,$R1,$R2"
rule r1 "$none" via $R2
check "the second router's refusal reaches the client" at c connect -x ECONNREFUSED "$none"
is "from that router" "$(counters r2 OutNack NoRule)" "OutNack 1 NoRule 1"

# loops: one request each
serval r2 service change "$id" via $S1 to $R1
believes r1 $R2
ip -n "$(ns r1)" addr add 10.9.0.102/24 dev eth0
first=$(counter r1 Forwarded) second=$(counter r2 Forwarded)
between c r1 -c $C -s $R1 syn "$id"
is "a request is not sent back to where it came from" "$(counters r2 FwdLoop)" "FwdLoop 1"
serval r2 service change "$id" via $R1 to 10.9.0.102
between c r1 -c $C -s $R1 syn "$id"
is "nor passed on twice" "$(counters r1 FwdLoop)" "FwdLoop 1"
serval r2 service change "$id" via 10.9.0.102 to $C
between c r1 -c $C -s $R1 syn "$id"
is "nor sent back to the client" "$(counters r2 FwdLoop)" "FwdLoop 2"
serval r2 service change "$id" via $C to $R2
between c r1 -c $C -s $R1 syn "$id"
is "nor to the router itself" "$(counters r2 FwdLoop)" "FwdLoop 3"
is "and that is all that it did" \
	"$(($(counter r1 Forwarded) - first)) $(($(counter r2 Forwarded) - second))" "4 1"

# the way to a server follows the router's routes
serval r1 service change "$id" via $R2 to $S1
serval r2 service change "$id" via $R2 to $S1
believes s1 "$R1 10.9.0.102"
watch s1
at c connect "$id" > /dev/null
is "with the router's address for a server" "$(saw)" "$R1 ttl 63 tos 0: $C,$R1"
ip -n "$(ns r1)" route add $S1 dev eth0 src 10.9.0.102
watch s1
at c connect "$id" > /dev/null
is "and another one, when a route says so" "$(saw)" "10.9.0.102 ttl 63 tos 0: $C,$R1"
ip -n "$(ns r1)" rule add fwmark 7 table 77
ip -n "$(ns r1)" route add $S1 dev eth0 src $R1 table 77
on r1 nft -f - <<-END
	table inet t {
		chain in { type filter hook prerouting priority 0; ip protocol 144 meta mark set 7; }
	}
END
watch s1
at c connect "$id" > /dev/null
is "or one for marked packets" "$(saw)" "$R1 ttl 63 tos 0: $C,$R1"
on r1 nft flush ruleset
ip -n "$(ns r1)" route del $S1 dev eth0 src 10.9.0.102

# a service moves: the client's rule stays
believes s1 $R1
believes s2 $R1
serves s2 "$id"
is "before a move" "$(at c connect "$id")" "$S1"
serval r1 service change "$id" via $S1 to $S2
is "and after it" "$(at c connect "$id")" "$S2"
serval r1 service change "$id" via $S2 to $S1

# no state at the server
on s1 sysctl -qw net.ipv4.tcp_syncookies=2
check "by SYN cookies" between c s1 transfer -n 10 -p 5 -u 20000 -d 20000 "$id"
within "which were sent" "$(mib s1 TcpExtSyncookiesRecv)" 10 20
on s1 sysctl -qw net.ipv4.tcp_syncookies=1

# another IP version behind the router
serval c service change "$id" via $R1 to $R16
watch s1
check "IPv6 before the router, IPv4 behind it" between c s1 transfer -u 50000 -d 50000 "$id"
is "the way tells both" "$(saw)" "$R1 ttl 63 tos 0: $C6,$R16"
serval c service change "$id" via $R16 to $R1
serval r1 service change "$id" via $S1 to $S16
believes s1 "$R16/128"
check "IPv4 before the router, IPv6 behind it" between c s1 transfer -u 50000 -d 50000 "$id"
is "of which the client sees nothing" "$(at c connect "$id")" "$S1"
on c sysctl -qw net.serval.udp_encap=1
fwd=$(counter r1 Forwarded)
is "inside UDP the client is told where to ask" "$(at c connect "$id")" "$S16 udp"
is "and nothing is passed on" "$(counters r1 Forwarded FwdRedirected)" \
	"Forwarded $fwd FwdRedirected 1"
on c sysctl -qw net.serval.udp_encap=0

# datagrams that are not connected, each for itself
rule c 0x5e/8 via $R1
rule r1 0x5e/8 via $S1
believes s1 $R1
fwd=$(counter r1 Forwarded)
datagrams "through the router" dgram-request dgram-names dgram-fragments \
	dgram-refused gso-unconnected
within "it passed them on" "$(counter r1 Forwarded)" $((fwd + 64)) $((fwd + 120))
serval r1 service change 0x5e/8 via $S1 to $R2
rule r2 0x5e/8 via $S1
believes s1 $R2
datagrams "through two routers" dgram-request dgram-names dgram-fragments dconn-exchange
serval r1 service change 0x5e/8 via $R2 to $S1
serval c service change 0x5e/8 via $R1 to $R16
believes s1 $R1
datagrams "IPv6 before the router, IPv4 behind it" dgram-request dconn-server-first
serval c service change 0x5e/8 via $R16 to $R1
serval r1 service change 0x5e/8 via $S1 to $S16
believes s1 $R16
datagrams "IPv4 before the router, IPv6 behind it" dgram-request dconn-server-first
serval r2 service del 0x5e/8 via $S1
check "no flow is left" wait_until 30 no_flows c s1 s2
