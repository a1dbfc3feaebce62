/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in. */
#ifndef _SHIM_LINUX_MATH_H
#define _SHIM_LINUX_MATH_H

#include <linux/const.h>

#define DIV_ROUND_UP	__KERNEL_DIV_ROUND_UP
/* to a power of two */
#define round_up(x, y)	(((x) + (y) - 1) & ~((__typeof__(x))(y) - 1))

#endif /* _SHIM_LINUX_MATH_H */
