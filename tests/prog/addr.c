// SPDX-License-Identifier: GPL-2.0-only
/* Hosts, services and counters. */
#include <arpa/inet.h>
#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sv.h"

/* First byte of the IDs the scripts route to the server */
#define ROUTED_BYTE	0x5e

struct sv_env env = {
	.family = AF_SERVAL,
	.nsfd = { -1, -1, -1 },
};

void host_enter(enum sv_host h)
{
	if (env.nsfd[h] >= 0)
		must(setns(env.nsfd[h], CLONE_NEWNET));
}

int host_socket(enum sv_host h, int type)
{
	host_enter(h);
	return must(socket(env.family, type | SOCK_CLOEXEC, 0));
}

void svc_new(struct sv_svc *svc)
{
	__u64 seed = rnd_seed();

	memset(svc, 0, sizeof(*svc));
	fill(svc->id, sizeof(svc->id), seed);
	svc->id[0] = ROUTED_BYTE;
	svc->port = 20000 + seed / 2 % 10000;
}

static int hex_value(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return tolower((unsigned char)c) - 'a' + 10;
}

/* "0xHEX[/BITS]", left-aligned, missing digits are zero */
int svc_parse(struct sv_svc *svc, const char *s)
{
	unsigned int i;

	memset(svc, 0, sizeof(*svc));
	if (s[0] != '0' || s[1] != 'x')
		return -EINVAL;
	s += 2;
	for (i = 0; isxdigit((unsigned char)*s); i++, s++) {
		if (i >= 2 * sizeof(svc->id))
			return -EINVAL;
		svc->id[i / 2] |= hex_value(*s) << (i % 2 ? 0 : 4);
	}
	if (*s == '/')
		svc->bits = arg_num(s + 1) % 256;
	else if (*s)
		return -EINVAL;
	/* the port stands for the first 8 bytes of the ID */
	for (i = 0; i < 8; i++)
		svc->port = svc->port * 31 + svc->id[i];
	svc->port = 20000 + svc->port % 10000;
	return 0;
}

struct sockaddr_sv svc_sv(const struct sv_svc *svc)
{
	struct sockaddr_sv sv = {
		.sv_family = AF_SERVAL,
		.sv_prefix_bits = svc->bits,
	};

	memcpy(sv.sv_srvid.s_sid, svc->id, sizeof(svc->id));
	return sv;
}

static socklen_t inet_addr_of(struct in_addr addr, __u16 port,
			      struct sockaddr_storage *ss)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	*sin = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = addr,
	};
	return sizeof(*sin);
}

static socklen_t inet6_addr_of(struct in_addr addr, __u16 port,
			       struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

	*sin6 = (struct sockaddr_in6) {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	if (addr.s_addr) {	/* v4-mapped: the hosts have IPv4 addresses */
		sin6->sin6_addr.s6_addr16[5] = 0xffff;
		sin6->sin6_addr.s6_addr32[3] = addr.s_addr;
	}
	return sizeof(*sin6);
}

static socklen_t svc_addr(const struct sv_svc *svc, struct in_addr addr,
			  struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (env.family == AF_INET)
		return inet_addr_of(addr, svc->port, ss);
	if (env.family == AF_INET6)
		return inet6_addr_of(addr, svc->port, ss);
	*(struct sockaddr_sv *)ss = svc_sv(svc);
	return sizeof(struct sockaddr_sv);
}

socklen_t svc_bind_addr(const struct sv_svc *svc, struct sockaddr_storage *ss)
{
	return svc_addr(svc, (struct in_addr) { INADDR_ANY }, ss);
}

socklen_t svc_conn_addr(const struct sv_svc *svc, struct sockaddr_storage *ss)
{
	return svc_addr(svc, env.addr[SRV], ss);
}

/* The ID followed by the address it is said to be at */
socklen_t svc_advised(const struct sv_svc *svc, struct in_addr addr,
		      struct sockaddr_storage *ss)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr = addr,
	};
	socklen_t len = svc_addr(svc, addr, ss);

	if (env.family != AF_SERVAL)
		return len;
	memcpy((char *)ss + len, &sin, sizeof(sin));
	return len + sizeof(sin);
}

int svc_bind(int fd, const struct sv_svc *svc)
{
	struct sockaddr_storage ss;
	socklen_t len = svc_bind_addr(svc, &ss);

	return bind(fd, (struct sockaddr *)&ss, len);
}

int svc_connect(int fd, const struct sv_svc *svc)
{
	struct sockaddr_storage ss;
	socklen_t len = svc_conn_addr(svc, &ss);

	return connect(fd, (struct sockaddr *)&ss, len);
}

int svc_listen_as(const struct sv_svc *svc, int type, int backlog)
{
	int fd = host_socket(SRV, type);

	must(svc_bind(fd, svc));
	must(listen(fd, backlog));
	return fd;
}

int svc_listen(const struct sv_svc *svc, int backlog)
{
	return svc_listen_as(svc, SOCK_STREAM, backlog);
}

int svc_dial(const struct sv_svc *svc)
{
	int fd = host_socket(CLI, SOCK_STREAM);

	must(svc_connect(fd, svc));
	return fd;
}

/* On the link, but no host has it: packets to it wait for a neighbour */
struct in_addr nobody_addr(void)
{
	return (struct in_addr) { env.addr[SRV].s_addr ^ htonl(0xf0) };
}

/* Two lines per protocol, names above values, as /proc/net/snmp has them */
#define SPACE	"\n\t "

static bool is_one_of(const char *word, const char * const *list, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!strcmp(word, list[i]))
			return true;
	return false;
}

/* Of counters of these names, each of which there is once */
static __u64 snmp_sum(const char *path, const char * const *list, size_t len)
{
	static char names[16384], values[16384];
	char *n, *v, *np, *vp;
	__u64 sum = 0;
	size_t found = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		die("%s: %s", path, errname(errno));
	while (found < len && fgets(names, sizeof(names), f) &&
	       fgets(values, sizeof(values), f)) {
		n = strtok_r(names, SPACE, &np);
		v = strtok_r(values, SPACE, &vp);
		for (; n && v; n = strtok_r(NULL, SPACE, &np),
		     v = strtok_r(NULL, SPACE, &vp)) {
			if (!is_one_of(n, list, len))
				continue;
			sum += strtoull(v, NULL, 10);
			found++;
		}
	}
	fclose(f);
	if (found < len)
		die("%s has not all of %s ...", path, list[0]);
	return sum;
}

__u64 counter(enum sv_host h, const char *name)
{
	return counters(h, &name, 1);
}

/* Their sum, of one moment */
__u64 counters(enum sv_host h, const char * const *names, size_t n)
{
	host_enter(h);
	return snmp_sum("/proc/net/serval/snmp", names, n);
}

/* A packet that was sent has not always been received yet */
bool reaches(enum sv_host h, const char *name, __u64 want)
{
	int i;

	for (i = 0; i < 500 && counter(h, name) < want; i++)
		nap_ms(10);
	return counter(h, name) == want;
}

__u64 tcp_counter(enum sv_host h, const char *name)
{
	host_enter(h);
	return snmp_sum("/proc/net/netstat", &name, 1);
}

int module_refs(void)
{
	FILE *f = fopen("/sys/module/serval/refcnt", "r");
	int n = -1;

	if (!f)
		die("serval is not a loaded module: %s", errname(errno));
	if (fscanf(f, "%d", &n) != 1)
		die("/sys/module/serval/refcnt is not a number");
	fclose(f);
	return n;
}
