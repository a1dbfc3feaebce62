// SPDX-License-Identifier: LGPL-2.1-or-later
/* Events, on a socket of their own so that no answer waits behind them. */
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <sys/socket.h>

/* Asked for; the kernel's net.core.rmem_max may allow less. */
#define EVENTS_RCVBUF	1048576

struct serval_events {
	struct nl_sock *sk;
	int family;
	char *buf;
};

/* All groups are looked up before the first is joined, or an event could
 * arrive in place of the next answer.
 */
static int join(struct nl_sock *sk, unsigned int groups)
{
	static const char * const names[] = {
		SERVAL_GENL_MCGRP_SERVICE, SERVAL_GENL_MCGRP_FLOW,
		SERVAL_GENL_MCGRP_DELAY,
	};
	int id[ARRAY_SIZE(names)] = { 0 };
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(groups & 1U << i))
			continue;
		id[i] = genl_ctrl_resolve_grp(sk, SERVAL_GENL_NAME, names[i]);
		if (id[i] < 0)
			return -EPROTONOSUPPORT;
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		err = id[i] ? nl_socket_add_memberships(sk, id[i], 0) : 0;
		if (err)
			return err == -NLE_PERM ? -EPERM : -EPROTONOSUPPORT;
	}
	return 0;
}

int serval_events_open(struct serval_events **evp, const char *netns,
		       unsigned int groups)
{
	struct serval_events *ev = calloc(1, sizeof(*ev));
	int err = -ENOMEM;

	if (!ev)
		return err;
	ev->buf = malloc(SERVAL_RECV_SIZE);
	if (!ev->buf)
		goto err_free;
	err = serval_netlink_open(&ev->sk, netns, &ev->family);
	if (err)
		goto err_free;
	nl_socket_set_buffer_size(ev->sk, EVENTS_RCVBUF, 0);
	err = join(ev->sk, groups);
	if (err)
		goto err_free_sk;
	*evp = ev;
	return 0;

err_free_sk:
	nl_socket_free(ev->sk);
err_free:
	free(ev->buf);
	free(ev);
	return err;
}

void serval_events_close(struct serval_events *ev)
{
	if (!ev)
		return;
	nl_socket_free(ev->sk);
	free(ev->buf);
	free(ev);
}

int serval_events_fd(const struct serval_events *ev)
{
	return nl_socket_get_fd(ev->sk);
}

int serval_events_read(struct serval_events *ev, serval_event_fn fn,
		       void *data)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)ev->buf;
	int rem;

	rem = serval_netlink_recv(nl_socket_get_fd(ev->sk), ev->buf);
	if (rem < 0)
		return rem;
	for (; nlmsg_ok(nlh, rem); nlh = nlmsg_next(nlh, &rem)) {
		struct serval_event event;

		if (nlh->nlmsg_type == ev->family &&
		    !serval_msg_parse_event(nlh, &event))
			fn(&event, data);
	}
	return 0;
}
