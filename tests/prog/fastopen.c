// SPDX-License-Identifier: GPL-2.0-only
/* TCP Fast Open: the second connection carries data in its SYN. */
#include <linux/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sv.h"

static void allow_fastopen(enum sv_host h)
{
	FILE *f;

	host_enter(h);
	f = fopen("/proc/sys/net/ipv4/tcp_fastopen", "w");
	if (!f || fputs("3", f) < 0 || fclose(f))
		die("tcp_fastopen: %s", errname(errno));
}

static int fast_listen(const struct sv_svc *svc)
{
	int qlen = 16, fd;

	allow_fastopen(SRV);
	allow_fastopen(CLI);
	fd = svc_listen(svc, 16);
	must(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &qlen, sizeof(qlen)));
	return fd;
}

static bool syn_data(int fd)
{
	struct tcp_info ti;

	must(finfo(fd, &ti, sizeof(ti)));
	return ti.tcpi_options & TCPI_OPT_SYN_DATA;
}

static int dial_msg(const struct sv_svc *svc, const void *buf, size_t len)
{
	struct sockaddr_storage ss;
	socklen_t alen = svc_conn_addr(svc, &ss);
	int fd = host_socket(CLI, SOCK_STREAM);
	ssize_t n;

	n = must(sendto(fd, buf, len, MSG_FASTOPEN, (struct sockaddr *)&ss,
			alen));
	if ((size_t)n < len)	/* as much as fits the SYN */
		put(fd, (const char *)buf + n, len - n);
	return fd;
}

static int dial_option(const struct sv_svc *svc, const void *buf, size_t len)
{
	int one = 1, fd = host_socket(CLI, SOCK_STREAM);

	must(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one,
			sizeof(one)));
	must(svc_connect(fd, svc));
	put(fd, buf, len);
	return fd;
}

enum fast { SLOW, FAST, EITHER };

typedef int (*dialler)(const struct sv_svc *svc, const void *buf, size_t len);

static void ask(const struct sv_svc *svc, int lfd, dialler dial, enum fast fast)
{
	static char out[3000], in[3000];
	int c, s;

	fill(out, sizeof(out), rnd_seed());
	c = dial(svc, out, sizeof(out));
	s = must(accept(lfd, NULL, NULL));
	get(s, in, sizeof(in));
	expect(!memcmp(in, out, sizeof(in)));
	exchange(s, c, 10);
	expect(syn_data(c) == syn_data(s));
	expect(fast == EITHER || syn_data(c) == (fast == FAST));
	close(c);
	close(s);
}

static void fastopen_msg(void)
{
	struct sv_svc svc;
	int l;

	svc_new(&svc);
	l = fast_listen(&svc);
	ask(&svc, l, dial_msg, EITHER);	/* gets the cookie */
	ask(&svc, l, dial_msg, FAST);
	ask(&svc, l, dial_msg, FAST);
}

static void fastopen_option(void)
{
	struct sv_svc svc;
	int l;

	svc_new(&svc);
	l = fast_listen(&svc);
	ask(&svc, l, dial_option, EITHER);
	ask(&svc, l, dial_option, FAST);
}

/* The client has a cookie, the server no longer takes data in a SYN */
static void fastopen_refused(void)
{
	struct sv_svc svc;
	int l;

	svc_new(&svc);
	l = fast_listen(&svc);
	ask(&svc, l, dial_msg, EITHER);
	close(l);
	l = svc_listen(&svc, 16);
	ask(&svc, l, dial_msg, SLOW);
}

static void fastopen_no_rule(void)
{
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int fd;

	svc_new(&svc);
	allow_fastopen(CLI);
	svc.id[0] = 0xee;
	len = svc_conn_addr(&svc, &ss);
	fd = host_socket(CLI, SOCK_STREAM);
	fails(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&ss, len),
	      EHOSTUNREACH);
}

static void fastopen_nobody(void)
{
	struct sockaddr_storage ss;
	struct sv_svc svc;
	socklen_t len;
	int fd;

	svc_new(&svc);
	allow_fastopen(CLI);
	len = svc_conn_addr(&svc, &ss);
	fd = host_socket(CLI, SOCK_STREAM);
	fails(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&ss, len),
	      ECONNREFUSED);
}

const struct sv_case fastopen_cases[] = {
	{ "tfo-msg", SV_ANY, fastopen_msg,
	  "MSG_FASTOPEN: the second SYN carries data" },
	{ "tfo-option", SV_ANY, fastopen_option,
	  "TCP_FASTOPEN_CONNECT: the second SYN carries data" },
	{ "tfo-refused", SV_ANY, fastopen_refused,
	  "a server without Fast Open still gets the data" },
	{ "tfo-no-rule", SV_SERVAL, fastopen_no_rule,
	  "MSG_FASTOPEN without a rule: EHOSTUNREACH" },
	{ "tfo-nobody", SV_ANY, fastopen_nobody,
	  "MSG_FASTOPEN to nobody: ECONNREFUSED" },
	{ }
};
