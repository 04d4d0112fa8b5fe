/* civicwire refresh: polls feeds before their time, as politely as ever. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/ask-daemon.h"
#include "cli/feed-list.h"
#include "cli/progress.h"
#include "cli/since.h"
#include "cli/verb.h"

static const char usage[] =
	"Usage: civicwire refresh [OPTION]... FEED...\n"
	"       civicwire refresh [OPTION]... --failing [FEED]...\n"
	"Polls feeds as soon as their servers may be asked, and says when that is. The pause "
	"between "
	"two\n"
	"requests to one server is kept, and what the server asked for (Retry-After) too. FEED is "
	"an "
	"id,\n"
	"the beginning of one, or a pattern with * and ?.\n"
	"\n"
	"      --failing       those that do not work; a feed that is gone is tried again\n"
	"  -s, --socket PATH   the daemon's control socket (default $CIVICWIRE_SOCKET,\n"
	"                      else " CONTROL_SOCKET_DEFAULT ")\n"
	"  -h, --help          show this\n"
	"\n"
	"Exit status: 0 they will be polled; 1 no such feed; 64 wrong usage; 69 no daemon answers; "
	"74 "
	"the\n"
	"output cannot be written; 77 not for this user.\n";

static void print_when(const char *id, json_t *answer)
{
	const char *next = json_string_value(json_object_get(answer, "next"));
	long long ahead = (long long)json_integer_value(json_object_get(answer, "ahead"));
	time_t at = since_parse(next), now = time(NULL);
	char span[SINCE_TEXT_MAX];

	printf("%s  ", id);
	if (at <= now) {
		puts("now");
		return;
	}
	since_span((long long)(at - now), span);
	printf("in %s", span);
	if (ahead > 0)
		printf(", after %lld other%s of its server", ahead, ahead == 1 ? "" : "s");
	putchar('\n');
}

static int refresh_one(struct daemon_line *line, const char *id)
{
	cleanup(buf_deinit) struct buf path = BUF_INIT;
	json_t *answer = NULL;

	buf_lit(&path, "/v1/refresh?feed=");
	daemon_line_escape(&path, id);
	int r = daemon_line_ask(line, true, buf_cstr(&path), &answer);
	if (r == EX_OK)
		print_when(id, answer);
	else if (r == EX_NOINPUT) /* it has left the configuration since we asked */
		printf("%s  is no longer there\n", id);
	json_decref(answer);
	return r == EX_NOINPUT ? EX_OK : r;
}

static int refresh(struct feed_filter *filter)
{
	struct feed_list list;
	int r = feed_list_load(&list, filter);

	if (r != EX_OK)
		return r;
	if (!list.n) {
		feed_list_deinit(&list);
		if (filter->failing && !filter->n_patterns) {
			puts("no feed is failing");
			return verb_flush("refresh");
		}
		fputs("civicwire refresh: no such feed\n", stderr);
		return 1;
	}
	struct daemon_line *line = daemon_line_new(filter->verb, filter->socket);
	r = line ? EX_OK : EX_OSERR;
	for (size_t i = 0; i < list.n && r == EX_OK; i++) {
		progress("telling the daemon", i, list.n);
		if (list.rows[i].paused)
			printf("%s  is not polled: 'enabled: false' in its configuration\n",
				list.rows[i].id);
		else
			r = refresh_one(line, list.rows[i].id);
	}
	progress_end();
	daemon_line_free(line);
	feed_list_deinit(&list);
	int flushed = verb_flush("refresh");
	return r == EX_OK ? flushed : r;
}

int verb_refresh(int argc, char **argv)
{
	enum { OPTION_FAILING = 256 };
	static const struct option options[] = {
		{"failing", no_argument, NULL, OPTION_FAILING},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct feed_filter filter = {.verb = "refresh", .quiet_since = -1};

	for (int c; (c = getopt_long(argc, argv, "s:h", options, NULL)) >= 0;) {
		switch (c) {
		case OPTION_FAILING:
			filter.failing = true;
			break;
		case 's':
			filter.socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return verb_flush("refresh");
		default:
			fputs("Try 'civicwire refresh --help'.\n", stderr);
			return EX_USAGE;
		}
	}
	filter.patterns = argv + optind;
	filter.n_patterns = argc - optind;
	if (!filter.failing && !filter.n_patterns)
		return verb_misused("refresh", "say which feeds, or --failing; all of them: '*'");
	return refresh(&filter);
}
