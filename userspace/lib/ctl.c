// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests to the kernel: each is one message, answered by any number of
 * messages and an acknowledgment or, for dumps, an end.
 */
#include "ctl.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#define DUMP_TRIES	8
#define PATIENCE	15000	/* milliseconds */

static struct serval_ctl *ctl_alloc(void)
{
	struct serval_ctl *ctl = calloc(1, sizeof(*ctl));

	if (!ctl)
		return NULL;
	ctl->patience = PATIENCE;
	ctl->buf = malloc(SERVAL_RECV_SIZE);
	if (ctl->buf)
		return ctl;
	free(ctl);
	return NULL;
}

int serval_ctl_open_fd(struct serval_ctl **ctlp, int fd, int family)
{
	struct serval_ctl *ctl = ctl_alloc();

	if (!ctl) {
		close(fd);
		return -ENOMEM;
	}
	ctl->fd = fd;
	ctl->family = family;
	*ctlp = ctl;
	return 0;
}

int serval_ctl_open(struct serval_ctl **ctlp, const char *netns)
{
	struct serval_ctl *ctl = ctl_alloc();
	int err;

	if (!ctl)
		return -ENOMEM;
	err = serval_netlink_open(&ctl->sk, netns, &ctl->family);
	if (err) {
		free(ctl->buf);
		free(ctl);
		return err;
	}
	ctl->fd = nl_socket_get_fd(ctl->sk);
	*ctlp = ctl;
	return 0;
}

void serval_ctl_close(struct serval_ctl *ctl)
{
	if (!ctl)
		return;
	if (ctl->sk)
		nl_socket_free(ctl->sk);
	else
		close(ctl->fd);
	free(ctl->buf);
	free(ctl);
}

const char *serval_ctl_error(const struct serval_ctl *ctl)
{
	return ctl->text;
}

void serval_ctl_set_waiting(struct serval_ctl *ctl, serval_waiting_fn fn,
			    void *data)
{
	ctl->waiting = fn;
	ctl->waiting_data = data;
}

int serval_ctl_send(struct serval_ctl *ctl, struct nl_msg *msg)
{
	struct nlmsghdr *nlh;
	ssize_t n;

	ctl->text[0] = '\0';
	if (!msg)
		return -ENOMEM;
	nlh = nlmsg_hdr(msg);
	nlh->nlmsg_seq = ++ctl->seq;
	do
		n = send(ctl->fd, nlh, nlh->nlmsg_len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		n = -errno;
	nlmsg_free(msg);
	return n < 0 ? n : 0;
}

/* Send @msg, which is freed, and hand the answers to @reply. */
static int ctl_exec(struct serval_ctl *ctl, struct nl_msg *msg,
		    struct serval_reply *reply)
{
	int n;

	n = serval_ctl_send(ctl, msg);
	if (n)
		return n;
	reply->seq = ctl->seq;
	while (!reply->done) {
		n = serval_netlink_recv(ctl->fd, ctl->buf);
		if (n < 0)
			return n;
		serval_reply_consume(reply, ctl->buf, n);
	}
	memcpy(ctl->text, reply->text, sizeof(ctl->text));
	return reply->error;
}

/* An array that grows with each message: of services, flows, held packets or
 * devices; or only of the services with the ID and prefix of @only.
 */
struct collection {
	int (*parse)(const struct nlmsghdr *nlh, void *item);
	const struct serval_service *only;
	size_t size;
	char *items;
	size_t count;
	size_t room;
};

static bool is_wanted(const struct collection *c, const void *item)
{
	const struct serval_service *svc = item;

	return !c->only || (svc->bits == c->only->bits &&
			    !memcmp(&svc->id, &c->only->id, sizeof(svc->id)));
}

static int collect(const struct nlmsghdr *nlh, void *data)
{
	struct collection *c = data;
	int err;

	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 16;
		char *items = reallocarray(c->items, room, c->size);

		if (!items)
			return -ENOMEM;
		c->items = items;
		c->room = room;
	}
	err = c->parse(nlh, c->items + c->count * c->size);
	if (!err && is_wanted(c, c->items + c->count * c->size))
		c->count++;
	return err;
}

static int parse_service(const struct nlmsghdr *nlh, void *item)
{
	return serval_msg_parse_service(nlh, item);
}

static int parse_flow(const struct nlmsghdr *nlh, void *item)
{
	return serval_msg_parse_flow(nlh, item);
}

static int parse_held(const struct nlmsghdr *nlh, void *item)
{
	return serval_msg_parse_held(nlh, item);
}

static int parse_dev(const struct nlmsghdr *nlh, void *item)
{
	return serval_msg_parse_dev(nlh, item);
}

static struct nl_msg *dump_msg(struct serval_ctl *ctl, int cmd,
			       const struct serval_service *only)
{
	if (only)
		return serval_msg_service(ctl->family, cmd, NLM_F_DUMP, only);
	return serval_msg_bare(ctl->family, cmd, NLM_F_DUMP);
}

static int ctl_dump(struct serval_ctl *ctl, int cmd, struct collection *c)
{
	struct serval_reply reply;
	int tries = DUMP_TRIES;
	int err;

	do {
		c->count = 0;
		reply = (struct serval_reply){ .msg = collect, .data = c };
		err = ctl_exec(ctl, dump_msg(ctl, cmd, c->only), &reply);
	} while (!err && reply.interrupted && --tries);
	if (err) {
		free(c->items);
		return err;
	}
	return reply.interrupted;
}

int serval_service_dump(struct serval_ctl *ctl, struct serval_service **list,
			size_t *count)
{
	struct collection c = {
		.parse = parse_service,
		.size = sizeof(struct serval_service),
	};
	int ret = ctl_dump(ctl, SERVAL_CMD_SERVICE_GET, &c);

	if (ret < 0)
		return ret;
	*list = (struct serval_service *)c.items;
	*count = c.count;
	return ret;
}

int serval_flow_dump(struct serval_ctl *ctl, struct serval_flow **list,
		     size_t *count)
{
	struct collection c = {
		.parse = parse_flow,
		.size = sizeof(struct serval_flow),
	};
	int ret = ctl_dump(ctl, SERVAL_CMD_FLOW_GET, &c);

	if (ret < 0)
		return ret;
	*list = (struct serval_flow *)c.items;
	*count = c.count;
	return ret;
}

/* A request about a service; the kernel's answer goes to @c, if any. */
static int service_exec(struct serval_ctl *ctl, int cmd,
			const struct serval_service *svc,
			struct collection *c)
{
	struct serval_reply reply = { .msg = c ? collect : NULL, .data = c };

	return ctl_exec(ctl, serval_msg_service(ctl->family, cmd, NLM_F_ACK,
						svc), &reply);
}

int serval_service_add(struct serval_ctl *ctl,
		       const struct serval_service *svc)
{
	return service_exec(ctl, SERVAL_CMD_SERVICE_NEW, svc, NULL);
}

int serval_service_set(struct serval_ctl *ctl,
		       const struct serval_service *svc)
{
	return service_exec(ctl, SERVAL_CMD_SERVICE_SET, svc, NULL);
}

int serval_service_del(struct serval_ctl *ctl,
		       const struct serval_service *svc,
		       struct serval_service *last)
{
	struct collection c = {
		.parse = parse_service,
		.size = sizeof(struct serval_service),
	};
	int err;

	err = service_exec(ctl, SERVAL_CMD_SERVICE_DEL, svc, &c);
	if (!err && last) {
		memset(last, 0, sizeof(*last));
		if (c.count)
			memcpy(last, c.items, sizeof(*last));
	}
	free(c.items);
	return err;
}

int serval_service_get(struct serval_ctl *ctl, const struct service_id *id,
		       unsigned int bits, struct serval_service **list,
		       size_t *count)
{
	struct serval_service svc = { .id = *id, .bits = bits };
	struct collection c = {
		.parse = parse_service,
		.only = &svc,
		.size = sizeof(struct serval_service),
	};
	int ret;

	/* Not the plain request: it answers with the best target only.  The
	 * ID tells the kernel what is wanted; it may send more.
	 */
	ret = ctl_dump(ctl, SERVAL_CMD_SERVICE_GET, &c);
	if (ret < 0)
		return ret;
	if (!c.count) {
		free(c.items);
		return -ENOENT;
	}
	*list = (struct serval_service *)c.items;
	*count = c.count;
	return ret;
}

int serval_service_flush(struct serval_ctl *ctl)
{
	struct serval_reply reply = { 0 };

	return ctl_exec(ctl, serval_msg_bare(ctl->family,
					     SERVAL_CMD_SERVICE_FLUSH,
					     NLM_F_ACK), &reply);
}

int serval_flow_get(struct serval_ctl *ctl, struct flow_id local_id,
		    struct serval_flow *flow)
{
	struct serval_reply reply = { .msg = parse_flow, .data = flow };

	flow->has = 0;
	return ctl_exec(ctl, serval_msg_flow(ctl->family, SERVAL_CMD_FLOW_GET,
					     NLM_F_ACK, local_id), &reply) ?:
	       (flow->has ? 0 : -ENOENT);
}

static int change_flow(struct serval_ctl *ctl, __u8 cmd,
		       struct flow_id local_id)
{
	struct serval_reply reply = { 0 };

	return ctl_exec(ctl, serval_msg_flow(ctl->family, cmd, NLM_F_ACK,
					     local_id), &reply);
}

int serval_flow_kill(struct serval_ctl *ctl, struct flow_id local_id)
{
	return change_flow(ctl, SERVAL_CMD_FLOW_DEL, local_id);
}

int serval_flow_part(struct serval_ctl *ctl, struct flow_id local_id)
{
	return change_flow(ctl, SERVAL_CMD_FLOW_PART, local_id);
}

int serval_flow_use(struct serval_ctl *ctl, struct flow_id local_id)
{
	return change_flow(ctl, SERVAL_CMD_FLOW_USE, local_id);
}

int serval_delay_dump(struct serval_ctl *ctl, struct serval_held **list,
		      size_t *count)
{
	struct collection c = {
		.parse = parse_held,
		.size = sizeof(struct serval_held),
	};
	int ret = ctl_dump(ctl, SERVAL_CMD_DELAY_GET, &c);

	if (ret < 0)
		return ret;
	*list = (struct serval_held *)c.items;
	*count = c.count;
	return ret;
}

static int verdict(struct serval_ctl *ctl, __u32 id, __u8 what)
{
	struct serval_reply reply = { 0 };

	return ctl_exec(ctl, serval_msg_verdict(ctl->family, id, what),
			&reply);
}

int serval_delay_release(struct serval_ctl *ctl, __u32 id)
{
	return verdict(ctl, id, SERVAL_DELAY_RELEASE);
}

int serval_delay_drop(struct serval_ctl *ctl, __u32 id)
{
	return verdict(ctl, id, SERVAL_DELAY_DROP);
}

int serval_dev_dump(struct serval_ctl *ctl, struct serval_dev **list,
		    size_t *count)
{
	struct collection c = {
		.parse = parse_dev,
		.size = sizeof(struct serval_dev),
	};
	int ret = ctl_dump(ctl, SERVAL_CMD_DEV_GET, &c);

	if (ret < 0)
		return ret;
	*list = (struct serval_dev *)c.items;
	*count = c.count;
	return ret;
}

int serval_dev_set(struct serval_ctl *ctl, const struct serval_dev *dev)
{
	struct serval_reply reply = { 0 };

	return ctl_exec(ctl, serval_msg_dev(ctl->family, dev), &reply);
}

struct counter_walk {
	serval_counter_fn fn;
	void *data;
};

static int walk_counters(const struct nlmsghdr *nlh, void *data)
{
	struct counter_walk *walk = data;

	return serval_msg_parse_stats(nlh, walk->fn, walk->data);
}

int serval_stats_get(struct serval_ctl *ctl, serval_counter_fn fn, void *data)
{
	struct counter_walk walk = { .fn = fn, .data = data };
	struct serval_reply reply = { .msg = walk_counters, .data = &walk };

	return ctl_exec(ctl, serval_msg_bare(ctl->family, SERVAL_CMD_STATS_GET,
					     NLM_F_ACK), &reply);
}
