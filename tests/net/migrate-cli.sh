#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, an operator could not take connections off a link before it goes.
# not on: debug, it is the tool that works here
. "$(dirname "$0")/lib.sh"

need jq setpriv
plan 44
two_hosts
quiet_tw c s
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
ip -n "$(ns c)" link add d0 type dummy
ip -n "$(ns c)" link add d1 type dummy
ip -n "$(ns c)" link set d1 up
ip -n "$(ns c)" addr add 10.9.7.1/24 dev d0
ip -n "$(ns c)" addr add 10.9.8.1/24 dev d1
id=$(new_id) id6=$(new_id)
rule c "$id" via $S_ADDR4
rule c "$id6" via fd09::2

watch() { start "watch-$1" on "$1" "$SERVAL" -j monitor flow; }
# moved HOST: the events about moves that have come
moved() { jq -s 'map(select(.event == "moved"))' "$TMP/watch-$1"; }
moved_are() { [ "$(moved "$1" 2> /dev/null | jq length)" = "$2" ]; }
# steps HOST ID: what it did about that flow's path
steps() { jq -rs "map(select(.event == \"step\" and .id == $2) | .path_state + \" \" + (.error // \"\")) | join(\",\")" "$TMP/watch-$1"; }
steps_are() { [ "$(steps "$1" "$2" 2> /dev/null)" = "$3" ]; }
# ids HOST ID [ADDR]: local flow ids of its connections to this service, from there
ids() { serval "$1" -j flow show service "$2" |
	jq -r "sort_by(.id)[] | select(\"${3:-}\" == \"\" or .local == \"${3:-}\").id"; }
all_at() { [ "$(ids "$1" "$id" "$2" | wc -l)" = "$3" ]; }
# refused TEXT REGEX COMMAND...: status 1, and this is said
refused() {
	local text=$1 regex=$2 out status

	shift 2
	out=$("$@" 2>&1)
	status=$?
	matches "$text" "$status $out" "^1 .*$regex"
}

serve "$id" "$id6"
# both ends have been heard: half of the stream is there
start held sv transfer -p 3 -u 4000000 -d 400000 -M "$id"
start held6 sv transfer -u 4000000 -d 400000 -M "$id6"
check "three connections" until_said held 'half way 3'
check "and one over IPv6" until_said held6 'half way 1'
watch c
watch s
# a listener shows the first event there is: repeat one until it does
heard() {
	sv transfer "$id" > /dev/null
	said watch-c '"event"' && said watch-s '"event"'
}
check "events are listened to" wait_until 20 heard
check "only the connections are left" wait_until 20 all_at c 10.9.0.1 3

mapfile -t flow < <(ids c "$id")
out=$(serval c flow migrate "${flow[0]}" dev eth1)
is "a flow is moved: status" "$?" 0
matches "its new id and the time are said" "$out" \
	"^flow ${flow[0]} is [0-9]+ now, moved in [0-9]+\.[0-9] ms\$"
new=$(ids c "$id" 10.9.1.1)
matches "it is the flow's" "$out" "is $new now"
is "it goes another way" \
	"$(serval c -j flow show id "$new" | jq -r '.[0] | "\(.local) \(.peer) \(.dev)"')" \
	"10.9.1.1 10.9.0.2 eth1"
check "the client's monitor shows it" wait_until 20 moved_are c 1
is "with the new flow" "$(moved c | jq -r '.[0] | "\(.object) \(.id) \(.local) \(.dev)"')" \
	"flow $new 10.9.1.1 eth1"
is "and that it was asked for" "$(steps c "${flow[0]}")" "RSYN_SENT "
check "so does the server's" wait_until 20 moved_are s 1
is "with the new address" "$(moved s | jq -r '.[0].peer')" 10.9.1.1

refused "there already" 'Error: the flow is there already' \
	serval c flow migrate "$new" dev eth1
refused "an id that is unknown" 'Error: no flow has this local id' \
	serval c flow migrate "${flow[0]}" dev eth1
refused "an address that is not this host's" 'Error: no such address here' \
	serval c flow migrate "$new" addr 10.9.1.77
refused "an address of the other IP version" 'Error: .* none of the peer.s IP version' \
	serval c flow migrate "$new" addr fd09::1
refused "a device that is down" 'Error: there is no route to the peer from there' \
	serval c flow migrate "$new" dev d0
refused "a device without a route" 'Error: there is no route to the peer from there' \
	serval c flow migrate "$(ids c "$id6")" dev d1
refused "sal0" 'Error: nothing goes out through sal0' serval c flow migrate "$new" dev sal0
refused "a device that is not there" 'Cannot find device' serval c flow migrate "$new" dev d2
refused "who is not an administrator" 'Error: .*CAP_NET_ADMIN' \
	on c setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$SERVAL" flow migrate "$new" dev eth0
refused "a service that nobody uses" 'Error: there is nothing to move' \
	serval c service migrate "$(new_id)" dev eth1
fails_with "a prefix is an error of usage" 2 serval c service migrate 0x5e/8 dev eth1
# the dummy takes what is sent and answers nothing
refused "a link that leads nowhere" "flow $new has not moved: Connection timed out" \
	serval c flow migrate "$new" dev d1
is "leaves the connection where it was" "$(ids c "$id" 10.9.1.1)" "$new"
check "of which the monitor is told" wait_until 20 steps_are c "$new" "RSYN_SENT ,ESTABLISHED Connection timed out"
is "and nobody has heard of a move" "$(counter c Moved) $(counter s Moved)" "1 1"

out=$(serval c -j dev migrate eth0 eth1 2> "$TMP/err")
is "a device's connections are moved: status, for one cannot" "$?" 1
is "json has those that have moved" \
	"$(jq 'map(select(.error == null and .id != .old_id and .duration_us > 0)) | length' <<< "$out")" 2
is "they are those that were there" "$(jq -r '.[].old_id' <<< "$out" | sort)" \
	"$(printf '%s\n' "${flow[@]:1}" | sort)"
is "with new ids" "$(jq -r '.[].id' <<< "$out" | sort)" \
	"$(ids c "$id" 10.9.1.1 | grep -vx "$new" | sort)"
matches "the one over IPv6 has no route" "$(<"$TMP/err")" 'Error: 1 connection could not begin'
check "the others are all there" all_at c 10.9.1.1 3
refused "none is left to move" 'Error: 1 connection could not begin' serval c dev migrate eth0 eth1

out=$(serval c service migrate "$id" addr 10.9.0.1)
is "a service's connections are moved back: status" "$?" 0
is "a line for each, and how many" \
	"$(grep -c ' now, moved in ' <<< "$out") $(tail -n 1 <<< "$out")" "3 3 moved, 0 failed"
check "all are there" all_at c 10.9.0.1 3
out=$(serval s service migrate "$id" dev eth1)
is "the server moves them as well" "$(tail -n 1 <<< "$out")" "3 moved, 0 failed"
followed() { [ "$(serval c -j flow show service "$id" | jq -r '.[].peer' | sort -u)" = 10.9.1.2 ]; }
check "and the client follows" wait_until 20 followed
check "each move was shown" wait_until 20 moved_are c 9

tell held
tell held6
check "all content arrives" until_said held 'done 3' 120
check "also that over IPv6" until_said held6 'done 1' 120
stop serve
check "nothing is left" wait_until 30 no_flows c s
