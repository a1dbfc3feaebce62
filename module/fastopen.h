/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP Fast Open on ULIDs.
 */
#ifndef _SERVAL_FASTOPEN_H
#define _SERVAL_FASTOPEN_H

#include <linux/types.h>

struct in6_addr;
struct serval_conn;
struct serval_net;
struct serval_conn_key;
struct service_id;
struct sk_buff;
struct sock;
struct tcphdr;

int serval_fastopen_client(struct serval_net *sn, struct serval_conn *conn,
			   struct sock *sk);
void serval_fastopen_forget_port(struct sock *sk);
bool serval_fastopen_wanted(const struct sock *listener,
			    const struct tcphdr *th);
void serval_fastopen_server_key(const struct serval_net *sn,
				struct serval_conn_key *key,
				const struct in6_addr *locator,
				const struct service_id *service,
				const struct tcphdr *th);
void serval_fastopen_trim(struct sk_buff *skb, unsigned int room);

#endif /* _SERVAL_FASTOPEN_H */
