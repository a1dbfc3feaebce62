#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, the operator could not see, change, keep and restore the rules.
# not on: debug, it is the tool that works here
. "$(dirname "$0")/lib.sh"

need jq
plan 25
two_hosts
id=$(new_id)
full=0x5e$(printf '%062d' 7)

check "add" serval c service add "$full" via $S_ADDR dev eth0 priority 7 weight 9
matches "show" "$(serval c service show)" "$full.* via $S_ADDR dev eth0 priority 7 weight 9"
js() { serval c -j -s service show | jq -r "$1"; }
is "json is one list" "$(js 'length')" 1
is "json has the values" "$(js '.[0] | "\(.id) \(.bits) \(.via) \(.dev) \(.priority) \(.weight)"')" \
	"$full 256 $S_ADDR eth0 7 9"
is "json has the counters" "$(js '.[0].stats.packets_resolved')" 0
check "change the weight" serval c service change "$full" weight 4
is "it is changed" "$(js '.[0] | "\(.priority) \(.weight)"')" "7 4"
check "change the target" serval c service change "$full" via $S_ADDR dev eth0 to 10.9.0.77
is "it is changed" "$(js '.[0].via')" 10.9.0.77
check "delete" serval c service del "$full"
is "it is gone" "$(js 'length')" 0

check "prefixes, default and drop" serval c -batch - <<-END
	service add 0x5e/8 via $S_ADDR
	service add 0x5e80/9 via $S_ADDR weight 2
	service add default via $S_ADDR priority 2
	# a comment, and an empty line

	service add 0x5e81/16 drop
END
serval c service save > "$TMP/saved"
is "save writes every rule" "$(grep -c '^service add' "$TMP/saved")" 4
check "flush" serval c service flush
is "nothing is left" "$(js 'length')" 0
check "restore" serval c service restore "$TMP/saved"
is "all is back as it was" "$(serval c service save | sort)" "$(sort "$TMP/saved")"
serval c service flush
check "the saved form is a batch" serval c -batch "$TMP/saved"
is "with the same result" "$(serval c service save | sort)" "$(sort "$TMP/saved")"

start server sv listen "$id"
until_said server ready
matches "a bound service is shown with its kind" "$(serval s service show "$id")" 'demux'
matches "flush does not unbind it" "$(serval s service flush; serval s service show "$id")" demux
serval c service flush
is "a host's rules are its own" "$(serval c service show)" ""
fails_with "words that mean nothing are an error of usage" 2 serval c service add 0x5e/8 wherever
fails_with "bits past 256 are an error of usage" 2 serval c service add 0x5e/257 via $S_ADDR
is "each counter says what it counts" "$(serval c stats | awk 'NF < 4' | wc -l) $(serval c stats | wc -l)" \
	"0 $(on c awk 'NR == 1 { print NF - 1 }' /proc/net/serval/snmp)"
