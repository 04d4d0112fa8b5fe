/* civicwire config show: what is in force, and where it stands. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "cli/print.h"
#include "cli/verb.h"
#include "config/config.h"
#include "config/show.h"

#define DEFAULT_FOLDER "/etc/civicwire"

static const char usage[] = "Usage: civicwire config show [OPTION]... [FEED]...\n"
			    "Shows what is in force and where it stands, FILE:LINE:COLUMN or "
			    "'default': the settings of\n"
			    "the daemon, or of each FEED, with what it inherits from agency and "
			    "city. FEED is an id, or a\n"
			    "pattern such as 'co-mde.*'. Passwords and tokens stand in files of "
			    "their own, and are never\n"
			    "shown.\n"
			    "\n"
			    "  show               show them\n"
			    "\n"
			    "  -c, --config DIR   the configuration (default " DEFAULT_FOLDER ")\n"
			    "  -j, --json         print one JSON object a line\n"
			    "  -h, --help         show this\n"
			    "\n"
			    "Exit status: 0; 64 wrong usage; 66 no such folder or feed; 74 the "
			    "output cannot be written; "
			    "77\n"
			    "not allowed to read it; 78 the configuration is broken.\n";

struct show {
	struct config_show_sink sink;
	const char *folder;
	bool json;
	char last[256]; /* the subject told last */
	unsigned long n;
};

static void on_value(struct config_show_sink *sink, const char *subject, const char *key,
	const char *value, const char *where)
{
	struct show *show = container_of(sink, struct show, sink);

	show->n++;
	if (show->json) {
		json_t *line =
			json_pack("{s:s, s:s, s:s}", "key", key, "value", value, "where", where);
		if (subject)
			json_object_set_new(line, "feed", json_string(subject));
		json_dumpf(line, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(line);
		return;
	}
	if (subject && strcmp(subject, show->last) != 0) {
		printf("%s%s\n", *show->last ? "\n" : "", subject);
		snprintf(show->last, sizeof show->last, "%s", subject);
	}
	printf("%s%-*s ", subject ? "  " : "", subject ? 16 : 26, key);
	print_text(stdout, value);
	int pad = 40 - (int)strlen(value);
	printf("%*s  # %s\n", pad > 0 ? pad : 0, "", where);
}

static void on_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

static int failed(int r, const struct error *error)
{
	if (r == -EINVAL)
		return EX_CONFIG;
	fprintf(stderr, "civicwire config: %s\n", error->text);
	return r == -EACCES || r == -EPERM ? EX_NOPERM : EX_NOINPUT;
}

static int show(struct show *show, char **feeds, int n)
{
	cleanup(config_free_p) struct config *config = NULL;
	struct config_report problems = {on_problem, 0};
	struct error error = {0};
	int r = config_load(&config, show->folder, &problems, &error);

	if (r == 0 && !n)
		r = config_show(show->folder, NULL, &show->sink, &error);
	if (r < 0)
		return failed(r, &error);
	for (int i = 0; i < n; i++) {
		unsigned long before = show->n;
		r = config_show(show->folder, feeds[i], &show->sink, &error);
		if (r < 0)
			return failed(r, &error);
		if (show->n == before) {
			fprintf(stderr, "civicwire config: no feed of %s fits '%s'\n", show->folder,
				feeds[i]);
			return EX_NOINPUT;
		}
	}
	return verb_flush("config");
}

int verb_config(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct show s = {.sink = {on_value}, .folder = DEFAULT_FOLDER};

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":c:jh", options, NULL)) >= 0;) {
		switch (c) {
		case 'c':
			s.folder = optarg;
			break;
		case 'j':
			s.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return verb_flush("config");
		default:
			return verb_misused("config",
				c == ':' ? "%s wants a value" : "unknown option '%s'",
				argv[optind - 1]);
		}
	}
	if (optind == argc || strcmp(argv[optind], "show") != 0)
		return verb_misused("config", "it is: config show [FEED]...");
	return show(&s, argv + optind + 1, argc - optind - 1);
}
