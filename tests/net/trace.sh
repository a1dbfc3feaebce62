#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the kernel could move connections in another way than the one that was verified.
# not on: debug, its times are those of a fast machine
# not on: 6.1, two minutes; moves are the same code on both
# limit: 600
. "$(dirname "$0")/lib.sh"

need jq nft python3 tc
REPLAY=$REPO/Documentation/model/replay
[ -x "$BUILD/replay/pan" ] || { echo "1..0 # SKIP no \"$REPLAY build\""; exit 4; }
TRACE=/sys/kernel/tracing/instances/$TAG
two_links $S_ADDR4
neighbours_of_two
# long ways, so that nobody gives up before it is to
for h in c s; do
	for dev in eth0 eth1; do
		tc -n "$(ns $h)" qdisc add dev $dev root netem delay 50ms
	done
done

mkdir "$TRACE"
# as long as it is traced, the module stays
trap 'rmdir "$TRACE"; cleanup' EXIT
echo mono > "$TRACE/trace_clock"
echo 1 > "$TRACE/events/serval/serval_move/enable"

# One trace for each connection, of both ends
begin() {
	echo > "$TRACE/trace"
	talk
}
traces=()
finish() {
	stop client
	stop server
	wait_until 60 no_flows c s
	cat "$TRACE/trace" > "$TMP/$1.trace"
	[ -z "${SERVAL_OUT:-}" ] || cp "$TMP/$1.trace" "$SERVAL_OUT"
	traces+=("$1")
}

state_is() { [[ $(where "$1") = *" $2" ]]; }
settled() {
	state_is c ESTABLISHED && state_is s ESTABLISHED &&
		[ "$(where c | cut -d ' ' -f 1,2)" = "$(where s | awk '{ print $2, $1 }')" ]
}
go_on() {
	check "$1: data goes on" hears client "$2" server
	check "$1: and back" hears server "$2" client
	check "$1: both ends meet" wait_until 60 settled
}

plan 73

begin
check "one end moves" move c eth1
go_on "one end" one
check "the other does" move s 10.9.1.2
go_on "the other end" two
check "the first one goes back" move c eth0
go_on "back" three
finish simple

begin
deaf c
deaf s
start one move c eth1
start two move s eth1
wait_until 20 state_is c RSYN_SENT
wait_until 20 state_is s RSYN_SENT
hear s
wait_until 20 state_is s RSYN_SENT_RCVD
hear c
go_on "both at once" one
finish both

begin
ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
check "an address is lost" wait_until 20 state_is c NOADDRESS
ip -n "$(ns c)" addr add 10.9.0.1/24 dev eth0
go_on "it comes back" one
on c sysctl -qw net.serval.auto_migrate=1
ip -n "$(ns c)" addr del 10.9.0.1/24 dev eth0
check "it is lost again" wait_until 20 is_at c "10.9.1.1 10.9.0.2 eth1 ESTABLISHED"
go_on "another address" two
on c sysctl -qw net.serval.auto_migrate=0
ip -n "$(ns c)" addr add 10.9.0.1/24 dev eth0
neighbours_of_two
finish address

# answers_lost DEV ADDR: c moves there, but two RSYN-ACKs are lost, and no ACK comes
move_packet="@th,64,16 { 0x0b3b, 0x103b } @th,112,8"
answers_lost() {
	deaf s "$move_packet 0x20"
	deaf c "$move_packet 0x60 quota until 200 bytes"
	check "it moves by the third answer" move c "$1"
	is "and is at $2" "$(where c)" "$2 10.9.0.2 $1 ESTABLISHED"
	hear c
}

begin
answers_lost eth1 10.9.1.1
hear s
go_on "answers lost" one
answers_lost eth0 10.9.0.1
check "the peer gives up" wait_until 60 state_is s ESTABLISHED
hear s
go_on "data shows where the other is" two
answers_lost eth1 10.9.1.1
check "the peer gives up again" wait_until 60 state_is s ESTABLISHED
hear s
check "the next move shows it as well" move c eth0
go_on "named" three
finish answers

begin
deaf s
echo unheard > "$TMP/client.in"
check "who is not answered asks" wait_until 60 state_is c RSYN_SENT
hear s
go_on "silence" one
finish silence

begin
deaf s
check "who is not heard can't move" not move c eth1
is "and is where it was" "$(where c)" "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
hear s
deaf c
check "nor who does not hear" not move c eth1
check "the peer gives up as well" wait_until 60 state_is s ESTABLISHED
hear c
check "and can move itself" move s 10.9.1.2
go_on "after failures" one
finish failed

begin
deaf s
start one move c eth1
wait_until 20 state_is c RSYN_SENT
ip -n "$(ns c)" addr del 10.9.1.1/24 dev eth1
check "the new address is lost before it is used" not result one
hear s
ip -n "$(ns c)" addr add 10.9.1.1/24 dev eth1
neighbours_of_two
deaf c
start two move c eth1
wait_until 20 state_is s RSYN_RCVD
ip -n "$(ns s)" addr del 10.9.0.2/24 dev eth0
check "that at which the peer was asked" wait_until 20 state_is s NOADDRESS_RSYN_RCVD
ip -n "$(ns s)" addr add 10.9.0.2/24 dev eth0
neighbours_of_two
hear c
go_on "new addresses lost" one
finish new

begin
deaf c
start one move c eth1
wait_until 20 state_is s RSYN_RCVD
sent() { serval c -s -j flow show | jq '.[0].stats.bytes_sent'; }
sent=$(sent)
has_sent() { [ "$(sent)" -gt "$sent" ]; }
echo last > "$TMP/client.in"
wait_until 10 has_sent
stop client
hear c
check "what was said last arrives" until_said server '^last$'
finish close

replays() { "$REPLAY" "$TMP/$1.trace"; }
for name in "${traces[@]}"; do
	check "the model can do it: $name" replays "$name"
	note "$(grep -c 'serval_move: ' "$TMP/$name.trace") steps"
done
events() { cat "$TMP"/*.trace | grep -o ' event=[0-9]*' | sort -u | wc -l; }
is "there are events of each kind" "$(events)" "$(grep -c '^	SERVAL_EV_' "$REPO/module/fsm.h")"

# altered TEXT NAME WHERE COMMAND...: the model can do that trace no further than there
altered() {
	"${@:4}" "$TMP/$2.trace" > "$TMP/altered"
	matches "it can't: $1" "$("$REPLAY" "$TMP/altered") $?" "but not number $3 1$"
}
# nth EVENT COMMAND: for sed, of the first step of that event
nth() { sed "0,/ event=$1 /{/ event=$1 /$2}" "$3"; }
altered "an ACK for an RSYN-ACK" simple "3 .*EV_ACK.*" nth 7 's/event=7/event=8/'
altered "an ACK without an RSYN-ACK" simple "3 .*EV_ACK.*" nth 7 d
altered "an ACK when it has given up" answers ".*EV_ACK: ESTABLISHED.*" \
	sed '/ state=4 event=9 /,/ event=8 /{/ event=\(9\|10\) /d;s/state=7 event=8/state=4 event=8/}'
altered "to hold when the ACK comes" simple "4 .*" nth 8 's/to=4/to=5/'
altered "to move from where it has not come" simple "5 .*" \
	sed '/active=0 .* event=0 /s/ raddr=[^ ]*/ raddr=::ffff:10.9.0.1/'
