// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the kernel answers: messages, then an acknowledgment or the end. */
#include "msg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/attr.h>

/* Find the extended acknowledgment's text in the attributes at @attrs. */
static void take_text(struct serval_reply *reply, const void *attrs, int len)
{
	const struct nlattr *msg;

	if (len < (int)sizeof(struct nlattr))
		return;
	msg = nla_find(attrs, len, NLMSGERR_ATTR_MSG);
	if (msg && nla_len(msg) > 0)
		snprintf(reply->text, sizeof(reply->text), "%.*s",
			 nla_len(msg), (const char *)nla_data(msg));
}

/* struct nlmsgerr: the error, the request (its header only if capped), then
 * attributes.
 */
static void take_error(struct serval_reply *reply, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = nlmsg_data(nlh);
	unsigned int skip = sizeof(*e);

	reply->done = true;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(*e)) {
		reply->error = -EBADMSG;
		return;
	}
	if (e->error)
		reply->error = e->error;
	else if (reply->goes_on)
		reply->done = false;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < sizeof(e->msg))
			return;
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	}
	if (skip <= nlh->nlmsg_len - NLMSG_HDRLEN)
		take_text(reply, (const char *)e + skip,
			  nlh->nlmsg_len - NLMSG_HDRLEN - skip);
}

/* The end of a dump: an error number, then attributes. */
static void take_done(struct serval_reply *reply, const struct nlmsghdr *nlh)
{
	const char *data = nlmsg_data(nlh);
	int error;

	reply->done = true;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(error))
		return;
	memcpy(&error, data, sizeof(error));
	if (error < 0)
		reply->error = error;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		take_text(reply, data + sizeof(error),
			  nlh->nlmsg_len - NLMSG_HDRLEN - sizeof(error));
}

static void take_message(struct serval_reply *reply,
			 const struct nlmsghdr *nlh)
{
	int err;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		reply->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		take_error(reply, nlh);
		break;
	case NLMSG_DONE:
		take_done(reply, nlh);
		break;
	case NLMSG_NOOP:
		break;
	case NLMSG_OVERRUN:
		reply->done = true;
		reply->error = -EOVERFLOW;
		break;
	default:
		if (!reply->msg || reply->error)
			break;
		err = reply->msg(nlh, reply->data);
		if (err)
			reply->error = err;
	}
}

void serval_reply_consume(struct serval_reply *reply, const void *buf,
			  size_t len)
{
	/* libnl's iterators take no const pointers and write nothing. */
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	int rem = len;

	for (; nlmsg_ok(nlh, rem) && !reply->done; nlh = nlmsg_next(nlh, &rem))
		if (nlh->nlmsg_seq == reply->seq)
			take_message(reply, nlh);
}
