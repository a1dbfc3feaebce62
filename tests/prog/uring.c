// SPDX-License-Identifier: GPL-2.0-only
/* io_uring by its system calls: accept, connect, send, send_zc, recv. */
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sv.h"

/* What a completion says */
struct done {
	__u64 user_data;
	int res;
	unsigned int flags;
};

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_cqe *cqes;
	struct io_uring_sqe *sqes;
};

static void ring_open(struct ring *r)
{
	struct io_uring_params p = { };
	size_t sqlen, cqlen;
	char *sq, *cq;

	r->fd = must(syscall(__NR_io_uring_setup, 8, &p));
	sqlen = p.sq_off.array + p.sq_entries * sizeof(unsigned int);
	cqlen = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	sq = mmap(NULL, sqlen, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, cqlen, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		  IORING_OFF_CQ_RING);
	r->sqes = mmap(NULL, p.sq_entries * sizeof(*r->sqes),
		       PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		       IORING_OFF_SQES);
	expect(sq != MAP_FAILED && cq != MAP_FAILED && r->sqes != MAP_FAILED);
	r->sq_tail = (unsigned int *)(sq + p.sq_off.tail);
	r->sq_mask = (unsigned int *)(sq + p.sq_off.ring_mask);
	r->sq_array = (unsigned int *)(sq + p.sq_off.array);
	r->cq_head = (unsigned int *)(cq + p.cq_off.head);
	r->cq_tail = (unsigned int *)(cq + p.cq_off.tail);
	r->cq_mask = (unsigned int *)(cq + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

static void ring_submit(struct ring *r, const struct io_uring_sqe *sqe)
{
	unsigned int tail = *r->sq_tail, i = tail & *r->sq_mask;

	r->sqes[i] = *sqe;
	r->sq_array[i] = i;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_SEQ_CST);
	expect(must(syscall(__NR_io_uring_enter, r->fd, 1, 0, 0, NULL,
			    0)) == 1);
}

static struct done ring_wait(struct ring *r)
{
	unsigned int head = *r->cq_head;
	struct io_uring_cqe *cqe = &r->cqes[head & *r->cq_mask];
	struct done done;

	while (__atomic_load_n(r->cq_tail, __ATOMIC_SEQ_CST) == head)
		must(syscall(__NR_io_uring_enter, r->fd, 0, 1,
			     IORING_ENTER_GETEVENTS, NULL, 0));
	done = (struct done) { cqe->user_data, cqe->res, cqe->flags };
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_SEQ_CST);
	return done;
}

static void prep(struct io_uring_sqe *sqe, int op, int fd)
{
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->user_data = op;
}

static int ring_do(struct ring *r, const struct io_uring_sqe *sqe)
{
	struct done cqe;

	ring_submit(r, sqe);
	cqe = ring_wait(r);
	expect(cqe.user_data == sqe->opcode);
	return cqe.res;
}

static int ring_connect(struct ring *r, int fd, const struct sv_svc *svc)
{
	static struct sockaddr_storage ss;
	struct io_uring_sqe sqe;

	prep(&sqe, IORING_OP_CONNECT, fd);
	sqe.off = svc_conn_addr(svc, &ss);
	sqe.addr = (unsigned long)&ss;
	return ring_do(r, &sqe);
}

static int ring_io(struct ring *r, int op, int fd, void *buf, size_t len)
{
	struct io_uring_sqe sqe;

	prep(&sqe, op, fd);
	sqe.addr = (unsigned long)buf;
	sqe.len = len;
	return ring_do(r, &sqe);
}

static void uring_connection(void)
{
	char buf[16] = "over the ring";
	struct done cqe;
	struct io_uring_sqe sqe;
	struct sv_svc svc;
	struct ring a, b;
	int l, c, s;

	ring_open(&a);
	ring_open(&b);
	svc_new(&svc);
	l = svc_listen(&svc, 1);
	prep(&sqe, IORING_OP_ACCEPT, l);
	ring_submit(&b, &sqe);
	c = host_socket(CLI, SOCK_STREAM);
	expect(ring_connect(&a, c, &svc) == 0);
	cqe = ring_wait(&b);
	expect(cqe.res >= 0);
	s = cqe.res;
	expect(ring_io(&a, IORING_OP_SEND, c, buf, 16) == 16);
	memset(buf, 0, sizeof(buf));
	expect(ring_io(&b, IORING_OP_RECV, s, buf, 16) == 16);
	expect(!strcmp(buf, "over the ring"));
	expect(ring_io(&b, IORING_OP_WRITE, s, buf, 16) == 16);
	expect(ring_io(&a, IORING_OP_READ, c, buf, 16) == 16);
	exchange(c, s, 20000);
	prep(&sqe, IORING_OP_SHUTDOWN, c);
	sqe.len = SHUT_WR;
	expect(ring_do(&a, &sqe) == 0);
	expect_eof(s);
	prep(&sqe, IORING_OP_CLOSE, s);
	expect(ring_do(&b, &sqe) == 0);
	expect_eof(c);
}

static void send_zc(struct ring *r, int fd, int peer)
{
	static char out[60000], in[60000];
	struct done cqe;
	struct io_uring_sqe sqe;

	fill(out, sizeof(out), 5);
	prep(&sqe, IORING_OP_SEND_ZC, fd);
	sqe.addr = (unsigned long)out;
	sqe.len = sizeof(out);
	sqe.msg_flags = MSG_WAITALL;
	ring_submit(r, &sqe);
	get(peer, in, sizeof(in));
	expect(!memcmp(in, out, sizeof(in)));
	cqe = ring_wait(r);
	if (cqe.res < 0)
		die("SEND_ZC: %s", errname(-cqe.res));
	expect(cqe.res == sizeof(out));
	expect(cqe.flags & IORING_CQE_F_MORE);
	cqe = ring_wait(r);
	expect(cqe.flags & IORING_CQE_F_NOTIF);
}

static void uring_send_zc(void)
{
	struct sv_pair p;
	struct ring r;

	ring_open(&r);
	pair_open(&p);
	send_zc(&r, p.c, p.s);
	send_zc(&r, p.s, p.c);
	pair_close(&p);
}

/* The ring holds the last reference to the socket while it polls */
static void uring_close_pending(void)
{
	struct io_uring_sqe sqe;
	struct done cqe;
	struct sv_pair p;
	struct ring r;
	char c;

	ring_open(&r);
	pair_open(&p);
	prep(&sqe, IORING_OP_RECV, p.s);
	sqe.addr = (unsigned long)&c;
	sqe.len = 1;
	ring_submit(&r, &sqe);
	close(p.s);
	put(p.c, "x", 1);
	cqe = ring_wait(&r);
	expect(cqe.res == 1 && c == 'x');
	pair_close(&p);
}

static void uring_errors(void)
{
	struct sv_svc svc;
	struct ring r;
	char c;

	ring_open(&r);
	svc_new(&svc);
	svc.id[0] = 0xee;
	expect(ring_connect(&r, host_socket(CLI, SOCK_STREAM), &svc) ==
	       -EHOSTUNREACH);
	svc.id[0] = 0x5e;
	expect(ring_connect(&r, host_socket(CLI, SOCK_STREAM), &svc) ==
	       -ECONNREFUSED);
	expect(ring_io(&r, IORING_OP_RECV, host_socket(CLI, SOCK_STREAM), &c,
		       1) == -ENOTCONN);
}

const struct sv_case uring_cases[] = {
	{ "uring", SV_ANY, uring_connection,
	  "io_uring accepts, connects, sends, receives and closes" },
	{ "uring-zc", SV_ANY, uring_send_zc,
	  "io_uring SEND_ZC completes on connected and accepted sockets" },
	{ "uring-close", SV_ANY, uring_close_pending,
	  "a socket closed under a pending receive still delivers" },
	{ "uring-errors", SV_SERVAL, uring_errors,
	  "io_uring hands back the errors of the calls" },
	{ }
};
