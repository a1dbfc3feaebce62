// SPDX-License-Identifier: GPL-2.0-only
/*
 * sv: one program for the scripts in tests/net.
 *
 *   sv [-f FAMILY] [-S NETNS] [-C NETNS] [-A NETNS] [-s ADDR] [-c ADDR] COMMAND ...
 *
 * -S and -C name the network namespaces of server and client, -s and -c their
 * IPv4 addresses; -A is where an attacker sits, if there is one.  Without -S
 * both ends are in the present namespace.  With
 * -f inet or -f inet6 the same thing runs over plain TCP: a test that fails
 * there as well is itself at fault.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sv.h"

static const struct {
	const char *name;
	const struct sv_case *cases;
} suites[] = {
	{ "names", names_cases },
	{ "calls", calls_cases },
	{ "poll", poll_cases },
	{ "data", data_cases },
	{ "options", opts_cases },
	{ "errors", errors_cases },
	{ "fastopen", fastopen_cases },
	{ "uring", uring_cases },
	{ "tls", tls_cases },
	{ "wire", wire_cases },
	{ "keys", key_cases },
	{ "attack", attack_cases },
	{ "misuse", misuse_cases },
	{ "datagram", dgram_cases },
	{ "datagram-wire", dgram_wire_cases },
	{ "datagram-conn", dgram_conn_cases },
	{ "datagram-gso", dgram_gso_cases },
	{ "gro", gro_cases },
	{ "move-attack", move_attack_cases },
	{ "move-guess", move_guess_cases },
	{ "join-attack", join_attack_cases },
	{ "join-option", join_option_cases },
	{ "join-guess", join_guess_cases },
	{ "move", move_cases },
	{ "move-option", move_option_cases },
};

static bool applies(const struct sv_case *c)
{
	if ((c->flag & SV_SERVAL) && env.family != AF_SERVAL)
		return false;
	if ((c->flag & SV_TWO) && !env.two)
		return false;
	if ((c->flag & SV_ATT) && env.nsfd[ATT] < 0)
		return false;
	return !(c->flag & SV_ONE) || !env.two;
}

static const struct sv_case *find_suite(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc == 2 && i < ARRAY_SIZE(suites); i++)
		if (!strcmp(argv[1], suites[i].name))
			return suites[i].cases;
	return NULL;
}

static int cmd_list(int argc, char **argv)
{
	const struct sv_case *c = find_suite(argc, argv);

	if (!c)
		return 2;
	for (; c->name; c++)
		if (applies(c))
			printf("%s %s\n", c->name, c->text);
	return 0;
}

/* A case that hangs ends.  On the kernel that watches it may take longer */
static void limit(unsigned int seconds)
{
	const char *kernel = getenv("SERVAL_KERNEL");

	alarm(kernel && !strcmp(kernel, "debug") ? 3 * seconds : seconds);
}

/* One case in a process of its own; @text is what TAP says of it */
static int run_case(const struct sv_case *c)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = must(fork());
	if (!pid) {
		dup2(STDOUT_FILENO, STDERR_FILENO);
		limit(100);
		c->fn();
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	if (WIFSIGNALED(status))
		printf("# %s: %s\n", c->name, strsignal(WTERMSIG(status)));
	printf("%sok - %s (%s)\n", status ? "not " : "", c->text, c->name);
	return !!status;
}

static int cmd_suite(int argc, char **argv)
{
	const struct sv_case *c = find_suite(argc, argv);
	int failed = 0;

	if (!c)
		return 2;
	for (; c->name; c++)
		if (applies(c))
			failed |= run_case(c);
	return failed;
}

static int cmd_case(int argc, char **argv)
{
	const struct sv_case *c;
	size_t i;

	if (argc != 2)
		return 2;
	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		for (c = suites[i].cases; c->name; c++) {
			if (strcmp(argv[1], c->name))
				continue;
			limit(200);
			c->fn();
			return 0;
		}
	}
	note("no case %s", argv[1]);
	return 2;
}

static const struct {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{ "list", cmd_list, "SUITE" },
	{ "suite", cmd_suite, "SUITE" },
	{ "case", cmd_case, "NAME" },
	{ "serve", cmd_serve, "[-n CONNS] [-b BACKLOG] [-j] ID[/BITS]..." },
	{ "transfer", cmd_transfer,
	  "[-n CONNS] [-p PARALLEL] [-u UP] [-d DOWN] [-H|-M] [-R] ID" },
	{ "shuttle", cmd_shuttle, "[-r SEED] COUNT ID" },
	{ "torture", cmd_torture, "SEED STREAMS DATAGRAMS ID" },
	{ "echo", cmd_echo, "ID" },
	{ "ask", cmd_ask, "ID TEXT" },
	{ "connect", cmd_connect,
	  "[-x ERRNO] [-a ADDR] [-m MARK] [-i DEV] [-I DEV] [-k SECS] [-d] [-w] ID" },
	{ "listen", cmd_listen, "[-d] [-r] ID[/BITS]" },
	{ "datagrams", cmd_datagrams, "ID" },
	{ "burst", cmd_burst, "COUNT ID" },
	{ "datagram-conns", cmd_dgram_conns, "ID" },
	{ "late", cmd_late, "ID" },
	{ "dials", cmd_dials, "[-b ID] COUNT ID" },
	{ "pick", cmd_pick, "COUNT ID" },
	{ "inject", cmd_inject, "KIND|list|check" },
	{ "flood", cmd_flood, "[-d] FIRST COUNT ID" },
	{ "crowd", cmd_crowd, "[-d] CONNS RATIO BACKLOG" },
	{ "replies", cmd_replies, "SEED COUNT" },
	{ "replay", cmd_replay, "SEED COUNT" },
	{ "syn", cmd_syn, "[-k KEY] [-w ADDR,ADDR...] [-l TTL] [-q TOS] ID" },
	{ "redirect", cmd_redirect, "ADDR..." },
	{ "way", cmd_way, "DEV" },
	{ "packets", cmd_packets, "COUNT" },
	{ "orphans", cmd_orphans, "" },
	{ "v6", cmd_v6, "listen PORT|connect ADDR PORT" },
};

static int usage(const char *self)
{
	size_t i;

	fprintf(stderr, "%s [-f serval|inet|inet6] [-S|-C|-A NETNS] [-s|-c ADDR]\n",
		self);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stderr, "\t%s %s\n", commands[i].name,
			commands[i].usage);
	return 2;
}

static int ns_open(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	return must(open(path, O_RDONLY | O_CLOEXEC));
}

static int family_of(const char *name)
{
	if (!strcmp(name, "inet"))
		return AF_INET;
	if (!strcmp(name, "inet6"))
		return AF_INET6;
	if (strcmp(name, "serval"))
		die("no family %s", name);
	return AF_SERVAL;
}

static int parse_option(int opt, char *arg)
{
	switch (opt) {
	case 'f':
		env.family = family_of(arg);
		return 0;
	case 'S':
		env.nsfd[SRV] = ns_open(arg);
		return 0;
	case 'A':
		env.nsfd[ATT] = ns_open(arg);
		return 0;
	case 'C':
		env.nsfd[CLI] = ns_open(arg);
		return 0;
	case 's':
		return inet_pton(AF_INET, arg, &env.addr[SRV]) == 1 ? 0 : 2;
	case 'c':
		return inet_pton(AF_INET, arg, &env.addr[CLI]) == 1 ? 0 : 2;
	}
	return 2;
}

int main(int argc, char **argv)
{
	const char *self = argv[0];
	size_t i;
	int opt;

	env.addr[CLI].s_addr = htonl(INADDR_LOOPBACK);
	env.addr[SRV] = env.addr[CLI];
	while ((opt = getopt(argc, argv, "+f:S:C:A:s:c:")) != -1)
		if (parse_option(opt, optarg))
			return usage(self);
	env.two = env.nsfd[CLI] >= 0 && env.nsfd[SRV] >= 0;
	argc -= optind;
	argv += optind;
	if (!argc)
		return usage(self);
	no_signal(SIGPIPE);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		optind = 0;
		opt = commands[i].fn(argc, argv);
		return opt == 2 ? usage(self) : opt;
	}
	return usage(self);
}
