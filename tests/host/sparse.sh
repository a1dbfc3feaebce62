#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, byte orders, address spaces and lock contexts could be mixed up.
# limit: 900
. "$(dirname "$0")/lib.sh"

sparse() { "$LAB/build-module" "$1" C=2 > /dev/null; }

for kernel in "${KERNELS[@]}"; do
	silent "sparse: Linux $kernel" sparse "$kernel"
done
done_testing
