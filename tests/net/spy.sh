# SPDX-License-Identifier: GPL-2.0-only
# Sourced after lib.sh: hosts c and s on a hub, and a third one, spy, that sees all and can
# keep packets from arriving.
# shellcheck shell=bash

need nft
lan c s spy
quiet_tw c s
route_ids
# a hub: spy sees what c and s say to each other
ip -n "$(ns switch)" link set br0 type bridge ageing_time 0
for h in c s; do
	# addresses of nobody that lead to spy, which answers nothing by itself
	neighbour $h 10.9.0.114 spy
	neighbour $h 10.9.0.115 spy
	# the module has to know its own addresses by itself
	on $h sysctl -qw net.ipv4.conf.all.accept_local=1
	# the test program keeps a kind of packets (11 or 16 words, no payload) from a host by
	# the time to live that the other one sends with: RSYN, RSYN-ACK, ACK, JOIN, JOIN-ACK
	on $h nft -f - <<-END
		table ip hush {
			chain move {
				ip ttl . @th,112,8 {
					65 . 0x40, 66 . 0x60, 67 . 0x20, 68 . 0xc0, 69 . 0xe0
				} drop
			}
			chain in {
				type filter hook input priority 0
				ip protocol 144 @th,64,16 { 0x0b3b, 0x103b } jump move
			}
		}
	END
done
on spy sysctl -qw net.ipv4.ip_forward=0
# who waits for an answer repeats what he asks by the time that the link takes: on the slow
# kernel that has to be more than the attacks take
[ "${SERVAL_KERNEL:-}" != debug ] ||
	for h in c s; do on $h tc qdisc add dev eth0 root netem delay 50ms; done
add_addr c eth0 10.9.0.11/24
add_addr s eth0 10.9.0.12/24

# attack SUITE: by spy
attack() { numbered "" sv -A "$(ns spy)" suite "$1"; }
count() { sv -A "$(ns spy)" list "$1" | wc -l; }
security() {
	on c sysctl -qw net.serval.security="$1"
	on s sysctl -qw net.serval.security="$1"
}
