// SPDX-License-Identifier: GPL-2.0-only
/* Small clients and servers the scripts put together. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "sv.h"

/* Until the script closes our standard input */
static void wait_input(void)
{
	char line[16];

	if (!fgets(line, sizeof(line), stdin))
		return;
}

union locator {
	struct sockaddr sa;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
};

#define PEER_LEN	(INET6_ADDRSTRLEN + sizeof(" udp"))

/* The address of the other end, and whether it is spoken to inside UDP */
static const char *peer_text(int fd, char *buf)
{
	struct {
		struct sockaddr_sv sv;
		union locator at;
	} n = { };
	char text[INET6_ADDRSTRLEN];
	socklen_t len = sizeof(n);
	int udp = 0;

	if (env.family == AF_SERVAL) {
		must(getpeername(fd, (struct sockaddr *)&n, &len));
		len = sizeof(udp);
		must(getsockopt(fd, SOL_SERVAL, SERVAL_UDP_ENCAP, &udp, &len));
	} else {
		len = sizeof(n.at);
		must(getpeername(fd, &n.at.sa, &len));
	}
	if (n.at.sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &n.at.sin.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &n.at.sin6.sin6_addr, text, sizeof(text));
	snprintf(buf, PEER_LEN, "%s%s", text, udp ? " udp" : "");
	return buf;
}

/**
 * struct dial - options of "connect"
 * @svc:     service
 * @expect_: error that is expected, 0 = none
 * @advised: address after the ID, family 0 = none
 * @encap:   SERVAL_UDP_ENCAP
 * @mark:    SO_MARK
 * @dev:     SO_BINDTODEVICE
 * @odev:    SERVAL_BINDTODEVICE
 * @keep:    seconds until keepalive gives up, 0 = no keepalive; datagrams have
 *           none, so one is sent now and then
 * @type:    of the socket
 * @wait:    stay connected until the input ends
 */
struct dial {
	struct sv_svc svc;
	int expect_;
	union locator advised;
	int encap;
	int mark;
	const char *dev;
	const char *odev;
	int keep;
	int type;
	bool wait;
};

static int parse_locator(const char *s, union locator *at)
{
	if (inet_pton(AF_INET, s, &at->sin.sin_addr) == 1)
		at->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, s, &at->sin6.sin6_addr) == 1)
		at->sa.sa_family = AF_INET6;
	else
		return -1;
	return 0;
}

static int dial_options(struct dial *d, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "x:a:u:m:i:I:k:dw")) != -1) {
		switch (opt) {
		case 'x':
			d->expect_ = errvalue(optarg);
			break;
		case 'a':
			if (parse_locator(optarg, &d->advised))
				return 2;
			break;
		case 'u':
			d->encap = arg_num(optarg);
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
		case 'd':
			d->type = SOCK_DGRAM;
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
	if (env.family == AF_SERVAL && d->encap != SERVAL_UDP_DEFAULT)
		must(setsockopt(fd, SOL_SERVAL, SERVAL_UDP_ENCAP, &d->encap,
				sizeof(d->encap)));
	if (d->mark)
		must(setsockopt(fd, SOL_SOCKET, SO_MARK, &d->mark,
				sizeof(d->mark)));
	if (d->dev)
		must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, d->dev,
				strlen(d->dev)));
	if (d->odev)
		must(setsockopt(fd, SOL_SERVAL, SERVAL_BINDTODEVICE, d->odev,
				strlen(d->odev)));
	if (d->keep && d->type == SOCK_STREAM)
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

static socklen_t dial_addr(const struct dial *d, struct sockaddr_storage *ss)
{
	struct sockaddr_sv sv = svc_sv(&d->svc);
	socklen_t len;

	if (!d->advised.sa.sa_family)
		return svc_conn_addr(&d->svc, ss);
	len = d->advised.sa.sa_family == AF_INET ? sizeof(d->advised.sin) :
						   sizeof(d->advised.sin6);
	memcpy(ss, &sv, sizeof(sv));
	memcpy((char *)ss + sizeof(sv), &d->advised, len);
	return sizeof(sv) + len;
}

/* Prints the peer's address, or the name of the error */
int cmd_connect(int argc, char **argv)
{
	struct sockaddr_storage ss;
	struct dial d = { .encap = SERVAL_UDP_DEFAULT, .type = SOCK_STREAM };
	char text[PEER_LEN];
	socklen_t len;
	int fd;

	if (dial_options(&d, argc, argv))
		return 2;
	fd = host_socket(CLI, d.type);
	dial_prepare(fd, &d);
	len = dial_addr(&d, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len))
		return dial_failed(&d, errno);
	puts(peer_text(fd, text));
	fflush(stdout);
	if (d.wait)
		wait_input();
	if (d.keep) {
		while (!poll_for(fd, POLLIN, 1000))
			if (d.type == SOCK_DGRAM && send(fd, "", 0, 0) &&
			    errno == d.expect_)
				return dial_failed(&d, errno);
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
	int fd, one = 1, type = SOCK_STREAM, opt;
	bool shared = false;
	struct sv_svc svc;

	while ((opt = getopt(argc, argv, "dr")) != -1) {
		if (opt == '?')
			return 2;
		if (opt == 'd')
			type = SOCK_DGRAM;
		else
			shared = true;
	}
	fd = host_socket(SRV, type);
	if (shared)
		must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one,
				sizeof(one)));
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
	char text[PEER_LEN];
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
	puts(err ? errname(err) : peer_text(fd, text));
	return !!err;
}

/* COUNT connects that don't wait, from a name if one is given: how many are
 * under way, how many have no way; they stay until the input ends
 */
int cmd_dials(int argc, char **argv)
{
	struct rlimit files = { .rlim_cur = 4096, .rlim_max = 4096 };
	unsigned long i, count, unreachable = 0;
	struct sv_svc svc, from;
	bool named = false;
	int opt;

	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b' || svc_parse(&from, optarg))
			return 2;
		named = true;
	}
	if (optind + 2 != argc || svc_parse(&svc, argv[optind + 1]))
		return 2;
	must(setrlimit(RLIMIT_NOFILE, &files));
	count = arg_num(argv[optind]);
	for (i = 0; i < count; i++) {
		int fd = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);

		if (named)
			must(svc_bind(fd, &from));
		if (!svc_connect(fd, &svc) || errno == EINPROGRESS)
			continue;
		expect(errno == EHOSTUNREACH);
		unreachable++;
	}
	printf("%lu pending, %lu unreachable\n", count - unreachable,
	       unreachable);
	fflush(stdout);
	wait_input();
	return 0;
}

/* Answers datagrams with themselves, to whoever they come from */
int cmd_echo(int argc, char **argv)
{
	struct sockaddr_storage ss;
	struct sv_svc svc;
	char buf[2000];
	socklen_t len;
	ssize_t n;
	int fd;

	if (argc != 2 || svc_parse(&svc, argv[1]))
		return 2;
	fd = host_socket(SRV, SOCK_DGRAM);
	must(svc_bind(fd, &svc));
	puts("ready");
	fflush(stdout);
	for (;;) {
		len = sizeof(ss);
		n = must(recvfrom(fd, buf, sizeof(buf), 0,
				  (struct sockaddr *)&ss, &len));
		must(sendto(fd, buf, n, 0, (struct sockaddr *)&ss, len));
	}
}

/* A datagram and its answer: prints it and the port it came from, 0 = raw */
int cmd_ask(int argc, char **argv)
{
	struct {
		struct sockaddr_sv sv;
		union locator at;
	} from = { };
	struct sockaddr_storage ss;
	socklen_t len;
	struct sv_svc svc;
	char buf[100];
	ssize_t n;
	int fd;

	if (argc != 3 || svc_parse(&svc, argv[1]))
		return 2;
	fd = host_socket(CLI, SOCK_DGRAM);
	len = svc_conn_addr(&svc, &ss);
	must(sendto(fd, argv[2], strlen(argv[2]), 0, (struct sockaddr *)&ss,
		    len));
	if (!poll_for(fd, POLLIN, 60000)) {
		puts("nothing");
		return 1;
	}
	len = sizeof(from);
	n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	if (n < 0) {
		puts(errname(errno));
		return 1;
	}
	printf("%.*s %u\n", (int)n, buf, ntohs(from.at.sin.sin_port));
	return 0;
}

/* COUNT connections one after the other: how many went to which address */
int cmd_pick(int argc, char **argv)
{
	struct {
		char addr[PEER_LEN];
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
		char text[PEER_LEN];

		peer_text(fd, text);
		for (i = 0; i < ARRAY_SIZE(got); i++)
			if (!got[i].n || !strcmp(got[i].addr, text))
				break;
		expect(i < ARRAY_SIZE(got));
		memcpy(got[i].addr, text, sizeof(text));
		got[i].n++;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
		close(fd);
	}
	for (i = 0; i < ARRAY_SIZE(got) && got[i].n; i++)
		printf("%s %u\n", got[i].addr, got[i].n);
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
