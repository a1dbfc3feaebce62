#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without this, a header would compile only after others, in an order to be guessed.
. "$(dirname "$0")/lib.sh"

# compile_headers KERNEL: one object for each private header, of nothing but the header
compile_headers() {
	local dir=$TOP/build/headers-$1 header name objects=()

	rm -rf "$dir"
	mkdir -p "$dir"
	for header in module/*.h; do
		name=$(basename "$header" .h)
		echo "#include \"$TOP/$header\"" > "$dir/self_$name.c"
		objects+=("self_$name.o")
	done
	sed -e '/^obj-m/d' -e '/^serval-y/d' -e "s|\$(src)|$TOP|g" Kbuild > "$dir/Kbuild"
	make -s -j2 -C "$("$LAB/kernels" "$1")/kdir" M="$dir" W=1 KCFLAGS=-Werror "${objects[@]}"
}

compile_uapi() {
	echo '#include <linux/serval.h>' |
		"$@" -Wall -Wextra -Werror -pedantic -fsyntax-only -Iinclude/uapi -
}

for kernel in "${KERNELS[@]}"; do
	silent "each private header compiles alone: Linux $kernel" compile_headers "$kernel"
done
silent "the uapi header is C" compile_uapi gcc -std=c99 -x c
silent "the uapi header is C++" compile_uapi g++ -std=c++11 -x c++
done_testing
