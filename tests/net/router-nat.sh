#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, who sits behind a NAT could reach no service by way of a router.
# not on: debug, router and encap take the same steps
. "$(dirname "$0")/lib.sh"

need nft jq
plan 31
load_module
log_mark
add_host c n r s
link c eth0 10.9.0.1/24 n eth0 10.9.0.254/24
link n eth1 10.9.1.254/24 r eth0 10.9.1.2/24
link n eth2 10.9.2.254/24 s eth0 10.9.2.2/24
C=10.9.0.1 R=10.9.1.2 S=10.9.2.2 S6=fd09:2::2
route c default 10.9.0.254
route r default 10.9.1.254
route s default 10.9.2.254
forwarding n
quiet_tw c s
# A NAT that lets in only what comes from where something went, and only UDP
on n nft -f - <<-END
	table ip nat {
		chain post { type nat hook postrouting priority 100;
			ip saddr $C oifname != eth0 meta l4proto udp masquerade random; }
	}
	table ip watch {
		counter raw { }
		counter asked { }
		counter told { }
		chain transit { type filter hook forward priority 0; policy accept;
			meta l4proto 144 counter name raw drop;
			ip daddr $R counter name asked;
			ip saddr $R counter name told; }
	}
END
passed() { on n nft -j list counter ip watch "$1" | jq ".nftables[] | .counter? | .$2 // empty"; }
encap() { on c sysctl -qw net.serval.udp_encap="$1"; }

id=$(new_id)
rule c "$id" via $R
rule r "$id" via $S
on r sysctl -qw net.serval.sal_forward=1
start s at s serve "$id"
until_said s ready

# always inside UDP
encap 1
is "a client behind a NAT comes to the server" "$(at c connect "$id")" "$S udp"
is "the router says where it is" "$(counters r FwdRedirected Forwarded)" \
	"FwdRedirected 1 Forwarded 0"
is "and has counted it for its rule" "$(resolved r "$id" $S)" 1
is "the client has followed" "$(counters c InNack InRedirect InRedirectBad)" \
	"InNack 1 InRedirect 1 InRedirectBad 0"
is "and has told the server nothing of the router" "$(counters s SourceUntrusted InSyn)" \
	"SourceUntrusted 0 InSyn 1"
is "the router has heard one packet, and said one" \
	"$(passed asked packets) $(passed told packets)" "1 1"
within "a shorter one" "$(passed told bytes)" 60 $(($(passed asked bytes) - 1))
check "streams are right" between c s transfer -n 10 -p 3 -u 50000 -d 50000 "$id"
is "for each of them the router was asked once" "$(counters r FwdRedirected)" "FwdRedirected 11"
within "with not much more" "$(passed asked packets)" 11 13
rule c 0x5e/8 via $R
rule r 0x5e/8 via $S
for case in dconn-close dconn-nonblock; do
	check "datagrams of a connection: $case" between c s -c $C -s $S case $case
done
within "the router was asked for those as well" "$(counter r FwdRedirected)" 13 25
serval c service del 0x5e/8 via $R
serval r service del 0x5e/8 via $S
is "nothing went raw" "$(passed raw packets)" 0

# raw first
encap 2
asked=$(counter r FwdRedirected)
is "raw first: it comes to the server, too" "$(at c connect "$id")" "$S udp"
is "by the copy inside UDP" $(($(counter r FwdRedirected) - asked)) 1
within "the raw one did not pass" "$(passed raw packets)" 1 2
raw=$(passed raw packets)
is "the next knows that" "$(at c connect "$id") $(passed raw packets)" "$S udp $raw"

# a refusal, and an address to which there is no way
encap 1
none=$(new_id)
rule c "$none" via $R
check "a refusal of the router's own is one" at c connect -x ECONNREFUSED "$none"
rule r "$none" via $S
check "and so is the server's" at c connect -x ECONNREFUSED "$none"
serval r service change "$none" via $S to $S6
ip -n "$(ns r)" -6 route add default via fd09:1::254
bad=$(counter c InRedirectBad)
check "an address that the client cannot reach is as good as none" \
	at c connect -x ECONNREFUSED "$none"
is "and counted" $(($(counter c InRedirectBad) - bad)) 1

# two routers that name each other
serval r service change "$none" via $S6 to $S
on s sysctl -qw net.serval.sal_forward=1
rule s "$none" via $R
in=$(counter c InRedirect) bad=$(counter c InRedirectBad)
check "two routers that name each other" at c connect -x ECONNREFUSED "$none"
is "are not followed for ever" \
	"$(($(counter c InRedirect) - in)) $(($(counter c InRedirectBad) - bad))" "8 1"
on s sysctl -qw net.serval.sal_forward=0

# a false router
on r sysctl -qw net.serval.udp_encap_server_port=0
in=$(counter c InRedirect) bad=$(counter c InRedirectBad)
led() {
	local addr

	for addr; do
		start false "$SV" -S "$TAG-r" redirect "$addr"
		until_said false ready
		at c connect -x ECONNREFUSED "$id" || return
		stop false
	done
	return 0
}
check "one that leads to what is no host" led 127.0.0.1 224.0.0.1 255.255.255.255 0.0.0.0 \
	::1 ff02::1 fe80::1 ::
is "is not followed" "$(($(counter c InRedirect) - in)) $(($(counter c InRedirectBad) - bad))" "0 8"
check "or to the client itself, or its whole link" led $C 10.9.0.255
is "neither" "$(($(counter c InRedirect) - in)) $(($(counter c InRedirectBad) - bad))" "0 10"
start false "$SV" -S "$TAG-r" redirect $R $R $S
until_said false ready
is "one that hesitates is" "$(at c connect "$id")" "$S udp"
is "to the end" $(($(counter c InRedirect) - in)) 3
stop false
check "no flow is left" wait_until 60 no_flows c s
