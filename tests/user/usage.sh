#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The serval and svcat commands without the module: exit statuses, messages.
#
#	usage.sh DIRECTORY	with the two programs

dir=$1
count=0
failed=0
out=$(mktemp) || exit 1
trap 'rm -f "$out" "$out.in"' EXIT

# expect STATUS TEXT PROGRAM ARGUMENT...: TEXT must be in the output
expect()
{
	status=$1 text=$2 program=$3
	shift 3
	"$dir/$program" "$@" >"$out" 2>&1 <"${input:-/dev/null}"
	got=$?
	count=$((count + 1))
	if [ $got -eq "$status" ] && grep -qF -e "$text" "$out"; then
		echo "ok $count - $program $*: status $status, $text"
	else
		failed=$((failed + 1))
		echo "not ok $count - $program $*: status $status, $text"
		echo "# status $got"
		sed 's/^/# /' "$out"
	fi
}

expect 0 "Usage: serval" serval -h
expect 0 "Usage: serval" serval help
expect 0 "serval flow kill" serval flow help
expect 0 "serval 0." serval -Version
expect 2 "Usage: serval" serval
expect 2 'there is no object "servic"' serval servic
expect 2 'there is no "service sho"' serval service sho
expect 2 'there is no option "-x"' serval -x service
expect 2 'nothing after "-n"' serval -n
expect 2 "a service ID is missing" serval service add
expect 2 "a target is missing" serval service add 80
expect 2 '"-1" is neither' serval service add -1 drop
expect 2 "the prefix length must be" serval service add 80/300 drop
expect 2 "bits after the prefix" serval service add 0x0a0b/8 drop
expect 2 '"10.0.0" is not an IPv4' serval service add 80 via 10.0.0
expect 2 '"drop" is a second target' serval service add 80 via 10.0.0.1 drop
expect 2 '"weight" is given twice' serval service add 80 drop weight 1 weight 2
expect 2 '"x" is not a number' serval service add 80 drop weight x
expect 2 "is not a number" serval service add 80 drop weight 4294967296
expect 2 '"priority" is not expected' serval service del 80 drop priority 1
expect 2 "nothing to change" serval service change 80 via 10.0.0.1
expect 2 '"dev" needs' serval service add 80 drop dev lo
expect 2 '"fast" is not a flag' serval service add 80 drop flags fast
expect 2 '"x" is not expected' serval service flush x
expect 2 '"x" is not a number (flow id)' serval flow kill x
expect 2 "a flow id is missing" serval flow kill
expect 2 "a flow id is missing" serval flow migrate
expect 2 "where to is missing" serval flow migrate 1
expect 2 "neither raw nor udp" serval flow migrate 1 encap tcp
expect 2 "\"encap\" is given twice" serval flow migrate 1 encap raw encap udp
expect 2 'nothing after "dev"' serval flow migrate 1 dev
expect 2 '"lo" is not expected' serval flow migrate 1 lo
expect 2 '"10.0.0" is not an IPv4' serval flow migrate 1 addr 10.0.0
expect 2 '"addr" is given twice' serval flow migrate 1 addr 10.0.0.1 addr fd00::1
expect 2 '"dev" is given twice' serval flow migrate 1 dev lo dev lo
expect 2 '"to" is not expected' serval flow migrate 1 dev lo to 10.0.0.1
expect 2 '"to" is not expected' serval flow migrate 1 to 10.0.0.1
expect 0 "serval flow join N WHERE [to ADDRESS]" serval flow help
expect 2 "a flow id is missing" serval flow join
expect 2 '"x" is not a number (flow id)' serval flow join x dev lo
expect 2 "where to is missing" serval flow join 1
expect 2 "where to is missing" serval flow join 1 to 10.0.0.1
expect 2 'nothing after "to"' serval flow join 1 dev lo to
expect 2 '"10.0.0" is not an IPv4' serval flow join 1 dev lo to 10.0.0
expect 2 '"to" is given twice' serval flow join 1 dev lo to 10.0.0.1 to fd00::1
expect 2 '"dev" is given twice' serval flow join 1 dev lo to 10.0.0.1 dev lo
expect 2 '"via" is not expected' serval flow join 1 dev lo via 10.0.0.1
expect 1 'Cannot find device "nodev0"' serval flow join 1 dev nodev0
for verb in use part; do
	expect 0 "serval flow $verb N" serval flow help
	expect 2 "a flow id is missing" serval flow $verb
	expect 2 '"x" is not a number (flow id)' serval flow $verb x
	expect 2 '"dev" is not expected' serval flow $verb 1 dev lo
done
expect 2 "a service ID is missing" serval service migrate
expect 2 '"to" is not expected' serval service migrate 80 dev lo to 10.0.0.1
expect 2 "is not a single service" serval service migrate 80/32 dev lo
expect 2 "where to is missing" serval service migrate 80
expect 0 "serval dev migrate OLD NEW" serval dev help
expect 0 "serval dev set DEVICE" serval dev help
expect 2 "two devices are needed" serval dev migrate
expect 2 "two devices are needed" serval dev migrate lo
expect 2 '"x" is not expected' serval dev show lo x
expect 1 'Cannot find device "nodev0"' serval dev show nodev0
expect 2 "a device is missing" serval dev set
expect 2 "nothing to set" serval dev set lo
expect 2 '"fast" is not expected' serval dev set lo fast
expect 2 'nothing after "settle"' serval dev set lo settle
expect 2 '"x" is not a number (preference)' serval dev set lo preference x
expect 2 "a preference is at most 255" serval dev set lo preference 256
expect 2 '"settle" is given twice' serval dev set lo settle 1 settle 2
expect 1 'Cannot find device "nodev0"' serval dev set nodev0 settle 1
expect 2 '"x" is not expected' serval dev migrate lo lo x
expect 2 '"to" is not expected' serval dev migrate lo lo to 10.0.0.1
expect 1 'Cannot find device "nodev0"' serval dev migrate nodev0 lo
expect 1 'Cannot find device "nodev0"' serval flow migrate 1 dev nodev0
expect 2 '"open" is not a state' serval flow show state open
expect 2 '"x" is not expected' serval monitor flow x
expect 0 "serval delay release" serval delay help
expect 2 'the number of a held packet' serval delay drop
expect 2 '"x" is not a number (held packet)' serval delay release x
expect 2 "counted from 1" serval delay drop 0
expect 1 'Cannot find device "nodev0"' \
	serval service add 80 via 10.0.0.1 dev nodev0
if [ ! -e /proc/net/serval ]; then
	expect 1 "the serval module is not loaded (modprobe serval)" \
		serval stats
fi
expect 1 "no network namespace" serval -n no-such-netns stats
expect 1 "cannot open /nonexistent" serval -batch /nonexistent
expect 1 "cannot open /nonexistent" serval service restore /nonexistent

printf '# comment\n\nservice add 80\nservice del\n' >"$out.in"
expect 2 "$out.in:3: a target is missing" serval -batch "$out.in"
expect 2 "$out.in:4: a service ID is missing" serval -force -b "$out.in"
input=$out.in
expect 2 "standard input:3:" serval -b -
input=

expect 0 "Usage: svcat" svcat -h
expect 2 "Usage: svcat" svcat
expect 2 "Usage: svcat" svcat -l 80 10.0.0.1
expect 2 "not a decimal digit" svcat 8o
expect 2 "is not a single service" svcat 0x0a/8
expect 2 "is not a single service" svcat -l default
expect 2 "is not an IPv4 or IPv6 address" svcat 80 nowhere
expect 2 "is not a number of seconds" svcat -w soon 80

echo "1..$count"
[ $failed -eq 0 ]
