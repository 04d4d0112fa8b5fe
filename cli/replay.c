#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/listen.h"
#include "cli/verb.h"

/* With --follow, what has been printed is committed after this many events at the latest; at rest
 * at once. */
#define COMMIT_EVENTS 1000
/* At the end of the journal the wait for more: short, to commit and to mind signals. */
#define IDLE_MS 200
/* Without --follow: a server that does not answer for this long is an error. */
#define ANSWER_MS 20000

static const char usage[] =
	"Usage: civicwire replay [OPTION]...\n"
	"Prints events from the journal, oldest first, one JSON document a line.\n"
	"\n"
	"  -a, --after WHERE       begin at a cursor, a time (RFC 3339), 'now' or 'oldest' "
	"(default)\n"
	"  -t, --topic PREFIX      only these topics, such as theme/climate/ or feed/co-mde/;\n"
	"                          may be given again (default feed/)\n"
	"  -f, --follow            go on with new events as they come; Ctrl-C ends\n"
	"  -c, --cursor-file FILE  begin where the file says, if there is one, and keep it "
	"current:\n"
	"                          the next run goes on where this one ended\n"
	"  -p, --print-cursor      at the end, print the cursor on standard error\n" LISTEN_USAGE
	"  -h, --help              show this\n"
	"\n"
	"Exit status: 0 all was printed, or ended by a signal; 64 wrong usage; 66 a key file "
	"cannot\n"
	"be read; 69 no answer; 71 the system refuses; 73 the cursor file cannot be written; 74 "
	"the\n"
	"output cannot be written; 76 the server refuses.\n";

struct replay {
	struct listen listen;
	bool follow, print_cursor;
	unsigned uncommitted;
};

/* 0: go on; else the exit status + 1. */
static int parse(struct replay *p, int argc, char **argv)
{
	static const struct option options[] = {
		{"after", required_argument, NULL, 'a'},
		{"topic", required_argument, NULL, 't'},
		{"follow", no_argument, NULL, 'f'},
		{"cursor-file", required_argument, NULL, 'c'},
		{"print-cursor", no_argument, NULL, 'p'},
		LISTEN_OPTIONS,
		{"help", no_argument, NULL, 'h'},
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "a:t:fc:ph", options, NULL)) >= 0;) {
		bool ok = true;
		switch (c) {
		case 'a':
			p->listen.options.after = optarg;
			break;
		case 't':
			ok = listen_topic(&p->listen, optarg);
			break;
		case 'f':
			p->follow = true;
			break;
		case 'c':
			p->listen.options.cursor_file = optarg;
			break;
		case 'p':
			p->print_cursor = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK + 1;
		default:
			ok = listen_option(&p->listen, c, optarg);
		}
		if (!ok) {
			fputs("Try 'civicwire replay --help'.\n", stderr);
			return EX_USAGE + 1;
		}
	}
	if (optind < argc)
		return verb_misused("replay", "it takes no '%s'; what it takes begins with --",
			       argv[optind]) +
		       1;

	return 0;
}

/* What is on its way to the reader is handed over before the cursor says so. */
static int commit(struct replay *p)
{
	if (fflush(stdout) != 0)
		return EX_IOERR;
	p->uncommitted = 0;
	if (cw_subscriber_commit(p->listen.subscriber) < 0) {
		fprintf(stderr, "civicwire replay: %s\n",
			cw_subscriber_error(p->listen.subscriber));
		return EX_CANTCREAT;
	}
	return EX_OK;
}

/* Exit status, or -1: go on. */
static int at_rest(struct replay *p, int *silent_ms)
{
	struct cw_subscriber *s = p->listen.subscriber;
	int r = p->uncommitted || cw_subscriber_is_current(s) ? commit(p) : EX_OK;

	if (r != EX_OK)
		return r;
	if (cw_subscriber_is_current(s)) {
		*silent_ms = 0;
		return p->follow ? -1 : EX_OK;
	}
	*silent_ms += IDLE_MS;
	if (p->follow || *silent_ms < ANSWER_MS)
		return -1;
	fprintf(stderr, "civicwire replay: no answer from %s\n",
		p->listen.options.replay ? p->listen.options.replay : CW_REPLAY_DEFAULT);
	return EX_UNAVAILABLE;
}

static int run(struct replay *p)
{
	int silent_ms = 0;

	while (!listen_is_over()) {
		struct cw_event *event;
		int r = listen_next(&p->listen, IDLE_MS, &event);
		if (r < 0)
			return EX_PROTOCOL;
		if (r == 0) {
			r = at_rest(p, &silent_ms);
			if (r >= 0)
				return r;
			continue;
		}
		silent_ms = 0;
		size_t n;
		const char *json = cw_event_json(event, &n);
		bool ok = fwrite(json, 1, n, stdout) == n && putchar('\n') != EOF;
		cw_event_unref(event);
		if (!ok)
			return EX_IOERR;
		r = ++p->uncommitted >= COMMIT_EVENTS ? commit(p) : EX_OK;
		if (r != EX_OK)
			return r;
	}
	return commit(p);
}

int verb_replay(int argc, char **argv)
{
	struct replay p = {.listen.options = {.after = "oldest", .live = ""}};
	int r = parse(&p, argc, argv);

	if (r)
		return r - 1;
	r = listen_open(&p.listen);
	if (r == EX_OK)
		r = run(&p);
	if (p.print_cursor && p.listen.subscriber)
		fprintf(stderr, "%s\n", cw_subscriber_cursor(p.listen.subscriber));
	listen_close(&p.listen);
	return r;
}
