#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/listen.h"
#include "cli/print.h"
#include "cli/since.h"
#include "cli/verb.h"

/* Without a word from the server for this long, the person is told what is being waited for. */
#define TELL_WAITING_MS 3000

static const char usage[] =
	"Usage: civicwire tail [OPTION]...\n"
	"Shows events as they are published: time, city, agency, title and link, a line each.\n"
	"\n"
	"  -t, --topic PREFIX      only these topics, such as theme/climate/ or feed/co-mde/;\n"
	"                          may be given again (default feed/ and sys/feed/)\n"
	"  -a, --after WHERE       begin at a cursor, 'oldest', a time (RFC 3339) or 'now' "
	"(default)\n"
	"  -j, --json              print each event's JSON on a line instead\n"
	"      --colour always|never|auto\n"
	"                          auto (default): where standard output is a terminal\n"
	"      --live ENDPOINT     where events come from as they are published\n"
	"                          (default " CW_LIVE_DEFAULT ")\n" LISTEN_USAGE
	"  -h, --help              show this\n"
	"\n"
	"What live loses is filled from the journal. Ctrl-C ends.\n"
	"\n"
	"Exit status: 0 ended by a signal; 64 wrong usage; 66 a key file cannot be read; 71 the\n"
	"system refuses; 74 the output cannot be written; 76 the server refuses.\n";

struct tail {
	struct listen listen;
	bool json, colour;
};

enum { OPTION_COLOUR = 256, OPTION_LIVE };

static bool parse_colour(const char *when, bool *ret)
{
	if (!strcmp(when, "always")) {
		*ret = true;
	} else if (!strcmp(when, "never")) {
		*ret = false;
	} else if (!strcmp(when, "auto")) {
		*ret = isatty(STDOUT_FILENO);
	} else {
		fprintf(stderr, "civicwire tail: --colour is always, never or auto, not '%s'\n",
			when);
		return false;
	}
	return true;
}

/* 0: go on; else the exit status + 1. */
static int parse(struct tail *t, int argc, char **argv)
{
	static const struct option options[] = {
		{"topic", required_argument, NULL, 't'},
		{"after", required_argument, NULL, 'a'},
		{"json", no_argument, NULL, 'j'},
		{"colour", required_argument, NULL, OPTION_COLOUR},
		{"color", required_argument, NULL, OPTION_COLOUR},
		{"live", required_argument, NULL, OPTION_LIVE},
		LISTEN_OPTIONS,
		{"help", no_argument, NULL, 'h'},
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "t:a:jh", options, NULL)) >= 0;) {
		bool ok = true;
		switch (c) {
		case 't':
			ok = listen_topic(&t->listen, optarg);
			break;
		case 'a':
			t->listen.options.after = optarg;
			break;
		case 'j':
			t->json = true;
			break;
		case OPTION_COLOUR:
			ok = parse_colour(optarg, &t->colour);
			break;
		case OPTION_LIVE:
			t->listen.options.live = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK + 1;
		default:
			ok = listen_option(&t->listen, c, optarg);
		}
		if (!ok) {
			fputs("Try 'civicwire tail --help'.\n", stderr);
			return EX_USAGE + 1;
		}
	}
	if (optind < argc)
		return verb_misused("tail", "it takes no '%s'; what it takes begins with --",
			       argv[optind]) +
		       1;

	return 0;
}

static void put_coloured(const struct tail *t, const char *colour, const char *text)
{
	if (t->colour)
		printf("\033[%sm", colour);
	print_text(stdout, text);
	if (t->colour)
		fputs("\033[0m", stdout);
}

/* "2017-05-12T15:04:05Z" as the reader's own time, "2017-05-12 17:04". */
static void put_time(const struct tail *t, const char *rfc3339)
{
	time_t at = since_parse(rfc3339);
	struct tm local;
	char text[32];

	if (at == -1 || !localtime_r(&at, &local) ||
		!strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local))
		snprintf(text, sizeof text, "%-16s", "no date");
	put_coloured(t, "2", text);
}

/* "org.civicwire.item.updated.v1" → "updated", "org.civicwire.feed.failing.v1" → "feed.failing";
 * NULL for what is plainly new. */
static const char *remark(const char *type, char out[32])
{
	static const char ours[] = "org.civicwire.", item[] = "item.";
	size_t n;

	if (!strncmp(type, ours, sizeof ours - 1))
		type += sizeof ours - 1;
	if (!strncmp(type, item, sizeof item - 1))
		type += sizeof item - 1;
	n = strlen(type);
	if (n > 3 && !strcmp(type + n - 3, ".v1"))
		n -= 3;
	snprintf(out, 32, "%.*s", (int)n, type);
	return strcmp(out, "published") ? out : NULL;
}

static void print_line(const struct tail *t, struct cw_event *event)
{
	char buffer[32];
	const char *type = cw_event_type(event), *title = cw_event_title(event);
	const char *word = remark(type ? type : "", buffer);
	const char *url = cw_event_url(event);

	put_time(t, cw_event_time(event) ? cw_event_time(event) : cw_event_recorded_time(event));
	fputs("  ", stdout);
	put_coloured(t, "36", cw_event_city(event));
	fputs("  ", stdout);
	put_coloured(t, "32", cw_event_agency(event));
	fputs("  ", stdout);
	if (word) {
		put_coloured(t, "33", word);
		fputs(": ", stdout);
	}
	if (!title || !*title)
		title = cw_event_get(event, "/data/error");
	put_coloured(t, "1", title ? title : "(no title)");
	fputs("  ", stdout);
	put_coloured(t, "34", url ? url : "");
	putchar('\n');
}

static void print_event(const struct tail *t, struct cw_event *event)
{
	size_t n;
	const char *json = cw_event_json(event, &n);

	if (t->json) {
		fwrite(json, 1, n, stdout);
		putchar('\n');
	} else {
		print_line(t, event);
	}
}

static int run(struct tail *t)
{
	bool told = false, heard = false;

	while (!listen_is_over()) {
		struct cw_event *event;
		int r = listen_next(&t->listen, TELL_WAITING_MS, &event);
		if (r < 0)
			return EX_PROTOCOL;
		heard = heard || r > 0 || cw_subscriber_is_current(t->listen.subscriber);
		if (r == 0) {
			if (!heard && !told && !listen_is_over())
				fprintf(stderr, "civicwire: no answer from %s yet; still trying\n",
					t->listen.options.replay ? t->listen.options.replay
								 : CW_REPLAY_DEFAULT);
			told = true;
			continue;
		}
		print_event(t, event);
		cw_event_unref(event);
		if (fflush(stdout) != 0)
			return EX_IOERR;
	}
	return EX_OK;
}

int verb_tail(int argc, char **argv)
{
	struct tail t = {.colour = isatty(STDOUT_FILENO)};
	int r = parse(&t, argc, argv);

	if (r)
		return r - 1;
	if (!t.listen.n_topics) {
		listen_topic(&t.listen, "feed/");
		listen_topic(&t.listen, "sys/feed/");
	}
	r = listen_open(&t.listen);
	if (r == EX_OK)
		r = run(&t);
	listen_close(&t.listen);
	return r;
}
