#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, an operator who captures on sal0 would not see what services say.
. "$(dirname "$0")/lib.sh"

need tcpdump
plan 6
two_hosts
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
# it has nothing to say: a client ends when both have said all
start server bash -c 'exec "$@" < /dev/null' -- \
	ip netns exec "$(ns s)" "$BUILD/user/svcat" -k -l "$id"
wait_until 10 demux_shown s
start dump ip netns exec "$(ns c)" tcpdump -lnni sal0 -s 0 -A tcp
check "tcpdump opens sal0" until_said dump 'listening on sal0'
say() { on c "$BUILD/user/svcat" "$id" <<< "the quick brown fox"; }
check "a line is sent" say
check "it is seen in clear" until_said dump 'the quick brown fox'
matches "as TCP over IPv6" "$(cat "$TMP/dump")" 'IP6 '
stop dump
start wire ip netns exec "$(ns c)" tcpdump -lnni eth0 -c 10 -v ip proto 144
until_said wire listening
say
check "the link carries protocol 144" until_said wire 'proto.* \(144\)'
check "and a transfer goes on after the tap is gone" say
stop wire
