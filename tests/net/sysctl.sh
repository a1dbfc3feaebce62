#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, settings would take values that make no sense, or those of another host.
. "$(dirname "$0")/lib.sh"

plan 40
two_hosts
get() { on c sysctl -n "net.serval.$1"; }
set_to() { on c sysctl -qw "net.serval.$1=$2"; }

# range NAME DEFAULT LEAST MOST
range() {
	is "$1 is $2 at first" "$(get "$1")" "$2"
	check "$1 takes $3" set_to "$1" "$3"
	check "$1 takes $4" set_to "$1" "$4"
	set_to "$1" "$3"
	set_to "$1" $(($4 + 1)) 2>/dev/null
	set_to "$1" $(($3 - 1)) 2>/dev/null
	is "$1 takes nothing outside $3..$4" "$(get "$1")" "$3"
	set_to "$1" "$2"
}
range debug 0 0 10
range service_resolution_mode 3 0 3
range sal_max_retransmits 15 0 1000
range delay_timeout 10000 1 3600000
range udp_encap 0 0 2
range udp_encap_csum 1 0 1
range udp_encap_keepalive 20 0 600
range udp_encap_server_port 54325 0 65535
range udp_encap_client_port 54324 1 65535
set_to service_resolution_mode 1
set_to debug 6
is "another host keeps its own" \
	"$(on s sysctl -n net.serval.service_resolution_mode net.serval.debug | tr '\n' ' ')" "3 0 "
id=$(new_id)
set_to service_resolution_mode 3
rule c "$id" via $S_ADDR
serve "$id"
check "connections work with debug on" sv transfer -u 10000 -d 10000 "$id"
on c setpriv --reuid 65534 --regid 65534 --clear-groups \
	sysctl -qw net.serval.debug=0 2>/dev/null
is "not everybody may set them" "$(get debug)" 6
set_to debug 0
unknown=$(on c ls /proc/sys/net/serval | tr '\n' ' ')
is "there are these and no more" "$unknown" \
	"broadcast_devices debug delay_timeout sal_max_retransmits service_resolution_mode udp_encap udp_encap_client_port udp_encap_csum udp_encap_keepalive udp_encap_server_port "
