/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP Fast Open on ULIDs.
 */
#ifndef _SERVAL_FASTOPEN_H
#define _SERVAL_FASTOPEN_H

#include <linux/types.h>

struct serval_conn;
struct serval_net;
struct sk_buff;
struct sock;
struct tcphdr;

int serval_fastopen_client(struct serval_net *sn, struct serval_conn *conn,
			   struct sock *sk);
void serval_fastopen_forget_port(struct sock *sk);
bool serval_fastopen_wanted(const struct sock *listener,
			    const struct tcphdr *th);
void serval_fastopen_server(const struct serval_net *sn,
			    struct serval_conn *conn);
void serval_fastopen_trim(struct sk_buff *skb, unsigned int room);

#endif /* _SERVAL_FASTOPEN_H */
