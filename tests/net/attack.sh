#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, somebody who only guesses could break into, reset or redirect connections.
. "$(dirname "$0")/lib.sh"

two_hosts
route_ids
# an address that is seen by the server's link but is nobody's
neighbour c 10.9.0.114 s
# and by the client's, which takes what the server answers to it and is silent
neighbour s 10.9.0.114 c
on c sysctl -qw net.ipv4.ip_forward=0
on s sysctl -qw net.ipv4.icmp_echo_ignore_all=1 net.ipv4.ip_forward=0
plan "$(cases attack two)"
suite attack two
