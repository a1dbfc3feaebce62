// SPDX-License-Identifier: GPL-2.0-only
/*
 * serval flow, dev and service migrate: connections move to another device or
 * address; serval flow join: one gets another flow there.
 *
 * How each of them ends is printed at once.  What takes long is said on a
 * terminal, in a line that is erased again.
 */
#include "cli.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

#define HAS(name)	SERVAL_HAS(SERVAL_A_FLOW_NEW_##name)
#define HAS_ADDR	(HAS(ADDR4) | HAS(ADDR6))
#define HAS_LOCAL	(HAS(IFINDEX) | HAS_ADDR | HAS(UDP_ENCAP))
#define HAS_PEER	(HAS(PEER_ADDR4) | HAS(PEER_ADDR6))
#define QUIET		2	/* seconds */

/**
 * struct report - what is said about the moves of one command
 * @cli:    the run
 * @what:   a word for them
 * @since:  when it began
 * @listed: the list in the output is open
 * @drawn:  a line of progress is on the terminal
 */
struct report {
	struct cli *cli;
	const char *what;
	struct timespec since;
	bool listed;
	bool drawn;
};

static void erase_progress(struct report *r)
{
	if (r->drawn)
		fputs("\r\033[K", r->cli->err);
	r->drawn = false;
	fflush(r->cli->err);
}

static void show_progress(__u32 begun, __u32 ended, void *data)
{
	struct report *r = data;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!begun || now.tv_sec - r->since.tv_sec < QUIET ||
	    !isatty(fileno(r->cli->err)))
		return;
	fprintf(r->cli->err, "\r%u of %u %s have ended\033[K", ended, begun,
		r->what);
	fflush(r->cli->err);
	r->drawn = true;
}

static void begin_list(struct report *r)
{
	if (!r->listed)
		out_list(&r->cli->out);
	r->listed = true;
}

static void begin_entry(struct report *r)
{
	erase_progress(r);
	begin_list(r);
	out_object(&r->cli->out);
}

static void show_ms(struct out *out, const char *before, __u32 usec)
{
	char text[32];

	snprintf(text, sizeof(text), "%u.%u", usec / 1000, usec / 100 % 10);
	out_str(out, NULL, before, text);
	out_str(out, NULL, " ms", "");
}

static void end_entry(struct out *out, __u32 usec)
{
	out_uint(out, "duration_us", NULL, usec);
	out_object_end(out);
	fflush(out->file);
}

static void show_moved(const struct serval_moved *moved, void *data)
{
	struct report *r = data;
	struct out *out = &r->cli->out;

	begin_entry(r);
	out_uint(out, "old_id", "flow ", ntohl(moved->old_id.s_id32));
	out_uint(out, "id", moved->error ? NULL : " is ",
		 ntohl(moved->new_id.s_id32));
	if (moved->error)
		out_str(out, "error", " has not moved: ",
			strerror(moved->error));
	else
		show_ms(out, " now, moved in ", moved->usec);
	end_entry(out, moved->usec);
}

/* The one that has not joined has no id */
static void show_joined(const struct serval_moved *joined, void *data)
{
	struct report *r = data;
	struct out *out = &r->cli->out;

	begin_entry(r);
	if (joined->error) {
		out_uint(out, "old_id", "flow ", ntohl(joined->old_id.s_id32));
		out_str(out, "error", " has got no other: ",
			strerror(joined->error));
	} else {
		out_uint(out, "id", "flow ", ntohl(joined->new_id.s_id32));
		out_uint(out, "old_id", " has joined ",
			 ntohl(joined->old_id.s_id32));
		show_ms(out, " in ", joined->usec);
	}
	end_entry(out, joined->usec);
}

static int begin(struct report *r, struct cli *cli, const char *what)
{
	*r = (struct report){ .cli = cli, .what = what };
	clock_gettime(CLOCK_MONOTONIC, &r->since);
	if (cli_open(cli))
		return CLI_REFUSED;
	serval_ctl_set_waiting(cli->ctl, show_progress, r);
	return CLI_OK;
}

static void end(struct report *r)
{
	serval_ctl_set_waiting(r->cli->ctl, NULL, NULL);
	erase_progress(r);
	if (r->listed)
		out_list_end(&r->cli->out);
}

/* Some moves may have begun, and how they ended is not known. */
static bool is_lost(int err)
{
	return err == -ETIMEDOUT || err == -ENOBUFS;
}

static int report_lost(const struct report *r)
{
	cli_error(r->cli, "Error: the kernel has not told how all %s ended; see \"serval flow\"",
		  r->what);
	return CLI_REFUSED;
}

static void summarize(struct cli *cli, const struct serval_moves *moves)
{
	struct out *out = &cli->out;

	if (moves->begun + moves->refused < 2)
		return;
	out_uint(out, NULL, "", moves->moved);
	out_uint(out, NULL, " moved, ", moves->failed + moves->refused);
	out_str(out, NULL, " failed", "\n");
}

/* After a request for many: the list's end, and what went wrong. */
static int conclude(struct report *r, const struct serval_moves *moves,
		    int err)
{
	struct cli *cli = r->cli;

	if (!err)
		begin_list(r);
	end(r);
	if (is_lost(err))
		return report_lost(r);
	if (err)
		return cli_refused(cli, err);
	summarize(cli, moves);
	if (moves->refused)
		cli_error(cli, "Error: %u %s not begin to move", moves->refused,
			  moves->refused == 1 ? "connection could" :
						"connections could");
	if (!moves->begun && !moves->refused)
		cli_error(cli, "Error: there is nothing to move");
	return moves->moved == moves->begun + moves->refused && moves->moved ?
	       CLI_OK : CLI_REFUSED;
}

static int read_to_dev(const struct cli *cli, const char *word,
		       struct serval_migrate_to *to)
{
	to->has |= HAS(IFINDEX);
	return read_dev(cli, word, &to->ifindex);
}

static int read_to_addr(const struct cli *cli, const char *word,
			struct serval_migrate_to *to)
{
	struct address addr;

	if (read_addr(cli, word, &addr))
		return CLI_USAGE;
	if (addr.family == AF_INET6) {
		to->addr6 = addr.in6;
		to->has |= HAS(ADDR6);
	} else {
		to->addr = addr.in;
		to->has |= HAS(ADDR4);
	}
	return CLI_OK;
}

static int read_to_encap(const struct cli *cli, const char *word,
			 struct serval_migrate_to *to)
{
	if (strcmp(word, "raw") && strcmp(word, "udp"))
		return cli_bad(cli, "\"%s\" is neither raw nor udp", word);
	to->udp_encap = strcmp(word, "raw") ? SERVAL_UDP_ALWAYS :
					      SERVAL_UDP_NEVER;
	to->has |= HAS(UDP_ENCAP);
	return CLI_OK;
}

static int read_to_peer(const struct cli *cli, const char *word,
			struct serval_migrate_to *to)
{
	struct address addr;

	if (read_addr(cli, word, &addr))
		return CLI_USAGE;
	if (addr.family == AF_INET6) {
		to->peer6 = addr.in6;
		to->has |= HAS(PEER_ADDR6);
	} else {
		to->peer = addr.in;
		to->has |= HAS(PEER_ADDR4);
	}
	return CLI_OK;
}

/* The words that say where, and what each of them sets */
static const struct {
	const char *word;
	__u32 has;
	int (*read)(const struct cli *cli, const char *word,
		    struct serval_migrate_to *to);
} where[] = {
	{ "dev", HAS(IFINDEX), read_to_dev },
	{ "addr", HAS_ADDR, read_to_addr },
	{ "encap", HAS(UDP_ENCAP), read_to_encap },
	{ "to", HAS_PEER, read_to_peer },
};

/* A word, if it sets something that is @allowed, and its value */
static int read_one(const struct cli *cli, struct args *args, const char *word,
		    __u32 allowed, struct serval_migrate_to *to)
{
	const char *value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(where); i++) {
		if (strcmp(word, where[i].word) || !(where[i].has & allowed))
			continue;
		if (to->has & where[i].has)
			return cli_bad(cli, "\"%s\" is given twice", word);
		value = args_value(cli, args, word);
		return value ? where[i].read(cli, value, to) : CLI_USAGE;
	}
	return cli_bad(cli, "\"%s\" is not expected here", word);
}

/* Words of WHERE and, if @allowed has HAS_PEER, "to", as many as there are */
static int read_where(const struct cli *cli, struct args *args, __u32 allowed,
		      struct serval_migrate_to *to)
{
	const char *word;
	int err = CLI_OK;

	memset(to, 0, sizeof(*to));
	while (!err && (word = args_next(args)))
		err = read_one(cli, args, word, allowed, to);
	if (!err && !(to->has & HAS_LOCAL))
		return cli_bad(cli, "where to is missing: dev DEVICE or addr ADDRESS, or encap");
	return err;
}

/**
 * struct request - what can be asked for one flow
 * @what:    a word for it, in the plural
 * @allowed: what may be said about where to
 * @send:    ask, and wait for the end
 * @show:    print it
 */
struct request {
	const char *what;
	__u32 allowed;
	int (*send)(struct serval_ctl *ctl, struct flow_id local_id,
		    const struct serval_migrate_to *to,
		    struct serval_moved *moved);
	serval_moved_fn show;
};

static int request_one(struct cli *cli, struct args *args,
		       const struct request *request)
{
	const char *word = args_next(args);
	struct serval_migrate_to to;
	struct serval_moved moved;
	struct report r;
	struct flow_id id;
	int err;

	if (!word)
		return cli_bad(cli, "a flow id is missing");
	err = read_flow_id(cli, word, &id) ?:
	      read_where(cli, args, request->allowed, &to);
	if (err)
		return err;
	if (begin(&r, cli, request->what))
		return CLI_REFUSED;
	err = request->send(cli->ctl, id, &to, &moved);
	if (!err || moved.error)
		request->show(&moved, &r);
	end(&r);
	if (!err || moved.error)
		return err ? CLI_REFUSED : CLI_OK;
	return is_lost(err) ? report_lost(&r) : cli_refused(cli, err);
}

int flow_migrate(struct cli *cli, struct args *args)
{
	static const struct request move = {
		"moves", HAS_LOCAL, serval_flow_migrate, show_moved
	};

	return request_one(cli, args, &move);
}

int flow_join(struct cli *cli, struct args *args)
{
	static const struct request join = {
		"joins", HAS_LOCAL | HAS_PEER, serval_flow_join, show_joined
	};

	return request_one(cli, args, &join);
}

int dev_migrate(struct cli *cli, struct args *args)
{
	struct serval_migrate_to to = { .has = HAS(IFINDEX) };
	const char *from = args_next(args), *dev = args_next(args);
	struct report r;
	struct serval_moves moves = { .fn = show_moved, .data = &r };
	__u32 ifindex;
	int err;

	if (!dev)
		return cli_bad(cli, "two devices are needed: OLD NEW");
	if (args_none(cli, args))
		return CLI_USAGE;
	if (read_dev(cli, from, &ifindex) || read_dev(cli, dev, &to.ifindex))
		return CLI_REFUSED;
	if (begin(&r, cli, "moves"))
		return CLI_REFUSED;
	err = serval_dev_migrate(cli->ctl, ifindex, &to, &moves);
	return conclude(&r, &moves, err);
}

int service_migrate(struct cli *cli, struct args *args)
{
	const char *word = args_next(args);
	struct serval_migrate_to to;
	struct report r;
	struct serval_moves moves = { .fn = show_moved, .data = &r };
	struct service_id id;
	unsigned int bits;
	int err;

	if (!word)
		return cli_bad(cli, "a service ID is missing");
	err = read_id(cli, word, &id, &bits);
	if (err)
		return err;
	if (bits != SERVICE_ID_MAX_PREFIX_BITS)
		return cli_bad(cli, "\"%s\" is not a single service", word);
	err = read_where(cli, args, HAS_LOCAL, &to);
	if (err)
		return err;
	if (begin(&r, cli, "moves"))
		return CLI_REFUSED;
	err = serval_service_migrate(cli->ctl, &id, &to, &moves);
	return conclude(&r, &moves, err);
}
