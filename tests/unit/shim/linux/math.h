/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in. */
#ifndef _SHIM_LINUX_MATH_H
#define _SHIM_LINUX_MATH_H

#include <linux/const.h>

#define DIV_ROUND_UP	__KERNEL_DIV_ROUND_UP

#endif /* _SHIM_LINUX_MATH_H */
