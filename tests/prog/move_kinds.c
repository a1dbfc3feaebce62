// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that move between two links, eth0 and eth1 of either host, in
 * the middle of something.  A case leaves all links up.
 */
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "sv.h"

#define BULK	1000000
#define SOME	20000
#define WAIT_MS	30000
#define ROOM	16384	/* of a socket buffer, to be full soon */

static void move(int fd, int peer, const char *dev)
{
	const __u32 id = flow_opt(fd, SERVAL_FLOW_ID);
	const __u64 end = now_ms() + WAIT_MS;

	must(migrate(fd, dev));
	expect(flow_opt(fd, SERVAL_FLOW_ID) != id);
	/* the ACK that makes the peer follow may still be on its way */
	while (flow_opt(peer, SERVAL_PEER_FLOW_ID) !=
	       flow_opt(fd, SERVAL_FLOW_ID)) {
		expect(now_ms() < end);
		nap_ms(1);
	}
	expect(flow_opt(peer, SERVAL_FLOW_ID) ==
	       flow_opt(fd, SERVAL_PEER_FLOW_ID));
}

/* Bytes that a host has sent through a device */
static __u64 sent(enum sv_host h, const char *dev)
{
	unsigned long long tx = 0;
	char line[512];
	FILE *f;

	host_enter(h);
	f = fopen("/proc/net/dev", "r");
	expect(f);
	while (fgets(line, sizeof(line), f)) {
		char *values = strchr(line, ':');

		if (!values)
			continue;
		*values = '\0';
		if (!strcmp(line + strspn(line, " "), dev))
			sscanf(values + 1, "%*u %*u %*u %*u %*u %*u %*u %*u %llu",
			       &tx);
	}
	fclose(f);
	return tx;
}

/* Each end to the other link and back; it sends that way then */
static void around(const struct sv_pair *p,
		   void (*talk)(const struct sv_pair *p))
{
	static const struct {
		enum sv_host h;
		const char *dev;
	} steps[] = {
		{ CLI, "eth1" }, { SRV, "eth1" }, { CLI, "eth0" }, { SRV, "eth0" },
	};
	const int fds[] = { p->c, p->s };
	size_t i;

	talk(p);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		const enum sv_host h = steps[i].h;
		__u64 before;

		move(fds[h], fds[!h], steps[i].dev);
		before = sent(h, steps[i].dev);
		talk(p);
		expect(sent(h, steps[i].dev) - before >= SOME);
	}
}

static void talk_stream(const struct sv_pair *p)
{
	exchange(p->c, p->s, SOME);
}

static void move_stream(void)
{
	struct sv_pair p;

	pair_open(&p);
	around(&p, talk_stream);
	pair_close(&p);
}

static void pass(int from, int to, size_t len)
{
	static char out[SOME], in[SOME];

	fill(out, len, rnd_seed());
	expect(must(send(from, out, len, 0)) == (ssize_t)len);
	expect(poll_for(to, POLLIN, WAIT_MS) & POLLIN);
	expect(must(recv(to, in, sizeof(in), 0)) == (ssize_t)len);
	expect(!memcmp(in, out, len));
}

static void talk_dgram(const struct sv_pair *p)
{
	static const size_t sizes[] = { 0, 1, 1000, SOME };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		pass(p->c, p->s, sizes[i]);
		pass(p->s, p->c, sizes[i]);
	}
}

static void move_dgram(void)
{
	struct sv_pair p;
	char b;

	svc_new(&p.svc);
	p.lfd = svc_listen_as(&p.svc, SOCK_DGRAM, 8);
	p.c = host_socket(CLI, SOCK_DGRAM);
	must(svc_connect(p.c, &p.svc));
	expect(poll_for(p.lfd, POLLIN, WAIT_MS) & POLLIN);
	p.s = must(accept(p.lfd, NULL, NULL));
	around(&p, talk_dgram);
	/* also its end goes the new way */
	move(p.c, p.s, "eth1");
	close(p.c);
	expect(poll_for(p.s, POLLIN | POLLRDHUP, WAIT_MS) & POLLRDHUP);
	expect(must(recv(p.s, &b, 1, 0)) == 0);
	close(p.s);
	close(p.lfd);
}

static void move_early(void)
{
	struct sv_pair p;

	svc_new(&p.svc);
	p.c = host_socket(CLI, SOCK_STREAM | SOCK_NONBLOCK);
	fails(migrate(p.c, "eth1"), ENOTCONN);
	p.lfd = svc_listen(&p.svc, 1);
	fails(migrate(p.lfd, "eth1"), ENOTCONN);
	must(fcntl(p.c, F_SETFL, 0));
	must(svc_connect(p.c, &p.svc));
	p.s = must(accept(p.lfd, NULL, NULL));
	exchange(p.c, p.s, SOME);
	pair_close(&p);
}

static void bulk(int from, int to)
{
	const __u64 seed = rnd_seed();
	pid_t pid = stream_send(from, BULK, seed);

	stream_check(to, BULK, seed);
	child_ok(pid);
}

/* One end has said all; the other goes on, and moves, and is moved */
static void move_half_closed(void)
{
	struct sv_pair p;

	pair_open(&p);
	must(shutdown(p.c, SHUT_WR));
	expect_eof(p.s);
	bulk(p.s, p.c);
	move(p.c, p.s, "eth1");
	bulk(p.s, p.c);
	move(p.s, p.c, "eth1");
	bulk(p.s, p.c);
	must(shutdown(p.s, SHUT_WR));
	expect_eof(p.c);
	pair_close(&p);
}

static void set_room(int fd, int which)
{
	const int room = ROOM;

	must(setsockopt(fd, SOL_SOCKET, which, &room, sizeof(room)));
}

/* A pair whose buffers, and so the server's window, are full soon */
static void pair_narrow(struct sv_pair *p)
{
	svc_new(&p->svc);
	p->lfd = svc_listen(&p->svc, 1);
	set_room(p->lfd, SO_RCVBUF);
	p->c = host_socket(CLI, SOCK_STREAM);
	set_room(p->c, SO_SNDBUF);
	must(svc_connect(p->c, &p->svc));
	p->s = must(accept(p->lfd, NULL, NULL));
}

/* As much as fits, which is less than BULK.  Return: how much it was */
static size_t stuff(int fd, const char *data)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = send(fd, data + len, BULK - len, MSG_DONTWAIT);
		if (n > 0)
			len += n;
	} while (n > 0 || poll_for(fd, POLLOUT, 500));
	expect(errno == EAGAIN && len < BULK);
	return len;
}

static struct tcp_info tcp_state(int fd)
{
	struct tcp_info info;

	must(finfo(fd, &info, sizeof(info)));
	return info;
}

/* TCP has waited for an answer @n times, each time longer */
static void wait_backoff(int fd, int n)
{
	const __u64 end = now_ms() + WAIT_MS;

	while (tcp_state(fd).tcpi_backoff < n) {
		expect(now_ms() < end);
		nap_ms(10);
	}
}

static void drain(int fd, const char *want, size_t len)
{
	static char buf[BULK];
	const __u64 start = now_ms();

	get(fd, buf, len);
	expect(!memcmp(buf, want, len));
	note("%zu bytes came %llu ms after the window had opened", len,
	     (unsigned long long)(now_ms() - start));
}

/* Nobody reads: the window is closed, before and behind the moves */
static void move_zero_window(void)
{
	static char data[BULK];
	struct sv_pair p;
	size_t len;

	fill(data, sizeof(data), rnd_seed());
	pair_narrow(&p);
	len = stuff(p.c, data);
	wait_backoff(p.c, 2);	/* it has asked whether the window is open */
	move(p.c, p.s, "eth1");
	move(p.s, p.c, "eth1");
	drain(p.s, data, len);
	exchange(p.c, p.s, SOME);
	pair_close(&p);
}

/* Data and a FIN that cannot be delivered yet, and then a move */
static void move_closing(void)
{
	static char data[BULK];
	struct sv_pair p;
	size_t len;

	fill(data, sizeof(data), rnd_seed());
	pair_narrow(&p);
	len = stuff(p.c, data);
	must(shutdown(p.c, SHUT_WR));
	expect(tcp_state(p.c).tcpi_state == TCP_FIN_WAIT1);
	move(p.c, p.s, "eth1");
	move(p.s, p.c, "eth1");
	drain(p.s, data, len);
	expect_eof(p.s);
	bulk(p.s, p.c);
	move(p.s, p.c, "eth0");
	must(shutdown(p.s, SHUT_WR));
	expect_eof(p.c);
	pair_close(&p);
}

/* Both have said all: whether it still moves or not, nothing is held up */
static void move_closed(void)
{
	struct sv_pair p;

	pair_open(&p);
	exchange(p.c, p.s, SOME);
	must(shutdown(p.c, SHUT_WR));
	expect_eof(p.s);
	must(shutdown(p.s, SHUT_WR));
	expect_eof(p.c);
	if (migrate(p.c, "eth1"))
		expect(errno == ENOTCONN);
	pair_close(&p);
}

static void link_set(enum sv_host h, const char *dev, bool up)
{
	struct ifreq req = { };
	int fd;

	host_enter(h);
	fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	must(ioctl(fd, SIOCGIFFLAGS, &req));
	req.ifr_flags = up ? req.ifr_flags | IFF_UP : req.ifr_flags & ~IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, &req));
	while (up && !(req.ifr_flags & IFF_RUNNING)) {
		nap_ms(10);
		must(ioctl(fd, SIOCGIFFLAGS, &req));
	}
	close(fd);
}

/* The link went first, with data from both ends on their way: it waits for
 * the move, and not for TCP's timer behind it.  That one has run up to a
 * second and more by then.
 */
static void move_broken(void)
{
	static char up[SOME], down[SOME], buf[SOME];
	struct sv_pair p;
	__u64 start, rtt;

	fill(up, sizeof(up), rnd_seed());
	fill(down, sizeof(down), rnd_seed());
	pair_open(&p);
	exchange(p.c, p.s, SOME);
	link_set(CLI, "eth0", false);
	put(p.c, up, sizeof(up));
	put(p.s, down, sizeof(down));
	wait_backoff(p.s, 2);
	start = now_ms();
	move(p.c, p.s, "eth1");
	rtt = now_ms() - start;
	get(p.s, buf, sizeof(buf));
	expect(!memcmp(buf, up, sizeof(buf)));
	get(p.c, buf, sizeof(buf));
	expect(!memcmp(buf, down, sizeof(buf)));
	note("moved in %llu ms, data from both ends came after %llu ms",
	     (unsigned long long)rtt,
	     (unsigned long long)(now_ms() - start));
	exchange(p.c, p.s, SOME);
	link_set(CLI, "eth0", true);
	pair_close(&p);
}

const struct sv_case move_cases[] = {
	{ "move_stream", SV_SERVAL | SV_TWO, move_stream,
	  "a stream moves, whichever end" },
	{ "move_dgram", SV_SERVAL | SV_TWO, move_dgram,
	  "so do datagrams" },
	{ "move_early", SV_SERVAL | SV_TWO, move_early,
	  "not what is no connection yet" },
	{ "move_half_closed", SV_SERVAL | SV_TWO, move_half_closed,
	  "a half-closed stream goes on from there" },
	{ "move_zero_window", SV_SERVAL | SV_TWO, move_zero_window,
	  "so does one that nobody reads" },
	{ "move_closing", SV_SERVAL | SV_TWO, move_closing,
	  "and a FIN comes after all data" },
	{ "move_closed", SV_SERVAL | SV_TWO, move_closed,
	  "moving one that has ended does no harm" },
	{ "move_broken", SV_SERVAL | SV_TWO, move_broken,
	  "a stream goes on elsewhere when its link has gone" },
	{ }
};
