#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection could hang or lose bytes that moves between two bad links, or by both ends at once.
# not on: debug, its times are those of a fast machine
. "$(dirname "$0")/lib.sh"

need tc jq
seeds=(11 12)
plan $((4 * ${#seeds[@]} + 4))
two_links $S_ADDR4

neighbours_of_two
for dev in eth0 eth1; do
	for h in c s; do
		tc -n "$(ns $h)" qdisc add dev $dev root netem \
			delay 5ms 2ms loss 10% reorder 10% 50% duplicate 5%
	done
done

n=$((10 * SCALE))
# It ends early if something is wrong
has_ended() { said shuttle '^moved' || ! kill -0 "${pid_shuttle:-}" 2> /dev/null; }
for seed in "${seeds[@]}"; do
	start shuttle sv shuttle -r "$seed" $n "$id"
	wait_until $((250 * SCALE)) has_ended
	check "seed $seed: $n moves, by one end or both, each of which the stream survives" \
		said shuttle "^moved $n failed"
	note "$(<"$TMP/shuttle")"
	tell shuttle
	check "both ends get all that was sent" result shuttle
	note "$(tail -n 1 "$TMP/shuttle")"
	check "nothing is left" wait_until 60 no_flows c s
	check "of what cannot be seen either" wait_until 20 all_freed c s
done
within "packets were lost indeed" "$(($(mib c TcpRetransSegs) + $(mib s TcpRetransSegs)))" 1 1000000
note "c: $(counters c OutRsyn OutRsynAck Moved MoveFailed)"
note "s: $(counters s OutRsyn OutRsynAck Moved MoveFailed)"
within "some have moved" "$(counter c Moved)" 1 1000000
within "by both ends" "$(counter s OutRsyn)" 1 1000000
# a wrong MAC may be an answer to an attempt before, whose challenge was another
is "nothing was taken for forged or broken" "$(counters c InBadNonce InHdrErrors)
$(counters s InBadNonce InHdrErrors)" "InBadNonce 0 InHdrErrors 0
InBadNonce 0 InHdrErrors 0"
