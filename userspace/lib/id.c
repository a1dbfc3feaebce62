// SPDX-License-Identifier: LGPL-2.1-or-later
/* Service IDs as text. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <serval/id.h>

static int refuse(const char **why, const char *sentence, int err)
{
	if (why)
		*why = sentence;
	return err;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Left aligned hex digits up to "/" or the end. */
static int parse_hex(const char **text, struct service_id *id,
		     const char **why)
{
	const char *p = *text;
	unsigned int n = 0;

	for (; *p && *p != '/'; p++, n++) {
		int value = hex_value(*p);

		if (value < 0)
			return refuse(why, "not a hexadecimal digit", -EINVAL);
		if (n == 2 * SERVICE_ID_LEN)
			return refuse(why, "more than 64 hexadecimal digits",
				      -EINVAL);
		id->s_sid[n / 2] |= n % 2 ? value : value << 4;
	}
	if (!n)
		return refuse(why, "no digits after 0x", -EINVAL);
	*text = p;
	return 0;
}

/* A decimal number up to "/" or the end; it becomes the first 32 bits. */
static int parse_decimal(const char **text, struct service_id *id,
			 const char **why)
{
	unsigned long long value = 0;
	const char *p = *text;

	for (; *p && *p != '/'; p++) {
		if (*p < '0' || *p > '9')
			return refuse(why, "not a decimal digit (0x begins hexadecimal)",
				      -EINVAL);
		value = value * 10 + (unsigned int)(*p - '0');
		if (value > 0xffffffffULL)
			return refuse(why, "a decimal ID is at most 4294967295",
				      -EINVAL);
	}
	id->s_sid[0] = value >> 24;
	id->s_sid[1] = value >> 16;
	id->s_sid[2] = value >> 8;
	id->s_sid[3] = value;
	*text = p;
	return 0;
}

static int parse_bits(const char *text, unsigned int *bits, const char **why)
{
	unsigned int value = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9' && value <= 256; p++)
		value = value * 10 + (unsigned int)(*p - '0');
	if (p == text || *p || value > SERVICE_ID_MAX_PREFIX_BITS)
		return refuse(why, "the prefix length must be a number from 0 to 256",
			      -EINVAL);
	*bits = value;
	return 0;
}

static bool zero_after(const struct service_id *id, unsigned int bits)
{
	unsigned int byte = bits / 8;

	if (bits % 8) {
		if (id->s_sid[byte] & (0xff >> bits % 8))
			return false;
		byte++;
	}
	for (; byte < SERVICE_ID_LEN; byte++)
		if (id->s_sid[byte])
			return false;
	return true;
}

int serval_id_parse(const char *text, struct service_id *id,
		    unsigned int *bits, const char **why)
{
	unsigned int prefix = SERVICE_ID_MAX_PREFIX_BITS;
	struct service_id value;
	int err;

	memset(&value, 0, sizeof(value));
	if (!strcmp(text, "default")) {
		prefix = 0;
		goto out;
	}
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		text += 2;
		err = parse_hex(&text, &value, why);
	} else if (text[0] >= '0' && text[0] <= '9') {
		err = parse_decimal(&text, &value, why);
	} else if (!text[0]) {
		return refuse(why, "empty", -EINVAL);
	} else {
		return refuse(why, "not a number, and no such name", -ENOENT);
	}
	if (err)
		return err;
	if (*text == '/') {
		err = parse_bits(text + 1, &prefix, why);
		if (err)
			return err;
	}
	if (!zero_after(&value, prefix))
		return refuse(why, "bits after the prefix are not zero",
			      -EINVAL);
out:
	*id = value;
	*bits = prefix;
	return 0;
}

int serval_id_resolve(const char *text, struct service_id *id,
		      unsigned int *bits, const char **why)
{
	struct serval_names *names;
	int err;

	err = serval_id_parse(text, id, bits, why);
	if (err != -ENOENT)
		return err;
	err = serval_names_load(NULL, &names, NULL);
	if (err)
		return refuse(why, "the services file cannot be read", err);
	err = serval_names_lookup(names, text, id, bits);
	serval_names_free(names);
	return err;
}

char *serval_id_format(const struct service_id *id, unsigned int bits,
		       char *buf)
{
	unsigned int len = SERVICE_ID_LEN, least = (bits + 7) / 8, i;
	int n;

	if (!bits) {
		snprintf(buf, SERVAL_ID_STRLEN, "default");
		return buf;
	}
	if (bits > SERVICE_ID_MAX_PREFIX_BITS)
		bits = SERVICE_ID_MAX_PREFIX_BITS;
	if (least > 4)
		least = 4;
	while (len > least && !id->s_sid[len - 1])
		len--;
	n = snprintf(buf, SERVAL_ID_STRLEN, "0x");
	for (i = 0; i < len; i++)
		n += snprintf(buf + n, SERVAL_ID_STRLEN - n, "%02x",
			      id->s_sid[i]);
	if (bits < SERVICE_ID_MAX_PREFIX_BITS)
		snprintf(buf + n, SERVAL_ID_STRLEN - n, "/%u", bits);
	return buf;
}
