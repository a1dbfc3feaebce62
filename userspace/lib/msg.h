/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Netlink messages of the "serval" family: built from, and parsed into, the
 * structures of <serval/control.h>.  Nothing here touches a socket.
 */
#ifndef SERVAL_LIB_MSG_H
#define SERVAL_LIB_MSG_H

#include <stdbool.h>
#include <netlink/msg.h>

#include <serval/control.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define SERVAL_ERROR_TEXT_MAX	256

/**
 * struct serval_reply - the answers to one request
 * @seq:         sequence number of the request
 * @msg:         called for each message of the family; 0 or a negative errno
 * @data:        passed to @msg
 * @goes_on:     messages may follow an acknowledgment
 * @done:        no more messages will come
 * @interrupted: the table changed during the dump
 * @error:       0 or the negative errno that ended the request
 * @text:        the kernel's sentence about it, or ""
 */
struct serval_reply {
	__u32 seq;
	int (*msg)(const struct nlmsghdr *nlh, void *data);
	void *data;
	bool goes_on;
	bool done;
	bool interrupted;
	int error;
	char text[SERVAL_ERROR_TEXT_MAX];
};

/**
 * serval_reply_consume() - take one received buffer
 * @reply: the state so far
 * @buf: what was received, aligned for struct nlmsghdr
 * @len: its length
 *
 * Messages with another sequence number are left out: they answer a request
 * that was given up.  If @reply->msg fails, its error becomes @reply->error,
 * but the remaining messages are still consumed.
 */
void serval_reply_consume(struct serval_reply *reply, const void *buf,
			  size_t len);

/**
 * serval_msg_bare() - build a request without attributes
 * @family: id of the generic netlink family
 * @cmd: enum serval_cmd
 * @flags: NLM_F_...
 *
 * Return: the message, to be freed by nlmsg_free(), or NULL.
 */
struct nl_msg *serval_msg_bare(int family, int cmd, int flags);

/**
 * serval_msg_service() - build a request about a service
 * @family: id of the generic netlink family
 * @cmd: enum serval_cmd
 * @flags: NLM_F_...
 * @svc: what its member has says is sent
 *
 * Return: the message, to be freed by nlmsg_free(), or NULL.
 */
struct nl_msg *serval_msg_service(int family, int cmd, int flags,
				  const struct serval_service *svc);

/**
 * serval_msg_flow() - build a request about a flow
 * @family: id of the generic netlink family
 * @cmd: enum serval_cmd
 * @flags: NLM_F_...
 * @local_id: the flow
 *
 * Return: the message, to be freed by nlmsg_free(), or NULL.
 */
struct nl_msg *serval_msg_flow(int family, int cmd, int flags,
			       struct flow_id local_id);

/**
 * serval_msg_verdict() - build a verdict about held packets
 * @family: id of the generic netlink family
 * @id: of the packet, 0 for all
 * @verdict: enum serval_delay_verdict
 *
 * Return: the message, to be freed by nlmsg_free(), or NULL.
 */
struct nl_msg *serval_msg_verdict(int family, __u32 id, __u8 verdict);

/**
 * serval_msg_migrate() - build a request to move connections
 * @family: id of the generic netlink family
 * @cmd: SERVAL_CMD_FLOW_MIGRATE or _JOIN
 * @attr: which: SERVAL_A_FLOW_LOCAL_ID, _IFINDEX, _LOCAL_SERVICE or
 *        _PEER_SERVICE
 * @value: of that attribute
 * @to: where
 *
 * Return: the message, to be freed by nlmsg_free(), or NULL.
 */
struct nl_msg *serval_msg_migrate(int family, __u8 cmd, int attr,
				  const void *value,
				  const struct serval_migrate_to *to);

/**
 * serval_msg_dev() - build a request to change the settings of a device
 * @family: id of the generic netlink family
 * @dev: what its member has says is sent
 *
 * Return: the message, to be freed by nlmsg_free(), or NULL.
 */
struct nl_msg *serval_msg_dev(int family, const struct serval_dev *dev);

/**
 * serval_msg_parse_service() - read an answer or event about a service
 * @nlh: the message
 * @svc: receives it
 *
 * Unknown attributes are skipped.
 *
 * Return: 0, or -EBADMSG if it is malformed or names no service.
 */
int serval_msg_parse_service(const struct nlmsghdr *nlh,
			     struct serval_service *svc);

/**
 * serval_msg_parse_flow() - read an answer or event about a flow
 * @nlh: the message
 * @flow: receives it
 *
 * Return: 0, or -EBADMSG if it is malformed or names no flow.
 */
int serval_msg_parse_flow(const struct nlmsghdr *nlh,
			  struct serval_flow *flow);

/**
 * serval_msg_parse_begun() - read how many moves have begun
 * @nlh: the message
 * @begun: receives how many have
 * @refused: receives how many could not
 *
 * Return: 0, or -ENOMSG if it says something else.
 */
int serval_msg_parse_begun(const struct nlmsghdr *nlh, __u32 *begun,
			   __u32 *refused);

/**
 * serval_msg_parse_moved() - read how a move has ended
 * @nlh: the message
 * @moved: receives it
 *
 * Return: 0, or -EBADMSG if it is malformed.
 */
int serval_msg_parse_moved(const struct nlmsghdr *nlh,
			   struct serval_moved *moved);

/**
 * serval_msg_parse_held() - read an answer or event about a held packet
 * @nlh: the message
 * @held: receives it
 *
 * Return: 0, or -EBADMSG if it is malformed or names no packet.
 */
int serval_msg_parse_held(const struct nlmsghdr *nlh,
			  struct serval_held *held);

/**
 * serval_msg_parse_dev() - read an answer about a device
 * @nlh: the message
 * @dev: receives it
 *
 * Return: 0, or -EBADMSG if it is malformed or names no device.
 */
int serval_msg_parse_dev(const struct nlmsghdr *nlh, struct serval_dev *dev);

/**
 * serval_msg_parse_stats() - read an answer with counters
 * @nlh: the message
 * @fn: called for each counter
 * @data: passed to @fn
 *
 * Return: 0, what @fn returned, or -EBADMSG.
 */
int serval_msg_parse_stats(const struct nlmsghdr *nlh, serval_counter_fn fn,
			   void *data);

/**
 * serval_msg_parse_event() - read an event
 * @nlh: the message
 * @event: receives it
 *
 * Return: 0; -ENOMSG if it is not an event of ours; -EBADMSG.
 */
int serval_msg_parse_event(const struct nlmsghdr *nlh,
			   struct serval_event *event);

#endif /* SERVAL_LIB_MSG_H */
