#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, routers would be tools to flood others, or to take over their connections.
# not on: 6.1, routers are the same code on both
. "$(dirname "$0")/lib.sh"

need nft
plan 21
lan c r s v
C=10.9.0.1 R=10.9.0.2 S=10.9.0.3 V=10.9.0.4
quiet_tw c s
id=$(new_id)
rule r "$id" via $S
on r sysctl -qw net.serval.sal_forward=1
start s at s serve "$id"
until_said s ready

# syn HOST TO OPTION...: a request made by hand
syn() {
	local from=$1 to=$2 addr

	shift 2
	case $from in c) addr=$C ;; r) addr=$R ;; esac
	between "$from" s -c $addr -s "$to" syn "$@" "$id"
}
heard() { counter v InPkts; }

# somebody names a victim to the server and to the router
syn c $S -w $V,$C
syn c $R -w $V,$C
is "a server drops a way told by a stranger" "$(counters s SourceUntrusted InSyn)" \
	"SourceUntrusted 1 InSyn 0"
is "and so does a router" "$(counters r SourceUntrusted Forwarded)" "SourceUntrusted 1 Forwarded 0"
on s sysctl -qw net.serval.sal_routers="$R, fd00::/8"
syn c $S -w $V,$C
is "also with routers that it knows" "$(counters s SourceUntrusted InSyn)" \
	"SourceUntrusted 2 InSyn 0"
is "the victim hears nothing" "$(heard)" 0

# the router itself is evil, or its address forged
for way in 127.0.0.1 224.0.0.1 255.255.255.255 0.0.0.0 ::1 fe80::1 ff02::1 ::; do
	syn r $S -w $way,$R
done
is "an address that is no host's is nowhere to answer" "$(counters s SourceImpossible OutSynAck OutNack)" \
	"SourceImpossible 8 OutSynAck 0 OutNack 0"

# a request of the victim's that it knows nothing of; it is to stay silent
on v nft -f - <<-END
	table inet t {
		chain out { type filter hook output priority 0; ip protocol 144 drop; }
	}
END
syn r $S -k 5 -w $V,$R
is "a known router is believed" "$(counters s InSyn OutSynAck) $(heard)" "InSyn 1 OutSynAck 1 1"
check "TCP sends the answer again" wait_until 30 counted s OutUnproven 2
is "but that goes nowhere: one answer for one request" "$(counters s OutSynAck) $(heard)" \
	"OutSynAck 1 1"
syn r $S -k 5 -w $V,$R
is "another copy of the request has another answer" "$(counters s InSyn OutSynAck) $(heard)" \
	"InSyn 2 OutSynAck 2 2"
is "the same flow" "$(counter s FlowsCreated)" 1
held=$(counter s OutUnproven)
check "which TCP does not repeat either" wait_until 30 counted s OutUnproven $((held + 1))
is "so the victim has heard twice" "$(heard)" 2
other=$(new_id)
between r s -c $R -s $S syn -w $V,$R "$other"
is "or a third time, by a refusal" "$(counters s OutNack SynNoService) $(heard)" \
	"OutNack 1 SynNoService 1 3"
on s sysctl -qw net.ipv4.tcp_syncookies=2
syn r $S -w $V,$R
syn r $S -w $V,$R
is "by SYN cookies as well: one answer for one request" "$(counters s InSyn OutSynAck) $(heard)" \
	"InSyn 5 OutSynAck 4 5"
on s sysctl -qw net.ipv4.tcp_syncookies=1

# ways that are too long
on r sysctl -qw net.serval.sal_routers=$C
way() { seq -f "192.0.2.%g" -s , 1 "$1"; }
syn c $R -w "$(way 19)"
is "nineteen addresses, and the router's own" "$(counters r Forwarded FwdTooLong)" \
	"Forwarded 1 FwdTooLong 0"
syn c $R -w "$(way 20)"
is "are twenty at most" "$(counters r Forwarded FwdTooLong)" "Forwarded 1 FwdTooLong 1"
syn c $R -w "$(way 14),fd00::1"
is "fifteen, if one of them is of IPv6" "$(counters r Forwarded FwdTooLong)" \
	"Forwarded 1 FwdTooLong 2"
syn c $R -w "$V"
is "a way of one address is none" "$(counters r InExtErrors)" "InExtErrors 1"

# the client takes addresses from nobody
on r sysctl -qw net.serval.sal_routers=
rule c "$id" via $R
check "a client behind the router connects" between c s transfer -u 1000 -d 1000 "$id"
is "to the server" "$(at c connect "$id")" "$S"
check "the server's flows end" wait_until 60 no_flows s
