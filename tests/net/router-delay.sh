#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a router could not find, or start, a service at the moment somebody asks for it.
# not on: debug, router and delay take the same steps
# limit: 600
. "$(dirname "$0")/lib.sh"

need jq nft
plan 36
lan c r s
C=10.9.0.1 R=10.9.0.2 S=10.9.0.3 C6=fd09::1 R6=fd09::2
quiet_tw c s
on r sysctl -qw net.serval.sal_forward=1
on s sysctl -qw net.serval.sal_routers="$R"
id=$(new_id)
rule c 0x5e/8 via $R
rule r 0x5e/8 delay
start server at s serve "$id"
until_said server ready
check "refused at once while nobody listens" at c connect -x ECONNREFUSED "$id"
is "which is counted" "$(counters r DelayNoListener OutNack Forwarded)" \
	"DelayNoListener 1 OutNack 1 Forwarded 0"

check "a controller hears of a request" controller r ECONNREFUSED 0x5e00

## found on demand
start first between c s transfer -u 10000 -d 10000 "$id"
check "it is asked for the service" wait_until 20 was_asked "$id"
n=$(asked "$id")
is "and told who wants it" \
	"$(held r | jq -c '.[0] | [.id, .proto, .service, .source_service, .from]')" \
	"[$n,\"tcp\",\"$id\",null,\"$C\"]"
check "a copy of the request" wait_until 30 counted r DelayCopies 1
is "takes no second place" "$(held r | jq length)" 1
check "released without a rule" serval r delay release "$n"
check "it is asked for once more" wait_until 20 was_asked "$id" "$n"
is "and nothing is passed on" "$(counters r Forwarded)" "Forwarded 0"
# a copy would find the rule before the verdict comes
on r nft -f - <<-END
	table inet t {
		chain in { type filter hook input priority 0; ip saddr $C drop; }
	}
END
serval r service add "$id" via $S
check "released with a rule" serval r delay release "$(asked "$id")"
check "the connection carries every byte" result first
on r nft flush ruleset
is "both releases are counted" "$(counters r DelayReleased)" "DelayReleased 2"
is "and one request" "$(counters r Forwarded)" "Forwarded 1"
is "nothing is held any more" "$(held r)" "[]"

## drop
other=0x5e$(printf '%062d' 8)
start second at c connect -x ECONNREFUSED "$other"
wait_until 20 was_asked "$other"
nack=$(counter r OutNack)
check "drop" serval r delay drop "$(asked "$other")"
check "refuses the client" result second
is "which is counted" "$(counters r DelayDropped) $(($(counter r OutNack) - nack))" "DelayDropped 1 1"

## a rule that comes before the verdict
other=0x5e$(printf '%062d' 9)
start third at c connect "$other"
wait_until 20 was_asked "$other"
start late at s serve "$other"
until_said late ready
rule r "$other" via $S
check "a copy that finds a rule connects" result third
is "and the held one goes" "$(counters r DelayCancelled) $(held r)" "DelayCancelled 1 []"

## the service is the router's own in the end
other=0x5e$(printf '%062d' 10)
rule c "$other" via $R6
start fourth at c connect "$other"
wait_until 20 was_asked "$other"
is "IPv6: the client's address is told as well" "$(held r | jq -r '.[0].from')" "$C6"
start own at r serve "$other"
until_said own ready
serval r delay release "$(asked "$other")" 2> /dev/null
check "it connects" result fourth
is "to the router" "$(cat "$TMP/fourth")" "$R6"

## datagrams: none is a copy of another
dgram=0x5e$(printf '%062d' 11)
start echo at s echo "$dgram"
until_said echo ready
for i in 1 2; do
	start "ask$i" at c ask "$dgram" "hello$i"
done
check "two datagrams wait" wait_until 20 held_is r 2
is "with the names of their senders" \
	"$(held r | jq -c '[.[] | [.proto, .from, (.source_service | type)]] | unique')" \
	"[[\"udp\",\"$C\",\"string\"]]"
rule r "$dgram" via $S
check "released" serval r delay release all
for i in 1 2; do
	result "ask$i"
	is "each is answered" "$(cat "$TMP/ask$i")" "hello$i 0"
done

## no verdict
other=0x5e$(printf '%062d' 12)
delay_ms r 300
check "without a verdict the client is refused" at c connect -x ECONNREFUSED "$other"
within "which is counted" "$(counter r DelayExpired)" 2 100
delay_ms r 600000

## bound: others leave room for the router's own
full=$(counter r DelayFull)
start many at c dials 520 "$other"
check "512 of other hosts are held" wait_until 300 held_is r 512
check "no more" wait_until 300 counted r DelayFull $((full + 8))
start mine at r dials 1 "$other"
check "but still one of the router's own" wait_until 30 held_is r 513
stop mine
stop many

## the device is gone
ip -n "$(ns r)" link del eth0
before=$(counter r DelayCancelled)
check "requests whose device is gone" serval r delay release all
is "go nowhere" "$(($(counter r DelayCancelled) - before)) $(held r)" "512 []"
stop watch
check "no flow is left" wait_until 60 no_flows c s
