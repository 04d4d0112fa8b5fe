#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask-daemon.h"
#include "cli/feed-list.h"
#include "cli/print.h"
#include "cli/since.h"
#include "cli/verb.h"

static const char usage[] =
	"Usage: civicwire feeds [OPTION]... [FEED]...\n"
	"Shows the state of each feed: last success, next poll, errors. FEED is an id, the "
	"beginning "
	"of\n"
	"one, such as co-mde or co-mde.aci, or a pattern with * and ?. What is shown fits all "
	"options.\n"
	"\n"
	"      --failing            only feeds that do not work\n"
	"      --paused             only feeds that are not polled: 'enabled: false'\n"
	"      --quiet-since WHEN   only feeds that have not changed since: 30d, 2026-01-31 or a "
	"time\n"
	"      --city ID            only feeds of this city or body\n"
	"      --network ID         only feeds of this network's cities\n"
	"      --host NAME          only feeds of this server\n"
	"      --hubs               only feeds with a hub (WebSub), and how it is with that\n"
	"      --sort id|state|success|due|change|failures|items|host\n"
	"                           in this order (default id)\n"
	"      --reverse            the other way round\n"
	"  -j, --json               print what the daemon says of them, as a JSON array\n"
	"  -s, --socket PATH        the daemon's control socket (default $CIVICWIRE_SOCKET,\n"
	"                           else " CONTROL_SOCKET_DEFAULT ")\n"
	"  -h, --help               show this\n"
	"\n"
	"Exit status: 0 all feeds shown work; 1 one does not; 64 wrong usage; 69 no daemon "
	"answers;\n"
	"74 the output cannot be written; 77 not for this user.\n";

struct feeds {
	struct feed_filter filter;
	const char *order;
	bool reverse, json;
};

static int wrong_order(const char *order)
{
	fprintf(stderr, "civicwire feeds: --sort is one of");
	for (size_t i = 0; feed_order_name(i); i++)
		fprintf(stderr, "%s %s", i ? "," : "", feed_order_name(i));
	fprintf(stderr, ", not '%s'\nTry 'civicwire feeds --help'.\n", order);
	return EX_USAGE;
}

/* 0: go on; else the exit status + 1. */
static int parse(struct feeds *f, int argc, char **argv)
{
	enum { FAILING = 256, PAUSED, QUIET, CITY, NETWORK, HOST, HUBS, SORT, REVERSE };
	static const struct option options[] = {
		{"failing", no_argument, NULL, FAILING},
		{"paused", no_argument, NULL, PAUSED},
		{"quiet-since", required_argument, NULL, QUIET},
		{"city", required_argument, NULL, CITY},
		{"network", required_argument, NULL, NETWORK},
		{"host", required_argument, NULL, HOST},
		{"hubs", no_argument, NULL, HUBS},
		{"sort", required_argument, NULL, SORT},
		{"reverse", no_argument, NULL, REVERSE},
		{"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct feed_filter *filter = &f->filter;
	struct feed_list none = {.n = 0};

	for (int c; (c = getopt_long(argc, argv, "js:h", options, NULL)) >= 0;) {
		switch (c) {
		case FAILING:
			filter->failing = true;
			break;
		case PAUSED:
			filter->paused = true;
			break;
		case QUIET:
			if (!feed_time(optarg, &filter->quiet_since))
				return verb_misused("feeds",
					       "--quiet-since is a time back (30d), a date or a "
					       "time, "
					       "not '%s'",
					       optarg) +
				       1;
			break;
		case CITY:
			filter->city = optarg;
			break;
		case NETWORK:
			filter->network = optarg;
			break;
		case HOST:
			filter->host = optarg;
			break;
		case HUBS:
			filter->with_hub = true;
			break;
		case SORT:
			f->order = optarg;
			if (!feed_list_sort(&none, optarg, false))
				return wrong_order(optarg) + 1;
			break;
		case REVERSE:
			f->reverse = true;
			break;
		case 'j':
			f->json = filter->keep_json = true;
			break;
		case 's':
			filter->socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return verb_flush("feeds") + 1;
		default:
			fputs("Try 'civicwire feeds --help'.\n", stderr);
			return EX_USAGE + 1;
		}
	}
	filter->patterns = argv + optind;
	filter->n_patterns = argc - optind;
	return 0;
}

static void put_span(time_t from, time_t to, const char *before, const char *after)
{
	char span[SINCE_TEXT_MAX], cell[64];

	since_span(to > from ? (long long)(to - from) : 0, span);
	snprintf(cell, sizeof cell, "%s%s%s", before, span, after);
	printf("%-14s", cell);
}

static void put_due(const struct feed_row *row, time_t now)
{
	if (row->polling)
		printf("%-14s", "now");
	else if (row->paused)
		printf("%-14s", "never");
	else if (row->due < 0)
		printf("%-14s", "at once");
	else
		put_span(now, row->due, "in ", "");
}

static void put_ago(time_t time, time_t now)
{
	if (time >= 0)
		put_span(time, now, "", " ago");
	else
		printf("%-14s", "never");
}

static void print_hub(const struct feed_row *row, int width, time_t now)
{
	printf("%-*s  %-8s  ", width, row->id, row->hub);
	put_ago(row->hub_since, now);
	put_ago(row->hub_push, now);
	if (row->hub_lease > now)
		put_span(now, row->hub_lease, "in ", "");
	else
		printf("%-14s", "-");
	printf("%8lld  ", row->hub_failures);
	print_text(stdout, row->hub_url);
	if (*row->hub_reason)
		fputs(": ", stdout);
	print_text(stdout, row->hub_reason);
	putchar('\n');
}

static void print_row(const struct feed_row *row, int width, time_t now)
{
	printf("%-*s  %-8s  ", width, row->id, row->health);
	put_ago(row->success, now);
	put_due(row, now);
	printf("%5lld  %-8s", row->items, row->hub);
	print_text(stdout, row->error);
	putchar('\n');
}

static void print_rows(const struct feeds *f, const struct feed_list *list)
{
	time_t now = time(NULL);
	int width = 4;

	for (size_t i = 0; i < list->n; i++) {
		int n = (int)strlen(list->rows[i].id);
		width = n > width ? n : width;
	}
	if (!list->n)
		puts(f->filter.failing       ? "no feed is failing"
			: f->filter.with_hub ? "no feed has a hub that was asked to push"
					     : "no such feed");
	else if (f->filter.with_hub)
		printf("%-*s  %-8s  %-14s%-14s%-14s%8s  %s\n", width, "FEED", "STATE", "SINCE",
			"LAST PUSH", "LEASE ENDS", "FAILURES", "HUB");
	else
		printf("%-*s  %-8s  %-14s%-14s%5s  %-8s%s\n", width, "FEED", "STATE",
			"LAST SUCCESS", "NEXT POLL", "ITEMS", "HUB", "ERROR");
	for (size_t i = 0; i < list->n; i++)
		(f->filter.with_hub ? print_hub : print_row)(&list->rows[i], width, now);
}

static void print_json(const struct feed_list *list)
{
	putchar('[');
	for (size_t i = 0; i < list->n; i++)
		printf("%s%s", i ? ",\n" : "", list->rows[i].json);
	puts("]");
}

int verb_feeds(int argc, char **argv)
{
	struct feeds f = {.filter = {.verb = "feeds", .quiet_since = -1}, .order = "id"};
	struct feed_list list;
	int r = parse(&f, argc, argv);

	if (r)
		return r - 1;
	r = feed_list_load(&list, &f.filter);
	if (r != EX_OK)
		return r;
	feed_list_sort(&list, f.order, f.reverse);
	if (f.json)
		print_json(&list);
	else
		print_rows(&f, &list);
	r = verb_flush("feeds");
	for (size_t i = 0; i < list.n && r == EX_OK; i++)
		r = list.rows[i].works ? EX_OK : 1;
	feed_list_deinit(&list);
	return r;
}
