// SPDX-License-Identifier: GPL-2.0-only
/*
 * sv torture SEED STREAMS DATAGRAMS ID: connections that go on, whatever happens
 * to the links of their hosts.
 *
 * Both ends of each send all the time, but for pauses, and verify what comes.
 * The service of the first connection is ID, of the others the last byte is
 * larger.  A byte of a stream is a function of SEED, the connection, the direction
 * and the position, so is one of a datagram with its number for a position: it may
 * be lost, come twice or late, but not be another.
 *
 * Lines on standard input:
 *
 *   any N	print "any N." when a stream has got on
 *   all N	print "all N." when each connection has, in both directions
 *   show	print how far each is, and if "all" waits for it
 *   end	say all that was begun, end and verify that it has arrived
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sv.h"

#define MOST		32	/* connections */
#define CHUNK		32768
#define ROOM		65536	/* of a buffer: a bad link is to be empty soon */
#define TICK_MS		40	/* from one write of an end to its next */
#define PAUSE_MS	2000	/* at most, once in a while */

/**
 * struct flow - what one end of a connection says to the other
 * @seed: of the content
 * @out:  bytes or datagrams sent
 * @in:   received
 * @mark: @in when that was last asked for
 * @due:  when the next is sent
 * @last: of datagrams: the first that counts for the end, 0 = not yet
 * @late: of these, how many came after a later one, or twice
 * @top:  the latest that came, plus one
 * @over: all is said and heard
 */
struct flow {
	__u64 seed;
	__u64 out, in, mark;
	__u64 due;
	__u64 last, late, top;
	bool over;
};

/**
 * struct line - a connection
 * @fd:    its ends
 * @dgram: of datagrams
 * @most:  bytes of one write
 * @says:  what each end says
 */
struct line {
	int fd[2];
	bool dgram;
	size_t most;
	struct flow says[2];
};

/**
 * struct torture - all of them
 * @line:    connections
 * @n:       their number
 * @pace:    seed of sizes and pauses
 * @asked:   "any", "all" or empty
 * @number:  of the question
 * @ending:  no more is to be said
 */
struct torture {
	struct line line[MOST];
	unsigned int n;
	__u64 pace;
	char asked[8];
	unsigned long number;
	bool ending;
};

/* Some say little, others much; a datagram may need fragments */
static const size_t stream_sizes[] = { 64, 1000, 8000 };
static const size_t dgram_sizes[] = { 64, 1200, 4000 };

static __attribute__((SV_NORETURN)) void broken(const struct torture *t,
						const struct line *l,
						enum sv_host from,
						const char *what)
{
	const struct flow *f = &l->says[from];

	die("%s %td from %s: %s, after %llu out, %llu in",
	    l->dgram ? "datagrams" : "stream", l - t->line + 1,
	    from == CLI ? "client" : "server", what,
	    (unsigned long long)f->out, (unsigned long long)f->in);
}

/* What a datagram says of itself */
struct head {
	__u64 seed;
	__u64 number;
};

static size_t make_dgram(const struct line *l, const struct flow *f,
			 __u64 number, __u8 *buf)
{
	const struct head h = { f->seed, number };
	__u16 size;
	size_t len;

	stream_at((__u8 *)&size, sizeof(size), number, ~f->seed);
	len = sizeof(h) + size % l->most;
	memcpy(buf, &h, sizeof(h));
	stream_at(buf + sizeof(h), len - sizeof(h), number * CHUNK, f->seed);
	return len;
}

static void check_dgram(const struct torture *t, struct line *l,
			enum sv_host from, const __u8 *buf, size_t len)
{
	static __u8 want[CHUNK];
	struct flow *f = &l->says[from];
	struct head h;

	if (len < sizeof(h))
		broken(t, l, from, len ? "cut short" : "ended");
	memcpy(&h, buf, sizeof(h));
	if (h.seed != f->seed || h.number >= f->out)
		broken(t, l, from, "not one of these");
	if (make_dgram(l, f, h.number, want) != len || memcmp(buf, want, len))
		broken(t, l, from, "wrong content");
	f->in++;
	f->late += h.number < f->top;
	if (h.number >= f->top)
		f->top = h.number + 1;
	if (f->last && h.number >= f->last)
		f->over = true;
}

static void check_stream(const struct torture *t, struct line *l,
			 enum sv_host from, const __u8 *buf, size_t len)
{
	static __u8 want[CHUNK];
	struct flow *f = &l->says[from];

	if (!len) {
		if (!t->ending || f->in != f->out)
			broken(t, l, from, "ended too early");
		f->over = true;
	}
	stream_at(want, len, f->in, f->seed);
	if (memcmp(buf, want, len))
		broken(t, l, from, "wrong bytes");
	f->in += len;
}

/* Of a host that has no address or route at the moment */
static bool is_passing(const struct line *l)
{
	switch (errno) {
	case EAGAIN:
		return true;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENOBUFS:
	case EADDRNOTAVAIL:
		return l->dgram;
	}
	return false;
}

/* Some of what has come from one end */
static void hear(const struct torture *t, struct line *l, enum sv_host from)
{
	static __u8 buf[CHUNK];
	ssize_t n = recv(l->fd[!from], buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && !is_passing(l))
		broken(t, l, from, errname(errno));
	if (n < 0)
		return;
	if (l->dgram)
		check_dgram(t, l, from, buf, n);
	else
		check_stream(t, l, from, buf, n);
}

static void say(struct torture *t, struct line *l, enum sv_host from)
{
	static __u8 buf[CHUNK];
	struct flow *f = &l->says[from];
	size_t len;
	ssize_t n;

	if (l->dgram) {
		len = make_dgram(l, f, f->out, buf);
	} else {
		len = 1 + rnd(&t->pace) % l->most;
		stream_at(buf, len, f->out, f->seed);
	}
	n = send(l->fd[from], buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && !is_passing(l))
		broken(t, l, from, errname(errno));
	if (n >= 0)
		f->out += l->dgram ? 1 : n;
}

/* At the end streams say nothing, and datagrams go on until one has arrived */
static void say_all(struct torture *t, __u64 now)
{
	unsigned int i;
	int h;

	for (i = 0; i < t->n; i++) {
		struct line *l = &t->line[i];

		for (h = 0; h < 2; h++) {
			struct flow *f = &l->says[h];

			if (f->due > now || (t->ending && !l->dgram) || f->over)
				continue;
			say(t, l, h);
			f->due = now + TICK_MS;
			if (!t->ending && rnd(&t->pace) % 100 == 0)
				f->due += rnd(&t->pace) % PAUSE_MS;
		}
	}
}

static void begin_end(struct torture *t)
{
	unsigned int i;
	int h;

	t->ending = true;
	for (i = 0; i < t->n; i++) {
		struct line *l = &t->line[i];

		for (h = 0; h < 2; h++) {
			if (!l->dgram)
				must(shutdown(l->fd[h], SHUT_WR));
			else
				l->says[h].last = l->says[h].out;
		}
	}
}

static void show(const struct torture *t)
{
	unsigned int i;
	int h;

	for (i = 0; i < t->n; i++) {
		const struct line *l = &t->line[i];

		for (h = 0; h < 2; h++)
			printf("%s %u from %s: %llu out, %llu in%s%s\n",
			       l->dgram ? "datagrams" : "stream", i + 1,
			       h == CLI ? "client" : "server",
			       (unsigned long long)l->says[h].out,
			       (unsigned long long)l->says[h].in,
			       l->says[h].over ? ", over" : "",
			       l->says[h].in == l->says[h].mark ? ", waits" :
								  "");
	}
	printf("shown.\n");
	fflush(stdout);
}

static void obey(struct torture *t)
{
	char buf[256], *line = buf, *next;
	ssize_t len = must(read(STDIN_FILENO, buf, sizeof(buf) - 1));
	unsigned int i;

	if (!len)
		begin_end(t);
	buf[len] = 0;
	while ((next = strchr(line, '\n'))) {
		*next = 0;
		if (!strcmp(line, "show"))
			show(t);
		else if (!strcmp(line, "end"))
			begin_end(t);
		else
			expect(sscanf(line, "%7s %lu", t->asked,
				      &t->number) == 2);
		line = next + 1;
	}
	for (i = 0; i < 2 * t->n; i++) {
		struct flow *f = &t->line[i / 2].says[i % 2];

		f->mark = f->in;
	}
}

static void answer(struct torture *t)
{
	unsigned int i, all = 0, any = 0;

	for (i = 0; i < 2 * t->n; i++) {
		const struct line *l = &t->line[i / 2];
		const struct flow *f = &l->says[i % 2];

		all += f->in > f->mark;
		any += f->in > f->mark && !l->dgram;
	}
	if (!strcmp(t->asked, "all") ? all < 2 * t->n : !any)
		return;
	printf("%s %lu.\n", t->asked, t->number);
	fflush(stdout);
	t->asked[0] = 0;
}

static bool is_over(const struct torture *t)
{
	unsigned int i;

	for (i = 0; i < 2 * t->n; i++)
		if (!t->line[i / 2].says[i % 2].over)
			return false;
	return true;
}

/* What comes within @ms */
static void listen_to_all(struct torture *t, int ms)
{
	struct pollfd pfd[2 * MOST + 1];
	unsigned int i;

	for (i = 0; i < 2 * t->n; i++) {
		const struct line *l = &t->line[i / 2];
		/* a stream that has ended is readable for ever */
		const bool off = !l->dgram && l->says[i % 2].over;

		pfd[i] = (struct pollfd){
			.fd = off ? -1 : l->fd[!(i % 2)],
			.events = POLLIN,
		};
	}
	pfd[i] = (struct pollfd){
		.fd = t->ending ? -1 : STDIN_FILENO,
		.events = POLLIN,
	};
	must(poll(pfd, i + 1, ms));
	for (i = 0; i < 2 * t->n; i++)
		if (pfd[i].revents)
			hear(t, &t->line[i / 2], i % 2);
	if (pfd[i].revents)
		obey(t);
}

static void run(struct torture *t)
{
	__u64 now = now_ms(), next = now;

	while (!is_over(t)) {
		listen_to_all(t, next > now ? next - now : 0);
		now = now_ms();
		if (now >= next) {
			say_all(t, now);
			next = now + TICK_MS;
		}
		if (t->asked[0])
			answer(t);
	}
}

static void open_line(struct line *l, const struct sv_svc *svc, __u64 *seed)
{
	const int type = l->dgram ? SOCK_DGRAM : SOCK_STREAM, room = ROOM;
	int lfd = svc_listen_as(svc, type, 1), h;

	l->fd[CLI] = host_socket(CLI, type);
	must(svc_connect(l->fd[CLI], svc));
	l->fd[SRV] = must(accept(lfd, NULL, NULL));
	close(lfd);
	for (h = 0; h < 2; h++) {
		l->says[h].seed = rnd(seed);
		must(setsockopt(l->fd[h], SOL_SOCKET, SO_SNDBUF, &room,
				sizeof(room)));
	}
}

static void close_all(struct torture *t)
{
	__u64 bytes = 0, sent = 0, got = 0, late = 0;
	unsigned int i;

	for (i = 0; i < 2 * t->n; i++) {
		const struct line *l = &t->line[i / 2];
		const struct flow *f = &l->says[i % 2];

		must(close(l->fd[i % 2]));
		if (!l->dgram) {
			bytes += f->in;
			continue;
		}
		sent += f->out;
		got += f->in;
		late += f->late;
	}
	printf("done %llu bytes, %llu of %llu datagrams, %llu late or twice\n",
	       (unsigned long long)bytes, (unsigned long long)got,
	       (unsigned long long)sent, (unsigned long long)late);
}

int cmd_torture(int argc, char **argv)
{
	static struct torture t;
	unsigned int streams, i;
	struct sv_svc svc;
	__u64 seed;

	if (argc != 5 || svc_parse(&svc, argv[4]))
		return 2;
	/* not 0, whatever it is, and another for each */
	seed = arg_num(argv[1]) * 2 + 1;
	streams = arg_num(argv[2]);
	t.n = streams + arg_num(argv[3]);
	expect(t.n && t.n <= MOST);
	t.pace = rnd(&seed);
	for (i = 0; i < t.n; i++, svc.id[sizeof(svc.id) - 1]++) {
		struct line *l = &t.line[i];

		l->dgram = i >= streams;
		l->most = l->dgram ?
			dgram_sizes[(i - streams) % ARRAY_SIZE(dgram_sizes)] :
			stream_sizes[i % ARRAY_SIZE(stream_sizes)];
		open_line(l, &svc, &seed);
	}
	printf("open %u.\n", t.n);
	fflush(stdout);
	run(&t);
	close_all(&t);
	return 0;
}
