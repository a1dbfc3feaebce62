/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other end of a request handle: a thread that answers as the module
 * does, with a small service table, two flows, of which the second is not in
 * dumps, two devices and three counters.
 */
#ifndef SERVAL_TESTS_FAKE_KERNEL_H
#define SERVAL_TESTS_FAKE_KERNEL_H

#include <pthread.h>
#include <stdbool.h>

#include "ctl.h"

#define FAKE_RULES_MAX	64
#define FAKE_MOVES_MAX	4
#define FAKE_FAMILY	31

/**
 * struct fake_moves - how requests to move connections, or to join flows, go
 * @moved:   how each move ends
 * @count:   moves that begin; a request for a flow is refused if there is none
 * @early:   so many of them end before the request is answered
 * @lost:    the ends of so many, the last ones, are never told
 * @refused: connections that cannot begin to move
 * @no_ack:  answer without an acknowledgment
 * @garbled: the ends lack an attribute
 * @delay:   milliseconds before the first end that is not early
 * @asked:   the requests so far
 * @cmd:     the last one
 * @attrs:   SERVAL_HAS() of all that it had
 * @which:   the attribute that said which, of the last two; the first in the
 *           high byte
 * @from:    the value of that attribute, if it is a number
 * @to:      where, in the last one
 */
struct fake_moves {
	struct serval_moved moved[FAKE_MOVES_MAX];
	int count;
	int early;
	int lost;
	__u32 refused;
	bool no_ack;
	bool garbled;
	int delay;
	int asked;
	int cmd;
	__u32 attrs;
	__u16 which;
	__u32 from;
	struct serval_migrate_to to;
};

/**
 * struct fake_change - the last request to use or to part with a flow
 * @cmd:   SERVAL_CMD_FLOW_USE or _PART
 * @attrs: SERVAL_HAS() of all that it had
 * @id:    the flow's number; the first flow takes it, the second one is the last
 *         of its connection
 */
struct fake_change {
	int cmd;
	__u32 attrs;
	__u32 id;
};

/**
 * struct fake_kernel - the state of it
 * @thread:        answers requests
 * @fd:            its end of the socket pair
 * @rule:          the table; replaced only between requests
 * @count:         rules in it
 * @interruptions: so many dumps will be marked as inconsistent
 * @dumps:         dumps answered
 * @deny:          refuse changes with EPERM
 * @held:          so many packets wait for a verdict, numbered from 1
 * @verdict:       the last verdict
 * @dev:           settings of the first device, and how they were changed last
 * @moves:         requests to move connections
 * @change:        requests for a flow of several
 * @role:          of the second flow; 0 = it is not told
 */
struct fake_kernel {
	pthread_t thread;
	int fd;
	struct serval_service rule[FAKE_RULES_MAX];
	int count;
	int interruptions;
	int dumps;
	bool deny;
	int held;
	__u8 verdict;
	struct serval_dev dev;
	struct fake_moves moves;
	struct fake_change change;
	__u8 role;
};

/**
 * fake_kernel_start() - begin answering
 * @fk: zeroed
 *
 * Return: a handle that talks to it, closed by serval_ctl_close(), or NULL.
 */
struct serval_ctl *fake_kernel_start(struct fake_kernel *fk);

/**
 * fake_kernel_stop() - wait for its end, after the handle was closed
 * @fk: the state
 */
void fake_kernel_stop(struct fake_kernel *fk);

/**
 * fake_service_msg() - a message about a service as the kernel writes it
 * @cmd: enum serval_cmd
 * @flags: NLM_F_...
 * @svc: the service, also its output-only members
 *
 * Return: the message, to be freed by nlmsg_free().
 */
struct nl_msg *fake_service_msg(int cmd, int flags,
				const struct serval_service *svc);

/**
 * fake_flow_msg() - a message about the flow with the number 4000000000
 * @cmd: enum serval_cmd
 * @flags: NLM_F_...
 *
 * Return: the message, to be freed by nlmsg_free().
 */
struct nl_msg *fake_flow_msg(int cmd, int flags);

/**
 * fake_flow6_msg() - a message about the flow with the number 6, over IPv6
 * @cmd: enum serval_cmd
 * @flags: NLM_F_...
 *
 * Return: the message, to be freed by nlmsg_free().
 */
struct nl_msg *fake_flow6_msg(int cmd, int flags);

/**
 * fake_begun_msg() - an answer to a request to move connections
 * @begun: moves that have begun
 * @refused: connections that cannot move
 *
 * Return: the message, to be freed by nlmsg_free().
 */
struct nl_msg *fake_begun_msg(__u32 begun, __u32 refused);

/**
 * fake_moved_msg() - a message about the end of a move
 * @moved: it
 *
 * Return: the message, to be freed by nlmsg_free().
 */
struct nl_msg *fake_moved_msg(const struct serval_moved *moved);

/**
 * fake_dev_msg() - a message about a device
 * @dev: it
 *
 * Return: the message, to be freed by nlmsg_free().
 */
struct nl_msg *fake_dev_msg(const struct serval_dev *dev);

/**
 * fake_held_msg() - a message about a held packet
 * @cmd: enum serval_cmd
 * @flags: NLM_F_...
 * @id: its number; from the second on it has a sender with name and address
 *
 * Return: the message, to be freed by nlmsg_free().
 */
struct nl_msg *fake_held_msg(int cmd, int flags, __u32 id);

/**
 * fake_ack_msg() - an acknowledgment
 * @req: the request
 * @error: 0 or a negative errno
 * @text: the extended acknowledgment's text, or NULL
 * @capped: leave the request out
 *
 * Return: the message, to be freed by nlmsg_free().
 */
struct nl_msg *fake_ack_msg(const struct nlmsghdr *req, int error,
			    const char *text, bool capped);

#endif /* SERVAL_TESTS_FAKE_KERNEL_H */
