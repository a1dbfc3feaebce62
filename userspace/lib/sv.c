// SPDX-License-Identifier: LGPL-2.1-or-later
/* The names of the original library: *_sv socket calls and text helpers. */
#define _GNU_SOURCE
#include <libserval/serval.h>

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

static_assert(sizeof(struct service_id) == 32, "published size");
static_assert(sizeof(struct flow_id) == 4, "published size");
static_assert(sizeof(struct sockaddr_sv) == 36, "published size");
static_assert(offsetof(struct sockaddr_sv, sv_srvid) == 4, "published place");
static_assert(sizeof(struct sal_hdr) == 12, "published size");
static_assert(offsetof(struct sal_hdr, shl) == 8, "published place");
static_assert(sizeof(struct sal_ext) == 2, "published size");
static_assert(sizeof(struct sal_pad_ext) == 1, "published size");
static_assert(sizeof(struct sal_control_ext) == 20, "published size");
static_assert(offsetof(struct sal_control_ext, verno) == 4, "published place");
static_assert(sizeof(struct sal_service_ext) == 36, "published size");
static_assert(sizeof(struct sal_address_ext) == 12, "published size");
static_assert(sizeof(struct sal_source_ext) == 4, "published size");

struct service_id _controller_srvid;
struct service_id _serval_srvid;
struct service_id _serval_null_srvid;

int socket_sv(int domain, int type, int protocol)
{
	return socket(domain, type, protocol);
}

int bind_sv(int fd, const struct sockaddr *addr, socklen_t len)
{
	return bind(fd, addr, len);
}

int connect_sv(int fd, const struct sockaddr *addr, socklen_t len)
{
	return connect(fd, addr, len);
}

int listen_sv(int fd, int backlog)
{
	return listen(fd, backlog);
}

int accept_sv(int fd, struct sockaddr *addr, socklen_t *len)
{
	return accept(fd, addr, len);
}

ssize_t send_sv(int fd, const void *buf, size_t len, int flags)
{
	return send(fd, buf, len, flags);
}

ssize_t sendto_sv(int fd, const void *buf, size_t len, int flags,
		  const struct sockaddr *addr, socklen_t addrlen)
{
	return sendto(fd, buf, len, flags, addr, addrlen);
}

ssize_t sendmsg_sv(int fd, const struct msghdr *msg, int flags)
{
	return sendmsg(fd, msg, flags);
}

ssize_t recv_sv(int fd, void *buf, size_t len, int flags)
{
	return recv(fd, buf, len, flags);
}

ssize_t recvfrom_sv(int fd, void *buf, size_t len, int flags,
		    struct sockaddr *addr, socklen_t *addrlen)
{
	return recvfrom(fd, buf, len, flags, addr, addrlen);
}

ssize_t recvmsg_sv(int fd, struct msghdr *msg, int flags)
{
	return recvmsg(fd, msg, flags);
}

int close_sv(int fd)
{
	return close(fd);
}

/* Only AF_SERVAL sockets have the option; errno stays as it was. */
static bool is_serval(int fd)
{
	int saved = errno, family = 0;
	socklen_t len = sizeof(family);
	bool is;

	is = !getsockopt(fd, SOL_SERVAL, SERVAL_DOMAIN, &family, &len) &&
	     family == AF_SERVAL;
	errno = saved;
	return is;
}

int serval_getsockopt(int fd, int level, int name, void *value,
		      socklen_t *len)
{
	int family = AF_SERVAL;
	int err = getsockopt(fd, level, name, value, len);

	/* Whatever length the kernel returned is the room there is. */
	if (!err && level == SOL_SOCKET && name == SO_DOMAIN && is_serval(fd))
		memcpy(value, &family, *len < sizeof(family) ? *len :
							sizeof(family));
	return err;
}

int getsockopt_sv(int fd, int level, int name, void *value, socklen_t *len)
{
	return serval_getsockopt(fd, level, name, value, len);
}

static const char *service_error(int errnum)
{
	switch (errnum) {
	case EHOSTUNREACH:
		return "No rule leads to the service";
	case EADDRNOTAVAIL:
		return "The service resolution mode excludes the service's rules";
	case ECONNREFUSED:
		return "Nobody listens to the service";
	case EADDRINUSE:
		return "Service ID already in use";
	case EAFNOSUPPORT:
		return "Address family not supported (is the serval module loaded?)";
	default:
		return NULL;
	}
}

char *strerror_sv_r(int errnum, char *buf, size_t len)
{
	const char *text = service_error(errnum);

	if (!text)
		return strerror_r(errnum, buf, len);
	snprintf(buf, len, "%s", text);
	return buf;
}

char *strerror_sv(int errnum)
{
	static __thread char buf[128];

	return strerror_sv_r(errnum, buf, sizeof(buf));
}

struct service_id *service_id_copy(struct service_id *dst,
				   struct service_id *src)
{
	*dst = *src;
	return dst;
}

int hextobyte(const char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int serval_hexton(const char *src, size_t src_len, void *dst, size_t dst_len)
{
	__u8 *byte = dst;
	size_t i;

	for (i = 0; i < src_len && i / 2 < dst_len && src[i]; i++) {
		int value = hextobyte(src[i]);

		if (value < 0)
			return 0;
		if (i % 2)
			byte[i / 2] |= value;
		else
			byte[i / 2] = value << 4;
	}
	return 1;
}

char *serval_ntohex(const void *src, size_t src_len, char *dst,
		    size_t dst_len)
{
	static const char digits[] = "0123456789abcdef";
	const __u8 *byte = src;
	size_t i;

	if (!dst_len)
		return dst;
	for (i = 0; i < 2 * src_len && i + 1 < dst_len; i++)
		dst[i] = digits[i % 2 ? byte[i / 2] & 0xf : byte[i / 2] >> 4];
	dst[i] = '\0';
	return dst;
}

const char *serval_ntop(const void *src, char *dst, size_t len)
{
	return serval_ntohex(src, sizeof(struct service_id), dst, len);
}

int serval_pton(const char *src, void *dst)
{
	struct service_id id;

	memset(&id, 0, sizeof(id));
	if (src[0] == '0' && (src[1] == 'x' || src[1] == 'X'))
		src += 2;
	if (strlen(src) > 2 * sizeof(id) ||
	    !serval_hexton(src, 2 * sizeof(id), &id, sizeof(id)))
		return 0;
	memcpy(dst, &id, sizeof(id));
	return 1;
}

const char *service_id_to_str(const struct service_id *srvid)
{
	static __thread char text[2][2 * sizeof(*srvid) + 1];
	static __thread unsigned int turn;

	return serval_ntop(srvid, text[turn++ % 2], sizeof(text[0]));
}

const char *flow_id_to_str(const struct flow_id *flowid)
{
	static __thread char text[2][11];
	static __thread unsigned int turn;
	char *buf = text[turn++ % 2];

	snprintf(buf, sizeof(text[0]), "%u", ntohl(flowid->s_id32));
	return buf;
}

const char *srvid_to_str(struct service_id srvid)
{
	return service_id_to_str(&srvid);
}
