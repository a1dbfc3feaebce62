#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, connections would go to the wrong server, or not be spread as the operator asked.
. "$(dirname "$0")/lib.sh"

need jq
plan 24
lan c s1 s2 s3
S1=10.9.0.2 S2=10.9.0.3 S3=10.9.0.4
quiet_tw c s1 s2 s3

# a server for everything on each of the hosts
for h in s1 s2 s3; do
	start "$h" at $h serve 0x5e/8
	until_said "$h" ready
done
pick() {
	at c pick "$1" "$2"
}

## longest prefix
serval c service add 0x5e/8 via $S1
serval c service add 0x5e11/16 via $S2
serval c service add 0x5e1122/24 via $S3
is "a short prefix takes what no longer one has" "$(pick 5 0x5e22)" "$S1 5"
is "a longer prefix goes first" "$(pick 4 0x5e1133)" "$S2 4"
is "the longest goes first" "$(pick 3 0x5e1122ff)" "$S3 3"
serval c service add 0x5e112233 via $S1
is "a full ID goes before all prefixes" "$(pick 2 0x5e112233)" "$S1 2"
all="$(resolved c 0x5e/8 $S1) $(resolved c 0x5e11/16 $S2)"
all+=" $(resolved c 0x5e1122/24 $S3) $(resolved c 0x5e112233 $S1)"
is "each rule counts its own" "$all" "5 4 3 2"
serval c service del 0x5e1122/24
is "without the longest the next one is taken" "$(pick 3 0x5e1122ff)" "$S2 3"
check "what matches nothing is unreachable" at c connect -x EHOSTUNREACH 0x77
serval c service add default via $S3
check "the default rule takes what nothing else does" at c connect -x ECONNREFUSED 0x77
is "and counts it" "$(resolved c default $S3)" 1
serval c service flush
is "flush leaves no rule" "$(serval c service show | wc -l)" 0

## priorities
serval c service add 0x5e/8 via $S1 priority 1
serval c service add 0x5e/8 via $S2 priority 5
is "only the highest priority is used" "$(pick 10 0x5e01)" "$S2 10"
serval c service change 0x5e/8 via $S1 priority 9
is "a changed priority counts at once" "$(pick 10 0x5e01)" "$S1 10"
serval c service del 0x5e/8 via $S1
is "without it the next set is used" "$(pick 10 0x5e01)" "$S2 10"
is "the counters go on where they were" "$(resolved c 0x5e/8 $S2)" 20
serval c service flush

## weights
n=$((400 * (SCALE > 10 ? 10 : 1)))
serval c service add 0x5e/8 via $S1 weight 1
serval c service add 0x5e/8 via $S2 weight 3
got=$(pick $n 0x5e02 | awk -v a=$S1 '$1 == a { print $2 }')
within "weights 1:3 give a quarter of $n" "${got:-0}" $((n * 17 / 100)) $((n * 33 / 100))
is "the counters tell the same" "$(resolved c 0x5e/8 $S1) $(resolved c 0x5e/8 $S2)" \
	"$got $((n - got))"
serval c service change 0x5e/8 via $S1 weight 1000000
serval c service change 0x5e/8 via $S2 weight 1
within "weights far apart leave almost nothing" \
	"$(pick 50 0x5e02 | awk -v a=$S1 '$1 == a { print $2 }')" 49 50
serval c service flush

## refusals of the table itself
serval c service add 0x5e/8 via $S1
fails_with "the same rule twice is refused" 1 serval c service add 0x5e/8 via $S1
matches "with a reason" "$(serval c service add 0x5e/8 via $S1 2>&1)" '^serval: Error: [A-Za-z]'
fails_with "deleting what is not there is refused" 1 serval c service del 0x5e/9 via $S1
fails_with "a delay rule with a device is refused" 2 serval c service add 0x5e99/16 delay dev eth0
serval c service add 0x5edd/16 drop
check "a drop rule below a wider one refuses" at c connect -x EHOSTUNREACH 0x5edd01
is "and its neighbours go on" "$(pick 2 0x5ede)" "$S1 2"
serval c service del 0x5edd/16 drop
is "a drop rule can be deleted" "$(pick 1 0x5edd01)" "$S1 1"
