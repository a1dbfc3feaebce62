# SPDX-License-Identifier: GPL-2.0-only
# Hosts, services, assertions: sourced by the scripts of this directory.
#
# A script says what a user would lose (its second comment line), calls "plan",
# builds hosts out of network namespaces with names of their own, and asserts on
# counters and states. Each runs alone as well:
#
#   scripts/lab/run -- tests/net/first-light.sh
#
# SV_WAY=6, udp or udp6 lets the hosts speak over IPv6, inside UDP, or both; each link
# has addresses of both versions.
#
# With SV_FAMILY=inet (or inet6) the scripts that allow it run over plain TCP: what
# fails there too is a fault of the test.
# To start a program takes the kernel that watches a quarter of a second: what every script
# does here, it does with few of them.
# shellcheck shell=bash disable=SC2034

set -u
NET=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
REPO=$(cd "$NET/../.." && pwd)
BUILD=$REPO/build
SV=$BUILD/tests/sv
SERVAL=$BUILD/user/serval
SV_FAMILY=${SV_FAMILY:-serval}
SV_WAY=${SV_WAY:-4}
SCALE=${SERVAL_SCALE:-1}
export LD_LIBRARY_PATH=$BUILD/user${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

printf -v TAG 'sv%08x' "$SRANDOM"
TMP=$(mktemp -d)
HOSTS=()
JOBS=()
done_n=0 planned=0 failed=0 marker=

## TAP

plan() {
	planned=$(($1 + 1))	# and the kernel's log
	echo "1..$planned"
}

note() {
	echo "# ${*//$'\n'/$'\n'# }"
}

ok() {
	done_n=$((done_n + 1))
	echo "ok $done_n - $*"
}

not_ok() {
	done_n=$((done_n + 1))
	failed=$((failed + 1))
	echo "not ok $done_n - $*"
	[ "$failed" != 1 ] || dump_state
}

# check TEXT COMMAND...: passes if the command does. It runs in this shell, which
# alone can wait for the jobs.
check() {
	local text=$1 status

	shift
	if "$@" > "$TMP/.out" 2>&1; then
		ok "$text"
	else
		status=$?
		not_ok "$text"
		note "exit $status: $*"
		[ ! -s "$TMP/.out" ] || note "$(head -c 2000 "$TMP/.out")"
	fi
}

# is TEXT GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "got:  $2"
		note "want: $3"
	fi
}

# within TEXT VALUE LEAST MOST
within() {
	if [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "got $2, not within $3..$4"
	fi
}

# matches TEXT STRING REGEX
matches() {
	if [[ $2 =~ $3 ]]; then
		ok "$1"
	else
		not_ok "$1"
		note "got:  $2"
		note "want: $3"
	fi
}

# fails_with TEXT STATUS COMMAND...
fails_with() {
	local text=$1 want=$2 out status

	shift 2
	out=$("$@" 2>&1)
	status=$?
	if [ "$status" = "$want" ]; then
		ok "$text"
	else
		not_ok "$text"
		note "exit $status instead of $want: $* $out"
	fi
}

# What is asked again and again takes its time from what it waits for, and on the debug
# kernel each question is a dear one
[ "${SERVAL_KERNEL:-}" = debug ] && POLL=0.3 || POLL=0.05

# wait_until SECONDS COMMAND...: the only place that sleeps
wait_until() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep "$POLL"
	done
}

# not COMMAND...
not() {
	! "$@"
}

need() {
	local tool

	for tool; do
		command -v "$tool" > /dev/null && continue
		echo "1..0 # SKIP $tool is not installed"
		exit 4
	done
}

dump_state() {
	local h

	for h in ${HOSTS[@]+"${HOSTS[@]}"}; do
		note "--- $h"
		[ "$SV_FAMILY" = serval ] || continue
		note "$(serval "$h" -s service show 2>&1 | head -n 40)"
		note "$(serval "$h" -s flow show 2>&1 | head -n 20)"
		note "$(serval "$h" stats show nonzero 2>&1)"
	done
	note "$(dmesg 2>/dev/null | tail -n 15)"
}

## Module and kernel log

load_module() {
	[ "$SV_FAMILY" = serval ] || return 0
	"$REPO/scripts/lab/load-module" || { echo "Bail out! serval.ko does not load"; exit 1; }
}

# Nobody has the module in use
unused() {
	[ "$(cat /sys/module/serval/refcnt)" = 0 ]
}

log_mark() {
	marker="serval-test ${0##*/} $TAG"
	echo "$marker" > /dev/kmsg
}

log_clean() {
	local log

	[ -n "$marker" ] || return 0
	log=$(dmesg)
	[[ $log = *"$marker"* ]] || { echo "the log's beginning is lost"; return 1; }
	"$REPO/scripts/lab/klog-check" <<< "${log##*"$marker"}" 2>&1
}

## Hosts: "c" is network namespace $TAG-c

ns() { echo "$TAG-$1"; }

on() {
	local host=$1

	shift
	${in_job:-} ip netns exec "$TAG-$host" "$@"
}

add_host() {
	local h

	printf "netns add $TAG-%s\n" "$@" | ip -force -batch -
	for h; do
		HOSTS+=("$h")
		ip -n "$TAG-$h" link set lo up
		case $SV_WAY in
		udp*) on "$h" sysctl -qw net.serval.udp_encap=1 ;;
		esac
	done
}

# The address of a host in a network: ip4 0 2 is 10.9.0.2, ip6 0 2 is fd09::2, and
# ip_of that of the way in use
ip4() { echo "10.9.$1.$2"; }
ip6() {
	local ip=fd09:${1#0}::$2

	echo "${ip/:::/::}"
}
ip_of() {
	case $SV_WAY in
	*6) ip6 "$@" ;;
	*) ip4 "$@" ;;
	esac
}

# Routes of the way in use: "default", or a network's number
route() {
	local host=$1 to=$2

	shift 2
	case $to in
	default) ip -n "$TAG-$host" route replace default via "$@" ;;
	*) ip -n "$TAG-$host" route add "$(ip_of "$to" 0)/$([[ $SV_WAY = *6 ]] && echo 64 || echo 24)" via "$@" ;;
	esac
}

forwarding() {
	local h

	for h; do
		on "$h" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	done
}

# Commands for ip: an address of a device, with its twin in IPv6 if it is one of 10.9/16
addr_lines() {
	local part

	echo "addr add $2 dev $1"
	[[ $2 = 10.9.* ]] || return 0
	IFS=./ read -ra part <<< "$2"
	echo "addr add $(ip6 "${part[2]}" "${part[3]}")/64 dev $1 nodad"
}

# add_addr HOST DEV ADDR/LEN
add_addr() {
	addr_lines "$2" "$3" | ip -n "$TAG-$1" -force -batch -
}

# add_link HOST LINE DEV ADDR/LEN: ip's line, then the device's address, and up with it
add_link() {
	{ echo "$2"; addr_lines "$3" "$4"; echo "link set $3 up"; } | ip -n "$TAG-$1" -force -batch -
}

# link HOST DEV ADDR/LEN HOST DEV ADDR/LEN
link() {
	add_link "$1" "link add $2 type veth peer name $5 netns $TAG-$4" "$2" "$3"
	add_link "$4" "" "$5" "$6"
	wait_until 10 link_up "$1" "$2"
	wait_until 10 link_up "$4" "$5"
}

link_up() {
	[[ $(ip -n "$TAG-$1" link show dev "$2") = *LOWER_UP* ]]
}

case $SV_WAY in
*6) C_ADDR=fd09::1 S_ADDR=fd09::2 ;;
*) C_ADDR=10.9.0.1 S_ADDR=10.9.0.2 ;;
esac
C_ADDR4=10.9.0.1
S_ADDR4=10.9.0.2

# Client c and server s on one link
two_hosts() {
	load_module
	log_mark
	add_host c s
	link c eth0 $C_ADDR4/24 s eth0 $S_ADDR4/24
}

one_host() {
	load_module
	log_mark
	add_host c
}

# lan HOST...: 10.9.0.1, .2, ... on one switch
lan() {
	local h i=1

	load_module
	log_mark
	add_host switch "$@"
	ip -n "$TAG-switch" link add br0 type bridge
	ip -n "$TAG-switch" link set br0 up
	for h; do
		add_link "$h" "link add eth0 type veth peer name $h netns $TAG-switch" \
			eth0 10.9.0.$i/24
		ip -n "$TAG-switch" link set "$h" master br0 up
		i=$((i + 1))
	done
	for h; do
		wait_until 10 link_up "$h" eth0
		wait_until 20 forwards "$h"
	done
}

forwards() {
	[[ $(bridge -n "$TAG-switch" link show dev "$1") = *"state forwarding"* ]]
}

# to_group HOST ADDR: what it sends there goes to every host of network 0 instead
to_group() {
	on "$1" nft -f - <<-END
		table ip t {
			chain out {
				type route hook output priority 0
				ip protocol 144 ip daddr $2 ip daddr set 10.9.0.255
			}
		}
	END
}

# neighbour HOST ADDR OTHER [DEV]: HOST finds the address at OTHER's end of the link
neighbour() {
	local mac dev=${4:-eth0}

	mac=$(ip -n "$(ns "$3")" -j link show dev "$dev" | jq -r '.[0].address')
	ip -n "$(ns "$1")" neigh replace "$2" lladdr "$mac" dev "$dev"
}

# Both of two_hosts know each other's link-layer address for good: a link that loses
# packets loses ARP's as well, and three in a row make a host unreachable
neighbours() {
	neighbour c $S_ADDR s
	neighbour s $C_ADDR c
}

# The same where c and s have a second link: each address can be reached through either
neighbours_of_two() {
	local dev net

	for dev in eth0 eth1; do
		for net in 0 1; do
			neighbour c "$(ip_of $net 2)" s $dev
			neighbour s "$(ip_of $net 1)" c $dev
		done
	done
}

quiet_tw() {
	local h

	for h; do
		on "$h" sysctl -qw net.ipv4.tcp_max_tw_buckets=0
	done
}

## Services

# An ID nobody else has, below the prefix 0x5e/8 the hosts route; not one that the
# tools print shorter, without the zeros at its end
new_id() {
	printf '0x5e%08x%08x%08x%08x%08x%08x%08x%04x01\n' $SRANDOM $SRANDOM $SRANDOM $SRANDOM \
		$SRANDOM $SRANDOM $SRANDOM $((SRANDOM & 0xffff))
}

# serval HOST ARGS...
serval() {
	local host=$1

	shift
	"$SERVAL" -n "$TAG-$host" "$@"
}

# rule HOST ARGS...: "serval service add" where there are services
rule() {
	local host=$1

	[ "$SV_FAMILY" = serval ] || return 0
	shift
	serval "$host" service add "$@"
}

# What the test program's cases expect of two hosts, or of one
route_ids() {
	rule c 0x5e/8 via $S_ADDR
	rule c 0xdd/8 drop
}

# between CLIENT SERVER ARGS...: the test program, its ends on these hosts
between() {
	local client=$1 server=$2

	shift 2
	${in_job:-} "$SV" -f "$SV_FAMILY" -C "$TAG-$client" -S "$TAG-$server" "$@"
}

# sv ARGS...: client on c, server on s
sv() {
	between c s -c $C_ADDR4 -s $S_ADDR4 "$@"
}

# at HOST ARGS...: both ends on that host, or the only one
at() {
	local host=$1

	shift
	${in_job:-} ip netns exec "$TAG-$host" "$SV" -f "$SV_FAMILY" "$@"
}

# read_counters HOST: all of /proc/net/serval/snmp, into the caller's array "value"
read_counters() {
	local i names values

	while read -ra names && read -ra values; do
		for i in "${!names[@]}"; do
			value[${names[i]}]=${values[i]}
		done
	done < <(on "$1" cat /proc/net/serval/snmp)
}

# counter HOST NAME: one of them
counter() {
	local -A value=()

	[ "$SV_FAMILY" = serval ] || { echo 0; return; }
	read_counters "$1"
	echo "${value[$2]-}"
}

# counters HOST NAME...: each with its name, on one line
counters() {
	local host=$1 name out=
	local -A value=()

	shift
	[ "$SV_FAMILY" != serval ] || read_counters "$host"
	for name; do
		[ "$SV_FAMILY" = serval ] || value[$name]=0
		out+=" $name ${value[$name]-missing}"
	done
	echo "${out# }"
}

# counted HOST NAME LEAST: the counter has come so far
counted() {
	[ "$(counter "$1" "$2")" -ge "$3" ]
}

# silent HOST...: they have refused and reset nothing
silent() {
	local h

	for h; do
		[ "$(counters "$h" OutNack OutRst)" = "OutNack 0 OutRst 0" ] || return 1
	done
}

# mib HOST NAME: one of nstat's names
mib() {
	on "$1" nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }'
}

# Lines of a table without its header
service_table() {
	on "$1" tail -n +2 /proc/net/serval/service_table
}

flow_table() {
	[ "$SV_FAMILY" = serval ] || return 0
	on "$1" tail -n +2 /proc/net/serval/flow_table
}

flows() {
	flow_table "$1" | wc -l
}

no_flows() {
	local h

	for h; do
		[ -z "$(flow_table "$h")" ] || return 1
	done
}

# all_freed HOST...: nor are there flows that are not shown
all_freed() {
	local h

	for h; do
		[ "$(counter "$h" FlowsCreated)" = "$(counter "$h" FlowsFreed)" ] || return 1
	done
}

# resolved HOST ID VIA: packets this rule was chosen for
resolved() {
	serval "$1" -j -s service show "$2" |
		jq "[.[] | select(.via == \"$3\")][0].stats.packets_resolved"
}

demux_shown() {
	service_table "$1" | grep -q ' DMX '
}

## Rules that ask a controller

# delay_ms HOST MS: how long a packet is held without a verdict
delay_ms() {
	on "$1" sysctl -qw net.serval.delay_timeout="$2"
}

# held HOST: the packets, as JSON; held_is HOST COUNT
held() { serval "$1" -j delay show; }
held_is() { [ "$(held "$1" | jq length)" = "$2" ]; }

# controller HOST ERROR ID: start one, the job "watch", that hears of a request of c's for
# ID, which ends with ERROR. What is held from then on waits for its verdict.
controller() {
	delay_ms "$1" 1
	start watch on "$1" "$SERVAL" -j monitor delay
	wait_until 60 is_heard "$2" "$3" || return
	delay_ms "$1" 600000
}

is_heard() {
	at c connect -x "$1" "$2" > /dev/null
	said watch '"held"'
}

# asked ID: number of the packet last held for it, 0 if there was none
asked() {
	jq -s "map(select(.object == \"delay\" and .event == \"held\" and
		.service == \"$1\"))[-1].id // 0" "$TMP/watch" 2> /dev/null || echo 0
}

# was_asked ID [NUMBER]: after the packet with this number
was_asked() {
	[ "$(asked "$1")" -gt "${2:-0}" ]
}

## Floods

FORGED=198.18.0.0/15	# where "sv flood" says that it comes from

# Answers to the forged addresses reach the client's link, and nobody
forged_nowhere() {
	neighbour s 10.9.0.114 c
	ip -n "$TAG-s" route add $FORGED via 10.9.0.114
	on c sysctl -qw net.ipv4.ip_forward=0
	on s sysctl -qw net.ipv4.ip_forward=0
}

# Live objects of a slab, those of a merged one's other users included
objects() {
	echo 1 > "/sys/kernel/slab/$1/shrink"
	cut -d ' ' -f 1 "/sys/kernel/slab/$1/objects"
}

# Give back what is merely kept for the next: empty slabs, and what KASAN quarantines
shrink_slabs() {
	local shrink

	for shrink in /sys/kernel/slab/*/shrink; do
		echo 1 > "$shrink"
	done
}

# The kernel that watches takes eight seconds for it
slab_kib() {
	shrink_slabs
	awk '/^Slab:/ { print $2 }' /proc/meminfo
}

## Programs in the background: their output in $TMP/NAME, a line to them by "tell"

start() {
	local name=$1

	shift
	rm -f "$TMP/$name.in"
	mkfifo "$TMP/$name.in"
	exec {job_fd}<> "$TMP/$name.in"
	# the functions above exec: the job is the program, not a shell around it
	( in_job='exec'; "$@" ) < "$TMP/$name.in" > "$TMP/$name" 2>&1 &
	JOBS+=("$!")
	printf -v "pid_${name//-/_}" %s "$!"
}

said() {
	grep -qE "$2" "$TMP/$1"
}

# until_said NAME REGEX [SECONDS]
until_said() {
	wait_until "${3:-30}" said "$1" "$2" && return
	note "$1 did not say \"$2\" but: $(head -c 500 "$TMP/$1")"
	return 1
}

# monitor JOB HOST WHAT: a job that prints events of a host, and listens now.  It shows the
# first event there is: repeat one until it does.
monitor() {
	start "$1" ip netns exec "$(ns "$2")" "$SERVAL" -j monitor "$3"
	wait_until 20 woken "$1" "$2"
}

woken() {
	serval "$2" service add 0xaa/8 drop
	serval "$2" service del 0xaa/8 drop
	said "$1" '"event"'
}

tell() {
	echo go > "$TMP/$1.in"
}

# The exit status of a job
result() {
	local pid=pid_${1//-/_}

	wait "${!pid}"
}

stop() {
	local pid=pid_${1//-/_}

	kill "${!pid}" 2>/dev/null
	wait "${!pid}" 2>/dev/null
}

# serve [OPTION...] ID: the test program's server on s
serve() {
	start serve sv serve "$@"
	until_said serve ready
}

## Moves

# two_links ADDR: c and s on two links; c asks for $id at that address of s, along the first
two_links() {
	two_hosts
	quiet_tw c s
	link c eth1 10.9.1.1/24 s eth1 10.9.1.2/24
	id=$(new_id)
	rule c "$id" via "$1"
}

svcat() { on "$1" "$BUILD/user/svcat" "${@:2}"; }

# talk: a connection for $id, of the jobs "client" on c and "server" on s
talk() {
	start server svcat s -l "$id"
	wait_until 20 demux_shown s
	start client svcat c -v "$id"
	until_said client 'connected to'
}

# hears JOB TEXT OTHER: what one of both says comes out at the other
hears() {
	echo "$2" > "$TMP/$1.in"
	until_said "$3" "^$2\$"
}

# roles HOST: device and role of each of its flows
roles() { serval "$1" -j flow show | jq -r '[.[] | .dev + " " + .role] | sort | join(", ")'; }
has_roles() { [ "$(roles "$1")" = "$2" ]; }
# role_id HOST ROLE: local id of the flow with that role
role_id() { serval "$1" -j flow show | jq -r ".[] | select(.role == \"$2\") | .id"; }
# join HOST WHERE...: another flow joins its only connection
join() { serval "$1" flow join "$(role_id "$1" used)" "${@:2}"; }

# Of a host's only flow: local id; local and peer address, device and state
# shellcheck disable=SC2016
flow_id() { on "$1" awk 'NR > 1 { print $1 }' /proc/net/serval/migrate; }
# shellcheck disable=SC2016
where() { on "$1" awk 'NR > 1 { print $2, $3, $4, $5 }' /proc/net/serval/migrate; }
is_at() { [ "$(where "$1")" = "$2" ]; }

# deaf HOST [MATCH]: it hears nothing, or not what nft matches
deaf() {
	on "$1" nft -f - <<-END
		table ip deaf {
			chain in {
				type filter hook prerouting priority -350
				ip protocol 144 ${2:-} drop
			}
		}
	END
}
hear() { on "$1" nft delete table ip deaf; }

# move HOST TO: its only flow, to a device or an address
move() { on "$1" sh -c "echo $(flow_id "$1") $2 > /proc/net/serval/migrate"; }

## Suites of the test program

# numbered PREFIX COMMAND...: its TAP lines, which have no numbers
numbered() {
	local prefix=$1 line

	shift
	while read -r line; do
		case $line in
		"ok - "*) ok "$prefix${line#ok - }" ;;
		"not ok - "*) not_ok "$prefix${line#not ok - }" ;;
		*) echo "# ${line#\# }" ;;
		esac
	done < <("$@" < /dev/null 2>&1)
}

# suite NAME HOSTS: every case of the suite on "one" host or "two"
suite() {
	local run=(sv)

	[ "$2" = two ] || run=(at lone)
	numbered "$2: " "${run[@]}" suite "$1"
}

cases() {
	local run=(sv)

	[ "$2" = two ] || run=(at lone)
	"${run[@]}" list "$1" | wc -l
}

# Both: the one-host rules send what is not local back to the host itself
run_suite() {
	two_hosts
	add_host lone
	if [ "$SV_FAMILY" = serval ]; then
		route_ids
		serval lone service add 0x5e/8 via 127.0.0.1
		serval lone service add 0xdd/8 drop
	fi
	plan $(($(cases "$1" one) + $(cases "$1" two)))
	suite "$1" one
	suite "$1" two
}

## End

cleanup() {
	local status=$? h pid

	trap - EXIT
	if [ "$planned" != 0 ]; then
		check "the kernel's log is clean" log_clean
		[ "$done_n" = "$planned" ] || note "planned $planned, ran $done_n"
		[ "$done_n" = "$planned" ] && [ "$failed" = 0 ] || status=1
	fi
	for pid in ${JOBS[@]+"${JOBS[@]}"}; do
		kill "$pid" 2>/dev/null
	done
	for h in ${HOSTS[@]+"${HOSTS[@]}"}; do
		for pid in $(ip netns pids "$TAG-$h" 2>/dev/null); do
			kill -9 "$pid" 2>/dev/null
		done
		ip netns del "$TAG-$h" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$TMP"
	exit "$status"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
