/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segmentation and aggregation of protocol 144.
 */
#ifndef _SERVAL_OFFLOAD_H
#define _SERVAL_OFFLOAD_H

#include <linux/types.h>

struct list_head;
struct sk_buff;
struct sock;

struct sk_buff *serval_gro_receive_udp(struct sock *sk, struct list_head *head,
				       struct sk_buff *skb);
int serval_gro_complete_udp(struct sock *sk, struct sk_buff *skb, int nhoff);
int serval_offload_init(void);
void serval_offload_exit(void);

#endif /* _SERVAL_OFFLOAD_H */
