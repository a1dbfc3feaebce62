// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded, it stands in for the module: AF_SERVAL sockets become Unix
 * sockets whose abstract name is the service ID.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/serval.h>

int socket(int domain, int type, int protocol)
{
	int (*next)(int domain, int type, int protocol) =
		dlsym(RTLD_NEXT, "socket");

	return next(domain == AF_SERVAL ? AF_UNIX : domain, type, protocol);
}

static socklen_t unix_name(struct sockaddr_un *un, const struct sockaddr *addr)
{
	const struct sockaddr_sv *sv = (const struct sockaddr_sv *)addr;

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path + 1, &sv->sv_srvid, sizeof(sv->sv_srvid));
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       sizeof(sv->sv_srvid);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	int (*next)(int fd, const struct sockaddr *addr, socklen_t len) =
		dlsym(RTLD_NEXT, "bind");
	struct sockaddr_un un;

	if (addr->sa_family != AF_SERVAL)
		return next(fd, addr, len);
	len = unix_name(&un, addr);
	return next(fd, (const struct sockaddr *)&un, len);
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	int (*next)(int fd, const struct sockaddr *addr, socklen_t len) =
		dlsym(RTLD_NEXT, "connect");
	struct sockaddr_un un;

	if (addr->sa_family != AF_SERVAL)
		return next(fd, addr, len);
	len = unix_name(&un, addr);
	return next(fd, (const struct sockaddr *)&un, len);
}
