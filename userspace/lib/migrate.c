// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Moves of connections, and flows that join one: a request is answered by how
 * many have begun and by how each of them ends, in any order, and by an
 * acknowledgment before the end.
 */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>

/* Moves of one device end all at once: this has room for ten thousand of them */
#define MOVES_RCVBUF	8388608

#define TICK		1000	/* milliseconds */

/* The moves of one request; what was @dropped, the kernel had no room for. */
struct wait {
	struct serval_ctl *ctl;
	struct serval_moves *moves;
	bool answered;
	bool dropped;
	__u32 begun;
	__u32 ended;
};

static int take(const struct nlmsghdr *nlh, void *data)
{
	struct wait *w = data;
	struct serval_moved moved;
	__u32 refused;
	int err;

	if (!serval_msg_parse_begun(nlh, &w->begun, &refused)) {
		w->answered = true;
		w->moves->begun += w->begun;
		w->moves->refused += refused;
		return 0;
	}
	err = serval_msg_parse_moved(nlh, &moved);
	if (err)
		return err;
	w->ended++;
	if (moved.error)
		w->moves->failed++;
	else
		w->moves->moved++;
	if (w->moves->fn)
		w->moves->fn(&moved, w->moves->data);
	return 0;
}

/* A message that cannot be read leaves nothing to count. */
static bool is_over(const struct wait *w, const struct serval_reply *reply)
{
	return reply->done || reply->error ||
	       (w->answered && w->ended >= w->begun);
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Return: 0 if a message has come, -ETIMEDOUT, or what poll() failed with. */
static int wait_readable(const struct wait *w)
{
	struct pollfd pfd = { .fd = w->ctl->fd, .events = POLLIN };
	long long end = now() + w->ctl->patience, tick = now() + TICK;
	int n;

	for (;;) {
		long long t = now();

		if (t >= tick && w->ctl->waiting)
			w->ctl->waiting(w->begun, w->ended,
					w->ctl->waiting_data);
		while (tick <= t)
			tick += TICK;
		if (t >= end)
			return -ETIMEDOUT;
		n = poll(&pfd, 1, (tick < end ? tick : end) - t);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* Hand what comes to @reply until all has been told. */
static int wait_for_all(struct wait *w, struct serval_reply *reply)
{
	struct serval_ctl *ctl = w->ctl;
	int n;

	while (!is_over(w, reply)) {
		n = wait_readable(w) ?: serval_netlink_recv(ctl->fd, ctl->buf);
		if (n == -ENOBUFS) {
			w->dropped = true;
			continue;
		}
		if (n == -ETIMEDOUT && w->dropped)
			return -ENOBUFS;
		if (n < 0)
			return n;
		serval_reply_consume(reply, ctl->buf, n);
	}
	memcpy(ctl->text, reply->text, sizeof(ctl->text));
	return reply->error;
}

/* Without the right to force it, as much as net.core.rmem_max allows. */
static void make_room(int fd)
{
	const int size = MOVES_RCVBUF;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

/* @cmd for the connections whose @attr is @value; the numbers in @moves add up. */
static int request(struct serval_ctl *ctl, __u8 cmd, int attr,
		   const void *value, const struct serval_migrate_to *to,
		   struct serval_moves *moves)
{
	struct wait w = { .ctl = ctl, .moves = moves };
	struct serval_reply reply = {
		.msg = take,
		.data = &w,
		.goes_on = true,
	};
	int err;

	make_room(ctl->fd);
	err = serval_ctl_send(ctl, serval_msg_migrate(ctl->family, cmd, attr,
						      value, to));
	if (err)
		return err;
	reply.seq = ctl->seq;
	return wait_for_all(&w, &reply);
}

static int migrate(struct serval_ctl *ctl, int attr, const void *value,
		   const struct serval_migrate_to *to,
		   struct serval_moves *moves)
{
	return request(ctl, SERVAL_CMD_FLOW_MIGRATE, attr, value, to, moves);
}

static void reset(struct serval_moves *moves)
{
	moves->begun = 0;
	moves->refused = 0;
	moves->moved = 0;
	moves->failed = 0;
}

static void keep(const struct serval_moved *moved, void *data)
{
	*(struct serval_moved *)data = *moved;
}

static int request_one(struct serval_ctl *ctl, __u8 cmd,
		       struct flow_id local_id,
		       const struct serval_migrate_to *to,
		       struct serval_moved *moved)
{
	struct serval_moved last = { .error = 0 };
	struct serval_moves moves = { .fn = keep, .data = &last };
	int err;

	err = request(ctl, cmd, SERVAL_A_FLOW_LOCAL_ID, &local_id, to, &moves);
	if (moved)
		*moved = last;
	return err ?: -last.error;
}

int serval_flow_migrate(struct serval_ctl *ctl, struct flow_id local_id,
			const struct serval_migrate_to *to,
			struct serval_moved *moved)
{
	return request_one(ctl, SERVAL_CMD_FLOW_MIGRATE, local_id, to, moved);
}

int serval_flow_join(struct serval_ctl *ctl, struct flow_id local_id,
		     const struct serval_migrate_to *to,
		     struct serval_moved *joined)
{
	return request_one(ctl, SERVAL_CMD_FLOW_JOIN, local_id, to, joined);
}

int serval_dev_migrate(struct serval_ctl *ctl, __u32 ifindex,
		       const struct serval_migrate_to *to,
		       struct serval_moves *moves)
{
	reset(moves);
	return migrate(ctl, SERVAL_A_FLOW_IFINDEX, &ifindex, to, moves);
}

int serval_service_migrate(struct serval_ctl *ctl, const struct service_id *id,
			   const struct serval_migrate_to *to,
			   struct serval_moves *moves)
{
	reset(moves);
	return migrate(ctl, SERVAL_A_FLOW_LOCAL_SERVICE, id, to, moves) ?:
	       migrate(ctl, SERVAL_A_FLOW_PEER_SERVICE, id, to, moves);
}
