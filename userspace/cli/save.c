// SPDX-License-Identifier: GPL-2.0-only
/*
 * serval service save and restore.
 *
 * The saved form is the commands that make the rules, for "serval -batch" as
 * well.  Restore reads all of it before it applies anything.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX	32

int service_save(struct cli *cli, struct args *args)
{
	struct out text = { .file = cli->out.file, .form = OUT_TEXT };
	struct serval_service *list;
	struct out keep = cli->out;
	bool resolve = cli->resolve;
	size_t count, i;
	int err;

	if (args_none(cli, args))
		return CLI_USAGE;
	if (cli_open(cli))
		return CLI_REFUSED;
	err = serval_service_dump(cli->ctl, &list, &count);
	if (err < 0)
		return cli_refused(cli, err);
	/* IDs, not names: the file may be read where names differ. */
	cli->out = text;
	cli->resolve = false;
	for (i = 0; i < count; i++) {
		if (list[i].type == SERVAL_SERVICE_DEMUX)
			continue;
		fputs("service add ", text.file);
		show_rule(cli, &list[i]);
		fputc('\n', text.file);
	}
	cli->out = keep;
	cli->resolve = resolve;
	free(list);
	if (!err)
		return CLI_OK;
	cli_error(cli, "the table keeps changing: the rules may be incomplete");
	return CLI_REFUSED;
}

struct rule {
	struct serval_service svc;
	unsigned int line;
};

struct rules {
	struct rule *rule;
	size_t count;
	size_t room;
};

static int rules_add(struct rules *rules, const struct serval_service *svc,
		     unsigned int line)
{
	if (rules->count == rules->room) {
		size_t room = rules->room ? 2 * rules->room : 64;
		struct rule *rule;

		rule = reallocarray(rules->rule, room, sizeof(*rule));
		if (!rule)
			return -ENOMEM;
		rules->rule = rule;
		rules->room = room;
	}
	rules->rule[rules->count].svc = *svc;
	rules->rule[rules->count++].line = line;
	return 0;
}

static int read_line(struct cli *cli, char *line, struct rules *rules)
{
	struct serval_service svc;
	char *words[WORDS_MAX];
	struct args args;
	int n, err;

	n = split_words(line, words, WORDS_MAX);
	if (!n)
		return CLI_OK;
	if (n < 2 || strcmp(words[0], "service") || strcmp(words[1], "add"))
		return cli_bad(cli, "not a line of \"serval service save\"");
	args = (struct args){ .argc = n - 2, .argv = words + 2 };
	err = service_read_rule(cli, &args, &svc);
	if (!err && rules_add(rules, &svc, cli->line)) {
		cli_error(cli, "out of memory");
		return CLI_REFUSED;
	}
	return err;
}

/* Every line is read, so that all mistakes are reported at once. */
static int read_rules(struct cli *cli, FILE *in, struct rules *rules)
{
	char *line = NULL;
	size_t room = 0;
	int err = CLI_OK;

	while (getline(&line, &room, in) >= 0) {
		int status;

		cli->line++;
		status = read_line(cli, line, rules);
		if (status > err)
			err = status;
	}
	if (ferror(in)) {
		cli_error(cli, "cannot read: %s", strerror(errno));
		err = CLI_REFUSED;
	}
	free(line);
	return err;
}

/* A rule that is there already gets the saved values. */
static int apply_rule(struct cli *cli, const struct serval_service *svc)
{
	static const __u32 values = SERVAL_HAS(SERVAL_A_SERVICE_WEIGHT) |
				    SERVAL_HAS(SERVAL_A_SERVICE_FLAGS) |
				    SERVAL_HAS(SERVAL_A_SERVICE_PRIORITY) |
				    SERVAL_HAS(SERVAL_A_SERVICE_UDP_ENCAP) |
				    SERVAL_HAS(SERVAL_A_SERVICE_TIMEOUT) |
				    SERVAL_HAS(SERVAL_A_SERVICE_IDLE_TIMEOUT);
	int err = serval_service_add(cli->ctl, svc);

	if (err == -EEXIST && svc->has & values)
		err = serval_service_set(cli->ctl, svc);
	return err ? cli_refused(cli, err) : CLI_OK;
}

static int apply_rules(struct cli *cli, const struct rules *rules)
{
	int err = CLI_OK;
	size_t i;

	if (rules->count && cli_open(cli))
		return CLI_REFUSED;
	for (i = 0; i < rules->count && (!err || cli->force); i++) {
		cli->line = rules->rule[i].line;
		err = apply_rule(cli, &rules->rule[i].svc) ?: err;
	}
	return err;
}

int service_restore(struct cli *cli, struct args *args)
{
	const char *name = args_next(args);
	const char *outer_file = cli->file;
	unsigned int outer_line = cli->line;
	struct rules rules = { 0 };
	FILE *in = cli->in;
	int err;

	if (args_none(cli, args))
		return CLI_USAGE;
	if (name && strcmp(name, "-")) {
		in = fopen(name, "re");
		if (!in) {
			cli_error(cli, "cannot open %s: %s", name,
				  strerror(errno));
			return CLI_REFUSED;
		}
	}
	cli->file = in == cli->in ? "standard input" : name;
	cli->line = 0;
	err = read_rules(cli, in, &rules) ?: apply_rules(cli, &rules);
	cli->file = outer_file;
	cli->line = outer_line;
	if (in != cli->in)
		fclose(in);
	free(rules.rule);
	return err;
}
