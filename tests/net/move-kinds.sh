#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, only streams over IPv4 could change links, and only in quiet moments.
. "$(dirname "$0")/lib.sh"

need jq nft
two_hosts
quiet_tw c s
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
# one link for each IP version alone
for h in c s; do
	on $h sysctl -qw net.ipv6.conf.default.accept_dad=0
done
link c eth2 fd0a::1/64 s eth2 fd0a::2/64
link c eth3 10.10.0.1/24 s eth3 10.10.0.2/24

# IPv6 looks for no neighbour where it has no route. A link that goes down takes its
# routes along, though with this not its address.
routes6() {
	ip -n "$(ns c)" route replace fd09::/64 via fd09:1::2 dev eth1 metric 2048
	ip -n "$(ns c)" route replace fd09:1::/64 via fd09::2 dev eth0 metric 2048
	ip -n "$(ns s)" route replace fd09::/64 via fd09:1::1 dev eth1 metric 2048
	ip -n "$(ns s)" route replace fd09:1::/64 via fd09::1 dev eth0 metric 2048
	ip -n "$(ns c)" route replace fd09::/64 via fd0a::2 dev eth2 metric 4096
}
on c sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1

# Nothing else passes
only() {
	local h what="meta l4proto udp"

	[[ $1 != UDP* ]] || what="meta l4proto 144"
	for h in c s; do
		on $h nft -f - <<-END
			table inet only
			delete table inet only
			table inet only {
				chain in { type filter hook prerouting priority -350; $what drop; }
			}
		END
	done
}

ways=("IPv4" "UDP" "IPv6" "UDP over IPv6")
declare -A via=([IPv4]="$S_ADDR4" [UDP]="$S_ADDR4 encap udp"
	[IPv6]="fd09::2" ["UDP over IPv6"]="fd09::2 encap udp")
plan $((${#ways[@]} * ($(cases move two) + 1) + 13))
for way in "${ways[@]}"; do
	routes6
	only "$way"
	# shellcheck disable=SC2086
	rule c 0x5e/8 via ${via[$way]}
	numbered "$way: " sv suite move
	check "$way: no flow is left" wait_until 30 no_flows c s
	serval c service del 0x5e/8 via "${via[$way]% encap*}"
done
only raw
routes6

## The other IP version: the peer's addresses of that are not known

id=$(new_id) id6=$(new_id)
rule c "$id" via $S_ADDR4
rule c "$id6" via fd09::2
flow() { serval c -j flow show service "$1" | jq -r ".[0].$2"; }
# refused TEXT REGEX COMMAND...
refused() {
	local text=$1 regex=$2 out status

	shift 2
	out=$("$@" 2>&1)
	status=$?
	matches "$text" "$status $out" "^1 .*$regex"
}
migrate() { serval c flow migrate "$(flow "$1" id)" "${@:2}"; }

serve "$id" "$id6"
start held sv transfer -u 4000000 -d 400000 -M "$id"
start held6 sv transfer -u 4000000 -d 400000 -M "$id6"
check "a connection over IPv4" until_said held 'half way'
check "one over IPv6" until_said held6 'half way'
other='Error: .*none of the peer.s IP version'
refused "not from IPv4 to an address of IPv6" "$other" migrate "$id" addr fd0a::1
# As IP lets any program do, it may go out there from an address that is another device's
out=$(migrate "$id" dev eth2 2>&1)
matches "nor to a device without, unless from another's address" "$? $out" \
	"^1 .*($other|Error: there is no route)|^0 flow"
note "$out"
is "which stays the same" "$(flow "$id" local)" 10.9.0.1
refused "not from IPv6 to an address of IPv4" "$other" migrate "$id6" addr 10.10.0.1
refused "nor to a device without IPv6" "$other|Error: there is no route" migrate "$id6" dev eth3
is "that one is where it was" "$(flow "$id6" dev)" eth0
check "to another link of the same version" migrate "$id" dev eth3
check "of the other as well" migrate "$id6" dev eth2
tell held
tell held6
check "all content arrives" until_said held 'done 1' 120
check "of both" until_said held6 'done 1' 120
stop serve
check "nothing is left" wait_until 30 no_flows c s
