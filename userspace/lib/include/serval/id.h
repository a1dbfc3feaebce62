/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Service IDs as text: parsing, printing, and names from a services file.
 *
 * Text forms:
 *	0x0a0b/16	hex digits, left aligned (missing digits are zero),
 *			then the number of significant bits; 256 without "/"
 *	80		decimal, 0..4294967295: the first 32 bits of the ID,
 *			big endian; "/bits" as above
 *	default		the null ID with 0 bits, which every ID matches
 *	http		a name from the services file (serval.services(5))
 *
 * Bits after the prefix must be zero.  Functions return 0 or a negative
 * errno; none of them prints.
 */
#ifndef SERVAL_ID_H
#define SERVAL_ID_H

#include <stddef.h>
#include <linux/serval.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for any formatted ID: "0x", 64 digits, "/255", NUL */
#define SERVAL_ID_STRLEN	72

/* The services file if the environment's SERVAL_SERVICES names no other */
#define SERVAL_SERVICES_FILE	"/etc/serval/services"

struct serval_names;

/**
 * serval_id_parse() - read a service ID that is not a name
 * @text: hex, decimal or "default"
 * @id: receives the ID
 * @bits: receives the prefix length, 0..256
 * @why: receives a constant sentence on failure; may be NULL
 *
 * Return: 0; -ENOENT if @text looks like a name; -EINVAL.  @id and @bits are
 * written on success only.
 */
int serval_id_parse(const char *text, struct service_id *id,
		    unsigned int *bits, const char **why);

/**
 * serval_id_resolve() - read a service ID that may be a name
 * @text: any of the text forms
 * @id: receives the ID
 * @bits: receives the prefix length, 0..256
 * @why: receives a constant sentence on failure; may be NULL
 *
 * Reads the services file only if @text is neither a number nor "default".
 *
 * Return: 0; -ENOENT if there is no such name; -EINVAL; what reading the file
 * failed with.
 */
int serval_id_resolve(const char *text, struct service_id *id,
		      unsigned int *bits, const char **why);

/**
 * serval_id_format() - write a service ID as text
 * @id: the ID
 * @bits: prefix length, 0..256
 * @buf: receives the text, at least SERVAL_ID_STRLEN bytes
 *
 * The text has whole bytes without trailing zero bytes, but at least 4 of
 * them, or as many as the prefix has; "/bits" is left out if it is 256; 0
 * bits are "default".  serval_id_parse() reads the same ID and bits back if
 * the bits after the prefix are zero.
 *
 * Return: @buf.
 */
char *serval_id_format(const struct service_id *id, unsigned int bits,
		       char *buf);

/**
 * serval_names_path() - the services file in use
 *
 * Return: $SERVAL_SERVICES (ignored in set-user-ID programs) or
 * SERVAL_SERVICES_FILE.
 */
const char *serval_names_path(void);

/**
 * serval_names_load() - read a services file
 * @path: the file; NULL means serval_names_path()
 * @names: receives the names; free with serval_names_free()
 * @bad_line: receives the number of the first line that was skipped because
 *            it is wrong, or 0; may be NULL
 *
 * A missing file has no names.
 *
 * Return: 0, -ENOMEM, or what open() or read() failed with.
 */
int serval_names_load(const char *path, struct serval_names **names,
		      unsigned int *bad_line);

/**
 * serval_names_free() - release names
 * @names: from serval_names_load(), or NULL
 */
void serval_names_free(struct serval_names *names);

/**
 * serval_names_lookup() - the ID of a name
 * @names: from serval_names_load()
 * @name: a name or an alias; case counts
 * @id: receives the ID
 * @bits: receives the prefix length
 *
 * Return: 0 or -ENOENT.
 */
int serval_names_lookup(const struct serval_names *names, const char *name,
			struct service_id *id, unsigned int *bits);

/**
 * serval_names_find() - the name of an ID
 * @names: from serval_names_load()
 * @id: the ID
 * @bits: its prefix length
 *
 * Return: the first name with exactly this ID and prefix, owned by @names,
 * or NULL.
 */
const char *serval_names_find(const struct serval_names *names,
			      const struct service_id *id, unsigned int bits);

#ifdef __cplusplus
}
#endif

#endif /* SERVAL_ID_H */
