#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection would end if each of its hosts lost another address for a moment.
. "$(dirname "$0")/lib.sh"

need jq nft
plan 37
two_links $S_ADDR

# loses HOST ADDRESS DEV FLOWS: and has it back as soon as only those flows are left
loses() {
	ip -n "$(ns "$1")" addr del "$2/24" dev "$3" || return
	wait_until 10 has_roles "$1" "$4"
	local gone=$?
	ip -n "$(ns "$1")" addr add "$2/24" dev "$3"
	return $gone
}
# Both have two flows, and each then another of them, of which the other end does not hear
lose_both() {
	deaf c "@th,112,8 0x44"	# RSYN|FIN
	check "the server loses the address of one" loses s 10.9.1.2 eth1 "eth0 used"
	is "of which the client does not hear" "$(roles c)" "eth0 used, eth1 backup"
	check "the client loses that of the other" loses c "$C_ADDR" eth0 "eth1 used"
	is "of which the server does not hear" "$(roles s)" "eth0 used"
	hear c
}
both_have() { wait_until 30 has_roles c "$1" && wait_until 30 has_roles s "$1"; }

talk
check "a connection" hears client one server
check "has two flows" join c dev eth1 to 10.9.1.2
check "both of them at both ends" both_have "eth0 used, eth1 backup"

## Data
lose_both
check "what the client says arrives" hears client two server
check "and what the server says" hears server three client
check "they join again" join c dev eth0 to $S_ADDR
check "and use that, as they did before" both_have "eth0 used"
check "what the client says arrives" hears client four server

## A move
check "two flows again" join c dev eth1 to 10.9.1.2
check "at both ends" both_have "eth0 used, eth1 backup"
lose_both
matches "the client moves, and names the flow that the server has lost" \
	"$(serval c flow migrate "$(role_id c used)" dev eth0 2>&1)" "moved in"
check "the server follows" wait_until 10 has_roles s "eth0 used"
check "what the client says arrives" hears client five server
check "and what the server says" hears server six client

## The server has only the flow that the client has lost
check "two flows again" join c dev eth1 to 10.9.1.2
check "at both ends" both_have "eth0 used, eth1 backup"
deaf c "@th,112,8 0x44"
check "the server ends one" serval s flow part "$(role_id s backup)"
is "of which the client does not hear" "$(roles c)" "eth0 used, eth1 backup"
ip -n "$(ns c)" addr del "$C_ADDR/24" dev eth0
check "the client loses the address of the other, for good" wait_until 10 has_roles c "eth1 used"
hear c
check "what the client says arrives" hears client seven server
is "from where it is" "$(roles c)" "eth1 used"
check "and what the server says" hears server eight client

## The server has none
ip -n "$(ns c)" addr add "$C_ADDR/24" dev eth0
check "two flows again" join c dev eth0 to $S_ADDR
check "at both ends" wait_until 30 has_roles c "eth0 backup, eth1 used"
deaf c
check "the server ends the connection" serval s flow kill "$(role_id s used)"
check "the client loses one" loses c 10.9.1.1 eth1 "eth0 used"
hear c
echo nine > "$TMP/client.in"
check "and hears that there is none" until_said client "reset"

## The end
stop server
check "nothing is left" wait_until 30 no_flows c s
check "of what cannot be seen either" wait_until 30 all_freed c
