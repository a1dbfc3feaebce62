// SPDX-License-Identifier: GPL-2.0-only
/*
 * sv shuttle [-r SEED] COUNT ID: a connection that moves while both ends send
 * what they can.
 *
 * The client goes to and fro between eth0 and eth1, COUNT times.  With -r the
 * client, the server or both at once do so, as the seed says and after pauses
 * that it says; a move may fail then.  After each the stream must go on in
 * both directions.  Prints "moved N failed M" and goes on sending until a line
 * comes on standard input; then both ends have to get all that was sent.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sv.h"

#define CHUNK	16384
#define ROOM	65536		/* of a buffer: a slow link is to be empty soon */
#define WAIT_MS	40000

/**
 * struct end - one end of the connection
 * @fd:    socket
 * @seed:  of what it sends
 * @other: the other end
 * @turn:  link that it goes to next
 * @in:    bytes received
 * @out:   bytes sent
 */
struct end {
	int fd;
	__u64 seed;
	struct end *other;
	int turn;
	__u64 in, out;
};

static const char * const links[] = { "eth0", "eth1" };

static void send_some(struct end *e)
{
	static __u8 buf[CHUNK];
	ssize_t n;

	stream_at(buf, sizeof(buf), e->out, e->seed);
	n = send(e->fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno == EAGAIN)
		return;
	e->out += must(n);
}

/* Return: false at the end */
static bool receive_some(struct end *e)
{
	static __u8 buf[CHUNK], want[CHUNK];
	ssize_t n = recv(e->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return true;
	stream_at(want, must(n), e->in, e->other->seed);
	if (memcmp(buf, want, n))
		die("wrong bytes after %llu", (unsigned long long)e->in);
	e->in += n;
	return n;
}

/* Until there is a hangup of @stop, and the other end has said all */
static void run_end(struct end *e, int stop)
{
	bool in = true, out = true;

	while (in || out) {
		struct pollfd pfd[] = {
			{ e->fd, (in ? POLLIN : 0) | (out ? POLLOUT : 0), 0 },
			{ out ? stop : -1, POLLIN, 0 },
		};

		if (!must(poll(pfd, ARRAY_SIZE(pfd), WAIT_MS)))
			die("nothing happens after %llu bytes in, %llu out",
			    (unsigned long long)e->in,
			    (unsigned long long)e->out);
		if (in && pfd[0].revents & ~POLLOUT)
			in = receive_some(e);
		if (pfd[1].revents) {
			out = false;
			must(shutdown(e->fd, SHUT_WR));
		}
		if (out && pfd[0].revents & POLLOUT)
			send_some(e);
	}
}

static pid_t start_end(struct end *e, int stop, int keep)
{
	pid_t pid = must(fork());

	if (pid)
		return pid;
	close(keep);
	run_end(e, stop);
	_exit(0);
}

/* What the process of an end has received meanwhile */
static __u64 received(const struct end *e)
{
	return __atomic_load_n(&e->in, __ATOMIC_RELAXED);
}

/* The process has to be there as well: it says itself what was wrong */
static void wait_more(const struct end *e)
{
	const __u64 end = now_ms() + WAIT_MS, in = received(e);

	while (received(e) == in) {
		if (now_ms() > end || waitpid(-1, NULL, WNOHANG))
			die("nothing comes after %llu bytes",
			    (unsigned long long)in);
		nap_ms(1);
	}
}

static void goes_on(const struct end *e)
{
	wait_more(&e[CLI]);
	wait_more(&e[SRV]);
}

/* It may be there by an earlier move that the peer heard of, and we did not.
 * Return: 0 or why not
 */
static int go(struct end *e)
{
	int ret = migrate(e->fd, links[e->turn ^= 1]);

	if (ret && errno == EALREADY)
		ret = migrate(e->fd, links[e->turn ^= 1]);
	return ret ? errno : 0;
}

static bool has_moved(int err)
{
	if (err && err != ETIMEDOUT && err != ECANCELED && err != EAGAIN)
		die("the move has failed: %s", errname(err));
	if (err)
		note("a move has failed: %s", errname(err));
	return !err;
}

/* Return: how many moves have failed */
static unsigned int both_go(struct end *e)
{
	pid_t pid = must(fork());
	int status;
	bool ok;

	if (!pid)
		_exit(go(&e[SRV]));
	ok = has_moved(go(&e[CLI]));
	must(waitpid(pid, &status, 0));
	expect(WIFEXITED(status));
	return !ok + !has_moved(WEXITSTATUS(status));
}

static unsigned int go_random(struct end *e, __u64 *seed)
{
	int who = rnd(seed) % 3;

	nap_ms(rnd(seed) % 300);
	return who == 2 ? both_go(e) : !has_moved(go(&e[who]));
}

static void make_moves(struct end *e, unsigned long count, __u64 seed)
{
	unsigned long i;
	unsigned int failed = 0;
	int err;

	for (i = 0; i < count; i++) {
		if (seed) {
			failed += go_random(e, &seed);
		} else {
			err = go(&e[CLI]);
			if (err)
				die("move %lu: %s", i, errname(err));
		}
		goes_on(e);
	}
	printf("moved %lu failed %u\n", count, failed);
	fflush(stdout);
}

static void open_ends(struct end *e, const struct sv_svc *svc)
{
	const int room = ROOM;
	int l, i;

	l = svc_listen(svc, 1);
	e[CLI].fd = svc_dial(svc);
	e[SRV].fd = must(accept(l, NULL, NULL));
	close(l);
	for (i = 0; i < 2; i++) {
		e[i].seed = rnd_seed();
		e[i].other = &e[!i];
		must(setsockopt(e[i].fd, SOL_SOCKET, SO_SNDBUF, &room,
				sizeof(room)));
	}
}

int cmd_shuttle(int argc, char **argv)
{
	struct end *e = mmap(NULL, 2 * sizeof(*e), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sv_svc svc;
	__u64 seed = 0;
	int stop[2], opt;
	pid_t pid[2];
	char line[16];

	while ((opt = getopt(argc, argv, "r:")) != -1) {
		if (opt != 'r')
			return 2;
		seed = arg_num(optarg);
	}
	if (optind + 2 != argc || svc_parse(&svc, argv[optind + 1]))
		return 2;
	expect(e != MAP_FAILED);
	open_ends(e, &svc);
	must(pipe(stop));
	pid[CLI] = start_end(&e[CLI], stop[0], stop[1]);
	pid[SRV] = start_end(&e[SRV], stop[0], stop[1]);
	goes_on(e);
	make_moves(e, arg_num(argv[optind]), seed);
	if (!fgets(line, sizeof(line), stdin))
		note("end of input");
	close(stop[1]);
	child_ok(pid[CLI]);
	child_ok(pid[SRV]);
	expect(e[CLI].in == e[SRV].out && e[SRV].in == e[CLI].out);
	printf("done %llu up %llu down\n", (unsigned long long)e[SRV].in,
	       (unsigned long long)e[CLI].in);
	return 0;
}
