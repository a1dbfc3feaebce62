/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Socket calls under the names of the original Serval's library, so that
 * programs written for it compile unchanged.
 *
 * The sockets are the kernel's; the calls do what the plain ones do, for
 * sockets of every family.  With SERVAL_NATIVE defined they are the plain
 * calls.  Two add something: getsockopt_sv() knows the family of an
 * AF_SERVAL socket, and strerror_sv() words errors for services.
 */
#ifndef LIBSERVAL_SERVAL_H
#define LIBSERVAL_SERVAL_H

#include <stdio.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <netinet/serval.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reserved IDs, all zero unless the program sets them */
extern struct service_id _controller_srvid;
extern struct service_id _serval_srvid;
extern struct service_id _serval_null_srvid;
#define CONTROLLER_SID		(&_controller_srvid)
#define SERVAL_SID		(&_serval_srvid)
#define SERVAL_NULL_SID		(&_serval_null_srvid)

/**
 * serval_getsockopt() - getsockopt() that knows AF_SERVAL
 * @fd: a socket of any family
 * @level: as for getsockopt()
 * @name: as for getsockopt()
 * @value: receives the value
 * @len: its room, then its length
 *
 * The kernel's SO_DOMAIN answers the family of the transport below, AF_INET6;
 * this one answers AF_SERVAL for an AF_SERVAL socket.
 *
 * Return: 0, or -1 with errno set.
 */
int serval_getsockopt(int fd, int level, int name, void *value,
		      socklen_t *len);

/**
 * srvid_to_str() - service ID as text, for messages
 * @srvid: the ID
 *
 * Return: as service_id_to_str().
 */
const char *srvid_to_str(struct service_id srvid);

#if defined(SERVAL_NATIVE)

#define socket_sv	socket
#define bind_sv		bind
#define connect_sv	connect
#define listen_sv	listen
#define accept_sv	accept
#define send_sv		send
#define sendto_sv	sendto
#define sendmsg_sv	sendmsg
#define recv_sv		recv
#define recvfrom_sv	recvfrom
#define recvmsg_sv	recvmsg
#define getsockopt_sv	serval_getsockopt
#define close_sv	close
#define strerror_sv	strerror
#define strerror_sv_r	strerror_r

#else

/* Each as the call of the same name without "_sv" */
int socket_sv(int domain, int type, int protocol);
int bind_sv(int fd, const struct sockaddr *addr, socklen_t len);
int connect_sv(int fd, const struct sockaddr *addr, socklen_t len);
int listen_sv(int fd, int backlog);
int accept_sv(int fd, struct sockaddr *addr, socklen_t *len);
ssize_t send_sv(int fd, const void *buf, size_t len, int flags);
ssize_t sendto_sv(int fd, const void *buf, size_t len, int flags,
		  const struct sockaddr *addr, socklen_t addrlen);
ssize_t sendmsg_sv(int fd, const struct msghdr *msg, int flags);
ssize_t recv_sv(int fd, void *buf, size_t len, int flags);
ssize_t recvfrom_sv(int fd, void *buf, size_t len, int flags,
		    struct sockaddr *addr, socklen_t *addrlen);
ssize_t recvmsg_sv(int fd, struct msghdr *msg, int flags);
int getsockopt_sv(int fd, int level, int name, void *value, socklen_t *len);
int close_sv(int fd);

/**
 * strerror_sv_r() - text of an error of a socket call
 * @errnum: errno
 * @buf: room for the text
 * @len: of @buf
 *
 * Return: the text, in @buf or constant.
 */
char *strerror_sv_r(int errnum, char *buf, size_t len);

/**
 * strerror_sv() - text of an error of a socket call
 * @errnum: errno
 *
 * Return: the text; the thread's next call reuses it.
 */
char *strerror_sv(int errnum);

#endif /* SERVAL_NATIVE */

#ifdef __cplusplus
}
#endif

#endif /* LIBSERVAL_SERVAL_H */
