// SPDX-License-Identifier: GPL-2.0-only
/*
 * New TCPv6 and UDPv6 socks for AF_SERVAL sockets.
 *
 * __sock_create() would make the sock together with a struct socket, an inode,
 * that is thrown away at once: a fiftieth of what a connection costs.  So the
 * sock is made here, as inet6_create() makes it.  What that puts into a sock
 * before the protocol's init() differs from kernel to kernel, but not from sock
 * to sock: it is copied from a model, as the kernel made it at load time.
 *
 * Models are constant after load and refer to nothing that ends.
 */
#include <linux/bpf-cgroup.h>
#include <linux/ipv6.h>
#include <net/inet_connection_sock.h>
#include <net/inet_sock.h>
#include <net/sock.h>

#include "newsock.h"

/**
 * struct model - a sock as inet6_create() leaves it
 * @prot: the protocol's operations
 * @inet: the sock; behind struct sock nothing but options and their defaults
 * @np:   the same for IPv6
 * @np_offset: of struct ipv6_pinfo in the protocol's sock
 */
struct model {
	struct proto *prot;
	struct inet_sock inet;
	struct ipv6_pinfo np;
	size_t np_offset;
};

static struct model tcp_model __ro_after_init;
static struct model udp_model __ro_after_init;

/**
 * serval_newsock_learn() - take a sock as the model of its protocol
 * @sock: an AF_INET6 socket that was just made
 */
void __init serval_newsock_learn(struct socket *sock)
{
	const struct sock *sk = sock->sk;
	struct model *model = sk->sk_protocol == IPPROTO_TCP ? &tcp_model :
							       &udp_model;

	model->prot = sk->sk_prot;
	model->inet = *inet_sk(sk);
	model->np = *inet6_sk(sk);
	model->np_offset = (char *)inet6_sk(sk) - (char *)sk;
}

static void copy_model(struct sock *sk, const struct model *model)
{
	const struct sock *from = &model->inet.sk;

	memcpy((char *)sk + sizeof(*sk), (char *)&model->inet + sizeof(*sk),
	       sizeof(model->inet) - sizeof(*sk));
	inet_sk(sk)->pinet6 = (void *)((char *)sk + model->np_offset);
	*inet_sk(sk)->pinet6 = model->np;
	sk->sk_reuse = from->sk_reuse;
	sk->sk_destruct = from->sk_destruct;
	sk->sk_family = PF_INET6;
	sk->sk_protocol = from->sk_protocol;
	sk->sk_backlog_rcv = model->prot->backlog_rcv;
	sk->sk_txrehash = READ_ONCE(sock_net(sk)->core.sysctl_txrehash);
}

static int start(struct sock *sk, int kern)
{
	int err = sk->sk_prot->init(sk);

	if (!err && !kern)
		err = BPF_CGROUP_RUN_PROG_INET_SOCK(sk);
	return err;
}

/**
 * serval_newsock() - make a sock of TCPv6 or UDPv6
 * @net:      namespace
 * @sock:     gets it; has none
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @kern:     for the kernel, not a program
 *
 * sk_common_release() ends it as long as nobody could use it.
 *
 * Context: process.
 * Return: 0, or what socket() says; then @sock has none.
 */
int serval_newsock(struct net *net, struct socket *sock, int protocol,
		   int kern)
{
	const struct model *model = protocol == IPPROTO_TCP ? &tcp_model :
							      &udp_model;
	struct sock *sk;
	int err;

	sk = sk_alloc(net, PF_INET6, GFP_KERNEL, model->prot, kern);
	if (!sk)
		return -ENOBUFS;
	sock_init_data(sock, sk);
	copy_model(sk, model);
	if (protocol == IPPROTO_TCP)
		inet_init_csk_locks(sk);
	err = start(sk, kern);
	if (!err)
		return 0;
	sk_common_release(sk);
	sock->sk = NULL;
	return err;
}
