// SPDX-License-Identifier: GPL-2.0-only
/* serval: shows and changes the service and flow tables of the kernel. */
#include "cli.h"

#include <errno.h>
#include <string.h>

struct options {
	const char *netns;
	const char *batch;
	bool version;
	bool help;
};

/* Both -x and -long; a second dash does no harm. */
static bool is_option(const char *word, const char *brief, const char *full)
{
	if (word[1] == '-' && word[2])
		return !strcmp(word + 2, full);
	return !strcmp(word + 1, brief) || !strcmp(word + 1, full);
}

/* Options that are on or off. */
static bool read_switch(struct cli *cli, struct options *opt,
			const char *word)
{
	const struct {
		const char *brief;
		const char *full;
		bool *flag;
	} switches[] = {
		{ "j", "json", &cli->json },
		{ "p", "pretty", &cli->out.pretty },
		{ "s", "statistics", &cli->statistics },
		{ "r", "resolve", &cli->resolve },
		{ "t", "timestamp", &cli->timestamp },
		{ "force", "force", &cli->force },
		{ "V", "Version", &opt->version },
		{ "h", "help", &opt->help },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(switches); i++) {
		if (!is_option(word, switches[i].brief, switches[i].full))
			continue;
		*switches[i].flag = true;
		return true;
	}
	return false;
}

static int read_options(struct cli *cli, struct args *args,
			struct options *opt)
{
	while (args->argc && args->argv[0][0] == '-') {
		const char *word = args_next(args);
		const char **value;

		if (read_switch(cli, opt, word))
			continue;
		if (is_option(word, "n", "netns"))
			value = &opt->netns;
		else if (is_option(word, "b", "batch"))
			value = &opt->batch;
		else
			return cli_bad(cli, "there is no option \"%s\"; try \"serval -help\"",
				       word);
		*value = args_value(cli, args, word);
		if (!*value)
			return CLI_USAGE;
	}
	return CLI_OK;
}

static int run_batch(struct cli *cli, const char *name)
{
	FILE *in;
	int err;

	if (!strcmp(name, "-"))
		return cli_batch(cli, "standard input", stdin);
	in = fopen(name, "re");
	if (!in) {
		cli_error(cli, "cannot open %s: %s", name, strerror(errno));
		return CLI_REFUSED;
	}
	err = cli_batch(cli, name, in);
	fclose(in);
	return err;
}

static int enter_netns(const struct cli *cli, const char *name)
{
	int err = serval_netns_enter(name);

	if (!err)
		return CLI_OK;
	if (err == -ENOENT)
		cli_error(cli, "there is no network namespace \"%s\"", name);
	else
		cli_error(cli, "cannot enter network namespace \"%s\": %s",
			  name, strerror(-err));
	return CLI_REFUSED;
}

static int run(struct cli *cli, struct args *args)
{
	struct options opt = { 0 };
	int err;

	err = read_options(cli, args, &opt);
	if (err)
		return err;
	if (opt.version) {
		fprintf(cli->out.file, "serval %s\n", SERVAL_VERSION);
		return CLI_OK;
	}
	if (opt.help) {
		cli_usage(cli->out.file, NULL);
		return CLI_OK;
	}
	if (cli->json)
		cli->out.form = OUT_JSON;
	if (opt.netns) {
		err = enter_netns(cli, opt.netns);
		if (err)
			return err;
	}
	if (opt.batch)
		return args_none(cli, args) ?: run_batch(cli, opt.batch);
	if (!args->argc) {
		cli_usage(cli->err, NULL);
		return CLI_USAGE;
	}
	return cli_run(cli, args->argc, args->argv);
}

int main(int argc, char **argv)
{
	struct args args = { .argc = argc - 1, .argv = argv + 1 };
	struct cli cli = {
		.out = { .file = stdout, .form = OUT_TEXT },
		.err = stderr,
		.in = stdin,
	};
	int status;

	status = run(&cli, &args);
	cli_close(&cli);
	if (!out_ok(&cli.out)) {
		cli_error(&cli, "cannot write: %s", strerror(errno));
		status = status ?: CLI_REFUSED;
	}
	return status;
}
