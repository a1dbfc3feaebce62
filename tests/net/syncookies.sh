#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a server under a SYN flood would let nobody in.
. "$(dirname "$0")/lib.sh"

plan 6
two_hosts
quiet_tw c s
on s sysctl -qw net.ipv4.tcp_syncookies=2
id=$(new_id)
route_ids
serve "$id" 0x5eabcd/24
check "connections by cookie carry data both ways" \
	sv transfer -n 20 -p 10 -u 50000 -d 50000 "$id"
check "also below a bound prefix" sv transfer -n 5 -u 1000 -d 1000 0x5eabcd01
within "cookies were sent" "$(mib s TcpExtSyncookiesSent)" 25 200
within "and came back" "$(mib s TcpExtSyncookiesRecv)" 25 200
is "none failed" "$(mib s TcpExtSyncookiesFailed)" 0
check "the tables are empty" wait_until 30 no_flows c s
