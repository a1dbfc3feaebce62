#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, loading the module on a machine without IPv6 would crash it, or fail without a word.
# boot: ipv6.disable=1
. "$(dirname "$0")/../net/lib.sh"

plan 4
log_mark
is "IPv6 is off" "$(cat /sys/module/ipv6/parameters/disable)" 1
out=$("$REPO/scripts/lab/load-module" 2>&1)
status=$?
within "the module refuses to load" $status 1 255
matches "and says why" "$(dmesg | tail -n 5) $out" '[Ss]erval.*IPv6'
gone() { [ ! -d /sys/module/serval ] && ! ip link show sal0 2> /dev/null; }
check "nothing of it is left" gone
