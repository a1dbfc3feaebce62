#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a program with many datagrams would pay for each on its way through the host.
. "$(dirname "$0")/lib.sh"

need ethtool
two_hosts
add_host lone
route_ids
serval lone service add 0x5e/8 via 127.0.0.1
plan $(($(cases datagram-gso one) + $(cases datagram-gso two) + 10))
suite datagram-gso one
suite datagram-gso two

packets() { on s cat /sys/class/net/eth0/statistics/rx_packets; }
off() { on "$1" ethtool -K eth0 "${@:2}" > /dev/null 2>&1; }
crossed() { sv case gso-connected > /dev/null && echo $(($(packets) - before)); }

before=$(packets)
within "pieces cross a link of this host in one" "$(crossed)" 8 60
off c tso off gso off tx off
off s gro off
before=$(packets)
within "and alone where the device can't have that" "$(crossed)" 120 400
check "checksums are computed then" sv case gso-unconnected
check "inside UDP as well" sv case gso-encap
off s rx off
check "and verified" sv case gso-connected
is "none was wrong" "$(counter s InTransportErrors) $(counter c InTransportErrors)" "0 0"
off s gro on rx on
check "what arrives alone is merged for who wants it" sv case gro-merged
check "and for nobody else" sv case gso-connected
is "every datagram is counted" "$(($(counter s InDatagrams) + $(counter c InDatagrams)))" \
	"$(($(counter c OutDatagrams) + $(counter s OutDatagrams)))"
ip -n "$(ns s)" link set eth0 mtu 1280
check "a smaller MTU makes a size too long" not sv case gso-connected
