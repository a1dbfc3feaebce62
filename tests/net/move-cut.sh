#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection whose link is cut would wait for TCP's timers after it has moved.
# not on: debug, its times are those of a fast machine
. "$(dirname "$0")/lib.sh"

need nstat tc
plan 9
two_links $S_ADDR
# acknowledgments are under way for long, and lost with the link; data is not held by its host
for dev in eth0 eth1; do
	tc -n "$(ns c)" qdisc add dev $dev root netem delay 50ms limit 10000
done
on c sysctl -qw net.serval.auto_migrate=1
head -c 100000000 /dev/urandom > "$TMP/data"
timeouts() { on s nstat -asz TcpExtTCPTimeouts | awk '$1 == "TcpExtTCPTimeouts" { print $2 }'; }

start server on s sh -c "exec $BUILD/user/svcat -l $id < $TMP/data"
wait_until 20 demux_shown s
start client on c sh -c "exec $BUILD/user/svcat -d $id > $TMP/got"
has_got() { [ "$(stat -c %s "$TMP/got")" -gt "$1" ]; }
check "a transfer" wait_until 60 has_got 1000000
before=$(timeouts)
check "its link is cut" ip -n "$(ns c)" link set eth0 down
check "comes to its end" result client
check "with all that was sent" cmp "$TMP/data" "$TMP/got"
is "by another link" "$(counter c Moved) $(counter s Moved)" "1 1"
is "of which the server was told that the first is lost, once" "$(counters c OutRsyn) $(counters s InRsyn)" "OutRsyn 1 InRsyn 1"
is "without waiting for a timer" "$(($(timeouts) - before))" 0
check "the server ends as well" result server
check "nothing is left" wait_until 30 no_flows c s
