#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a connection would break, stall or lose bytes when it moves to another link.
# not on: debug, move-kinds and move-many take the same steps
. "$(dirname "$0")/lib.sh"

plan 15
two_links $S_ADDR
talk
check "a connection" hears client one server
old=$(flow_id c) speer=$(flow_id s)
is "goes over the first link" "$(where c)" "10.9.0.1 10.9.0.2 eth0 ESTABLISHED"
check "it moves to the other" move c eth1
is "at the client at once" "$(where c)" "10.9.1.1 10.9.0.2 eth1 ESTABLISHED"
check "and at the server" wait_until 10 is_at s "10.9.0.2 10.9.1.1 eth1 ESTABLISHED"
check "with new ids" [ "$(flow_id c)" != "$old" -a "$(flow_id s)" != "$speer" ]
is "in three packets" "$(counters c OutRsyn InRsynAck Moved) $(counters s InRsyn OutRsynAck Moved)" \
	"OutRsyn 1 InRsynAck 1 Moved 1 InRsyn 1 OutRsynAck 1 Moved 1"
check "data goes on" hears client two server
check "both ways" hears server three client
check "the server moves as well" move s 10.9.1.2
is "at once" "$(where s)" "10.9.1.2 10.9.1.1 eth1 ESTABLISHED"
check "and its peer follows" wait_until 10 is_at c "10.9.1.1 10.9.1.2 eth1 ESTABLISHED"
check "data goes on from there" hears server four client
check "both ways again" hears client five server
stop client
stop server
check "nothing is left" wait_until 30 no_flows c s
