// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program moves its own connection: ioctl(), and what SERVAL_MIGRATE does.
 */
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "move.h"
#include "sal.h"
#include "socket.h"

static int parse_to(struct net *net, struct serval_migrate *m,
		    struct serval_move_to *to)
{
	struct net_device *dev;

	if (memchr_inv(m->sm_pad, 0, sizeof(m->sm_pad)))
		return -EINVAL;
	if (m->sm_family == AF_INET)
		to->laddr = serval_addr_from4(get_unaligned((__be32 *)m->sm_addr));
	else if (m->sm_family == AF_INET6)
		memcpy(&to->laddr, m->sm_addr, sizeof(to->laddr));
	else if (m->sm_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	if (!m->sm_dev[0])
		return ipv6_addr_any(&to->laddr) ? -EINVAL : 0;
	m->sm_dev[sizeof(m->sm_dev) - 1] = '\0';
	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, m->sm_dev);
	if (dev)
		to->oif = dev->ifindex;
	rcu_read_unlock();
	return to->oif ? 0 : -ENODEV;
}

static int read_to(struct net *net, void __user *arg,
		   struct serval_move_to *to)
{
	struct serval_migrate m;

	if (copy_from_user(&m, arg, sizeof(m)))
		return -EFAULT;
	return parse_to(net, &m, to);
}

/* As TCP Migrate had it.  The port is not looked at: a flow has none */
static int read_sockaddr(void __user *arg, struct serval_move_to *to)
{
	struct sockaddr_in sin;

	if (copy_from_user(&sin, arg, sizeof(sin)))
		return -EFAULT;
	if (sin.sin_family != AF_INET)
		return -EAFNOSUPPORT;
	if (!sin.sin_addr.s_addr)
		return -EINVAL;
	to->laddr = serval_addr_from4(sin.sin_addr.s_addr);
	return 0;
}

static __be32 flow_id_of(struct serval_net *sn, const struct sock *sk)
{
	const struct serval_conn *conn;
	const struct serval_flow *fl;
	__be32 id;

	rcu_read_lock();
	conn = serval_conn_find_sock(sn, sk);
	fl = conn ? rcu_dereference(conn->flow) : NULL;
	id = fl && serval_flow_is_shown(fl) ? fl->local_id : 0;
	rcu_read_unlock();
	return id;
}

static int begin(struct sock *sk, const struct serval_move_to *to,
		 struct serval_waiter *w)
{
	struct serval_net *sn = serval_net(sock_net(sk));
	__be32 id = flow_id_of(sn, sk);
	int err;

	if (!id)
		return -ENOTCONN;
	err = serval_move_flow(sn, id, to, w);
	/* the connection has moved by itself meanwhile */
	return err == -ENOENT ? -EAGAIN : err;
}

static int migrate(struct socket *sock, const struct serval_move_to *to)
{
	struct serval_waiter *w;
	int err;

	if (sock->file && sock->file->f_flags & O_NONBLOCK)
		return begin(sock->sk, to, NULL) ?: -EINPROGRESS;
	w = serval_waiter_alloc(0, 0, 0);
	if (!w)
		return -ENOMEM;
	err = begin(sock->sk, to, w) ?: serval_waiter_wait(w);
	serval_waiter_put(w);
	return err;
}

/**
 * serval_socket_migrate() - begin to move a socket's connection
 * @sock: AF_SERVAL socket
 * @m:    where to, as the program has given it; changed
 *
 * Context: process.
 * Return: 0 if it has begun, -EINVAL, -EAFNOSUPPORT, -ENODEV, or what
 * serval_move_flow() says.
 */
int serval_socket_migrate(struct socket *sock, struct serval_migrate *m)
{
	struct serval_move_to to = {};

	return parse_to(sock_net(sock->sk), m, &to) ?:
	       begin(sock->sk, &to, NULL);
}

/**
 * serval_ioctl() - proto_ops->ioctl
 * @sock: AF_SERVAL socket
 * @cmd:  SIOCSERVALMIGRATE, SIOCPROTOPRIVATE, or what the transport knows
 * @arg:  user space address of a struct serval_migrate or sockaddr_in
 *
 * Waits for the end of the move, unless the socket does not block.
 *
 * Return: 0, -EINPROGRESS, -ETIMEDOUT if the peer did not answer from there, or
 * what serval_move_flow() says.
 */
int serval_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct serval_move_to to = {};
	int err;

	switch (cmd) {
	case SIOCSERVALMIGRATE:
		err = read_to(sock_net(sock->sk), (void __user *)arg, &to);
		break;
	case SIOCPROTOPRIVATE:
		err = read_sockaddr((void __user *)arg, &to);
		break;
	default:
		/* of both kinds of socket */
		return serval_native_ops()->ioctl(sock, cmd, arg);
	}
	return err ?: migrate(sock, &to);
}
