// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The services file: lines "name id[/bits] [alias ...] # comment".
 *
 * Wrong lines are skipped, as in /etc/services; the first one is reported.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <serval/id.h>

struct name {
	char *text;
	struct service_id id;
	unsigned int bits;
};

struct serval_names {
	struct name *name;	/* a line's name comes before its aliases */
	size_t count;
	size_t room;
};

const char *serval_names_path(void)
{
	const char *path = secure_getenv("SERVAL_SERVICES");

	return path && *path ? path : SERVAL_SERVICES_FILE;
}

static int names_add(struct serval_names *names, const char *text,
		     const struct service_id *id, unsigned int bits)
{
	struct name *name;

	if (names->count == names->room) {
		size_t room = names->room ? 2 * names->room : 64;

		name = reallocarray(names->name, room, sizeof(*name));
		if (!name)
			return -ENOMEM;
		names->name = name;
		names->room = room;
	}
	name = &names->name[names->count];
	name->text = strdup(text);
	if (!name->text)
		return -ENOMEM;
	name->id = *id;
	name->bits = bits;
	names->count++;
	return 0;
}

/* Returns 0, 1 for a wrong line, or -ENOMEM. */
static int names_add_line(struct serval_names *names, char *line)
{
	static const char space[] = " \t\r\n";
	char *name, *word, *rest;
	struct service_id id;
	unsigned int bits;
	int err = 0;

	line[strcspn(line, "#")] = '\0';
	name = strtok_r(line, space, &rest);
	if (!name)
		return 0;
	word = strtok_r(NULL, space, &rest);
	/* A name that can be taken for a number could never be looked up. */
	if (!word || serval_id_parse(name, &id, &bits, NULL) != -ENOENT ||
	    serval_id_parse(word, &id, &bits, NULL))
		return 1;
	for (word = name; word && !err; word = strtok_r(NULL, space, &rest))
		err = names_add(names, word, &id, bits);
	return err;
}

static int names_read(struct serval_names *names, FILE *file,
		      unsigned int *bad_line)
{
	unsigned int number = 0;
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	*bad_line = 0;
	errno = 0;
	while (err >= 0 && getline(&line, &room, file) >= 0) {
		number++;
		err = names_add_line(names, line);
		if (err > 0 && !*bad_line)
			*bad_line = number;
	}
	if (err >= 0)
		err = ferror(file) ? -(errno ? errno : EIO) : 0;
	free(line);
	return err;
}

int serval_names_load(const char *path, struct serval_names **names,
		      unsigned int *bad_line)
{
	struct serval_names *list;
	unsigned int bad = 0;
	int err = 0;
	FILE *file;

	list = calloc(1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	file = fopen(path ? path : serval_names_path(), "re");
	if (file) {
		err = names_read(list, file, &bad);
		fclose(file);
	} else if (errno != ENOENT) {
		err = -errno;
	}
	if (err) {
		serval_names_free(list);
		return err;
	}
	if (bad_line)
		*bad_line = bad;
	*names = list;
	return 0;
}

void serval_names_free(struct serval_names *names)
{
	size_t i;

	if (!names)
		return;
	for (i = 0; i < names->count; i++)
		free(names->name[i].text);
	free(names->name);
	free(names);
}

int serval_names_lookup(const struct serval_names *names, const char *name,
			struct service_id *id, unsigned int *bits)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (strcmp(names->name[i].text, name))
			continue;
		*id = names->name[i].id;
		*bits = names->name[i].bits;
		return 0;
	}
	return -ENOENT;
}

const char *serval_names_find(const struct serval_names *names,
			      const struct service_id *id, unsigned int bits)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (names->name[i].bits == bits &&
		    !memcmp(&names->name[i].id, id, sizeof(*id)))
			return names->name[i].text;
	return NULL;
}
