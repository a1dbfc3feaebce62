// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP Fast Open on ULIDs.
 *
 * TCP computes and remembers cookies by address, so with random ULIDs it
 * would never recognise a peer.  Connections that ask for Fast Open therefore
 * use stable ones, and only they:
 *
 *	client: L is the same for the whole namespace; the TCP port tells the
 *		connections apart, so one is chosen before connect()
 *	server: L is derived from the service, R from the peer's locator: the
 *		cookie proves that the client is where it says it is
 *
 * The price is that the connections of a client can be linked by the server,
 * as with TCP Fast Open over IP.
 */
#include <linux/siphash.h>
#include <net/inet_connection_sock.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "fastopen.h"
#include "serval.h"
#include "ulid.h"

/* Domains of the keyed hash */
#define CLIENT_L	1
#define SERVER_L	2
#define SERVER_R	3

/**
 * serval_fastopen_forget_port() - undo what chose a socket's port
 * @sk: locked, in TCP_CLOSE; a fresh one is fine
 *
 * Before its address changes: TCP files a bound port under both.
 */
void serval_fastopen_forget_port(struct sock *sk)
{
	if (inet_csk(sk)->icsk_bind_hash)
		inet_put_port(sk);
	inet_sk(sk)->inet_num = 0;
}

static int choose_port(struct sock *sk)
{
	int err;

	err = sk->sk_prot->get_port(sk, 0);
	if (err)
		return -EADDRNOTAVAIL;
	inet_sk(sk)->inet_sport = htons(inet_sk(sk)->inet_num);
	return 0;
}

static void set_address(struct sock *sk, const struct serval_conn *conn)
{
	sk->sk_v6_rcv_saddr = serval_conn_laddr(conn);
	inet6_sk(sk)->saddr = sk->sk_v6_rcv_saddr;
}

/**
 * serval_fastopen_client() - prepare a socket for connect() with Fast Open
 * @sn:   namespace
 * @conn: its connection, without a flow
 * @sk:   locked, in TCP_CLOSE
 *
 * Return: 0, also if it can only connect without Fast Open; or -EADDRNOTAVAIL
 * if no port is free, -ENOMEM.
 */
int serval_fastopen_client(struct serval_net *sn, struct serval_conn *conn,
			   struct sock *sk)
{
	const u64 l = siphash_1u64(CLIENT_L, &sn->secret);
	int err;

	serval_ulid_make(&sk->sk_v6_rcv_saddr, SERVAL_ULID_L, l);
	err = choose_port(sk);
	if (err) {
		set_address(sk, conn);
		return err;
	}
	err = serval_conn_rekey(sn, conn, l, inet_sk(sk)->inet_sport);
	if (err)
		serval_fastopen_forget_port(sk);
	set_address(sk, conn);
	return err == -EEXIST ? 0 : err;
}

static bool is_fastopen_option(const u8 *opt)
{
	if (opt[0] == TCPOPT_FASTOPEN)
		return true;
	return opt[0] == TCPOPT_EXP && opt[1] >= TCPOLEN_EXP_FASTOPEN_BASE &&
	       get_unaligned_be16(opt + 2) == TCPOPT_FASTOPEN_MAGIC;
}

static bool has_fastopen_option(const struct tcphdr *th)
{
	const u8 *opt = (const u8 *)(th + 1);
	const u8 *end = (const u8 *)th + th->doff * 4;

	while (end - opt >= 2 && opt[0] != TCPOPT_EOL) {
		if (opt[0] == TCPOPT_NOP) {
			opt++;
			continue;
		}
		if (opt[1] < 2 || opt[1] > end - opt)
			return false;
		if (is_fastopen_option(opt))
			return true;
		opt += opt[1];
	}
	return false;
}

/**
 * serval_fastopen_wanted() - does a SYN ask for Fast Open, and may it
 * @listener: socket it is for
 * @th:       its TCP header, linear with all options
 */
bool serval_fastopen_wanted(const struct sock *listener,
			    const struct tcphdr *th)
{
	return READ_ONCE(inet_csk(listener)->icsk_accept_queue.fastopenq.max_qlen) &&
	       has_fastopen_option(th);
}

/**
 * serval_fastopen_server() - stable ULIDs of a passive connection
 * @sn:   namespace
 * @conn: in no table; its service and its flow's locators are known
 */
void serval_fastopen_server(const struct serval_net *sn,
			    struct serval_conn *conn)
{
	const struct in6_addr *locator = &conn->first.path.raddr;
	u64 name = siphash(conn->service.s_sid, sizeof(conn->service.s_sid),
			   &sn->secret);

	conn->scope = SERVAL_SCOPE_TUPLE;
	conn->l = siphash_2u64(SERVER_L, name, &sn->secret);
	conn->r = siphash_3u64(SERVER_R, get_unaligned_be64(locator->s6_addr),
			       get_unaligned_be64(locator->s6_addr + 8),
			       &sn->secret);
}

/**
 * serval_fastopen_trim() - leave out data of a SYN that does not fit
 * @skb:  SYN, at the TCP header, checksum partial
 * @room: bytes for the segment
 *
 * TCP sends again what the SYN-ACK does not acknowledge.
 */
void serval_fastopen_trim(struct sk_buff *skb, unsigned int room)
{
	if (skb->len <= room || room < tcp_hdrlen(skb) ||
	    skb->ip_summed != CHECKSUM_PARTIAL || pskb_trim(skb, room))
		return;
	tcp_hdr(skb)->check = ~csum_tcpudp_magic(0, 0, room, IPPROTO_TCP, 0);
}
