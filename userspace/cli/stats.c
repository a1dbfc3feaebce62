// SPDX-License-Identifier: GPL-2.0-only
/* serval stats: the counters of the network namespace. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct counters {
	struct serval_counter *counter;
	size_t count;
	size_t room;
};

static int add_counter(const struct serval_counter *counter, void *data)
{
	struct counters *all = data;
	struct serval_counter *c;

	if (all->count == all->room) {
		size_t room = all->room ? 2 * all->room : 64;

		c = reallocarray(all->counter, room, sizeof(*c));
		if (!c)
			return -ENOMEM;
		all->counter = c;
		all->room = room;
	}
	c = &all->counter[all->count++];
	c->value = counter->value;
	c->name = strdup(counter->name);
	c->help = strdup(counter->help);
	return c->name && c->help ? 0 : -ENOMEM;
}

static void free_counters(struct counters *all)
{
	size_t i;

	for (i = 0; i < all->count; i++) {
		free((char *)all->counter[i].name);
		free((char *)all->counter[i].help);
	}
	free(all->counter);
}

static size_t name_width(const struct counters *all)
{
	size_t i, width = 0;

	for (i = 0; i < all->count; i++)
		if (strlen(all->counter[i].name) > width)
			width = strlen(all->counter[i].name);
	return width;
}

static void print_text(struct cli *cli, const struct counters *all,
		       bool nonzero)
{
	int width = name_width(all);
	size_t i;

	for (i = 0; i < all->count; i++) {
		const struct serval_counter *c = &all->counter[i];

		if (nonzero && !c->value)
			continue;
		fprintf(cli->out.file, "%-*s %12llu  %s\n", width, c->name,
			(unsigned long long)c->value, c->help);
	}
}

/* One object whose keys are the names */
static void print_json(struct cli *cli, const struct counters *all,
		       bool nonzero)
{
	size_t i;

	out_list(&cli->out);
	out_object(&cli->out);
	for (i = 0; i < all->count; i++)
		if (!nonzero || all->counter[i].value)
			out_uint(&cli->out, all->counter[i].name, NULL,
				 all->counter[i].value);
	out_object_end(&cli->out);
	out_list_end(&cli->out);
}

int stats_show(struct cli *cli, struct args *args)
{
	struct counters all = { 0 };
	bool nonzero = false;
	const char *word;
	int err;

	while ((word = args_next(args))) {
		if (strcmp(word, "-z") && strcmp(word, "nonzero"))
			return cli_bad(cli, "\"%s\" is not expected here",
				       word);
		nonzero = true;
	}
	if (cli_open(cli))
		return CLI_REFUSED;
	err = serval_stats_get(cli->ctl, add_counter, &all);
	if (err)
		err = cli_refused(cli, err);
	else if (cli->json)
		print_json(cli, &all, nonzero);
	else
		print_text(cli, &all, nonzero);
	free_counters(&all);
	return err;
}
