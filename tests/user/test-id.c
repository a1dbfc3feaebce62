// SPDX-License-Identifier: GPL-2.0-only
/* Service IDs and their names: what is read, printed and refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libserval/serval.h>
#include <serval/id.h>

#include "msg.h"
#include "tap.h"

static const struct good {
	const char *text;
	unsigned int bits;
	const char *printed;	/* NULL: as @text */
	const char *bytes;	/* first bytes in hex */
} good[] = {
	{ "0x0a0b/16", 16, NULL, "0a0b" },
	{ "0x00000050/32", 32, NULL, "00000050" },
	{ "0x0000005", 256, "0x00000050", "00000050" },
	{ "80", 256, "0x00000050", "00000050" },
	{ "80/32", 32, "0x00000050/32", "00000050" },
	{ "4294967295", 256, "0xffffffff", "ffffffff" },
	{ "default", 0, NULL, "00" },
	{ "0x0/0", 0, "default", "00" },
	{ "0x0/32", 32, "0x00000000/32", "00" },
	{ "0x8/1", 1, "0x80/1", "80" },
	{ "0x0a8/9", 9, "0x0a80/9", "0a80" },
	{ "0XABCDEF/24", 24, "0xabcdef/24", "abcdef" },
	{ "0x0102030405/40", 40, NULL, "0102030405" },
	{ "0x0102030400/40", 40, "0x01020304/40", "0102030400" },
	{ "0x01", 256, "0x01000000", "01" },
	{ "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	  256, NULL, "ffffffffffffffff" },
	{ "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe/255",
	  255, NULL, "ffffffffffffffff" },
};

static const char * const bad[] = {
	"", "0x", "0x/8", "0xg", "0x1/", "0x1/-1", "0x1/257", "0x1/9999999999",
	"0x1/8x", "0x0a0b/8", "80/8", "4294967296", "99999999999999999999",
	"8o", "-1", " 80", "80 ", "/8", "0x1 2",
	"0x00000000000000000000000000000000000000000000000000000000000000000",
};

static void test_good(struct tap *tap, const struct good *g)
{
	char text[SERVAL_ID_STRLEN], hex[2 * SERVICE_ID_LEN + 1], what[200];
	const char *printed = g->printed ? g->printed : g->text;
	struct service_id id, again;
	unsigned int bits, bits_again;
	bool ok;

	ok = !serval_id_parse(g->text, &id, &bits, NULL) && bits == g->bits;
	serval_ntop(&id, hex, sizeof(hex));
	ok = ok && !strncmp(hex, g->bytes, strlen(g->bytes));
	snprintf(what, sizeof(what), "%s is read", g->text);
	tap_ok(tap, ok, what);
	if (!ok)
		return;
	serval_id_format(&id, bits, text);
	snprintf(what, sizeof(what), "%s is printed as %s", g->text, printed);
	if (!tap_ok(tap, !strcmp(text, printed), what))
		printf("# got %s\n", text);
	ok = !serval_id_parse(text, &again, &bits_again, NULL) &&
	     bits_again == bits && !memcmp(&again, &id, sizeof(id));
	tap_ok(tap, ok, "what was printed reads back the same");
}

static void test_bad(struct tap *tap, const char *text)
{
	struct service_id id = { 0 };
	const char *why = NULL;
	unsigned int bits = 7;
	char what[200];
	int err = serval_id_parse(text, &id, &bits, &why);

	snprintf(what, sizeof(what), "\"%s\" is refused: %s", text,
		 why ? why : "without a reason");
	tap_ok(tap, err < 0 && why && bits == 7, what);
}

/* Every prefix length of random IDs survives printing and reading. */
static void test_round_trips(struct tap *tap)
{
	unsigned int bits, bits_again, i, wrong = 0;
	char text[SERVAL_ID_STRLEN];
	struct service_id id, again;

	srand(1);
	for (bits = 0; bits <= SERVICE_ID_MAX_PREFIX_BITS; bits++) {
		for (i = 0; i < SERVICE_ID_LEN; i++)
			id.s_sid[i] = i * 8 < bits ? rand() : 0;
		if (bits % 8)
			id.s_sid[bits / 8] &= 0xff00 >> bits % 8;
		serval_id_format(&id, bits, text);
		wrong += serval_id_parse(text, &again, &bits_again, NULL) ||
			 bits_again != bits ||
			 memcmp(&id, &again, sizeof(id));
	}
	tap_ok(tap, !wrong, "257 prefix lengths survive a round trip");
}

static const char services[] =
	"# comment\n"
	"http\t80 www web # the web\n"
	"\n"
	"lab 0x0a0b/16\n"
	"broken line\n"
	"17 18\n"
	"alone\n"
	"http 81\n"
	"any default";

static void test_names(struct tap *tap)
{
	char path[] = "/tmp/serval-names-XXXXXX";
	struct serval_names *names = NULL;
	unsigned int bits, line = 0;
	struct service_id id;
	int fd = mkstemp(path);

	if (write(fd, services, sizeof(services) - 1) < 0)
		perror("write");
	close(fd);
	setenv("SERVAL_SERVICES", path, 1);
	tap_ok(tap, !serval_names_load(NULL, &names, &line) && line == 5,
	       "a wrong line of the services file is skipped and reported");
	tap_ok(tap, !serval_names_lookup(names, "web", &id, &bits) &&
	       bits == 256 && id.s_sid[3] == 80, "an alias is found");
	tap_ok(tap, !strcmp(serval_names_find(names, &id, bits), "http"),
	       "an ID gets its first name");
	tap_ok(tap, !serval_names_find(names, &id, 32),
	       "another prefix length is another service");
	tap_ok(tap, serval_names_lookup(names, "HTTP", &id, &bits) == -ENOENT,
	       "names are case sensitive");
	serval_names_free(names);
	tap_ok(tap, !serval_id_resolve("lab", &id, &bits, NULL) && bits == 16,
	       "a name stands for a prefix");
	tap_ok(tap, !serval_id_resolve("any", &id, &bits, NULL) && !bits,
	       "a name stands for the default rule, without a last newline");
	tap_ok(tap, serval_id_resolve("nix", &id, &bits, NULL) == -ENOENT,
	       "an unknown name is refused");
	unlink(path);
	tap_ok(tap, serval_id_resolve("lab", &id, &bits, NULL) == -ENOENT,
	       "without a services file there are no names");
}

static void test_published(struct tap *tap)
{
	struct flow_id flow = { .s_id32 = htonl(4000000000U) };
	char text[SERVAL_ADDRSTRLEN];
	struct service_id id, same;
	const char *one, *two;

	tap_ok(tap, serval_pton("0000005", &id) == 1 && id.s_sid[3] == 0x50,
	       "serval_pton() aligns left");
	tap_ok(tap, serval_pton("0x0000005", &same) == 1 &&
	       !memcmp(&id, &same, sizeof(id)), "serval_pton() takes 0x");
	tap_ok(tap, !serval_pton("xyz", &same) && same.s_sid[3] == 0x50,
	       "serval_pton() refuses what is no digit");
	tap_ok(tap, strlen(serval_ntop(&id, text, sizeof(text))) == 64,
	       "serval_ntop() prints 64 digits");
	tap_ok(tap, !strcmp(serval_ntop(&id, text, 9), "00000050"),
	       "serval_ntop() ends its text where the room ends");
	tap_ok(tap, !strcmp(flow_id_to_str(&flow), "4000000000"),
	       "flow_id_to_str() prints a decimal number");
	one = service_id_to_str(&id);
	two = service_id_to_str(SERVAL_NULL_SID);
	tap_ok(tap, one != two && strcmp(one, two),
	       "two IDs can be printed at once");
}

int main(void)
{
	struct tap tap = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		test_good(&tap, &good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		test_bad(&tap, bad[i]);
	test_round_trips(&tap);
	test_names(&tap);
	test_published(&tap);
	return tap_done(&tap);
}
