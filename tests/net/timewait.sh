#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a flow would vanish while TCP still answers for it, or stay when TCP has forgotten it.
# not on: 6.12, the kernel that watches is a 6.12 as well
. "$(dirname "$0")/lib.sh"

plan 6
two_hosts
id=$(new_id)
rule c "$id" via $S_ADDR
serve "$id"
check "20 connections" sv transfer -n 20 -u 1000 -d 1000 "$id"
tw() { on s ss -Htan6 state time-wait | wc -l; }
is "the end that closed first keeps them in TIME_WAIT" "$(tw)" 20
is "and a flow for each" "$(flows s)" 20
check "the other end has none" wait_until 20 no_flows c
# enough: from now on none is kept, and the next ones push out none of the old
on s sysctl -qw net.ipv4.tcp_max_tw_buckets=0
check "a later connection adds none" sv transfer -n 5 "$id"
gone() { [ "$(tw)" = 0 ] && no_flows s; }
check "after a minute both are gone" wait_until 90 gone
