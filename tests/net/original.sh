#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, programs written for the original Serval headers would not run.
# not on: debug, its calls are those of others
. "$(dirname "$0")/lib.sh"

plan 4
two_hosts
rule c default via $S_ADDR
n=5000
for prog in original-style original-style-native; do
	n=$((n + 1))
	start $prog ip netns exec "$(ns s)" "$BUILD/user/$prog" server $n
	wait_until 10 demux_shown s
	check "$prog: its client gets the echo" on c "$BUILD/user/$prog" client $n hello
	check "$prog: its server ends well" result $prog
done
