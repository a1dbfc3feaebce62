#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, settings would take values that make no sense, or those of another host.
# not on: debug, its settings are read and written as elsewhere
. "$(dirname "$0")/lib.sh"

plan 68
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
range sal_forward 0 0 1
range sal_max_retransmits 15 0 1000
range delay_timeout 10000 1 3600000
range security 1 0 2
range auto_migrate 0 0 1
range multipath 0 0 3
range udp_encap 0 0 2
range udp_encap_csum 1 0 1
range udp_encap_keepalive 20 0 600
range udp_encap_server_port 54325 0 65535
range udp_encap_client_port 54324 1 65535
is "sal_routers is empty at first" "$(get sal_routers)" ""
check "it takes addresses and prefixes" set_to sal_routers \
	"10.0.0.1,192.0.2.0/24  fd00::1 2001:db8::/32 0.0.0.0/0 ::/0"
list="10.0.0.1 192.0.2.0/24 fd00::1 2001:db8::/32 0.0.0.0/0 ::/0"
is "and shows them" "$(get sal_routers)" "$list"
for wrong in 10.0.0 10.0.0.1/33 192.0.2.1/24 fd00::/129 2001:db8::1/32 host 10.0.0.1/ \
	10.0.0.1/+8 ::ffff:10.0.0.1 "10.0.0.2 /24"; do
	set_to sal_routers "10.0.0.2 $wrong" 2>/dev/null && note "it took $wrong"
done
is "but nothing that is no address or has bits behind its prefix" "$(get sal_routers)" "$list"
set_to sal_routers "$(seq -f 10.1.0.%g 65 | xargs)" 2>/dev/null
is "nor more than 64" "$(get sal_routers)" "$list"
check "64 are no more" set_to sal_routers "$(seq -f 10.1.0.%g 64 | xargs)"
is "and all there" "$(get sal_routers)" "$(seq -f 10.1.0.%g 64 | xargs)"
check "the longest list fits" set_to sal_routers \
	"$(seq -f 'fd11:1111:1111:1111:1111:1111:1111:%g0' 1111 1174 | tr '\n' , | sed 's/0,/\/128,/g')"
is "as it is" "$(get sal_routers | wc -w)" 64
check "and can be taken away" set_to sal_routers ""
is "then it is empty" "$(get sal_routers)" ""
is "it is no other host's" "$(on s sysctl -n net.serval.sal_routers)" ""
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
	"auto_migrate broadcast_devices debug delay_timeout multipath sal_forward sal_max_retransmits sal_routers security service_resolution_mode udp_encap udp_encap_client_port udp_encap_csum udp_encap_keepalive udp_encap_server_port "
