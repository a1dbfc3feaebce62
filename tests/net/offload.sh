#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a transfer would run at half the speed, packet by packet.
# not on: debug, data and encap merge and segment as well
. "$(dirname "$0")/lib.sh"

need ethtool nstat
plan 12
two_hosts
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
serve "$id"
bytes=8000000
stat() { on "$1" cat "/sys/class/net/eth0/statistics/$2"; }
segs() { on s nstat -asz TcpInSegs | awk '$1 == "TcpInSegs" { print $2 }'; }
measure() {
	p0=$(stat s rx_packets) b0=$(stat s rx_bytes) s0=$(segs)
	check "$1: the bytes are right" sv transfer -u $bytes "$id"
	packets=$(($(stat s rx_packets) - p0))
	size=$((($(stat s rx_bytes) - b0) / packets))
	merged=$(($(segs) - s0))
}
measure "superpackets"
within "they cross the link whole" $size 2000 70000

off() { on "$1" ethtool -K eth0 "${@:2}" > /dev/null 2>&1; }
off c tso off gso off
off s gro off
measure "segments of the link's size"
within "they are" $size 1200 1514
within "without GRO each is a segment for TCP" $merged $((packets * 9 / 10)) $packets

off s gro on
measure "with GRO"
within "they are as small on the link" $size 1200 1514
# a slow kernel polls the device when there is little to merge
[ "${SERVAL_KERNEL:-}" = debug ] && most=$((packets * 9 / 10)) || most=$((packets / 3))
within "and merged for TCP" "$merged" 1 "$most"

off c tx off
measure "checksums in software"
off c tx on gso on tso on
off s rx off
measure "checksums verified by the receiver"
off s rx on
is "no checksum was wrong" "$(mib s TcpInCsumErrors) $(counter s InCsumErrors) $(mib c TcpInCsumErrors)" "0 0 0"
ip -n "$(ns c)" link set eth0 mtu 1280
ip -n "$(ns s)" link set eth0 mtu 1280
check "a small MTU" sv transfer -n 3 -u 300000 -d 300000 "$id"
