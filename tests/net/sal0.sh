#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, an operator who captures on sal0 would not see what services say.
. "$(dirname "$0")/lib.sh"

need tcpdump
plan 14
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

## datagrams
start echo at s echo "$id"
until_said echo ready
start sdump ip netns exec "$(ns s)" tcpdump -lnni sal0 -s 0 -A udp
start cdump ip netns exec "$(ns c)" tcpdump -lnni sal0 -s 0 -A udp
check "datagrams as well" until_said sdump 'listening on sal0'
until_said cdump 'listening on sal0'
is "a question and its answer" "$(at c ask "$id" hello-question)" "hello-question 0"
twice() { [ "$(grep -c 'hello-question' "$TMP/$1")" = 2 ]; }
check "are seen by the client" wait_until 20 twice cdump
check "and by the server" wait_until 20 twice sdump
matches "as UDP over IPv6" "$(cat "$TMP/cdump")" 'IP6 fd5e:7276:614c:[^ ]* > fd5e:7276:6152:[^ ]*: UDP, length 14'
stop echo
start server ip netns exec "$(ns s)" "$BUILD/user/svcat" -u -d -l "$id"
wait_until 20 demux_shown s
say_u() { on c "$BUILD/user/svcat" -u -w 60 "$id" <<< "the lazy dog"; }
check "a connected one" say_u
check "is seen by the client" until_said cdump 'the lazy dog'
check "and by the server" until_said sdump 'the lazy dog'
