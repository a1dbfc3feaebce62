/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: a warning is counted, a test can ask for one. */
#ifndef _SHIM_LINUX_BUG_H
#define _SHIM_LINUX_BUG_H

#include <stdbool.h>

#include "shim.h"

static inline bool shim_warn(bool cond)
{
	shim_warnings += cond;
	return cond;
}

#define WARN_ON_ONCE(cond)	shim_warn(cond)

#endif /* _SHIM_LINUX_BUG_H */
