/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the request handle and the event listener. */
#ifndef SERVAL_LIB_CTL_H
#define SERVAL_LIB_CTL_H

#include <netlink/socket.h>

#include "msg.h"

/* Larger than any buffer the kernel fills at once (32 KiB for dumps) */
#define SERVAL_RECV_SIZE	65536

/**
 * struct serval_ctl - a handle for requests
 * @sk:     libnl's socket, or NULL if @fd is not one
 * @fd:     the socket's descriptor
 * @family: id of the generic netlink family
 * @seq:    sequence number of the last request
 * @patience: milliseconds without a word about moves after which they are lost
 * @waiting: called while moves are waited for, or NULL
 * @waiting_data: passed to @waiting
 * @text:   the kernel's sentence about the last request, or ""
 * @buf:    for receiving
 */
struct serval_ctl {
	struct nl_sock *sk;
	int fd;
	int family;
	__u32 seq;
	int patience;
	serval_waiting_fn waiting;
	void *waiting_data;
	char text[SERVAL_ERROR_TEXT_MAX];
	char *buf;
};

/**
 * serval_ctl_open_fd() - make a handle that talks to any descriptor
 * @ctlp: receives the handle
 * @fd: a datagram or seqpacket socket whose other end answers as the kernel
 *      does; the handle owns it from then on, also on failure
 * @family: id of the generic netlink family there
 *
 * Return: 0 or -ENOMEM.
 */
int serval_ctl_open_fd(struct serval_ctl **ctlp, int fd, int family);

/**
 * serval_ctl_send() - send a request
 * @ctl: the handle; its sequence number becomes the request's
 * @msg: the request, which is freed, or NULL
 *
 * Return: 0; -ENOMEM without a request; what send() failed with.
 */
int serval_ctl_send(struct serval_ctl *ctl, struct nl_msg *msg);

/**
 * serval_netlink_open() - open a generic netlink socket
 * @skp: receives libnl's socket
 * @netns: as for serval_ctl_open()
 * @family: receives the id of the family "serval"
 *
 * Return: as serval_ctl_open().
 */
int serval_netlink_open(struct nl_sock **skp, const char *netns, int *family);

/**
 * serval_netlink_recv() - receive one buffer from the kernel
 * @fd: descriptor of a netlink socket
 * @buf: at least SERVAL_RECV_SIZE bytes
 *
 * Return: its length; 0 if it is to be ignored; a negative errno, -EMSGSIZE
 * if it was too long.
 */
int serval_netlink_recv(int fd, void *buf);

#endif /* SERVAL_LIB_CTL_H */
