// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands, messages, and the handle to the kernel. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX	64

static const struct command commands[] = {
	{ "service", "show", service_show,
	  "[ID] [type demux|forward|delay|drop]" },
	{ "service", "add", service_add,
	  "ID TARGET [priority N] [weight N] [flags FLAGS]\n"
	  "                [encap raw|udp|auto|default]\n"
	  "                [timeout SECONDS] [idle-timeout SECONDS]" },
	{ "service", "change", service_change,
	  "ID [TARGET] [to ADDRESS [dev DEVICE]]\n"
	  "                [priority N] [weight N] [flags FLAGS]\n"
	  "                [encap raw|udp|auto|default]\n"
	  "                [timeout SECONDS] [idle-timeout SECONDS]" },
	{ "service", "del", service_del, "ID [TARGET]" },
	{ "service", "flush", service_flush, "" },
	{ "service", "save", service_save, "" },
	{ "service", "restore", service_restore, "[FILE]" },
	{ "service", "migrate", service_migrate, "ID WHERE" },
	{ "flow", "show", flow_show, "[id N] [service ID] [state STATE]" },
	{ "flow", "kill", flow_kill, "N" },
	{ "flow", "migrate", flow_migrate, "N WHERE" },
	{ "flow", "join", flow_join, "N WHERE [to ADDRESS]" },
	{ "flow", "use", flow_use, "N" },
	{ "flow", "part", flow_part, "N" },
	{ "dev", "show", dev_show, "[DEVICE]" },
	{ "dev", "set", dev_set,
	  "DEVICE [preference N] [settle MILLISECONDS]" },
	{ "dev", "migrate", dev_migrate, "OLD NEW" },
	{ "delay", "show", delay_show, "" },
	{ "delay", "release", delay_release, "N|all" },
	{ "delay", "drop", delay_drop, "N|all" },
	{ "monitor", "all", monitor_all, "[-t]" },
	{ "monitor", "service", monitor_service, "[-t]" },
	{ "monitor", "flow", monitor_flow, "[-t]" },
	{ "monitor", "delay", monitor_delay, "[-t]" },
	{ "stats", "show", stats_show, "[nonzero]" },
};

static const char usage_head[] =
"Usage: serval [OPTIONS] OBJECT [VERB] [...]\n"
"       serval [OPTIONS] -batch FILE\n"
"\n";

static const char usage_tail[] =
"\n"
"TARGET := via ADDRESS [dev DEVICE] | drop | delay\n"
"WHERE  := [dev DEVICE] [addr ADDRESS] [encap raw|udp]\n"
"ID     := 0xHEX[/BITS] | DECIMAL[/BITS] | default | NAME\n"
"FLAGS  := host|local|domain|global[,strict][,anycast][,multicast] | NUMBER\n";

static const char usage_options[] =
"\n"
"OPTIONS := -j[son] -p[retty] -s[tatistics] -r[esolve] -t[imestamp]\n"
"           -n[etns] NAME  -b[atch] FILE  -force  -V[ersion]  -h[elp]\n"
"\n"
"Without VERB the first one of OBJECT is meant.\n";

void cli_usage(FILE *file, const char *object)
{
	size_t i;

	fputs(usage_head, file);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (!object || !strcmp(object, c->object))
			fprintf(file, "serval %s %s%s%s\n", c->object,
				c->verb, *c->usage ? " " : "", c->usage);
	}
	fputs(usage_tail, file);
	if (!object)
		fputs(usage_options, file);
}

static void print_message(const struct cli *cli, const char *format,
			  va_list args)
{
	fflush(cli->out.file);
	fputs("serval: ", cli->err);
	if (cli->file)
		fprintf(cli->err, "%s:%u: ", cli->file, cli->line);
	vfprintf(cli->err, format, args);
	fputc('\n', cli->err);
}

void cli_error(const struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(cli, format, args);
	va_end(args);
}

int cli_bad(const struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(cli, format, args);
	va_end(args);
	return CLI_USAGE;
}

int cli_refused(const struct cli *cli, int err)
{
	const char *text = cli->ctl ? serval_ctl_error(cli->ctl) : "";

	if (*text)
		cli_error(cli, "Error: %s", text);
	else if (err == -EPERM)
		cli_error(cli, "Error: %s (this needs CAP_NET_ADMIN)",
			  strerror(EPERM));
	else
		cli_error(cli, "Error: %s", strerror(-err));
	return CLI_REFUSED;
}

int cli_open_failed(const struct cli *cli, int err)
{
	if (err == -EPROTONOSUPPORT)
		cli_error(cli, "the serval module is not loaded (modprobe serval)");
	else if (err == -EPERM)
		cli_error(cli, "Error: listening needs CAP_NET_ADMIN");
	else
		cli_error(cli, "cannot open netlink: %s", strerror(-err));
	return CLI_REFUSED;
}

int cli_open(struct cli *cli)
{
	int err;

	if (cli->ctl)
		return CLI_OK;
	err = serval_ctl_open(&cli->ctl, NULL);
	return err ? cli_open_failed(cli, err) : CLI_OK;
}

void cli_close(struct cli *cli)
{
	serval_ctl_close(cli->ctl);
	serval_names_free(cli->names);
	cli->ctl = NULL;
	cli->names = NULL;
}

const struct serval_names *cli_names(struct cli *cli)
{
	const char *path = serval_names_path();
	unsigned int bad;
	int err;

	if (cli->names)
		return cli->names;
	err = serval_names_load(path, &cli->names, &bad);
	if (err) {
		cli_error(cli, "cannot read %s: %s", path, strerror(-err));
		return NULL;
	}
	if (bad)
		cli_error(cli, "%s:%u: ignored, not \"name id[/bits] [alias ...]\"",
			  path, bad);
	return cli->names;
}

/* The object's entry with this verb; its first one without a verb. */
static const struct command *find_command(const char *object,
					  const char *verb)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].object, object) &&
		    (!verb || !strcmp(commands[i].verb, verb)))
			return &commands[i];
	return NULL;
}

int cli_run(struct cli *cli, int argc, char **argv)
{
	struct args args = { .argc = argc, .argv = argv };
	const char *object = args_next(&args);
	const struct command *command;
	const char *verb = NULL;

	if (!strcmp(object, "help")) {
		cli_usage(cli->out.file, args_next(&args));
		return CLI_OK;
	}
	if (!find_command(object, NULL))
		return cli_bad(cli, "there is no object \"%s\"; try \"serval help\"",
			       object);
	/* An option where the verb would be belongs to the default verb. */
	if (args.argc && args.argv[0][0] != '-')
		verb = args_next(&args);
	if (verb && !strcmp(verb, "help")) {
		cli_usage(cli->out.file, object);
		return CLI_OK;
	}
	command = find_command(object, verb);
	/* "nonzero" is no verb, but stats has only one. */
	if (!command && !strcmp(object, "stats")) {
		command = find_command(object, NULL);
		args.argc++;
		args.argv--;
	}
	if (!command)
		return cli_bad(cli, "there is no \"%s %s\"; try \"serval %s help\"",
			       object, verb, object);
	return command->fn(cli, &args);
}

static int run_line(struct cli *cli, char *line)
{
	char *words[WORDS_MAX];
	int n = split_words(line, words, WORDS_MAX);

	if (n < 0)
		return cli_bad(cli, "more than %d words", WORDS_MAX);
	return n ? cli_run(cli, n, words) : CLI_OK;
}

int cli_batch(struct cli *cli, const char *file, FILE *in)
{
	int status = CLI_OK;
	char *line = NULL;
	size_t room = 0;

	cli->file = file;
	cli->line = 0;
	while ((!status || cli->force) && getline(&line, &room, in) >= 0) {
		int err;

		cli->line++;
		err = run_line(cli, line);
		if (!status)
			status = err;
	}
	if (ferror(in)) {
		cli_error(cli, "cannot read: %s", strerror(errno));
		status = CLI_REFUSED;
	}
	cli->file = NULL;
	free(line);
	return status;
}
