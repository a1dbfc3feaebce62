#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection would be lost if one end is told to move while the other does.
# not on: debug, its times are those of a fast machine
. "$(dirname "$0")/lib.sh"

need tc jq
two_links $S_ADDR4
# long ways, so that there is time for something to happen in the middle
neighbours_of_two
for h in c s; do
	for dev in eth0 eth1; do
		tc -n "$(ns $h)" qdisc add dev $dev root netem delay 200ms
	done
done

svcat() { on "$1" "$BUILD/user/svcat" "${@:2}"; }
flow() { on "$1" tail -n +2 /proc/net/serval/migrate; }
state_is() { [[ $(flow "$1") = *" $2" ]]; }
established() { state_is c ESTABLISHED && state_is s ESTABLISHED; }
# tell_move NAME HOST DEV [STATE]: that host's end is to move, once it is in this state.
# Its job waits for that without a fork, which would take too long; it may still miss it.
tell_move() {
	# shellcheck disable=SC2016
	start "$1" on "$2" bash -c '
		until { read -r _; read -r id _ _ _ state; } < /proc/net/serval/migrate
			[ "$state" = "$2" ]; do
			[ $SECONDS -lt 30 ] || { echo "$2: timed out"; exit 1; }
			read -r -t 0.02 _
		done
		echo "$id $1" > /proc/net/serval/migrate' - "$3" "${4:-ESTABLISHED}"
}
# told NAME...: each has moved, or is told that it has not, or another's has been quicker
told() {
	local name

	for name; do
		result "$name" && continue
		echo "$name: $(<"$TMP/$name")"
		grep -qE 'timed out|canceled|already|busy|No such file' "$TMP/$name" || return
	done
}
n=0
hears() {
	n=$((n + 1))
	echo "word $n." > "$TMP/$1.in"
	until_said "$2" "^word $n\.\$"
}
# go_on TEXT NAME...: of jobs that move
go_on() {
	check "$1: all are told how it ended" told "${@:2}"
	check "it is over" wait_until 30 established
	check "both speak of the same path" same_path
	check "data goes on from client to server" hears client server
	check "and back" hears server client
}
same_path() {
	local c s

	c=$(flow c | cut -d ' ' -f 2,3)
	s=$(flow s | awk '{ print $3, $2 }')
	echo "client: $c, server: $s"
	[ "$c" = "$s" ]
}

plan 24
start server svcat s -l "$id"
wait_until 20 demux_shown s
start client svcat c -v "$id"
until_said client 'connected to'
check "a connection" hears client server
check "and back" hears server client

# The requests cross, and neither end knows of the other's
tell_move one c eth1
tell_move two s eth1
go_on "both at once" one two

tell_move two s eth0 RSYN_RCVD
tell_move one c eth0
go_on "the server, when it has answered the client" one two

tell_move one c eth1 RSYN_RCVD
tell_move two s eth1
go_on "the client, when it has answered the server" one two

tell_move three c eth0 RSYN_SENT
tell_move two s eth0
tell_move one c eth0
go_on "the client twice, and the server" one two three

stop client
stop server
check "nothing is left" wait_until 30 no_flows c s
check "of what cannot be seen either" wait_until 20 all_freed c s
note "c: $(counters c OutRsyn OutRsynAck Moved MoveFailed InBadPath InBadPeerId)"
note "s: $(counters s OutRsyn OutRsynAck Moved MoveFailed InBadPath InBadPeerId)"
