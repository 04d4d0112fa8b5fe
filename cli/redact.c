/* The part of `civicwire journal redact` that talks to a daemon: where one has the journal, its own thread
 * does it. Called by that verb only. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask-daemon.h"
#include "cli/verb.h"

/* Ids are of feeds (at most 122 bytes), items (22) and versions. */
#define ID_MAX 200

static void print_redaction(struct question *question, json_t *root)
{
	long long n = (long long)json_integer_value(json_object_get(root, "events"));

	(void)question;
	if (n)
		printf("%lld event%s redacted\n", n, n == 1 ? "" : "s");
	else
		puts("redacted before: nothing was left to do");
	if (json_is_true(json_object_get(root, "in_log")))
		puts("readers keep old pages in the write-ahead log: the daemon empties it as soon "
		     "as "
		     "they let it");
}

static int judge_redaction(const struct question *question, json_t *root)
{
	(void)question;
	return json_is_integer(json_object_get(root, "events")) ? EX_OK : EX_PROTOCOL;
}

/* Every byte that could end the value in a URL, as RFC 3986 § 2.1 has it. `path` has room. */
static void add_escaped(char *path, const char *id)
{
	char *out = path + strlen(path);

	for (const char *p = id; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr("-._~/", *p))
			*out++ = *p;
		else
			out += snprintf(out, 4, "%%%02X", (unsigned char)*p);
	}
	*out = 0;
}

/* redact SOCKET EPOCH ID; an empty SOCKET is the default one. */
int verb_redact(int argc, char **argv)
{
	char path[3 * ID_MAX + 64];

	if (argc != 4)
		return EX_USAGE;
	if (strlen(argv[3]) > ID_MAX)
		return verb_misused("journal", "'%.40s…' is longer than any id", argv[3]);
	snprintf(path, sizeof path, "/v1/redact?epoch=%.16s&id=", argv[2]);
	add_escaped(path, argv[3]);
	struct question question = {.verb = "journal",
		.socket = argv[1][0] ? argv[1] : NULL,
		.path = path,
		.post = true,
		.show = print_redaction,
		.judge = judge_redaction};
	return ask_daemon(&question);
}
