/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of the test program: hosts, services, assertions.
 *
 * A test case is a function that runs in a process of its own and leaves by
 * exit() at the first thing that is not as it should be.  Sockets belong to
 * the network namespace they were made in, so that one process holds both
 * ends of a connection between two hosts.
 */
#ifndef _TESTS_SV_H
#define _TESTS_SV_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <linux/serval.h>

#ifndef ENOTSUPP
#define ENOTSUPP	524	/* the kernel's own, leaks out of TCP_ULP */
#endif

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define SV_NAME_LEN	(sizeof(struct sockaddr_sv) + \
			 sizeof(struct sockaddr_in))	/* 52 */

enum sv_host { CLI, SRV, ATT, SV_HOSTS };	/* ATT sees what the others say */

/**
 * struct sv_env - where a test runs, from the command line
 * @family: AF_SERVAL, or AF_INET/AF_INET6 to try the test itself
 * @nsfd:   network namespace of each host, -1 = where the program started
 * @addr:   IPv4 address of each host but ATT, which has many
 * @two:    the hosts are two
 */
struct sv_env {
	int family;
	int nsfd[SV_HOSTS];
	struct in_addr addr[SV_HOSTS];
	bool two;
};

extern struct sv_env env;

/**
 * struct sv_svc - a service: its ID, and the port that stands for it with
 * AF_INET and AF_INET6
 */
struct sv_svc {
	__u8 id[SERVICE_ID_LEN];
	unsigned int bits;
	__u16 port;
};

/* Where a case makes sense */
#define SV_ANY		0
#define SV_SERVAL	1	/* AF_SERVAL only */
#define SV_TWO		2	/* needs two hosts */
#define SV_ROOT		4	/* needs CAP_NET_RAW */
#define SV_ONE		8	/* needs one host */
#define SV_ATT		16	/* needs a third one, the attacker */

/**
 * struct sv_case - one test case
 * @name: on the command line
 * @flag: SV_*
 * @fn:   returns if it passed
 * @text: what the user has, in a few words
 */
struct sv_case {
	const char *name;
	int flag;
	void (*fn)(void);
	const char *text;
};

/* Every suite ends with an entry without a name */
extern const struct sv_case names_cases[];
extern const struct sv_case calls_cases[];
extern const struct sv_case poll_cases[];
extern const struct sv_case data_cases[];
extern const struct sv_case opts_cases[];
extern const struct sv_case errors_cases[];
extern const struct sv_case fastopen_cases[];
extern const struct sv_case uring_cases[];
extern const struct sv_case tls_cases[];
extern const struct sv_case wire_cases[];
extern const struct sv_case key_cases[];
extern const struct sv_case attack_cases[];
extern const struct sv_case misuse_cases[];
extern const struct sv_case dgram_cases[];
extern const struct sv_case dgram_wire_cases[];
extern const struct sv_case dgram_conn_cases[];
extern const struct sv_case dgram_gso_cases[];
extern const struct sv_case gro_cases[];
extern const struct sv_case move_attack_cases[];
extern const struct sv_case move_guess_cases[];
extern const struct sv_case join_attack_cases[];
extern const struct sv_case join_option_cases[];
extern const struct sv_case join_guess_cases[];
extern const struct sv_case move_option_cases[];
extern const struct sv_case move_cases[];

/* util.c */
#define SV_PRINTF	format(printf, 1, 2)
#define SV_NORETURN	noreturn
__attribute__((SV_NORETURN, SV_PRINTF)) void die(const char *fmt, ...);
__attribute__((SV_PRINTF)) void note(const char *fmt, ...);
void expect_at(bool ok, const char *what, const char *fn, int line);
long must_at(long ret, const char *what, const char *fn, int line);
struct sv_fail {
	int err;
	int alt;
	const char *what;
	const char *fn;
	int line;
};

void fails_at(long ret, const struct sv_fail *f);
const char *errname(int err);
int errvalue(const char *name);
__u64 now_ms(void);
__u64 rnd(__u64 *state);
__u64 rnd_seed(void);
void fill(void *buf, size_t len, __u64 seed);
void nap_ms(int ms);
void no_signal(int sig);
unsigned long arg_num(const char *s);

/* expect(c) ends the test if c is false, must(call) if the call fails, and
 * fails(call, err) unless it fails with that error.
 */
#define expect(c)	expect_at(!!(c), #c, __func__, __LINE__)
#define must(call)	must_at((long)(call), #call, __func__, __LINE__)
#define fails2(call, e1, e2) do {					\
	struct sv_fail f_ = {						\
		.err = (e1), .alt = (e2), .what = #call,		\
		.fn = __func__, .line = __LINE__,			\
	};								\
									\
	errno = 0;							\
	fails_at((long)(call), &f_);					\
} while (0)
#define fails(call, e1)	fails2(call, e1, 0)

/* addr.c */
void host_enter(enum sv_host h);
int host_socket(enum sv_host h, int type);
void svc_new(struct sv_svc *svc);
int svc_parse(struct sv_svc *svc, const char *s);
struct sockaddr_sv svc_sv(const struct sv_svc *svc);
socklen_t svc_bind_addr(const struct sv_svc *svc,
			struct sockaddr_storage *ss);
socklen_t svc_conn_addr(const struct sv_svc *svc,
			struct sockaddr_storage *ss);
socklen_t svc_advised(const struct sv_svc *svc, struct in_addr addr,
		      struct sockaddr_storage *ss);
int svc_bind(int fd, const struct sv_svc *svc);
int svc_connect(int fd, const struct sv_svc *svc);
int svc_listen_as(const struct sv_svc *svc, int type, int backlog);
int svc_listen(const struct sv_svc *svc, int backlog);
int svc_dial(const struct sv_svc *svc);
struct in_addr nobody_addr(void);
__u64 counter(enum sv_host h, const char *name);
__u64 counters(enum sv_host h, const char * const *names, size_t n);
bool reaches(enum sv_host h, const char *name, __u64 want);
__u64 tcp_counter(enum sv_host h, const char *name);
int module_refs(void);

/* stream.c */
struct sv_pair {
	struct sv_svc svc;
	int lfd;
	int c;
	int s;
};

void pair_open(struct sv_pair *p);
void pair_open_as(struct sv_pair *p, int type);
void pair_close(struct sv_pair *p);
void set_nonblock(int fd);
short poll_for(int fd, short events, int ms);
int so_error(int fd);
void put(int fd, const void *buf, size_t len);
void get(int fd, void *buf, size_t len);
void expect_eof(int fd);
void exchange(int a, int b, size_t len);
pid_t stream_send(int fd, size_t len, __u64 seed);
void stream_check(int fd, size_t len, __u64 seed);
void stream_at(__u8 *buf, size_t len, __u64 pos, __u64 seed);
void child_ok(pid_t pid);
int finfo(int fd, void *info, size_t len);
__u32 flow_opt(int fd, int name);
int get_int(int fd, int level, int name);
int set_int(int fd, int level, int name, int v);
int migrate(int fd, const char *dev);

/* commands; argv[0] is the name of the command, the answer the exit code */
int cmd_serve(int argc, char **argv);
int cmd_transfer(int argc, char **argv);
int cmd_shuttle(int argc, char **argv);
int cmd_torture(int argc, char **argv);
int cmd_connect(int argc, char **argv);
int cmd_echo(int argc, char **argv);
int cmd_ask(int argc, char **argv);
int cmd_listen(int argc, char **argv);
int cmd_datagrams(int argc, char **argv);
int cmd_burst(int argc, char **argv);
int cmd_dgram_conns(int argc, char **argv);
int cmd_late(int argc, char **argv);
int cmd_dials(int argc, char **argv);
int cmd_pick(int argc, char **argv);
int cmd_inject(int argc, char **argv);
int cmd_flood(int argc, char **argv);
int cmd_crowd(int argc, char **argv);
int cmd_replies(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_syn(int argc, char **argv);
int cmd_redirect(int argc, char **argv);
int cmd_way(int argc, char **argv);
int cmd_packets(int argc, char **argv);
int cmd_orphans(int argc, char **argv);
int cmd_v6(int argc, char **argv);

#endif /* _TESTS_SV_H */
