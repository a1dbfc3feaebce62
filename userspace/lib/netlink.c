// SPDX-License-Identifier: LGPL-2.1-or-later
/* Netlink sockets, opened in any network namespace. */
#define _GNU_SOURCE
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

#define NETNS_DIR	"/run/netns"

static int netns_open(const char *name)
{
	char path[4096];
	int fd, n;

	if (!*name)
		return -ENOENT;
	if (strchr(name, '/'))
		n = snprintf(path, sizeof(path), "%s", name);
	else
		n = snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int serval_netns_enter(const char *name)
{
	int fd = netns_open(name);
	int err = 0;

	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWNET))
		err = -errno;
	close(fd);
	return err;
}

/* The nearest errno of a libnl error, for the calls that have no better. */
static int errno_of(int nlerr)
{
	switch (-nlerr) {
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_OBJ_NOTFOUND:
		return -EPROTONOSUPPORT;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	case NLE_PROTO_MISMATCH:
		return -EPROTONOSUPPORT;
	default:
		return -EIO;
	}
}

static void want_text(int fd)
{
	static const int options[] = {
		NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK,
	};
	size_t i;

	/* All of them are extras: an older kernel just says less. */
	for (i = 0; i < ARRAY_SIZE(options); i++)
		setsockopt(fd, SOL_NETLINK, options[i], &(int){ 1 },
			   sizeof(int));
}

static int netlink_open_here(struct nl_sock **skp, int *family)
{
	struct nl_sock *sk = nl_socket_alloc();
	int err;

	if (!sk)
		return -ENOMEM;
	err = genl_connect(sk);
	if (!err)
		err = genl_ctrl_resolve(sk, SERVAL_GENL_NAME);
	if (err < 0) {
		nl_socket_free(sk);
		return errno_of(err);
	}
	*family = err;
	want_text(nl_socket_get_fd(sk));
	*skp = sk;
	return 0;
}

int serval_netlink_open(struct nl_sock **skp, const char *netns, int *family)
{
	int home, err;

	if (!netns)
		return netlink_open_here(skp, family);
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	err = serval_netns_enter(netns);
	if (err)
		goto out;
	err = netlink_open_here(skp, family);
	if (setns(home, CLONE_NEWNET)) {
		if (!err)
			nl_socket_free(*skp);
		err = -errno;
	}
out:
	close(home);
	return err;
}

int serval_netlink_recv(int fd, void *buf)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	struct iovec iov = { .iov_base = buf, .iov_len = SERVAL_RECV_SIZE };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do
		n = recvmsg(fd, &msg, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!n)
		return -ECONNRESET;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	/* Only the kernel has port 0. */
	if (msg.msg_namelen == sizeof(from) && from.nl_pid)
		return 0;
	return n;
}
