#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, nothing works: a file sent by service name must arrive as it was.
. "$(dirname "$0")/lib.sh"

plan 9
two_hosts
quiet_tw c s
id=$(new_id)
file=$TMP/file
[ "${SERVAL_KERNEL:-}" = debug ] && size=2000000 || size=20000000
head -c "$size" /dev/urandom > "$file"
SVCAT=$BUILD/user/svcat

start server ip netns exec "$(ns s)" bash -c "$SVCAT -v -d -l $id > $file.got"
check "the server is in the service table" wait_until 10 \
	demux_shown s
check "a rule points the client to it" rule c "$id" via $S_ADDR
send_file() { on c "$SVCAT" "$id" < "$file"; }
check "the client sends a file of $((size / 1000000)) MB" send_file
check "the server ends with it" result server
check "it arrived byte for byte" cmp "$file" "$file.got"
is "the rule was resolved once" "$(resolved c "$id" $S_ADDR)" 1
is "no checksum was wrong" "$(mib s TcpInCsumErrors) $(counter s InCsumErrors)" "0 0"
check "the flow tables are empty again" wait_until 20 no_flows c s
is "every flow made was freed" \
	"$(counter c FlowsCreated) $(counter s FlowsCreated)" \
	"$(counter c FlowsFreed) $(counter s FlowsFreed)"
