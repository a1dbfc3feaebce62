#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, connections could not be told from forged ones, or not be made at all.
. "$(dirname "$0")/lib.sh"

need ethtool
plan 19
two_hosts
quiet_tw c s
route_ids
for h in c s; do
	on $h ethtool -K eth0 tx off tso off gso off gro off > /dev/null 2>&1
done

# security CLIENT SERVER
security() {
	on c sysctl -qw net.serval.security="$1"
	on s sysctl -qw net.serval.security="$2"
}

check "SYN and SYN-ACK carry the hosts' keys" sv case key-both
check "datagrams repeat the client's" sv case key-datagram
on s sysctl -qw net.ipv4.tcp_syncookies=2
check "so do SYN cookies" sv case key-cookie
on s sysctl -qw net.ipv4.tcp_syncookies=1
security 0 1
check "who sends no key gets none" sv case key-asks-none
security 1 0
check "who answers without a key is talked to" sv case key-answers-none
security 1 2
check "a request without a key is refused" sv case key-demanded
security 0 2
check "and connect() fails at once" sv case key-refused
security 2 2
check "who has keys and wants them connects" sv case key-both
security 2 1
check "and to who only has them" sv case key-both
missing=$(counter c InKeyMissing)
security 2 0
on c sysctl -qw net.serval.sal_max_retransmits=1
check "an answer without a key is not believed" sv case key-required
check "which is counted" counted c InKeyMissing $((missing + 4))

# A service that had a key is not believed without
security 1 1
id=$(new_id)
other=$(new_id)
serve "$id" "$other"
check "a service has a key" sv transfer -u 1000 -d 1000 "$id"
security 1 0
missing=$(counter c InKeyMissing)
check "without it nobody connects" sv connect -x ETIMEDOUT "$id"
check "which is counted as well" counted c InKeyMissing $((missing + 2))
check "but to another service" sv transfer -u 1000 -d 1000 "$other"
security 0 0
check "nor if keys do not matter" sv transfer -u 1000 -d 1000 "$id"

security 1 1
is "for the end of datagrams the hosts' secret was computed, once" \
	"$(counter c KeyAgreed) $(counter s KeyAgreed)" "1 1"
is "and none was without memory" "$(counter c KeyNoMem) $(counter s KeyNoMem)" "0 0"
check "the tables are empty" wait_until 30 no_flows c s
