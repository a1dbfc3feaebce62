/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What path.c needs of the two IP versions.
 */
#ifndef _SERVAL_OUTER_H
#define _SERVAL_OUTER_H

#include <linux/types.h>

#include "path.h"

struct dst_entry;
struct in6_addr;
struct serval_net;
struct serval_path;
struct sk_buff;
struct sock;

struct dst_entry *serval_ipv4_lookup(struct serval_net *sn,
				     const struct serval_path *path,
				     const struct sock *sk, u32 mark,
				     struct in6_addr *saddr);
int serval_ipv4_output(struct serval_net *sn, struct serval_path *path,
		       struct sock *sk, struct sk_buff *skb,
		       const struct dst_entry *dst, struct serval_outer outer,
		       u32 segs);
struct dst_entry *serval_ipv6_lookup(struct serval_net *sn,
				     const struct serval_path *path,
				     const struct sock *sk, u32 mark,
				     struct in6_addr *saddr);
int serval_ipv6_output(struct serval_net *sn, struct serval_path *path,
		       struct sock *sk, struct sk_buff *skb,
		       const struct dst_entry *dst, struct serval_outer outer);

bool serval_ipv4_is_local(struct serval_net *sn, const struct in6_addr *addr);
bool serval_ipv6_is_local(struct serval_net *sn, const struct in6_addr *addr);

#endif /* _SERVAL_OUTER_H */
