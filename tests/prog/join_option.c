// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program says of several flows: SERVAL_MULTIPATH, and sockets that are bound.
 *
 * Of both hosts eth0 and eth1 are a link, network 10.9.0 and 10.9.1.  No host has a
 * policy of its own.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sv.h"

#define WAIT_MS		20000
#define DEVICE		"eth0"	/* that a connection begins with */
#define OTHER		"eth1"

static int get_policy(int fd)
{
	return get_int(fd, SOL_SERVAL, SERVAL_MULTIPATH);
}

static int set_policy(int fd, int policy)
{
	return set_int(fd, SOL_SERVAL, SERVAL_MULTIPATH, policy);
}

/* Flows of a host, of all connections */
static unsigned int flows(enum sv_host h)
{
	char line[256];
	unsigned int n = 0;
	FILE *f;

	host_enter(h);
	f = fopen("/proc/net/serval/flow_table", "r");
	expect(f);
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, " CONNECTED");
	fclose(f);
	return n;
}

/* Until both hosts have that many */
static void wait_flows(unsigned int n)
{
	__u64 end = now_ms() + WAIT_MS;

	while (flows(CLI) != n || flows(SRV) != n) {
		if (now_ms() > end)
			die("%u and %u flows, not %u", flows(CLI), flows(SRV),
			    n);
		nap_ms(20);
	}
}

static void bind_device(int fd)
{
	must(setsockopt(fd, SOL_SERVAL, SERVAL_BINDTODEVICE, DEVICE,
			strlen(DEVICE)));
}

static void value(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	static const char less[2];
	struct sv_svc svc;
	unsigned int i;
	int fd, policy;

	svc_new(&svc);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		fd = host_socket(CLI, types[i]);
		expect(get_policy(fd) == SERVAL_MULTIPATH_OFF);
		for (policy = SERVAL_MULTIPATH_OFF;
		     policy <= SERVAL_MULTIPATH_BALANCE; policy++) {
			must(set_policy(fd, policy));
			expect(get_policy(fd) == policy);
		}
		fails(set_policy(fd, SERVAL_MULTIPATH_BALANCE + 1), EINVAL);
		fails(set_policy(fd, SERVAL_MULTIPATH_DEFAULT - 1), EINVAL);
		fails(setsockopt(fd, SOL_SERVAL, SERVAL_MULTIPATH, less,
				 sizeof(less)), EINVAL);
		expect(get_policy(fd) == SERVAL_MULTIPATH_BALANCE);
		must(set_policy(fd, SERVAL_MULTIPATH_DEFAULT));
		expect(get_policy(fd) == SERVAL_MULTIPATH_OFF);
		close(fd);
	}
}

/* Before and while there is a connection; the other end needs none */
static void of_client(int type)
{
	struct sv_pair p;

	svc_new(&p.svc);
	p.lfd = svc_listen_as(&p.svc, type, 4);
	p.c = host_socket(CLI, type);
	must(set_policy(p.c, SERVAL_MULTIPATH_BACKUP));
	must(svc_connect(p.c, &p.svc));
	p.s = must(accept(p.lfd, NULL, NULL));
	exchange(p.c, p.s, 100);
	wait_flows(2);
	expect(get_policy(p.c) == SERVAL_MULTIPATH_BACKUP);
	expect(get_policy(p.s) == SERVAL_MULTIPATH_OFF);
	exchange(p.c, p.s, 100);
	pair_close(&p);
	wait_flows(0);

	pair_open_as(&p, type);
	exchange(p.c, p.s, 100);
	must(set_policy(p.s, SERVAL_MULTIPATH_BACKUP));
	/* it tells its addresses, with which the client does nothing */
	exchange(p.c, p.s, 100);
	expect(flows(CLI) == 1 && flows(SRV) == 1);
	must(set_policy(p.c, SERVAL_MULTIPATH_BACKUP));
	exchange(p.c, p.s, 100);
	/* from both devices to both addresses, the first by itself */
	wait_flows(4);
	/* what has joined stays */
	must(set_policy(p.c, SERVAL_MULTIPATH_OFF));
	exchange(p.c, p.s, 100);
	expect(flows(CLI) == 4);
	pair_close(&p);
	wait_flows(0);
}

static void of_streams(void)
{
	of_client(SOCK_STREAM);
}

static void of_datagrams(void)
{
	of_client(SOCK_DGRAM);
}

/* That another connection has more shows that there was time */
static void bound_client(void)
{
	struct sv_pair p, other;

	svc_new(&p.svc);
	p.lfd = svc_listen(&p.svc, 4);
	p.c = host_socket(CLI, SOCK_STREAM);
	bind_device(p.c);
	must(set_policy(p.c, SERVAL_MULTIPATH_BALANCE));
	expect(get_policy(p.c) == SERVAL_MULTIPATH_OFF);
	must(svc_connect(p.c, &p.svc));
	p.s = must(accept(p.lfd, NULL, NULL));
	exchange(p.c, p.s, 100);
	pair_open_as(&other, SOCK_STREAM);
	exchange(other.c, other.s, 100);
	must(set_policy(other.c, SERVAL_MULTIPATH_BACKUP));
	wait_flows(3);
	pair_close(&other);
	wait_flows(1);
	exchange(p.c, p.s, 100);
	pair_close(&p);
	wait_flows(0);
}

/* Is the only connection of a host on that device? */
static bool is_on(enum sv_host h, const char *dev)
{
	char line[256] = "", words[256];
	FILE *f;

	host_enter(h);
	f = fopen("/proc/net/serval/migrate", "r");
	expect(f && fgets(line, sizeof(line), f));
	expect(fgets(line, sizeof(line), f));
	fclose(f);
	snprintf(words, sizeof(words), " %s ESTABLISHED", dev);
	return strstr(line, words);
}

static void wait_on(enum sv_host h, const char *dev)
{
	__u64 end = now_ms() + WAIT_MS;

	while (!is_on(h, dev)) {
		if (now_ms() > end)
			die("the connection is not on %s", dev);
		nap_ms(5);
	}
}

/* It tells no addresses, and who comes along another device is not let in, nor does it
 * follow a client there
 */
static void bound_listener(void)
{
	__u64 refused = counter(SRV, "InBadPath");
	__u64 told = counter(CLI, "InAddress");
	__u64 end = now_ms() + WAIT_MS;
	struct sv_pair p;

	svc_new(&p.svc);
	p.lfd = host_socket(SRV, SOCK_STREAM);
	bind_device(p.lfd);
	must(svc_bind(p.lfd, &p.svc));
	must(listen(p.lfd, 4));
	p.c = host_socket(CLI, SOCK_STREAM);
	must(set_policy(p.c, SERVAL_MULTIPATH_BACKUP));
	must(svc_connect(p.c, &p.svc));
	p.s = must(accept(p.lfd, NULL, NULL));
	must(set_policy(p.s, SERVAL_MULTIPATH_BACKUP));
	expect(get_policy(p.s) == SERVAL_MULTIPATH_OFF);
	exchange(p.c, p.s, 100);
	while (counter(SRV, "InBadPath") == refused) {
		if (now_ms() > end)
			die("no JOIN has come");
		nap_ms(20);
	}
	expect(flows(SRV) == 1);
	expect(counter(CLI, "InAddress") == told);
	must(set_policy(p.c, SERVAL_MULTIPATH_OFF));
	must(migrate(p.c, OTHER));
	exchange(p.c, p.s, 100);
	wait_on(CLI, OTHER);
	wait_on(SRV, DEVICE);
	pair_close(&p);
	wait_flows(0);
}

#define WHERE	(SV_SERVAL | SV_TWO)

const struct sv_case join_option_cases[] = {
	{ "join-option-value", WHERE, value,
	  "a program chooses what its connections do with several paths" },
	{ "join-option-streams", WHERE, of_streams,
	  "and can change its mind" },
	{ "join-option-datagrams", WHERE, of_datagrams,
	  "the same with datagrams" },
	{ "join-bound-client", WHERE, bound_client,
	  "a socket that is bound to a device stays there" },
	{ "join-bound-listener", WHERE, bound_listener,
	  "so do those that come to one" },
	{ }
};
