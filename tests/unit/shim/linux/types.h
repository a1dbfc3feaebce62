/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: the system's uapi header and the kernel's short names. */
#ifndef _SHIM_LINUX_TYPES_H
#define _SHIM_LINUX_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define __force
#define __rcu
#define __must_check __attribute__((__warn_unused_result__))

#endif /* _SHIM_LINUX_TYPES_H */
