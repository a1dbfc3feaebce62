#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, containers without privileges on the host could not use or configure services.
. "$(dirname "$0")/lib.sh"

need setpriv unshare
plan 4
one_host
script=$TMP/inside
cat > "$script" <<-END
	ip link set lo up
	$SERVAL service add 0x5e/8 via 127.0.0.1 || exit 1
	$SERVAL service show | grep -q 127.0.0.1 || exit 2
	for c in exchange half-close refused bulk reuseport; do
		[ \$c != refused ] || c=err-refused
		$SV case \$c || exit 3
	done
	sysctl -qw net.serval.service_resolution_mode=2 || exit 4
	echo all well
END
chmod 755 "$TMP" "$script"
sysctl -qw kernel.unprivileged_userns_clone=1 2>/dev/null
answer=$(setpriv --reuid 65534 --regid 65534 --clear-groups \
	unshare -Urn bash "$script" 2>&1)
is "root in a user namespace of its own uses and configures services" "$answer" "all well"
is "and no rule of it is anywhere else" "$(serval c service show | wc -l)" 0
is "nor a setting" "$(on c sysctl -n net.serval.service_resolution_mode)" 3
outside=$(setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Ur \
	"$SERVAL" service add 0x5e/8 via 127.0.0.1 2>&1)
matches "without a network namespace of its own it has no say" "$outside" Error
