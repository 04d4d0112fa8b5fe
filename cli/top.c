/* civicwire top: the daemon at work, seen live. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/ask-daemon.h"
#include "cli/member.h"
#include "cli/since.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "config/quantity.h"

#define INTERVAL_US       (2 * SEC_US)
#define INTERVAL_LEAST_US (200 * MSEC_US)
/* Failing feeds asked for: more do not fit on any screen. */
#define FAILING_MAX 100

static const char usage[] =
	"Usage: civicwire top [OPTION]...\n"
	"Shows the daemon at work: events and polls a second, subscribers, how far live is behind "
	"the\n"
	"journal, and the feeds that fail. q ends, any other key looks at once. Where standard "
	"output\n"
	"is no terminal, it shows all once, with the rates since the daemon has started.\n"
	"\n"
	"  -i, --interval TIME  between two looks (default 2s, at least 200ms)\n"
	"  -s, --socket PATH    the daemon's control socket (default $CIVICWIRE_SOCKET,\n"
	"                       else " CONTROL_SOCKET_DEFAULT ")\n"
	"  -h, --help           show this\n"
	"\n"
	"Exit status: 0; 64 wrong usage; 69 no daemon answers; 71 the terminal cannot be used; 74 "
	"the\n"
	"output cannot be written; 77 not for this user.\n";

struct top {
	struct daemon_line *line;
	int64_t interval_us;
	json_t *now, *before; /* what /v1/status said */
	json_t *failing;
	bool absent;               /* the last look was in vain; what is shown is older */
	int64_t now_us, before_us; /* when, on the monotonic clock */
};

static const char *text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "";
}

/* ---- asking ---- */

static int look(struct top *top)
{
	json_t *status = NULL, *failing = NULL;
	char path[64];
	int r = daemon_line_ask(top->line, false, "/v1/status", &status);

	top->absent = r != EX_OK;
	if (r != EX_OK)
		return r;
	snprintf(path, sizeof path, "/v1/feeds?limit=%d&health=failing,gone", FAILING_MAX);
	r = daemon_line_ask(top->line, false, path, &failing);
	if (r != EX_OK) {
		json_decref(status);
		return r;
	}
	json_decref(top->before);
	json_decref(top->failing);
	top->before = top->now;
	top->before_us = top->now_us;
	top->now = status;
	top->now_us = clock_monotonic_us();
	top->failing = failing;
	return EX_OK;
}

static double seconds(const struct top *top)
{
	if (top->before)
		return (double)(top->now_us - top->before_us) / (double)SEC_US;
	time_t now = since_parse(text(top->now, "now")),
	       started = since_parse(text(top->now, "started"));
	return now > started ? (double)(now - started) : 1;
}

/* How many a second, since the last look or else the daemon's start. A daemon that was restarted
 * meanwhile counts from nothing. */
static double rate(const struct top *top, const char *part, const char *name)
{
	long long now = number_of(json_object_get(top->now, part), name);
	long long before = number_of(json_object_get(top->before, part), name);

	return (double)(now >= before ? now - before : now) / seconds(top);
}

/* ---- showing ---- */

/* Nothing that comes over the wire may move the cursor. */
static void put_text(struct buf *out, const char *s)
{
	for (const unsigned char *c = (const unsigned char *)s; *c; c++) {
		bool c1 = c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0;
		if (c1)
			c++;
		buf_char(out, *c < 0x20 || *c == 0x7F || c1 ? ' ' : (char)*c);
	}
}

static void put_head(struct buf *out, const struct top *top)
{
	time_t now = since_parse(text(top->now, "now")),
	       started = since_parse(text(top->now, "started"));
	const json_t *journal = json_object_get(top->now, "journal");
	char span[SINCE_TEXT_MAX], clock[16] = "";
	struct tm local;

	since_span(now > started ? (long long)(now - started) : 0, span);
	if (localtime_r(&now, &local))
		strftime(clock, sizeof clock, "%H:%M:%S", &local);
	if (top->absent)
		buf_lit(out, "NO ANSWER FROM THE DAEMON, still trying; this is how it was last\n");
	buf_printf(out, "civicwired %s, running for %s%*s%s\n\n", text(top->now, "version"), span,
		20, "", clock);
	buf_printf(out, "journal      event %lld is the newest", number_of(journal, "head"));
	if (!json_is_true(json_object_get(journal, "writable"))) {
		buf_lit(out, ", CANNOT BE WRITTEN: ");
		put_text(out, text(journal, "trouble"));
	}
	buf_char(out, '\n');
}

static void put_rates(struct buf *out, const struct top *top)
{
	const json_t *lanes = json_object_get(top->now, "lanes");
	const json_t *quick = json_object_get(lanes, "quick");

	buf_printf(out, "events/s     %8.1f new  %8.1f updated  %8.1f withdrawn\n",
		rate(top, "counters", "civicwire_events_published_total"),
		rate(top, "counters", "civicwire_events_updated_total"),
		rate(top, "counters", "civicwire_events_withdrawn_total"));
	buf_printf(out, "polls/s      %8.1f all  %8.1f unchanged  %6.1f failed  %8.1f KiB\n",
		rate(top, "counters", "civicwire_polls_total"),
		rate(top, "counters", "civicwire_polls_not_modified_total"),
		rate(top, "counters", "civicwire_polls_failed_total"),
		rate(top, "counters", "civicwire_bytes_received_total") / 1024);
	buf_printf(out,
		"queue        %lld transfers under way, %lld of them of servers that are slow\n",
		number_of(top->now, "transfers"),
		number_of(json_object_get(lanes, "slow"), "busy"));
	if (number_of(quick, "polls"))
		buf_printf(out,
			"lateness     %8lld ms for 99 in 100 polls of the last minute, %lld ms at "
			"worst\n",
			number_of(quick, "late_p99_ms"), number_of(quick, "late_worst_ms"));
}

static void put_bus(struct buf *out, const struct top *top)
{
	const json_t *bus = json_object_get(top->now, "bus");
	long long head = number_of(json_object_get(top->now, "journal"), "head");
	long long lag = head - number_of(bus, "head");

	if (!json_is_true(json_object_get(bus, "running"))) {
		buf_lit(out, "subscribers  THE BUS IS AWAY (it is started again within 2 s)\n");
		return;
	}
	buf_printf(out,
		"subscribers  %lld connections, %lld live subscriptions, %lld waiting at replay\n",
		number_of(bus, "connections"), number_of(bus, "live_subscriptions"),
		number_of(bus, "replay_waiting"));
	buf_printf(out, "sent/s       %8.1f live %8.1f replayed\n", rate(top, "bus", "live_sent"),
		rate(top, "bus", "replay_events"));
	buf_printf(out, "lag          live is %lld event%s behind the journal\n", lag > 0 ? lag : 0,
		lag == 1 ? "" : "s");
}

static void put_feeds(struct buf *out, const struct top *top)
{
	const json_t *feeds = json_object_get(top->now, "feeds"), *feed;
	time_t now = since_parse(text(top->now, "now"));
	char span[SINCE_TEXT_MAX];
	size_t i;

	buf_printf(out,
		"feeds        %lld: %lld fine, %lld failing, %lld gone, %lld new, %lld paused\n",
		number_of(feeds, "total"), number_of(feeds, "fine"), number_of(feeds, "failing"),
		number_of(feeds, "gone"), number_of(feeds, "new"), number_of(feeds, "paused"));
	json_array_foreach(top->failing, i, feed)
	{
		if (!i)
			buf_lit(out, "\nFAILING FOR  FEED\n");
		time_t since = since_parse(text(feed, "failing_since"));
		since_span(since >= 0 && now > since ? (long long)(now - since) : 0, span);
		buf_printf(out, "%-11s  %s  ", span, text(feed, "id"));
		put_text(out, text(feed, "error"));
		buf_char(out, '\n');
	}
}

static void render(struct buf *out, const struct top *top)
{
	buf_clear(out);
	put_head(out, top);
	put_rates(out, top);
	put_bus(out, top);
	put_feeds(out, top);
}

/* ---- running ---- */

static int run_once(struct top *top)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	int r = look(top);

	if (r != EX_OK)
		return r;
	render(&out, top);
	fwrite(out.p, 1, out.n, stdout);
	return verb_flush("top");
}

/* A daemon that does not answer any more is waited for: it may be restarted. */
static int run_live(struct top *top)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	struct terminal terminal;
	int64_t next_us = 0;
	char key = 0;
	int r = look(top); /* who is not there, or refuses, says so on a clean screen */

	if (r != EX_OK)
		return r;
	if (terminal_open(&terminal) < 0) {
		fputs("civicwire top: the terminal cannot be used\n", stderr);
		return EX_OSERR;
	}
	daemon_line_quiet(top->line, true);
	next_us = clock_monotonic_us() + top->interval_us;
	for (;;) {
		render(&out, top);
		terminal_draw(&terminal, buf_view(&out));
		enum terminal_event event =
			terminal_wait(&terminal, next_us - clock_monotonic_us(), &key);
		if (event == TERMINAL_END || (event == TERMINAL_KEY && (key == 'q' || key == 'Q')))
			break;
		if (ferror(stdout)) {
			r = EX_IOERR;
			break;
		}
		if (event == TERMINAL_RESIZE)
			continue;
		look(top);
		next_us = clock_monotonic_us() + top->interval_us;
	}
	terminal_close(&terminal);
	return r;
}

int verb_top(int argc, char **argv)
{
	static const struct option options[] = {
		{"interval", required_argument, NULL, 'i'},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct top top = {.interval_us = INTERVAL_US};
	const char *socket = NULL;

	for (int c; (c = getopt_long(argc, argv, "i:s:h", options, NULL)) >= 0;) {
		switch (c) {
		case 'i':
			if (!quantity_duration(str_of(optarg), &top.interval_us) ||
				top.interval_us < INTERVAL_LEAST_US || top.interval_us > DAY_US)
				return verb_misused("top",
					"--interval is a time of 200ms to a day, such as 5s, not "
					"'%s'",
					optarg);
			break;
		case 's':
			socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return verb_flush("top");
		default:
			fputs("Try 'civicwire top --help'.\n", stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc)
		return verb_misused(
			"top", "it takes no '%s'; what it takes begins with --", argv[optind]);
	top.line = daemon_line_new("top", socket);
	if (!top.line)
		return EX_OSERR;
	int r = terminal_is_there() ? run_live(&top) : run_once(&top);
	daemon_line_free(top.line);
	json_decref(top.now);
	json_decref(top.before);
	json_decref(top.failing);
	return r;
}
