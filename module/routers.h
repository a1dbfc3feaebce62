/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Service routers whose word counts: the sysctl sal_routers.
 */
#ifndef _SERVAL_ROUTERS_H
#define _SERVAL_ROUTERS_H

#include <linux/types.h>

struct in6_addr;
struct serval_net;

/* Bytes that hold any list as text */
#define SERVAL_ROUTERS_TEXT	4096

int serval_routers_set(struct serval_net *sn, const char *text, size_t len);
void serval_routers_show(struct serval_net *sn, char *text, size_t size);
bool serval_routers_trusted(const struct serval_net *sn,
			    const struct in6_addr *addr);
void serval_routers_exit(struct serval_net *sn);

#endif /* _SERVAL_ROUTERS_H */
