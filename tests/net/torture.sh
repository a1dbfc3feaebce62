#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection could break, hang or change bytes when several things happen to its links at once.
# not on: 6.12, two minutes; the kernel that watches is a 6.12 as well
# limit: 420
# Two hosts, two links, streams and datagrams in both directions, auto_migrate, every
# policy of several flows. What happens to them follows from a seed alone: SERVAL_SEED
# repeats it, SERVAL_SECONDS is how long. At most one link is without an address or
# carrier for more than a moment.
. "$(dirname "$0")/lib.sh"

need tc
seed=${SERVAL_SEED:-$SRANDOM}
[ "${SERVAL_KERNEL:-}" = debug ] && seconds=60 || seconds=$((120 * SCALE))
seconds=${SERVAL_SECONDS:-$seconds}
streams=3 dgrams=3
conns=$((streams + dgrams))
note "SERVAL_SEED=$seed repeats this, SERVAL_SECONDS=$seconds"

## Chance

dice=$seed
# roll N: r is one of 0..N-1
roll() {
	dice=$((dice * 6364136223846793005 + 1442695040888963407))
	r=$(((dice >> 33 & 0x7fffffff) % $1))
}
# toss NAME: it is c or s; toss_dev NAME: eth0 or eth1
toss() { roll 2; [ $r = 0 ] && printf -v "$1" c || printf -v "$1" s; }
toss_dev() { roll 2; printf -v "$1" eth%s $r; }
other() { [ "$1" = eth0 ] && echo eth1 || echo eth0; }

## What happens: each function does one thing and says so in $what

rules() {
	local h peer

	for h in c s; do
		[ $h = c ] && peer=2 || peer=1
		printf 'service %s\n' flush "add 0x5e/8 via $(ip4 0 $peer)" \
			"add 0x5e/8 via $(ip4 1 $peer)" > "$TMP/rules"
		serval $h -batch "$TMP/rules"
	done
}

# Listen to what the kernel tells, as a daemon would
watch_hosts() {
	local h

	for h in c s; do
		start watch_$h on $h "$SERVAL" -j monitor
	done
}

# A host's address in a network: "address HOST DEV"
address() {
	local host=1

	[ "$1" = c ] || host=2
	ip4 "${2#eth}" $host
}
ip_at() { ip -n "$(ns "$1")" "${@:2}"; }

lost=		# what the next step of this kind restores: "address|link HOST DEV"
lose() {
	lost="$*"
	case $1 in
	address) ip_at "$2" addr del "$(address "$2" "$3")/24" dev "$3" ;;
	link) ip_at "$2" link set "$3" down ;;
	esac
}
restore() {
	local kind host dev

	read -r kind host dev <<< "$lost"
	case $kind in
	address) ip_at "$host" addr add "$(address "$host" "$dev")/24" dev "$dev" ;;
	link) ip_at "$host" link set "$dev" up ;;
	esac
	lost=
}

# lose_or_restore KIND
lose_or_restore() {
	local host dev

	toss host
	toss_dev dev
	if [ -n "$lost" ]; then
		what="back: $lost"
		restore
	else
		what="gone: $1 $host $dev"
		lose "$1" "$host" "$dev"
	fi
}

# The same, and back at once: on both links if nothing else is lost
flap() {
	local kind=$1 host dev before=$lost

	toss host
	toss_dev dev
	what="flap: $kind $host $dev"
	[ "$before" != "$kind $host $dev" ] || { what+=", which is gone"; return; }
	lose "$kind" "$host" "$dev"
	restore
	[ -z "$before" ] || { lost=$before; what+=" while gone: $lost"; return; }
	dev=$(other "$dev")
	lose "$kind" "$host" "$dev"
	restore
	what+=" and the other"
}

spoil() {
	local host dev loss twice order delay

	toss host
	toss_dev dev
	roll 31; loss=$r
	roll 11; twice=$r
	roll 26; order=$r
	roll 30; delay=$((r + 1))
	what="$host $dev: loss $loss%, duplicate $twice%, reorder $order%, delay ${delay}ms"
	tc -n "$(ns "$host")" qdisc replace dev "$dev" root netem delay ${delay}ms 2ms \
		loss $loss% duplicate $twice% reorder $order% 50%
}

clear_link() {
	local host dev

	toss host
	toss_dev dev
	what="$host $dev: clear"
	tc -n "$(ns "$host")" qdisc del dev "$dev" root 2> /dev/null
}

# service NUMBER: of a connection, those from c first
service() {
	local from=$to_s n=$1

	[ "$n" -lt $conns ] || { from=$to_c n=$((n - conns)); }
	printf '%s%02x' "${from%01}" $((n + 1))
}

# change HOST ID: that connection's device. It may have moved, and have another id by
# then, as that is asked for.
change() {
	local out

	for _ in 1 2 3; do
		out=$(serval "$1" flow show service "$2")
		[[ $out =~ ^([0-9]+).*' dev '([^ ]+) ]] || { echo "no flow for $2: $out"; break; }
		out=$(serval "$1" flow migrate "${BASH_REMATCH[1]}" \
			dev "$(other "${BASH_REMATCH[2]}")" 2>&1)
		echo "$out"
		[[ $out = *"no flow"* ]] || break
	done
}

# all_told: every move that was begun has ended
all_told() {
	local pid

	for pid in ${movers[@]+"${movers[@]}"}; do
		wait "$pid"
	done
	movers=()
}
movers=()
begin() { "$@" >> "$TMP/moves" 2>&1 & movers+=("$!"); }

move_one() {
	local host number

	toss host
	roll $((2 * conns)); number=$r
	what="$host moves connection $number"
	begin change "$host" "$(service "$number")"
}

move_both() {
	local number

	roll $((2 * conns)); number=$r
	what="both ends move connection $number"
	begin change c "$(service "$number")"
	begin change s "$(service "$number")"
}

move_all() {
	local host dev

	toss host
	toss_dev dev
	what="$host moves all from $dev"
	begin serval "$host" dev migrate "$dev" "$(other "$dev")"
}

choose_policy() {
	local host

	toss host
	roll 4
	what="$host: multipath $r"
	on "$host" sysctl -qw net.serval.multipath=$r
}

renew_rules() { what="rules removed and added"; rules; }
renew_watch() { what="monitors started anew"; stop watch_c; stop watch_s; watch_hosts; }

steps=(move_one move_one move_one move_one move_both move_both move_both move_all move_all
	"lose_or_restore address" "lose_or_restore address"
	"lose_or_restore link" "lose_or_restore link"
	"flap address" "flap link" spoil spoil spoil clear_link clear_link
	choose_policy choose_policy renew_rules renew_watch)

## How the connections are

alive() { kill -0 "${pid_to_s:-}" && kill -0 "${pid_to_c:-}"; } 2> /dev/null
has_said() { [[ $(<"$TMP/$1") = *"$2"* ]]; }
both_said() { has_said to_s "$1" && has_said to_c "$1"; }
say_both() { echo "$1" > "$TMP/to_s.in"; echo "$1" > "$TMP/to_c.in"; }
dead_or_said() { ! alive || both_said "$1"; }
# go_on any|all SECONDS: some stream, or each connection both ways, gets on
go_on() {
	question=$((question + 1))
	say_both "$1 $question"
	wait_until "$2" dead_or_said "$1 $question." && alive
}
question=0

# All links are as they should be, and each move is over
rest() {
	local h dev

	restore
	for h in c s; do
		for dev in eth0 eth1; do
			tc -n "$(ns $h)" qdisc del dev $dev root 2> /dev/null
		done
	done
	all_told
	go_on all 90
}

# How far each is, when something is wrong; all of them, or those that "all" waits for
tell_of() {
	local job h

	shown=$((shown + 1))
	both_shown() {
		for job in to_s to_c; do
			[ "$(grep -c '^shown' "$TMP/$job")" -ge $shown ] || return
		done
	}
	say_both show
	wait_until 10 both_shown
	for job in to_s to_c; do
		note "$job: $(tail -n $((2 * conns + 1)) "$TMP/$job" | grep -E "$1")"
	done
	for h in c s; do
		note "$h: $(on $h cat /proc/net/serval/migrate)"
	done
}
shown=0

# Steps until the time is used up; at every 20th all has to be well again
torment() {
	local end=$((SECONDS + seconds)) since=$SECONDS

	while [ $SECONDS -lt $end ] && alive; do
		n=$((n + 1))
		roll ${#steps[@]}
		${steps[$r]}
		note "$((SECONDS - since)) s, step $n: $what"
		roll 6
		case $r in
		0 | 1) ;;
		5) go_on all 20 || { note "not all get on:"; tell_of waits; } ;;
		*) go_on any 60 || { note "no stream gets on"; return 1; } ;;
		esac
		[ $((n % 20)) = 0 ] || continue
		rest || { note "at rest not all get on"; return 1; }
		note "$((SECONDS - since)) s: at rest, all get on; moved: $(moved), moves told: $(told)"
	done
	alive
}
n=0
moved() { echo "c $(counter c Moved) s $(counter s Moved)"; }
told() { grep -c 'moved in' "$TMP/moves"; }


## The test

plan 9
two_hosts
quiet_tw c s
link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
for h in c s; do
	on $h sysctl -qw net.serval.auto_migrate=1
done
to_s=$(new_id) to_c=$(new_id)
rules
watch_hosts
start to_s between c s torture "$seed" $streams $dgrams "$to_s"
start to_c between s c torture $((seed + 1)) $streams $dgrams "$to_c"
check "$conns connections each way" wait_until 60 both_said "open $conns."
check "get on, both ways" go_on all 60
if torment; then ok "and whenever all is well again"; else not_ok "and whenever all is well again"; fi
check "also at the end" rest
[ "${failed:-0}" = 0 ] || tell_of .
say_both end
ended() { ! alive || both_said "done "; }
wait_until 180 ended
check "each has said all and ends: those from c" result to_s
check "and those from s" result to_c
note "from c: $(tail -n 1 "$TMP/to_s")"
note "from s: $(tail -n 1 "$TMP/to_c")"
check "nothing is left" wait_until 60 no_flows c s
check "of what cannot be seen either" wait_until 30 all_freed c s
stop watch_c
stop watch_s
# A wrong MAC may be an answer to an attempt before, whose challenge was another
NEVER=(InHdrErrors InCsumErrors InProtoErrors InIdErrors InExtErrors InExtCount InExtUnknown
	InTransportErrors InBadNonce InBadAck InKeyRejected OutNoMem InNoMem FlowNoMem)
faults() { counters "$1" "${NEVER[@]}" | grep -oE '\w+ ([1-9][0-9]*|missing)'; }
is "no packet was taken for broken or forged" "$(faults c)$(faults s)" ""
for h in c s; do
	note "$h: $(serval $h stats show nonzero)"
done
note "$n steps; moves: $(sort "$TMP/moves" | sed 's/^flow [0-9]* //; s/ is [0-9]* now.*//; s/^is .*/moved/' | sort | uniq -c)"
