# SPDX-License-Identifier: GPL-2.0-only
# Where things are and how the scripts of this directory speak; sourced by them.
# shellcheck shell=bash disable=SC2034

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd "$LAB/../.." && pwd)
CACHE=${SERVAL_CACHE:-${HOME:-/root}/.cache/serval}

# The flags of a make above us are no matter of the makes below.
unset MAKEFLAGS MFLAGS MAKELEVEL

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }

# Two runs may want the same thing at once: the second waits, then finds it.
lock_cache() {
	mkdir -p "$CACHE"
	exec {cache_lock}>"$CACHE/.lock-$1"
	flock "$cache_lock"
}

# The directory of a kernel, fetched or built if need be: vmlinuz, release, kdir, lib/modules.
kernel_dir() {
	if [ ! -e "$CACHE/kernels/$1" ]; then
		case $1 in
		debug)	"$LAB/debug-kernel" ;;
		*)	"$LAB/kernels" "$1" ;;
		esac > /dev/null
	fi
	readlink -e "$CACHE/kernels/$1"
}

apt_update() {
	mkdir -p "$CACHE"
	apt-get -qq update || say "apt-get update complained; going on with what it got"
	touch "$CACHE/.apt-updated"
}

# Once an hour is enough, unless the sources changed.
apt_update_hourly() {
	[ -n "$(find "$CACHE/.apt-updated" -mmin -60 2>/dev/null)" ] || apt_update
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 install "$@" </dev/null >&2
}
