#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/list.h"
#include "cli/ask-daemon.h"
#include "cli/since.h"
#include "cli/verb.h"

static const char usage[] =
	"Usage: civicwire feeds [OPTION]... [PREFIX]...\n"
	"Shows the state of each feed: last success, next poll, errors.\n"
	"With PREFIX only feeds whose id begins so, such as co-mde or co-mde.aci.\n"
	"\n"
	"      --failing      only feeds that do not work\n"
	"  -j, --json         print the daemon's own answer\n"
	"  -s, --socket PATH  the daemon's control socket (default $CIVICWIRE_SOCKET,\n"
	"                     else " CONTROL_SOCKET_DEFAULT ")\n"
	"  -h, --help         show this\n"
	"\n"
	"Exit status: 0 all feeds shown work; 1 one does not; 64 wrong usage; 69 no daemon "
	"answers;\n"
	"77 not for this user.\n";

struct feeds {
	struct question question;
	bool failing;
	char **prefixes;
	int n_prefixes;
};

enum { OPTION_FAILING = 256 };

/* 0: go on; else the exit status + 1. */
static int parse(struct feeds *f, int argc, char **argv)
{
	static const struct option options[] = {
		{"failing", no_argument, NULL, OPTION_FAILING},
		{"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "js:h", options, NULL)) >= 0;) {
		switch (c) {
		case OPTION_FAILING:
			f->failing = true;
			break;
		case 'j':
			f->question.json = true;
			break;
		case 's':
			f->question.socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK + 1;
		default:
			fputs("Try 'civicwire feeds --help'.\n", stderr);
			return EX_USAGE + 1;
		}
	}
	f->prefixes = argv + optind;
	f->n_prefixes = argc - optind;
	return 0;
}

static const char *text(json_t *feed, const char *name)
{
	const char *s = json_string_value(json_object_get(feed, name));

	return s ? s : "";
}

static bool works(json_t *feed)
{
	const char *health = text(feed, "health");

	return !strcmp(health, "fine") || !strcmp(health, "new") ||
	       json_is_true(json_object_get(feed, "paused"));
}

static bool wanted(const struct feeds *f, json_t *feed)
{
	const char *id = text(feed, "id");

	if (f->failing && works(feed))
		return false;
	for (int i = 0; i < f->n_prefixes; i++)
		if (!strncmp(id, f->prefixes[i], strlen(f->prefixes[i])))
			return true;
	return f->n_prefixes == 0;
}

static void put_span(time_t from, time_t to, const char *before, const char *after)
{
	char span[SINCE_TEXT_MAX], cell[64];

	since_span(to > from ? (long long)(to - from) : 0, span);
	snprintf(cell, sizeof cell, "%s%s%s", before, span, after);
	printf("%-14s", cell);
}

static void print_feed(json_t *feed, int width, time_t now)
{
	time_t success = since_parse(text(feed, "last_success"));
	time_t due = since_parse(text(feed, "next_due"));

	bool paused = json_is_true(json_object_get(feed, "paused"));

	printf("%-*s  %-8s  ", width, text(feed, "id"), paused ? "paused" : text(feed, "health"));
	if (success >= 0)
		put_span(success, now, "", " ago");
	else
		printf("%-14s", "never");
	if (json_is_true(json_object_get(feed, "polling")))
		printf("%-14s", "now");
	else if (paused)
		printf("%-14s", "never");
	else if (due < 0)
		printf("%-14s", "at once");
	else
		put_span(now, due, "in ", "");
	printf("%5lld  %s\n", (long long)json_integer_value(json_object_get(feed, "items")),
		text(feed, "error"));
}

static void print_feeds(struct question *question, json_t *all)
{
	const struct feeds *f = container_of(question, struct feeds, question);
	size_t i, shown = 0;
	int width = 4;
	json_t *feed;
	time_t now = time(NULL);

	json_array_foreach(all, i, feed)
	{
		int n = (int)strlen(text(feed, "id"));
		if (wanted(f, feed) && n > width)
			width = n;
	}
	json_array_foreach(all, i, feed)
	{
		if (!wanted(f, feed))
			continue;
		if (shown++ == 0)
			printf("%-*s  %-8s  %-14s%-14s%5s  %s\n", width, "FEED", "STATE",
				"LAST SUCCESS", "NEXT POLL", "ITEMS", "ERROR");
		print_feed(feed, width, now);
	}
	if (!shown)
		puts(f->failing ? "no feed is failing" : "no such feed");
}

static int judge_feeds(const struct question *question, json_t *all)
{
	const struct feeds *f = container_of(question, const struct feeds, question);
	json_t *feed;
	size_t i;

	json_array_foreach(all, i, feed)
	{
		if (wanted(f, feed) && !works(feed))
			return 1;
	}
	return EX_OK;
}

int verb_feeds(int argc, char **argv)
{
	struct feeds f = {.question = {.verb = "feeds",
				  .path = "/v1/feeds",
				  .show = print_feeds,
				  .judge = judge_feeds}};
	int r = parse(&f, argc, argv);

	return r ? r - 1 : ask_daemon(&f.question);
}
