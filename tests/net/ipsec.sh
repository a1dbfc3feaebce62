#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a policy that demands IPsec for services would be ignored, or would break them.
. "$(dirname "$0")/lib.sh"

need nft
plan 6
two_hosts
quiet_tw c s
id=$(new_id)
rule c "$id" via $S_ADDR
serve "$id"
on c sysctl -qw net.serval.sal_max_retransmits=1
on s nft -f - <<-END
	table inet t {
		counter sealed { }
		chain in { type filter hook prerouting priority -350; ip protocol 50 counter name sealed; }
	}
END

# policy HOST DIRECTION SOURCE DESTINATION: between these, protocol 144 in ESP only
policy() {
	ip -n "$(ns "$1")" xfrm policy add dir "$2" src "$3" dst "$4" proto 144 \
		tmpl src "$3" dst "$4" proto esp mode transport
}

# state SPI SOURCE DESTINATION, at both hosts
state() {
	local h

	for h in c s; do
		ip -n "$(ns $h)" xfrm state add src "$2" dst "$3" proto esp spi "$1" mode transport \
			aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128
	done
}

check "without a policy it is plain" sv connect "$id"
policy s in $C_ADDR $S_ADDR
before=$(counter s InPkts)
check "the server's policy keeps plain packets out" sv connect -x ETIMEDOUT "$id"
is "they never reach the service layer" "$(counter s InPkts)" "$before"

policy s out $S_ADDR $C_ADDR
policy c in $S_ADDR $C_ADDR
policy c out $C_ADDR $S_ADDR
state 0x100 $C_ADDR $S_ADDR
state 0x200 $S_ADDR $C_ADDR
check "with policies and keys at both ends it connects" sv connect "$id"
check "and carries data both ways" sv transfer -n 2 -u 500000 -d 500000 "$id"
sealed=$(on s nft list counter inet t sealed | awk '/packets/ { print $2 }')
within "in ESP" "$sealed" 20 100000
