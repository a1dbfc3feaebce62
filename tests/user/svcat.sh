#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# svcat copies every byte in both directions, whatever its input and output
# are.  Unix sockets stand in for the module's.
#
#	svcat.sh DIRECTORY	with check/unix-serval.so in it

# shellcheck disable=SC2016	# $work is expanded by eval

svcat=${1%/check}/svcat
shim=$1/unix-serval.so
work=$(mktemp -d) || exit 1
count=0
failed=0
id=$((RANDOM * 32768 + RANDOM + 1))

cleanup()
{
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086
	[ -n "$pids" ] && kill $pids 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

report()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
		sed 's/^/# /' "$work"/*.log 2>/dev/null
	fi
}

run()
{
	LD_PRELOAD=$shim timeout 60 "$svcat" "$@"
}

listening()
{
	local i

	for ((i = 0; i < 500; i++)); do
		grep -q "listening" "$work/server.log" 2>/dev/null && return 0
		sleep 0.01
	done
	return 1
}

head -c 20000000 /dev/urandom >"$work/up"
head -c 5000000 /dev/urandom >"$work/down"

# both DESCRIPTION SERVER-OUTPUT: the files cross at the same time
both()
{
	id=$((id + 1))
	rm -f "$work"/*.log "$work"/got.*
	eval "run -v -l $id <\$work/down 2>\$work/server.log $2" &
	listening
	run "$id" <"$work/up" >"$work/got.down" 2>"$work/client.log" &&
		wait $! && cmp -s "$work/up" "$work/got.up" &&
		cmp -s "$work/down" "$work/got.down"
	report $? "$1"
}

both "files in both directions" '>$work/got.up'
both "into a file that is appended to" '>>$work/got.up'
both "into a pipe" '| cat >$work/got.up'

id=$((id + 1))
rm -f "$work"/*.log "$work"/got.*
run -v -1 -l $id </dev/null >"$work/got.up" 2>"$work/server.log" &
listening
tail -c +1 "$work/up" | run -v $id >"$work/got.down" 2>"$work/client.log" &&
	wait $! && cmp -s "$work/up" "$work/got.up" && [ ! -s "$work/got.down" ]
report $? "from a pipe to a server without input"
grep -q "received 20000000 bytes, sent 0 bytes" "$work/server.log"
report $? "-v counts the bytes"

run $((id + 1000)) </dev/null 2>"$work/client.log"
[ $? -eq 1 ] && grep -q "connect to .*: Nobody listens" "$work/client.log"
report $? "a service that nobody offers is an error with words"

id=$((id + 1))
rm -f "$work"/*.log
run -v -l $id < <(sleep 30) >/dev/null 2>"$work/server.log" &
listening
run -w 1 $id </dev/null 2>"$work/client.log"
[ $? -eq 1 ] && grep -q "timed out" "$work/client.log"
report $? "-w ends a connection on which nothing happens"

id=$((id + 1))
rm -f "$work"/*.log
run -v -d -k -l $id >"$work/got.up" 2>"$work/server.log" &
listening
echo one | run $id && echo two | run $id
[ "$(cat "$work/got.up")" = "one
two" ]
report $? "-k serves one connection after another"

echo "1..$count"
[ $failed -eq 0 ]
