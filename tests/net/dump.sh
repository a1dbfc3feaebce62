#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the list of rules would be cut short or wrong when there are many of them.
# not on: debug, its ten thousand rules take minutes there
# not on: 6.1, the lists are the same code on both
. "$(dirname "$0")/lib.sh"

plan 8
one_host
many=10000
seq -f 'service add 0x5e%08.0f via 10.9.0.2' $many > "$TMP/batch"
check "$many rules are added" serval c -batch "$TMP/batch"
serval c service show | awk '{ print $1 }' | sort > "$TMP/all"
is "all of them are shown" "$(wc -l < "$TMP/all")" $many
is "none of them twice" "$(uniq -d "$TMP/all" | wc -l)" 0
is "/proc has them too" "$(service_table c | wc -l)" $many

# while other rules come and go
seq -f 'service add 0x5f%08.0f via 10.9.0.2' 500 > "$TMP/add"
sed 's/ add / del /' "$TMP/add" > "$TMP/del"
churn() {
	while [ ! -e "$TMP/enough" ]; do
		serval c -batch "$TMP/add" && serval c -batch "$TMP/del" || return 1
	done
}
start churn churn
bad=0
for _ in 1 2 3 4 5; do
	serval c service show 2>/dev/null | awk '/^0x5e/ { print $1 }' | sort > "$TMP/now"
	cmp -s "$TMP/all" "$TMP/now" || bad=$((bad + 1))
done
is "a list taken during changes has all that was there throughout, once" $bad 0
touch "$TMP/enough"
check "the changes went well" result churn
check "all are deleted" serval c service flush
is "none is left" "$(service_table c | wc -l)" 0
