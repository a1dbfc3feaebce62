#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, nobody could try a datagram service from the command line, or see its datagrams.
# not on: debug, it is the tool that works here
. "$(dirname "$0")/lib.sh"

need jq tcpdump
plan 15
two_hosts
id=$(new_id)
rule c "$id" via $S_ADDR
line() { echo "$2" > "$TMP/$1.in"; }
start server svcat s -u -v -l "$id"
check "a datagram service is offered" until_said server listening
check "as such" [ "$(serval s -j service show | jq -c 'map(.proto)')" = '["udp"]' ]
start client svcat c -u -v "$id"
check "it is connected to" until_said client 'connected to 0x.* at 10\.9\.0\.2'
check "and knows it" until_said server 'connected to'
line client "from the client"
check "a line goes there" until_said server '^from the client$'
line server "from the server"
check "and one back" until_said client '^from the server$'
is "each is a datagram" "$(counter c OutDatagrams) $(counter s OutDatagrams)" "1 1"
check "a second client is refused meanwhile" not svcat c -u "$id"
is "and says why" "$(svcat c -u "$id" 2>&1)" "svcat: connect to $id: Nobody listens to the service"

# svcat ends when both ends have said all; the FIFOs of start never end
stop client
stop server
start many svcat s -u -k -d -l "$id"
wait_until 20 demux_shown s
say() { svcat c -u -w 60 "$id"; }
head -c 5000 /dev/urandom | base64 -w 0 > "$TMP/file"
before=$(counter c OutDatagrams)
check "a file is sent" say < "$TMP/file"
cut=$(($(stat -c %s "$TMP/file") / 1300 + 1))
is "in datagrams that fit a packet" "$(($(counter c OutDatagrams) - before))" "$cut"
came() { cmp -s "$TMP/file" "$TMP/many"; }
check "and comes" wait_until 20 came
check "the next one is served as well" say <<< "once more"
more() { grep -q 'once more$' "$TMP/many"; }
check "with -k" wait_until 20 more
stop many
check "nothing is left" wait_until 20 no_flows c s
