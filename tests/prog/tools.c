// SPDX-License-Identifier: GPL-2.0-only
/* Small clients and servers the scripts put together. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sv.h"

/* Until the script closes our standard input */
static void wait_input(void)
{
	char line[16];

	if (!fgets(line, sizeof(line), stdin))
		return;
}

/* The IPv4 address of the other end */
static struct in_addr peer_locator(int fd)
{
	struct {
		struct sockaddr_sv sv;
		struct sockaddr_in sin;
	} n = { };
	struct sockaddr_in sin = { };
	socklen_t len = sizeof(n);

	if (env.family == AF_SERVAL) {
		must(getpeername(fd, (struct sockaddr *)&n, &len));
		return n.sin.sin_addr;
	}
	len = sizeof(sin);
	must(getpeername(fd, (struct sockaddr *)&sin, &len));
	return sin.sin_addr;
}

/**
 * struct dial - options of "connect"
 * @svc:     service
 * @expect_: error that is expected, 0 = none
 * @advised: address after the ID, 0 = none
 * @mark:    SO_MARK
 * @dev:     SO_BINDTODEVICE
 * @odev:    SERVAL_BINDTODEVICE
 * @keep:    seconds until keepalive gives up, 0 = no keepalive
 * @wait:    stay connected until the input ends
 */
struct dial {
	struct sv_svc svc;
	int expect_;
	struct in_addr advised;
	int mark;
	const char *dev;
	const char *odev;
	int keep;
	bool wait;
};

static int dial_options(struct dial *d, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "x:a:m:i:I:k:w")) != -1) {
		switch (opt) {
		case 'x':
			d->expect_ = errvalue(optarg);
			break;
		case 'a':
			if (inet_pton(AF_INET, optarg, &d->advised) != 1)
				return 2;
			break;
		case 'm':
			d->mark = arg_num(optarg);
			break;
		case 'i':
			d->dev = optarg;
			break;
		case 'I':
			d->odev = optarg;
			break;
		case 'k':
			d->keep = arg_num(optarg);
			break;
		case 'w':
			d->wait = true;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc || svc_parse(&d->svc, argv[optind]))
		return 2;
	return 0;
}

static void set_keepalive(int fd, int secs)
{
	int one = 1, cnt = secs - 1;

	must(setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &one, sizeof(one)));
	must(setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &one, sizeof(one)));
	must(setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &cnt, sizeof(cnt)));
	must(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
}

static void dial_prepare(int fd, const struct dial *d)
{
	if (d->mark)
		must(setsockopt(fd, SOL_SOCKET, SO_MARK, &d->mark,
				sizeof(d->mark)));
	if (d->dev)
		must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, d->dev,
				strlen(d->dev)));
	if (d->odev)
		must(setsockopt(fd, SOL_SERVAL, SERVAL_BINDTODEVICE, d->odev,
				strlen(d->odev)));
	if (d->keep)
		set_keepalive(fd, d->keep);
}

static int dial_failed(const struct dial *d, int err)
{
	puts(errname(err));
	if (err == d->expect_)
		return 0;
	note("%s instead of %s", errname(err),
	     d->expect_ ? errname(d->expect_) : "a connection");
	return 1;
}

/* Prints the peer's address, or the name of the error */
int cmd_connect(int argc, char **argv)
{
	struct sockaddr_storage ss;
	struct dial d = { };
	socklen_t len;
	int fd;

	if (dial_options(&d, argc, argv))
		return 2;
	fd = host_socket(CLI, SOCK_STREAM);
	dial_prepare(fd, &d);
	len = svc_conn_addr(&d.svc, &ss);
	if (d.advised.s_addr)
		len = svc_advised(&d.svc, d.advised, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len))
		return dial_failed(&d, errno);
	puts(inet_ntoa(peer_locator(fd)));
	fflush(stdout);
	if (d.wait)
		wait_input();
	if (d.keep) {
		while (!poll_for(fd, POLLIN, 1000))
			;
		return dial_failed(&d, so_error(fd));
	}
	if (d.expect_ && !d.wait) {
		note("a connection instead of %s", errname(d.expect_));
		return 1;
	}
	return 0;
}

/* Listens, says "ready", accepts nothing, stays until the input ends */
int cmd_listen(int argc, char **argv)
{
	int fd, one = 1, opt;
	struct sv_svc svc;

	fd = host_socket(SRV, SOCK_STREAM);
	while ((opt = getopt(argc, argv, "r")) != -1) {
		if (opt != 'r')
			return 2;
		must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one,
				sizeof(one)));
	}
	if (optind + 1 != argc || svc_parse(&svc, argv[optind]))
		return 2;
	if (svc_bind(fd, &svc)) {
		puts(errname(errno));
		return 1;
	}
	must(listen(fd, 128));
	puts("ready");
	fflush(stdout);
	wait_input();
	return 0;
}

/* A connect that is answered late: prints "pending", then who answered */
int cmd_late(int argc, char **argv)
{
	struct sv_svc svc;
	int fd, err;

	if (argc != 2 || svc_parse(&svc, argv[1]))
		return 2;
	fd = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
	fails(svc_connect(fd, &svc), EINPROGRESS);
	puts("pending");
	fflush(stdout);
	if (!poll_for(fd, POLLOUT, 60000))
		die("no answer in a minute");
	err = so_error(fd);
	puts(err ? errname(err) : inet_ntoa(peer_locator(fd)));
	return !!err;
}

/* COUNT connections one after the other: how many went to which address */
int cmd_pick(int argc, char **argv)
{
	struct {
		struct in_addr addr;
		unsigned int n;
	} got[16] = { };
	unsigned long count;
	struct sv_svc svc;
	size_t i;

	if (argc != 3 || svc_parse(&svc, argv[2]))
		return 2;
	for (count = arg_num(argv[1]); count; count--) {
		struct linger lg = { .l_onoff = 1 };
		int fd = svc_dial(&svc);
		struct in_addr a = peer_locator(fd);

		for (i = 0; i < ARRAY_SIZE(got); i++)
			if (!got[i].n || got[i].addr.s_addr == a.s_addr)
				break;
		expect(i < ARRAY_SIZE(got));
		got[i].addr = a;
		got[i].n++;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
		close(fd);
	}
	for (i = 0; i < ARRAY_SIZE(got) && got[i].n; i++)
		printf("%s %u\n", inet_ntoa(got[i].addr), got[i].n);
	return 0;
}

/* connect + request + response + close, COUNT times, for a packet counter */
int cmd_packets(int argc, char **argv)
{
	unsigned long count;
	struct sv_svc svc;
	char buf[100] = "";
	int l, c, s;

	if (argc != 2)
		return 2;
	svc_new(&svc);
	l = svc_listen(&svc, 16);
	for (count = arg_num(argv[1]); count; count--) {
		c = svc_dial(&svc);
		put(c, buf, sizeof(buf));
		s = must(accept(l, NULL, NULL));
		get(s, buf, sizeof(buf));
		put(s, buf, sizeof(buf));
		get(c, buf, sizeof(buf));
		close(s);
		expect_eof(c);
		close(c);
	}
	return 0;
}

/*
 * Leaves behind what has no file any more: TIME_WAIT, and after a line on
 * standard input (the script cuts the link) connections with data that
 * cannot be delivered.
 */
int cmd_orphans(int argc, char **argv)
{
	static char junk[20000];
	struct sv_pair p[4];
	size_t i;

	if (argc != 1 || argv[1])
		return 2;
	for (i = 0; i < ARRAY_SIZE(p); i++)
		pair_open(&p[i]);
	close(p[0].c);
	expect_eof(p[0].s);
	close(p[0].s);
	puts("ready");
	fflush(stdout);
	wait_input();
	put(p[1].c, junk, sizeof(junk));
	put(p[2].s, junk, sizeof(junk));
	return 0;		/* the kernel closes the rest */
}

static int v6_listen(__u16 port)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
	};
	int fd;

	host_enter(SRV);
	fd = must(socket(AF_INET6, SOCK_STREAM, 0));
	if (bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)) ||
	    listen(fd, 16)) {
		puts(errname(errno));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	wait_input();
	return 0;
}

/* Prints "connected" or the error; 3 s without an answer is ETIMEDOUT */
static int v6_connect(const char *addr, __u16 port)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
	};
	int fd, err;

	if (inet_pton(AF_INET6, addr, &sin6.sin6_addr) != 1)
		return 2;
	host_enter(CLI);
	fd = must(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0));
	if (!connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)))
		err = 0;
	else if (errno != EINPROGRESS)
		err = errno;
	else
		err = poll_for(fd, POLLOUT, 3000) ? so_error(fd) : ETIMEDOUT;
	puts(err ? errname(err) : "connected");
	return 0;
}

/* Plain IPv6 programs beside services */
int cmd_v6(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "listen"))
		return v6_listen(arg_num(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "connect"))
		return v6_connect(argv[2], arg_num(argv[3]));
	return 2;
}
