// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagram sockets that connect, listen and accept.
 *
 *	connect() a flow in SYN_SENT in place of the unconnected one, and the
 *		  first SYN; waits for the answer
 *	listen()  a backlog, which dgram_conn.c fills
 *	accept()  a native socket for the first connection in it
 *	shutdown(), close()  FIN
 *
 * sk_state is TCP's: CLOSE, SYN_SENT, ESTABLISHED, LISTEN.
 */
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/udp.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "dgram_conn.h"
#include "sal.h"
#include "socket.h"

static void set_state(struct serval_conn *conn, struct sock *sk, int state)
{
	spin_lock_bh(&conn->lock);
	WRITE_ONCE(sk->sk_state, state);
	spin_unlock_bh(&conn->lock);
}

/* Takes the flow away, and then the timer finds none */
static void leave_flow(struct serval_net *sn, struct serval_conn *conn,
		       struct sock *sk)
{
	struct serval_flow *fl;

	if (!(sk->sk_shutdown & SEND_SHUTDOWN))
		serval_fin_prepare(sn, conn);
	rcu_read_lock();
	fl = rcu_dereference(conn->flow);
	if (fl && serval_flow_receives(fl) &&
	    !(sk->sk_shutdown & SEND_SHUTDOWN))
		serval_fin_send(sn, fl);
	rcu_read_unlock();
	serval_flow_drop(sn, conn);
	sk_stop_timer_sync(sk, &sk->sk_timer);
}

static void end_backlog(struct serval_net *sn, struct serval_backlog *b)
{
	struct serval_waiting *w, *next;
	LIST_HEAD(list);

	spin_lock_bh(&b->lock);
	b->max = 0;
	list_splice_init(&b->list, &list);
	/* others have room reserved, and give it back themselves */
	b->len -= list_count_nodes(&list);
	spin_unlock_bh(&b->lock);
	list_for_each_entry_safe(w, next, &list, node) {
		serval_fin_prepare(sn, w->conn);
		serval_waiting_drop(sn, w);
	}
}

/**
 * serval_dgram_close() - leave whatever a socket is connected or listens to
 * @sn:   namespace
 * @conn: the socket's
 * @sk:   socket, locked
 */
void serval_dgram_close(struct serval_net *sn, struct serval_conn *conn,
			struct sock *sk)
{
	set_state(conn, sk, TCP_CLOSE);
	leave_flow(sn, conn, sk);
	if (serval_options(conn)->backlog)
		end_backlog(sn, conn->options->backlog);
}

static int use_flow(struct serval_net *sn, struct serval_flow *fl)
{
	int err = fl ? serval_flow_insert_random(sn, fl) : -ENOMEM;

	if (err && fl)
		serval_flow_free(fl);
	return err;
}

/**
 * serval_dgram_disconnect() - make a socket an unconnected one
 * @sn:   namespace
 * @conn: the socket's
 * @sk:   socket, locked
 *
 * Return: 0 or -ENOMEM: it is not connected then, and can't send.
 */
int serval_dgram_disconnect(struct serval_net *sn, struct serval_conn *conn,
			    struct sock *sk)
{
	serval_dgram_close(sn, conn, sk);
	conn->active = false;
	memset(&conn->service, 0, sizeof(conn->service));
	inet_sk(sk)->inet_dport = 0;
	WRITE_ONCE(sk->sk_shutdown, 0);
	/* accept() and poll() look again */
	sk->sk_state_change(sk);
	return use_flow(sn, serval_flow_alloc_unconnected(conn));
}

static struct serval_flow *alloc_active(struct serval_conn *conn)
{
	struct serval_flow *fl = serval_flow_alloc(conn, GFP_KERNEL_ACCOUNT);

	if (!fl)
		return NULL;
	fl->state = SERVAL_FLOW_SYN_SENT;
	return fl;
}

static int start_connect(struct serval_net *sn, struct serval_conn *conn,
			 struct sock *sk, const struct serval_address *addr)
{
	int err;

	serval_dgram_close(sn, conn, sk);
	/* its timer counts there */
	if (!serval_conn_set_options(conn, GFP_KERNEL_ACCOUNT))
		return -ENOMEM;
	WRITE_ONCE(sk->sk_err, 0);
	WRITE_ONCE(sk->sk_err_soft, 0);
	WRITE_ONCE(sk->sk_shutdown, 0);
	err = serval_socket_take_device(sn, conn, sk) ?:
	      serval_socket_ask(conn, addr) ?:
	      serval_output_check(sn, conn) ?: serval_encap_prepare(sn, conn) ?:
	      use_flow(sn, alloc_active(conn));
	if (err)
		return err;
	/* a connected socket gets nothing else any more; its name stays */
	serval_socket_unbind(sn, conn, sk);
	inet_sk(sk)->inet_dport = htons(SERVAL_PORT);
	set_state(conn, sk, TCP_SYN_SENT);
	return serval_dgram_start(sn, conn, sk);
}

/* Return: what is left of the time */
static long wait_for_answer(struct sock *sk, long timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(sk_sleep(sk), &wait);
	while (READ_ONCE(sk->sk_state) == TCP_SYN_SENT) {
		release_sock(sk);
		timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, timeo);
		lock_sock(sk);
		if (signal_pending(current) || !timeo)
			break;
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return timeo;
}

static int finish_connect(struct socket *sock, int flags)
{
	struct sock *sk = sock->sk;
	long timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);

	if (timeo)
		timeo = wait_for_answer(sk, timeo);
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_ESTABLISHED:
		sock->state = SS_CONNECTED;
		return 0;
	case TCP_SYN_SENT:
		return signal_pending(current) && timeo ?
		       sock_intr_errno(timeo) : -EINPROGRESS;
	default:
		sock->state = SS_UNCONNECTED;
		return sock_error(sk) ?: -ECONNABORTED;
	}
}

static int connect_locked(struct serval_net *sn, struct socket *sock,
			  const struct serval_address *addr, int flags)
{
	struct sock *sk = sock->sk;
	struct serval_conn *conn;
	int err;

	switch (READ_ONCE(sk->sk_state)) {
	case TCP_LISTEN:
		return -EISCONN;
	case TCP_SYN_SENT:
		if (flags & O_NONBLOCK)
			return -EALREADY;
		return finish_connect(sock, flags);
	}
	/* the end of an attempt that nobody has waited for */
	if (sock->state == SS_CONNECTING)
		return finish_connect(sock, O_NONBLOCK);
	conn = serval_conn_claim(sn, sk);
	err = start_connect(sn, conn, sk, addr);
	if (err) {
		serval_dgram_disconnect(sn, conn, sk);
		sock->state = SS_UNCONNECTED;
		return err;
	}
	sock->state = SS_CONNECTING;
	return finish_connect(sock, flags);
}

/**
 * serval_dgram_connect() - proto_ops->connect
 * @sock:  socket; a connected one leaves its peer first
 * @uaddr: service, or AF_UNSPEC to leave only
 * @len:   of @uaddr
 * @flags: O_NONBLOCK
 *
 * Return: 0 or as connect(2).
 */
static int serval_dgram_connect(struct socket *sock, struct sockaddr *uaddr,
				int len, int flags)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_address addr;
	bool leave;
	int err;

	leave = len >= (int)sizeof(uaddr->sa_family) &&
		uaddr->sa_family == AF_UNSPEC;
	err = leave ? 0 : serval_address_parse(uaddr, len, &addr);
	if (err)
		return err;
	lock_sock(sk);
	if (!leave) {
		err = connect_locked(sn, sock, &addr, flags);
	} else {
		err = serval_dgram_disconnect(sn, serval_conn_claim(sn, sk),
					      sk);
		sock->state = SS_UNCONNECTED;
	}
	release_sock(sk);
	return err;
}

static struct serval_backlog *alloc_backlog(const struct sock *sk)
{
	struct serval_backlog *b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);

	if (!b)
		return NULL;
	spin_lock_init(&b->lock);
	INIT_LIST_HEAD(&b->list);
	b->limit = READ_ONCE(sk->sk_rcvbuf);
	return b;
}

static int start_listen(struct serval_net *sn, struct serval_conn *conn,
			struct sock *sk, u32 max)
{
	struct serval_options *opt;
	struct serval_backlog *b;
	int err;

	opt = serval_conn_set_options(conn, GFP_KERNEL_ACCOUNT);
	if (!opt)
		return -ENOMEM;
	b = opt->backlog ?: alloc_backlog(sk);
	if (!b)
		return -ENOMEM;
	/* pairs with backlog_of() */
	smp_store_release(&opt->backlog, b);
	err = serval_socket_take_device(sn, conn, sk) ?:
	      serval_socket_autobind(sn, conn, sk);
	if (err)
		return err;
	spin_lock_bh(&b->lock);
	b->max = max;
	spin_unlock_bh(&b->lock);
	WRITE_ONCE(sk->sk_max_ack_backlog, max);
	set_state(conn, sk, TCP_LISTEN);
	return 0;
}

/**
 * serval_dgram_listen() - proto_ops->listen
 * @sock:    socket
 * @backlog: connections that may wait; see listen(2)
 *
 * Return: 0, -EINVAL if it is connected, -ENOMEM.
 */
static int serval_dgram_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state == SS_UNCONNECTED &&
	    (1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN))
		/* as TCP: one more than asked for */
		err = start_listen(sn, serval_conn_claim(sn, sk), sk,
				   (u32)backlog + 1);
	release_sock(sk);
	return err;
}

static struct serval_waiting *pop(struct serval_backlog *b)
{
	struct serval_waiting *w;

	spin_lock_bh(&b->lock);
	w = list_first_entry_or_null(&b->list, struct serval_waiting, node);
	if (w) {
		list_del(&w->node);
		b->len--;
	}
	spin_unlock_bh(&b->lock);
	return w;
}

/* Return: a connection, an ERR_PTR */
static struct serval_waiting *wait_for_conn(struct sock *sk,
					    struct serval_backlog *b, int flags)
{
	long timeo = sock_rcvtimeo(sk, flags & O_NONBLOCK);
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct serval_waiting *w;

	add_wait_queue_exclusive(sk_sleep(sk), &wait);
	for (;;) {
		w = ERR_PTR(-EINVAL);
		if (READ_ONCE(sk->sk_state) != TCP_LISTEN)
			break;
		w = pop(b);
		if (w)
			break;
		w = ERR_PTR(-EAGAIN);
		if (!timeo)
			break;
		w = ERR_PTR(sock_intr_errno(timeo));
		if (signal_pending(current))
			break;
		timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, timeo);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return w;
}

/* The connection is the socket's from now on */
static void attach(struct serval_net *sn, struct serval_waiting *w,
		   struct sock *sk)
{
	struct serval_conn *conn = w->conn;
	struct sk_buff_head skbs;
	struct sk_buff *skb;

	__skb_queue_head_init(&skbs);
	sk->sk_v6_rcv_saddr = serval_conn_laddr(conn);
	inet6_sk(sk)->saddr = sk->sk_v6_rcv_saddr;
	inet_sk(sk)->inet_dport = htons(SERVAL_PORT);
	sock_hold(sk);
	spin_lock_bh(&conn->lock);
	conn->waits = false;
	conn->owner = sk;
	WRITE_ONCE(conn->sk, sk);
	WRITE_ONCE(sk->sk_state, TCP_ESTABLISHED);
	if (w->ended)
		sk->sk_shutdown = RCV_SHUTDOWN;
	skb_queue_splice_init(&w->skbs, &skbs);
	spin_unlock_bh(&conn->lock);
	while ((skb = __skb_dequeue(&skbs))) {
		atomic_sub(skb->truesize, &w->backlog->bytes);
		local_bh_disable();
		serval_datagram_queue(sn, sk, skb);
		local_bh_enable();
	}
	serval_waiting_free(w);
}

/* What a program may have set before listen(), as TCP passes it on */
static void inherit(struct sock *sk, const struct sock *listener)
{
	sk->sk_mark = READ_ONCE(listener->sk_mark);
	sk->sk_priority = READ_ONCE(listener->sk_priority);
	sk->sk_rcvbuf = READ_ONCE(listener->sk_rcvbuf);
	sk->sk_sndbuf = READ_ONCE(listener->sk_sndbuf);
	sk->sk_userlocks |= listener->sk_userlocks &
			    (SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK);
	inet6_sk(sk)->tclass = inet6_sk(listener)->tclass;
	inet_sk(sk)->tos = inet_sk(listener)->tos;
	udp_sk(sk)->gso_size = READ_ONCE(udp_sk(listener)->gso_size);
}

/* proto_ops->accept */
static int serval_dgram_accept(struct socket *sock, struct socket *newsock,
			       SERVAL_ACCEPT_ARGS)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_conn *conn = serval_conn_claim(sn, sk);
	const struct serval_options *opt;
	struct serval_waiting *w;
	int err;

	if (READ_ONCE(sk->sk_state) != TCP_LISTEN)
		return -EINVAL;
	opt = serval_options(conn);
	w = wait_for_conn(sk, opt->backlog, SERVAL_ACCEPT_FLAGS);
	if (IS_ERR(w))
		return PTR_ERR(w);
	err = serval_socket_make(sock_net(sk), newsock);
	if (err) {
		serval_fin_prepare(sn, w->conn);
		serval_waiting_drop(sn, w);
		return err;
	}
	inherit(newsock->sk, sk);
	attach(sn, w, newsock->sk);
	newsock->state = SS_CONNECTED;
	if (READ_ONCE(opt->recv_dest))
		err = serval_dgram_set_recv_dest(newsock, true);
	if (!err && READ_ONCE(opt->gro))
		err = serval_dgram_set_gro(newsock, true);
	return err;
}

static void shut(struct serval_net *sn, struct serval_conn *conn,
		 struct sock *sk, int how)
{
	bool first = how & SEND_SHUTDOWN && !(sk->sk_shutdown & SEND_SHUTDOWN);
	struct serval_flow *fl;

	spin_lock_bh(&conn->lock);
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | how);
	spin_unlock_bh(&conn->lock);
	if (first)
		serval_fin_prepare(sn, conn);
	rcu_read_lock();
	fl = rcu_dereference(conn->flow);
	if (fl && first)
		serval_fin_send(sn, fl);
	rcu_read_unlock();
	sk->sk_state_change(sk);
}

/**
 * serval_dgram_shutdown() - proto_ops->shutdown
 * @sock: socket
 * @how:  see shutdown(2)
 *
 * Return: 0, -EINVAL, -ENOTCONN.
 */
static int serval_dgram_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	struct serval_net *sn = serval_net(sock_net(sk));
	struct serval_conn *conn;
	int err = 0;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	lock_sock(sk);
	conn = serval_conn_claim(sn, sk);
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_LISTEN:
		if (how == SHUT_WR)
			break;
		fallthrough;
	case TCP_SYN_SENT:
		err = serval_dgram_disconnect(sn, conn, sk);
		sock->state = SS_UNCONNECTED;
		break;
	case TCP_ESTABLISHED:
		shut(sn, conn, sk, how + 1);
		break;
	default:
		/* as UDP: who sleeps on it is woken all the same */
		shut(sn, conn, sk, how + 1);
		err = -ENOTCONN;
	}
	release_sock(sk);
	return err;
}

/**
 * serval_dgram_conn_override() - put these calls into UDPv6's operations
 * @ops: copy of UDPv6's table
 */
void serval_dgram_conn_override(struct proto_ops *ops)
{
	ops->connect = serval_dgram_connect;
	ops->listen = serval_dgram_listen;
	ops->accept = serval_dgram_accept;
	ops->shutdown = serval_dgram_shutdown;
}
