// SPDX-License-Identifier: GPL-2.0-only
/*
 * svcat: connects standard input and output to a service, or offers one.
 *
 *	stdin --> thread --> socket		then shutdown(SHUT_WR)
 *	stdout <-- main <--- socket		until end of file
 *
 * Each direction is a blocking loop of its own, so that neither can hold up
 * the other.  Bytes move by splice() through a pipe where both ends allow
 * it, else through a buffer.  With datagrams each read of the one end is a
 * write to the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libserval/serval.h>
#include <serval/id.h>

#define CHUNK		(256 * 1024)
#define EXIT_USAGE	2

/* Input that becomes a datagram: with all headers it fits an Ethernet packet */
#define DATAGRAM	1300

struct options {
	bool listen;
	bool datagrams;
	bool keep;	/* serve one connection after another */
	bool no_input;
	bool verbose;
	int timeout;	/* ms, -1 is none */
};

/* Of both members behind @sv the family comes first, at the same place. */
struct service_addr {
	struct sockaddr_sv sv;
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

enum unit {
	BYTES,
	TO_DATAGRAMS,
	FROM_DATAGRAMS,
};

/**
 * struct pump - one direction
 * @from:    read from here
 * @to:      write to here
 * @unit:    what is moved
 * @timeout: ms without a byte in either direction that end it, -1 for none
 * @other:   the other direction
 * @bytes:   moved so far
 * @err:     0, or what ended it
 * @at_read: @err is about @from
 */
struct pump {
	int from;
	int to;
	enum unit unit;
	int timeout;
	const struct pump *other;
	unsigned long long bytes;
	int err;
	bool at_read;
};

#define FORMAT(fmt, first)	format(printf, fmt, first)

static void say(const char *format, ...)
	__attribute__((FORMAT(1, 2)));

static void say(const char *format, ...)
{
	va_list args;

	fputs("svcat: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static int fail(struct pump *p, bool at_read, int err)
{
	p->at_read = at_read;
	p->err = err;
	return -1;
}

static unsigned long long bytes_moved(const struct pump *p)
{
	return __atomic_load_n(&p->bytes, __ATOMIC_RELAXED);
}

static void count(struct pump *p, size_t bytes)
{
	__atomic_store_n(&p->bytes, p->bytes + bytes, __ATOMIC_RELAXED);
}

static int wait_for(int fd, short events, int timeout)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&pfd, 1, timeout);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Wait for input; without a timeout the read itself waits. */
static int wait_input(struct pump *p)
{
	unsigned long long before;
	int n;

	if (p->timeout < 0)
		return 0;
	do {
		before = bytes_moved(p->other);
		n = wait_for(p->from, POLLIN, p->timeout);
	} while (!n && bytes_moved(p->other) != before);
	if (n < 0)
		return fail(p, true, errno);
	return n ? 0 : fail(p, true, ETIMEDOUT);
}

/* Is this error no failure?  A descriptor that does not block may have been
 * inherited: wait for it here.
 */
static bool try_again(int fd, short events)
{
	if (errno == EAGAIN)
		return wait_for(fd, events, -1) > 0;
	return errno == EINTR;
}

static int write_all(struct pump *p, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(p->to, buf, len);

		if (n < 0 && try_again(p->to, POLLOUT))
			continue;
		if (n < 0)
			return fail(p, false, errno);
		buf += n;
		len -= n;
		count(p, n);
	}
	return 0;
}

/* A datagram may be empty; only the end has no sender */
static ssize_t read_datagram(int fd, char *buf, bool *end)
{
	struct service_addr from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, CHUNK, 0, (struct sockaddr *)&from,
			     &len);

	*end = !n && !len;
	return n;
}

static ssize_t read_some(const struct pump *p, char *buf, bool *end)
{
	ssize_t n;

	if (p->unit == FROM_DATAGRAMS)
		return read_datagram(p->from, buf, end);
	n = read(p->from, buf, p->unit == TO_DATAGRAMS ? DATAGRAM : CHUNK);
	*end = !n;
	return n;
}

static int copy_rest(struct pump *p)
{
	char *buf = malloc(CHUNK);
	bool end = false;
	int err = 0;

	if (!buf)
		return fail(p, true, ENOMEM);
	while (!err) {
		ssize_t n;

		err = wait_input(p);
		if (err)
			break;
		n = read_some(p, buf, &end);
		if (end)
			break;
		if (n >= 0)
			err = write_all(p, buf, n);
		else if (!try_again(p->from, POLLIN))
			err = fail(p, true, errno);
	}
	free(buf);
	return err;
}

/* Move what is in the pipe by hand: the output cannot be spliced to. */
static int drain(struct pump *p, int pipe_out, size_t len)
{
	char buf[4096];

	while (len) {
		ssize_t n = read(pipe_out, buf, len < sizeof(buf) ?
						len : sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(p, false, n ? errno : EIO);
		if (write_all(p, buf, n))
			return -1;
		len -= n;
	}
	return 0;
}

enum spliced {
	SPLICE_FAILED = -1,
	SPLICE_END,
	SPLICE_MORE,
	SPLICE_CANNOT,	/* nothing is lost, go on by copying */
};

static enum spliced splice_out(struct pump *p, int pipe_out, size_t len)
{
	while (len) {
		ssize_t n = splice(pipe_out, NULL, p->to, NULL, len,
				   SPLICE_F_MOVE);

		if (n < 0 && try_again(p->to, POLLOUT))
			continue;
		if (n < 0 && errno == EINVAL)
			return drain(p, pipe_out, len) ? SPLICE_FAILED :
							 SPLICE_CANNOT;
		if (n <= 0) {
			fail(p, false, n ? errno : EIO);
			return SPLICE_FAILED;
		}
		len -= n;
		count(p, n);
	}
	return SPLICE_MORE;
}

static enum spliced splice_once(struct pump *p, const int *pipe_fd)
{
	ssize_t n;

	if (wait_input(p))
		return SPLICE_FAILED;
	n = splice(p->from, NULL, pipe_fd[1], NULL, CHUNK, SPLICE_F_MOVE);
	if (n > 0)
		return splice_out(p, pipe_fd[0], n);
	if (!n)
		return SPLICE_END;
	if (try_again(p->from, POLLIN))
		return SPLICE_MORE;
	if (errno == EINVAL || errno == EOPNOTSUPP)
		return SPLICE_CANNOT;
	fail(p, true, errno);
	return SPLICE_FAILED;
}

static int pump_run(struct pump *p)
{
	enum spliced state = SPLICE_MORE;
	int pipe_fd[2];

	if (p->unit != BYTES || pipe2(pipe_fd, O_CLOEXEC))
		return copy_rest(p);
	fcntl(pipe_fd[1], F_SETPIPE_SZ, CHUNK);
	while (state == SPLICE_MORE)
		state = splice_once(p, pipe_fd);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	if (state == SPLICE_CANNOT)
		return copy_rest(p);
	return state == SPLICE_FAILED ? -1 : 0;
}

static void *send_input(void *data)
{
	struct pump *p = data;

	/* The peer's end of file says that it has everything. */
	if (!pump_run(p) && shutdown(p->to, SHUT_WR) && errno != ENOTCONN)
		fail(p, false, errno);
	return NULL;
}

static void report(const struct pump *p, bool sending)
{
	const char *what;

	if (sending)
		what = p->at_read ? "reading standard input" : "sending";
	else
		what = p->at_read ? "receiving" : "writing standard output";
	say("%s: %s", what, strerror(p->err));
}

static void print_flow(int fd)
{
	struct service_addr peer = { 0 };
	socklen_t len = sizeof(peer);
	struct flow_id local = { 0 }, remote = { 0 };
	socklen_t id_len = sizeof(local);
	char addr[INET6_ADDRSTRLEN] = "?", id[SERVAL_ID_STRLEN];

	getsockopt(fd, SOL_SERVAL, SERVAL_FLOW_ID, &local, &id_len);
	id_len = sizeof(remote);
	getsockopt(fd, SOL_SERVAL, SERVAL_PEER_FLOW_ID, &remote, &id_len);
	getpeername(fd, (struct sockaddr *)&peer, &len);
	if (peer.in.sin_family == AF_INET)
		inet_ntop(AF_INET, &peer.in.sin_addr, addr, sizeof(addr));
	else if (peer.in6.sin6_family == AF_INET6)
		inet_ntop(AF_INET6, &peer.in6.sin6_addr, addr, sizeof(addr));
	serval_id_format(&peer.sv.sv_srvid, SERVICE_ID_MAX_PREFIX_BITS, id);
	say("connected to %s at %s, flow id %u, peer's flow id %u", id, addr,
	    ntohl(local.s_id32), ntohl(remote.s_id32));
}

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - then->tv_sec + (now.tv_nsec - then->tv_nsec) / 1e9;
}

/* Serve both directions of a connection until both have ended. */
static int converse(int fd, const struct options *opt)
{
	struct pump in = {
		.from = STDIN_FILENO,
		.to = fd,
		.unit = opt->datagrams ? TO_DATAGRAMS : BYTES,
		.timeout = -1,
	};
	struct pump out = {
		.from = fd,
		.to = STDOUT_FILENO,
		.unit = opt->datagrams ? FROM_DATAGRAMS : BYTES,
		.timeout = opt->timeout,
		.other = &in,
	};
	struct timespec start;
	pthread_t sender;
	bool sending = false;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (opt->verbose)
		print_flow(fd);
	if (opt->no_input)
		shutdown(fd, SHUT_WR);
	else
		sending = !pthread_create(&sender, NULL, send_input, &in);
	if (!opt->no_input && !sending) {
		say("cannot start a thread");
		return EXIT_FAILURE;
	}
	err = pump_run(&out);
	if (err) {
		report(&out, false);
		/* Not a return: the sender may still be using this frame. */
		exit(EXIT_FAILURE);
	}
	if (sending)
		pthread_join(sender, NULL);
	if (in.err)
		report(&in, true);
	if (opt->verbose)
		say("received %llu bytes, sent %llu bytes, %.3f s", out.bytes,
		    in.bytes, seconds_since(&start));
	return in.err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int open_socket(const struct options *opt)
{
	int type = opt->datagrams ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(AF_SERVAL, type | SOCK_CLOEXEC, 0);

	if (fd < 0 && errno == EAFNOSUPPORT)
		say("the serval module is not loaded (modprobe serval)");
	else if (fd < 0)
		say("socket: %s", strerror(errno));
	return fd;
}

static int accept_in_time(int listener, int timeout)
{
	int fd;

	do {
		if (timeout >= 0 && !wait_for(listener, POLLIN, timeout))
			return -ETIMEDOUT;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd < 0 ? -errno : fd;
}

static int serve(const char *name, const struct sockaddr_sv *addr,
		 const struct options *opt)
{
	int listener = open_socket(opt);
	int status, fd;

	if (listener < 0)
		return EXIT_FAILURE;
	if (bind(listener, (const struct sockaddr *)addr, sizeof(*addr)) ||
	    listen(listener, 16)) {
		say("listen to %s: %s", name, strerror_sv(errno));
		close(listener);
		return EXIT_FAILURE;
	}
	if (opt->verbose)
		say("listening to %s", name);
	do {
		fd = accept_in_time(listener, opt->timeout);
		if (fd < 0) {
			say("accept: %s", strerror(-fd));
			status = EXIT_FAILURE;
			break;
		}
		/* One connection only: later ones are refused at once. */
		if (!opt->keep)
			close(listener);
		status = converse(fd, opt);
		close(fd);
	} while (opt->keep && !status);
	if (opt->keep)
		close(listener);
	return status;
}

/* connect() that gives up after the timeout. */
static int connect_in_time(int fd, const struct sockaddr *addr, socklen_t len,
			   int timeout)
{
	int flags = fcntl(fd, F_GETFL);
	int err = 0, n;
	socklen_t err_len = sizeof(err);

	if (timeout < 0)
		return connect(fd, addr, len) ? errno : 0;
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	if (connect(fd, addr, len)) {
		if (errno != EINPROGRESS)
			return errno;
		n = wait_for(fd, POLLOUT, timeout);
		if (n <= 0)
			return n ? errno : ETIMEDOUT;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &err_len))
			return errno;
	}
	fcntl(fd, F_SETFL, flags);
	return err;
}

static int use(const char *name, const struct service_addr *addr,
	       socklen_t len, const struct options *opt)
{
	int fd = open_socket(opt);
	int err;

	if (fd < 0)
		return EXIT_FAILURE;
	err = connect_in_time(fd, (const struct sockaddr *)addr, len,
			      opt->timeout);
	if (err) {
		say("connect to %s: %s", name, strerror_sv(err));
		close(fd);
		return EXIT_FAILURE;
	}
	err = converse(fd, opt);
	close(fd);
	return err;
}

static int usage(FILE *file, int status)
{
	fputs("Usage: svcat [-u] [-v] [-d] [-w SECONDS] SERVICEID [ADDRESS]\n"
	      "       svcat [-u] [-v] [-d] [-w SECONDS] [-1 | -k] -l SERVICEID[/BITS]\n"
	      "\n"
	      "  -l  offer the service; without it, use the service\n"
	      "  -1  serve one connection and exit (this is the default)\n"
	      "  -k  serve one connection after another\n"
	      "  -u  send and receive datagrams, each read of the input is one\n"
	      "  -d  do not read standard input\n"
	      "  -w  give up after so many seconds without a connection or a byte\n"
	      "  -v  say what happens\n", file);
	return status;
}

static int read_options(int argc, char **argv, struct options *opt)
{
	char *end;
	long seconds;
	int c;

	while ((c = getopt(argc, argv, "1dhkluvw:")) != -1) {
		switch (c) {
		case '1':
			opt->keep = false;
			break;
		case 'd':
			opt->no_input = true;
			break;
		case 'h':
			exit(usage(stdout, EXIT_SUCCESS));
		case 'k':
			opt->keep = true;
			break;
		case 'l':
			opt->listen = true;
			break;
		case 'u':
			opt->datagrams = true;
			break;
		case 'v':
			opt->verbose = true;
			break;
		case 'w':
			seconds = strtol(optarg, &end, 10);
			if (*end || end == optarg || seconds < 1 ||
			    seconds > 2000000) {
				say("\"%s\" is not a number of seconds",
				    optarg);
				return EXIT_USAGE;
			}
			opt->timeout = seconds * 1000;
			break;
		default:
			return usage(stderr, EXIT_USAGE);
		}
	}
	return 0;
}

/* The length of the whole, 0 after a message */
static socklen_t read_address(const char *text, struct service_addr *addr)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	socklen_t len;

	if (getaddrinfo(text, NULL, &hints, &ai)) {
		say("\"%s\" is not an IPv4 or IPv6 address", text);
		return 0;
	}
	len = sizeof(addr->sv) + ai->ai_addrlen;
	memcpy(&addr->in6, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
	return len;
}

int main(int argc, char **argv)
{
	struct options opt = { .timeout = -1 };
	struct service_addr addr = { 0 };
	socklen_t len = sizeof(addr.sv);
	unsigned int bits;
	const char *why;
	int err;

	signal(SIGPIPE, SIG_IGN);
	err = read_options(argc, argv, &opt);
	if (err)
		return err;
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 2 - opt.listen)
		return usage(stderr, EXIT_USAGE);
	addr.sv.sv_family = AF_SERVAL;
	if (serval_id_resolve(argv[0], &addr.sv.sv_srvid, &bits, &why)) {
		say("\"%s\" is not a service ID: %s", argv[0], why);
		return EXIT_USAGE;
	}
	if (!bits || (!opt.listen && bits < SERVICE_ID_MAX_PREFIX_BITS)) {
		say("\"%s\" is not a single service", argv[0]);
		return EXIT_USAGE;
	}
	if (opt.listen) {
		/* All 256 bits are written 0. */
		addr.sv.sv_prefix_bits = bits;
		return serve(argv[0], &addr.sv, &opt);
	}
	if (argc == 2) {
		len = read_address(argv[1], &addr);
		if (!len)
			return EXIT_USAGE;
	}
	return use(argv[0], &addr, len, &opt);
}
