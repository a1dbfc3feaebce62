#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a client would insist on a dead server although its rule already points to a live one.
. "$(dirname "$0")/lib.sh"

need nft
plan 10
lan c s1 s2
S1=10.9.0.2 S2=10.9.0.3
id=$(new_id)
for h in s1 s2; do
	start "$h" at $h serve "$id"
	until_said "$h" ready
done
on s1 nft -f - <<-END
	table inet t {
		chain in { type filter hook input priority 0; ip protocol 144 drop; }
	}
END
late() { at c late "$id"; }

serval c service add "$id" via $S1
start first late
check "a connect waits for a server that is silent" until_said first pending
serval c service change "$id" via $S1 to $S2
check "it goes where the rule points now" until_said first "^$S2\$"
check "and is up" result first
within "by a second SYN" "$(counter c OutSyn)" 2 4

serval c service change "$id" via $S2 to $S1
start second late
until_said second pending
serval c service del "$id" via $S1
check "without a rule the next SYN ends it" until_said second EHOSTUNREACH
result second

serval c service add "$id" via $S1
start third late
until_said third pending
serval c service add "$id" drop
serval c service del "$id" via $S1
check "a drop rule ends it as well" until_said third EHOSTUNREACH
result third

serval c service del "$id" drop
serval c service add "$id" via $S1 priority 2
serval c service add "$id" via $S2 priority 1
start fourth late
until_said fourth pending
serval c service del "$id" via $S1
check "the next priority is taken when the first is deleted" until_said fourth "^$S2\$"
result fourth

serval c service del "$id" via $S2
serval c service add "$id" via $S1
start fifth late
until_said fifth pending
on s1 nft flush ruleset
check "a server that comes back is found" until_said fifth "^$S1\$"
result fifth

# a rule points at the client itself, where nobody listens yet
serval c service change "$id" via $S1 to 10.9.0.1
check "nobody here: refused" at c connect -x ECONNREFUSED "$id"
start here at c serve "$id"
until_said here ready
check "a service that moved to the client's own host is found" \
	at c transfer -u 1000 -d 1000 "$id"
