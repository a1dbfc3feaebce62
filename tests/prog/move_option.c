// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program moves its own connection and hears of it: SERVAL_MIGRATE, SERVAL_RECVMOVE,
 * and the two ioctls.
 *
 * Of both hosts eth0 and eth1 are a link, network 10.9.0 and 10.9.1; from the client's
 * eth2 nobody answers.  Of much data a little is lost along the first link.
 */
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "sv.h"

#define WAIT_MS		20000
#define TCP_INFINITE_SSTHRESH	0x7fffffff
#define FIRST		"10.9.0."
#define SECOND		"10.9.1."
#define BULK		2000000	/* bytes at a time */
#define INITIAL_WINDOW	10	/* of TCP, RFC 6928 */

static int to_dev(int fd, const char *dev)
{
	struct serval_migrate m = {};

	snprintf(m.sm_dev, sizeof(m.sm_dev), "%s", dev);
	return setsockopt(fd, SOL_SERVAL, SERVAL_MIGRATE, &m, sizeof(m));
}

/* As the old TCP Migrate had it, with a port that says nothing */
static int to_sockaddr(int fd, const char *addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(7) };

	inet_pton(AF_INET, addr, &sin.sin_addr);
	return ioctl(fd, SIOCPROTOPRIVATE, &sin);
}

static int to_addr(int fd, const char *addr)
{
	struct serval_migrate m = { .sm_family = AF_INET };

	inet_pton(AF_INET, addr, m.sm_addr);
	return ioctl(fd, SIOCSERVALMIGRATE, &m);
}

static struct serval_migration migration(int fd)
{
	struct serval_migration m;
	socklen_t len = sizeof(m);

	memset(&m, 0xaa, sizeof(m));
	must(getsockopt(fd, SOL_SERVAL, SERVAL_MIGRATE, &m, &len));
	expect(len == sizeof(m));
	return m;
}

static void wait_moves(int fd, __u32 moves)
{
	__u64 end = now_ms() + WAIT_MS;

	while (migration(fd).sm_moves != moves) {
		if (now_ms() > end)
			die("%u moves, not %u", migration(fd).sm_moves, moves);
		nap_ms(5);
	}
}

/* A few bytes each way: one datagram, if that is what it is */
static void talk(const struct sv_pair *p)
{
	exchange(p->c, p->s, 100);
}

static ssize_t recv_err(int fd, void *control, size_t *len)
{
	struct msghdr msg = {
		.msg_control = control,
		.msg_controllen = *len,
	};
	ssize_t n = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

	*len = n < 0 ? 0 : msg.msg_controllen;
	expect(n < 0 || msg.msg_flags == MSG_ERRQUEUE);
	return n;
}

static void no_report(int fd)
{
	char control[256];
	size_t len = sizeof(control);

	fails(recv_err(fd, control, &len), EAGAIN);
	expect(!(poll_for(fd, POLLIN, 0) & POLLERR));
}

static struct sock_extended_err report(int fd)
{
	struct {
		struct cmsghdr cmsg;
		struct sock_extended_err ee;
		struct sockaddr_in6 offender;
		char more[64];
	} control;
	size_t len = sizeof(control);

	expect(poll_for(fd, 0, WAIT_MS) == POLLERR);
	expect(recv_err(fd, &control, &len) == 0);
	expect(control.cmsg.cmsg_level == SOL_IPV6);
	expect(control.cmsg.cmsg_type == IPV6_RECVERR);
	expect(control.cmsg.cmsg_len == CMSG_LEN(sizeof(control.ee) +
						 sizeof(control.offender)));
	expect(control.ee.ee_origin == SERVAL_EE_ORIGIN_MOVE);
	expect(control.ee.ee_code == 0 && control.ee.ee_pad == 0);
	return control.ee;
}

/* The only one there is */
static void expect_report(int fd, int type, int err)
{
	struct serval_migration m = migration(fd);
	struct sock_extended_err ee = report(fd);

	if ((int)ee.ee_errno != err)
		die("%s instead of %s", errname(ee.ee_errno), errname(err));
	expect(ee.ee_type == type);
	expect(ntohl(ee.ee_data) == flow_opt(fd, SERVAL_FLOW_ID));
	expect(ee.ee_info > 0 && ee.ee_info < WAIT_MS * 1000);
	m = migration(fd);
	if (type == SERVAL_EE_MOVE_OWN)
		expect(m.sm_us == ee.ee_info && (int)m.sm_error == err);
	no_report(fd);
	expect(so_error(fd) == 0);
}

static void is_at(int fd, const char *local, const char *peer, const char *dev)
{
	struct serval_migration m = migration(fd);
	char l[INET_ADDRSTRLEN] = "", r[INET_ADDRSTRLEN] = "";
	int i;

	expect(m.sm_local_family == AF_INET && m.sm_peer_family == AF_INET);
	inet_ntop(AF_INET, m.sm_local, l, sizeof(l));
	inet_ntop(AF_INET, m.sm_peer, r, sizeof(r));
	if (strcmp(l, local) || strcmp(r, peer))
		die("from %s to %s, not from %s to %s", l, r, local, peer);
	for (i = 4; i < 16; i++)
		expect(!m.sm_local[i] && !m.sm_peer[i]);
	if (m.sm_ifindex != if_nametoindex(dev))
		die("device %u, not %s", m.sm_ifindex, dev);
	expect(m.sm_state == SERVAL_STATE_ESTABLISHED);
}

static void moves_itself(int type)
{
	struct sv_pair p;
	__u32 id;

	pair_open_as(&p, type);
	talk(&p);
	set_nonblock(p.c);
	must(set_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	must(set_int(p.s, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	id = flow_opt(p.c, SERVAL_FLOW_ID);
	host_enter(CLI);
	is_at(p.c, FIRST "1", FIRST "2", "eth0");
	must(to_dev(p.c, "eth1"));
	expect_report(p.c, SERVAL_EE_MOVE_OWN, 0);
	expect(flow_opt(p.c, SERVAL_FLOW_ID) != id);
	expect(migration(p.c).sm_moves == 1);
	is_at(p.c, SECOND "1", FIRST "2", "eth1");
	fails(to_dev(p.c, "eth1"), EALREADY);
	expect_report(p.s, SERVAL_EE_MOVE_PEER, 0);
	expect(migration(p.s).sm_moves == 1 && !migration(p.s).sm_us);
	talk(&p);
	host_enter(SRV);
	is_at(p.s, FIRST "2", SECOND "1", "eth1");
	must(to_dev(p.s, "eth1"));
	expect_report(p.s, SERVAL_EE_MOVE_OWN, 0);
	expect_report(p.c, SERVAL_EE_MOVE_PEER, 0);
	expect(migration(p.s).sm_moves == 2 && migration(p.c).sm_moves == 2);
	is_at(p.s, SECOND "2", SECOND "1", "eth1");
	talk(&p);
	no_report(p.c);
	no_report(p.s);
	pair_close(&p);
}

static void move_stream(void)
{
	moves_itself(SOCK_STREAM);
}

static void move_dgram(void)
{
	moves_itself(SOCK_DGRAM);
}

static void fails_to_move(int type)
{
	struct sv_pair p;
	__u32 id;

	pair_open_as(&p, type);
	talk(&p);
	set_nonblock(p.c);
	must(set_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	must(set_int(p.s, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	id = flow_opt(p.c, SERVAL_FLOW_ID);
	host_enter(CLI);
	must(to_dev(p.c, "eth2"));
	expect(migration(p.c).sm_state == SERVAL_STATE_RSYN_SENT);
	expect(migration(p.c).sm_error == 0);
	fails(to_dev(p.c, "eth1"), EBUSY);
	no_report(p.c);
	talk(&p);
	expect_report(p.c, SERVAL_EE_MOVE_OWN, ETIMEDOUT);
	expect(flow_opt(p.c, SERVAL_FLOW_ID) == id);
	expect(migration(p.c).sm_moves == 0);
	is_at(p.c, FIRST "1", FIRST "2", "eth0");
	talk(&p);
	must(to_dev(p.c, "eth1"));
	expect_report(p.c, SERVAL_EE_MOVE_OWN, 0);
	expect_report(p.s, SERVAL_EE_MOVE_PEER, 0);
	expect(migration(p.c).sm_moves == 1);
	talk(&p);
	pair_close(&p);
}

static void move_fails_stream(void)
{
	fails_to_move(SOCK_STREAM);
}

static void move_fails_dgram(void)
{
	fails_to_move(SOCK_DGRAM);
}

static void is_quiet(int type)
{
	struct sv_pair p;

	pair_open_as(&p, type);
	talk(&p);
	expect(get_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE) == 0);
	must(set_int(p.s, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	expect(get_int(p.s, SOL_SERVAL, SERVAL_RECVMOVE) == 1);
	must(set_int(p.s, SOL_SERVAL, SERVAL_RECVMOVE, 0));
	expect(get_int(p.s, SOL_SERVAL, SERVAL_RECVMOVE) == 0);
	must(to_dev(p.c, "eth1"));
	wait_moves(p.c, 1);
	wait_moves(p.s, 1);
	talk(&p);
	no_report(p.c);
	no_report(p.s);
	pair_close(&p);
}

static void move_quiet(void)
{
	is_quiet(SOCK_STREAM);
	is_quiet(SOCK_DGRAM);
}

/* What nobody has read is bounded by the receive buffer, and goes with the socket */
static void move_unread(void)
{
	static const char * const dev[] = { "eth1", "eth0" };
	int size = 1, n = 0;
	char control[256];
	struct sv_pair p;
	size_t len;
	__u32 i;

	pair_open_as(&p, SOCK_DGRAM);
	must(set_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	must(set_int(p.s, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	must(setsockopt(p.c, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	for (i = 0; i < 20; i++) {
		must(to_dev(p.c, dev[i % 2]));
		wait_moves(p.c, i + 1);
		wait_moves(p.s, i + 1);
	}
	do {
		len = sizeof(control);
	} while (recv_err(p.c, control, &len) == 0 && ++n);
	expect(n > 0 && n < 20);
	pair_close(&p);
}

static void no_connection(int fd, __u32 state)
{
	expect(migration(fd).sm_state == state);
	expect(!migration(fd).sm_local_family && !migration(fd).sm_moves);
	fails(to_dev(fd, "eth1"), ENOTCONN);
	fails(to_addr(fd, SECOND "1"), ENOTCONN);
	fails(to_sockaddr(fd, SECOND "1"), ENOTCONN);
	must(set_int(fd, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	expect(get_int(fd, SOL_SERVAL, SERVAL_RECVMOVE) == 1);
}

static void move_no_connection(void)
{
	struct sv_svc svc;

	no_connection(host_socket(CLI, SOCK_STREAM), SERVAL_STATE_CLOSED);
	no_connection(host_socket(CLI, SOCK_DGRAM), SERVAL_STATE_CLOSED);
	svc_new(&svc);
	no_connection(svc_listen(&svc, 1), SERVAL_STATE_LISTEN);
	svc_new(&svc);
	no_connection(svc_listen_as(&svc, SOCK_DGRAM, 1), SERVAL_STATE_LISTEN);
}

/* A buffer that is too small gets what fits, and nothing behind it is touched */
static void short_buffer(int fd)
{
	struct serval_migration m;
	__u8 buf[2 * sizeof(m)];
	socklen_t len = 12;

	memset(buf, 0x55, sizeof(buf));
	must(getsockopt(fd, SOL_SERVAL, SERVAL_MIGRATE, buf, &len));
	expect(len == 12);
	m = migration(fd);
	expect(!memcmp(buf, &m, 12) && buf[12] == 0x55);
	len = sizeof(buf);
	must(getsockopt(fd, SOL_SERVAL, SERVAL_MIGRATE, buf, &len));
	expect(len == sizeof(m) && buf[len] == 0x55);
	len = -1;
	fails(getsockopt(fd, SOL_SERVAL, SERVAL_MIGRATE, buf, &len), EINVAL);
	len = sizeof(m);
	fails(getsockopt(fd, SOL_SERVAL, SERVAL_MIGRATE, NULL, &len), EFAULT);
}

static void move_bad(void)
{
	struct serval_migrate m = { .sm_dev = "eth1" }, bad = m;
	struct sv_pair p;

	pair_open_as(&p, SOCK_STREAM);
	must(set_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	short_buffer(p.c);
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_MIGRATE, &m, sizeof(m) - 1), EINVAL);
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_MIGRATE, &m, 0), EINVAL);
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_MIGRATE, NULL, sizeof(m)), EFAULT);
	bad.sm_pad[1] = 1;
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_MIGRATE, &bad, sizeof(bad)), EINVAL);
	bad = m;
	bad.sm_family = AF_UNIX;
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_MIGRATE, &bad, sizeof(bad)),
	      EAFNOSUPPORT);
	bad = (struct serval_migrate) { .sm_family = AF_INET };
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_MIGRATE, &bad, sizeof(bad)),
	      EADDRNOTAVAIL);
	inet_pton(AF_INET, SECOND "99", bad.sm_addr);
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_MIGRATE, &bad, sizeof(bad)),
	      EADDRNOTAVAIL);
	fails(to_dev(p.c, ""), EINVAL);
	fails(to_dev(p.c, "nosuch"), ENODEV);
	fails(to_dev(p.c, "eth0"), EALREADY);
	fails(set_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE, 2), EINVAL);
	fails(set_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE, -1), EINVAL);
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_RECVMOVE, &m, 3), EINVAL);
	fails(setsockopt(p.c, SOL_SERVAL, SERVAL_RECVMOVE, NULL, 4), EFAULT);
	expect(get_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE) == 1);
	no_report(p.c);
	expect(migration(p.c).sm_moves == 0 && migration(p.c).sm_us == 0);
	talk(&p);
	pair_close(&p);
}

/* The address says where to as well; and a blocking socket does not wait either */
static void move_by_address(void)
{
	struct serval_migrate m = { .sm_family = AF_INET };
	struct sv_pair p;

	pair_open_as(&p, SOCK_STREAM);
	must(set_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	inet_pton(AF_INET, SECOND "1", m.sm_addr);
	must(setsockopt(p.c, SOL_SERVAL, SERVAL_MIGRATE, &m, sizeof(m)));
	expect_report(p.c, SERVAL_EE_MOVE_OWN, 0);
	host_enter(CLI);
	is_at(p.c, SECOND "1", FIRST "2", "eth1");
	talk(&p);
	pair_close(&p);
}

/* The ioctls say where to by an address as well, and wait unless the socket does not */
static void by_ioctl(int type)
{
	struct sv_pair p;

	pair_open_as(&p, type);
	talk(&p);
	host_enter(CLI);
	must(to_sockaddr(p.c, SECOND "1"));
	expect(migration(p.c).sm_moves == 1);
	is_at(p.c, SECOND "1", FIRST "2", "eth1");
	talk(&p);
	fails(to_sockaddr(p.c, SECOND "1"), EALREADY);
	fails(to_addr(p.c, SECOND "1"), EALREADY);
	must(to_addr(p.c, FIRST "1"));
	expect(migration(p.c).sm_moves == 2);
	is_at(p.c, FIRST "1", FIRST "2", "eth0");
	talk(&p);
	set_nonblock(p.c);
	fails(to_sockaddr(p.c, SECOND "1"), EINPROGRESS);
	wait_moves(p.c, 3);
	is_at(p.c, SECOND "1", FIRST "2", "eth1");
	fails(to_addr(p.c, FIRST "1"), EINPROGRESS);
	wait_moves(p.c, 4);
	is_at(p.c, FIRST "1", FIRST "2", "eth0");
	talk(&p);
	pair_close(&p);
}

static void move_ioctl(void)
{
	by_ioctl(SOCK_STREAM);
	by_ioctl(SOCK_DGRAM);
}

static void move_ioctl_bad(void)
{
	struct serval_migrate m = { .sm_family = AF_UNIX };
	struct sockaddr_in sin = { .sin_family = AF_INET6 };
	struct sv_pair p;

	pair_open_as(&p, SOCK_STREAM);
	fails(ioctl(p.c, SIOCPROTOPRIVATE, &sin), EAFNOSUPPORT);
	sin.sin_family = AF_SERVAL;
	fails(ioctl(p.c, SIOCPROTOPRIVATE, &sin), EAFNOSUPPORT);
	fails(ioctl(p.c, SIOCSERVALMIGRATE, &m), EAFNOSUPPORT);
	fails(to_sockaddr(p.c, "0.0.0.0"), EINVAL);
	fails(to_sockaddr(p.c, SECOND "99"), EADDRNOTAVAIL);
	fails(to_addr(p.c, SECOND "99"), EADDRNOTAVAIL);
	/* an address that is the peer's is not this host's */
	fails(to_sockaddr(p.c, FIRST "2"), EADDRNOTAVAIL);
	fails(ioctl(p.c, SIOCPROTOPRIVATE, NULL), EFAULT);
	fails(ioctl(p.c, SIOCSERVALMIGRATE, NULL), EFAULT);
	expect(migration(p.c).sm_moves == 0 && migration(p.c).sm_us == 0);
	talk(&p);
	pair_close(&p);
}

/* With nothing on its way */
static struct tcp_info tcp_state(int fd)
{
	const __u64 end = now_ms() + WAIT_MS;
	struct tcp_info info;

	must(finfo(fd, &info, sizeof(info)));
	while (info.tcpi_unacked) {
		expect(now_ms() < end);
		nap_ms(5);
		must(finfo(fd, &info, sizeof(info)));
	}
	return info;
}

/* What is known of a path that it carries: most of the window, or where that was too large */
static __u32 known(const struct tcp_info *info)
{
	const __u32 part = info->tcpi_snd_cwnd / 2 + info->tcpi_snd_cwnd / 4;

	return part > info->tcpi_snd_ssthresh ? part : info->tcpi_snd_ssthresh;
}

/* So much that TCP's window has been too large once */
static void fill_path(const struct sv_pair *p)
{
	const __u64 end = now_ms() + WAIT_MS;
	struct tcp_info info;

	do {
		const __u64 seed = rnd_seed();
		pid_t pid = stream_send(p->c, BULK, seed);

		stream_check(p->s, BULK, seed);
		child_ok(pid);
		info = tcp_state(p->c);
		note("window %u, threshold %u", info.tcpi_snd_cwnd, info.tcpi_snd_ssthresh);
		expect(now_ms() < end);
	} while (info.tcpi_snd_cwnd <= INITIAL_WINDOW ||
		 info.tcpi_snd_ssthresh >= TCP_INFINITE_SSTHRESH);
}

/* Into UDP or out of it, from the same address: what TCP knows holds for that as well */
static void change_way(const struct sv_pair *p, int encap)
{
	const __u32 window = tcp_state(p->c).tcpi_snd_cwnd;

	must(set_int(p->c, SOL_SERVAL, SERVAL_UDP_ENCAP, encap));
	must(to_dev(p->c, "eth0"));
	expect_report(p->c, SERVAL_EE_MOVE_OWN, 0);
	is_at(p->c, FIRST "1", FIRST "2", "eth0");
	talk(p);
	expect(tcp_state(p->c).tcpi_snd_cwnd >= window);
}

/* What another path carries is not known: slow start, up to what the old one did */
static void change_path(const struct sv_pair *p)
{
	const struct tcp_info old = tcp_state(p->c);
	const __u64 end = now_ms() + WAIT_MS;
	struct tcp_info info;

	must(to_dev(p->c, "eth1"));
	expect_report(p->c, SERVAL_EE_MOVE_OWN, 0);
	/* a work tells TCP */
	do {
		expect(now_ms() < end);
		nap_ms(1);
		info = tcp_state(p->c);
	} while (info.tcpi_snd_cwnd == old.tcpi_snd_cwnd);
	expect(info.tcpi_snd_cwnd == INITIAL_WINDOW);
	expect(info.tcpi_snd_ssthresh == known(&old));
}

static void move_window(void)
{
	struct sv_pair p;

	pair_open_as(&p, SOCK_STREAM);
	must(set_int(p.c, SOL_SERVAL, SERVAL_RECVMOVE, 1));
	/* its window grows steadily */
	must(setsockopt(p.c, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	host_enter(CLI);
	fill_path(&p);
	change_way(&p, SERVAL_UDP_ALWAYS);
	change_way(&p, SERVAL_UDP_NEVER);
	change_path(&p);
	talk(&p);
	pair_close(&p);
}

const struct sv_case move_option_cases[] = {
	{ "move-stream", SV_SERVAL | SV_TWO, move_stream,
	  "a stream moves itself, and both ends hear of it" },
	{ "move-dgram", SV_SERVAL | SV_TWO, move_dgram,
	  "so does a datagram connection" },
	{ "move-fails-stream", SV_SERVAL | SV_TWO, move_fails_stream,
	  "a stream hears why it did not move, and goes on" },
	{ "move-fails-dgram", SV_SERVAL | SV_TWO, move_fails_dgram,
	  "so does a datagram connection" },
	{ "move-quiet", SV_SERVAL | SV_TWO, move_quiet,
	  "who does not ask for reports gets none" },
	{ "move-unread", SV_SERVAL | SV_TWO, move_unread,
	  "reports that nobody reads fill no more than the receive buffer" },
	{ "move-no-connection", SV_SERVAL | SV_TWO, move_no_connection,
	  "a socket without a connection says so" },
	{ "move-bad", SV_SERVAL | SV_TWO, move_bad,
	  "bad values are refused and change nothing" },
	{ "move-by-address", SV_SERVAL | SV_TWO, move_by_address,
	  "a local address says where to" },
	{ "move-ioctl", SV_SERVAL | SV_TWO, move_ioctl,
	  "to an ioctl as well, a struct sockaddr_in or ours" },
	{ "move-ioctl-bad", SV_SERVAL | SV_TWO, move_ioctl_bad,
	  "an ioctl refuses bad values, and changes nothing" },
	{ "move-window", SV_SERVAL | SV_TWO, move_window,
	  "TCP's window begins anew on another path, and not inside UDP" },
	{ }
};
