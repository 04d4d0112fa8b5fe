#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/ask-daemon.h"
#include "cli/member.h"
#include "cli/since.h"
#include "cli/verb.h"

static const char usage[] =
	"Usage: civicwire status [OPTION]...\n"
	"Shows how the daemon is: journal, bus, feeds, what it has done since it started.\n"
	"\n"
	"  -j, --json         print the daemon's own answer\n"
	"  -s, --socket PATH  the daemon's control socket (default $CIVICWIRE_SOCKET,\n"
	"                     else " CONTROL_SOCKET_DEFAULT ")\n"
	"  -h, --help         show this\n"
	"\n"
	"Exit status: 0 all is well; 1 the journal cannot be written or the bus is away; 64 wrong\n"
	"usage; 69 no daemon answers; 77 not for this user.\n";

static const char *text(json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "";
}

static void print_daemon(json_t *root)
{
	time_t now = since_parse(text(root, "now")), started = since_parse(text(root, "started"));
	char span[SINCE_TEXT_MAX];

	since_span(now > started ? (long long)(now - started) : 0, span);
	printf("civicwired %s, running for %s\n", text(root, "version"), span);
}

/* Nothing where all that was read is in force. */
static void print_config(json_t *config)
{
	json_t *problems = json_object_get(config, "problems"), *problem;
	json_t *next_start = json_object_get(config, "next_start");
	const char *failed = json_string_value(json_object_get(config, "failed"));
	size_t i;

	if (failed)
		printf("config    COULD NOT BE READ, all stays as it was: %s\n", failed);
	if (json_array_size(problems))
		printf("config    HAS PROBLEMS; what has one stays as it was:\n");
	json_array_foreach(problems, i, problem)
		printf("          %s\n", json_string_value(problem));
	json_array_foreach(next_start, i, problem)
		printf("config    %s takes effect at the next start\n", json_string_value(problem));
}

/* By what the kernel holds the bus; civicwire(1) explains each word. */
static void print_confined(json_t *layers)
{
	json_t *layer;
	size_t i;

	if (!layers)
		return;
	printf("          confined by:");
	json_array_foreach(layers, i, layer) printf(" %s", json_string_value(layer));
	printf("%s\n", json_array_size(layers) ? "" : " nothing");
}

/* A daemon of another version may say nothing of it. */
static void print_lanes(json_t *lanes, long long early)
{
	json_t *quick = json_object_get(lanes, "quick"), *slow = json_object_get(lanes, "slow");

	if (number_of(quick, "polls"))
		printf("lateness  of %lld polls in the last minute 99 in 100 began within %lld ms, "
		       "the last after %lld ms\n",
			number_of(quick, "polls"), number_of(quick, "late_p99_ms"),
			number_of(quick, "late_worst_ms"));
	if (number_of(slow, "busy") || number_of(slow, "polls"))
		printf("          servers that are slow: %lld polls under way, %lld begun in the "
		       "last minute, the last after %lld ms\n",
			number_of(slow, "busy"), number_of(slow, "polls"),
			number_of(slow, "late_worst_ms"));
	if (early)
		printf("          %lld POLLS BEGAN TOO EARLY: a fault of civicwired, please tell "
		       "of it\n",
			early);
}

/* Where there is a callback. */
static void print_hubs(json_t *hubs, json_t *done)
{
	if (!hubs)
		return;
	printf("hubs      %lld push, %lld asked, %lld denied, %lld failing, %lld told to end; "
	       "%lld pushes taken, %lld refused\n",
		number_of(hubs, "active"), number_of(hubs, "asked"), number_of(hubs, "denied"),
		number_of(hubs, "failing"), number_of(hubs, "leaving"),
		number_of(done, "civicwire_websub_pushes_total"),
		number_of(done, "civicwire_websub_pushes_refused_total"));
}

static void print_status(struct question *question, json_t *root)
{
	json_t *journal = json_object_get(root, "journal"), *bus = json_object_get(root, "bus");
	json_t *feeds = json_object_get(root, "feeds"), *done = json_object_get(root, "counters");
	bool writable = json_is_true(json_object_get(journal, "writable"));
	bool running = json_is_true(json_object_get(bus, "running"));

	(void)question;
	print_daemon(root);
	printf("journal   event %lld is the newest, epoch %s%s%s\n", number_of(journal, "head"),
		text(journal, "epoch"),
		writable ? "" : ", CANNOT BE WRITTEN: ", text(journal, "trouble"));
	if (running)
		printf("bus       serving (process %lld, started %lld time%s), live has sent up to "
		       "event %lld\n",
			number_of(bus, "pid"), number_of(bus, "starts"),
			number_of(bus, "starts") == 1 ? "" : "s", number_of(bus, "head"));
	else
		printf("bus       AWAY (it is started again within 2 s)\n");
	print_confined(json_object_get(bus, "confined"));
	printf("clients   %lld connections; refused %lld, cut %lld (too many %lld, too much said "
	       "%lld, "
	       "right lost %lld)\n",
		number_of(bus, "connections"), number_of(bus, "handshakes_failed"),
		number_of(bus, "cut_connections") + number_of(bus, "cut_bytes") +
			number_of(bus, "cut_rights"),
		number_of(bus, "cut_connections"), number_of(bus, "cut_bytes"),
		number_of(bus, "cut_rights"));
	printf("          %lld live subscriptions, %lld replay requests answered, %lld waiting\n",
		number_of(bus, "live_subscriptions"), number_of(bus, "replay_requests"),
		number_of(bus, "replay_waiting"));
	print_config(json_object_get(root, "config"));
	printf("feeds     %lld: %lld fine, %lld failing, %lld gone, %lld not polled yet, %lld "
	       "paused\n",
		number_of(feeds, "total"), number_of(feeds, "fine"), number_of(feeds, "failing"),
		number_of(feeds, "gone"), number_of(feeds, "new"), number_of(feeds, "paused"));
	print_hubs(json_object_get(root, "hubs"), done);
	print_lanes(json_object_get(root, "lanes"), number_of(done, "civicwire_polls_early_total"));
	printf("since it started: %lld polls (%lld unchanged, %lld failed), %lld items read,\n"
	       "          %lld events published, %lld updated, %lld withdrawn\n",
		number_of(done, "civicwire_polls_total"),
		number_of(done, "civicwire_polls_not_modified_total"),
		number_of(done, "civicwire_polls_failed_total"),
		number_of(done, "civicwire_items_parsed_total"),
		number_of(done, "civicwire_events_published_total"),
		number_of(done, "civicwire_events_updated_total"),
		number_of(done, "civicwire_events_withdrawn_total"));
}

static int judge_status(const struct question *question, json_t *root)
{
	bool writable = json_is_true(json_object_get(json_object_get(root, "journal"), "writable"));
	bool running = json_is_true(json_object_get(json_object_get(root, "bus"), "running"));

	(void)question;
	return writable && running ? EX_OK : 1;
}

int verb_status(int argc, char **argv)
{
	struct question q = {.verb = "status",
		.path = "/v1/status",
		.show = print_status,
		.judge = judge_status};
	int r = question_parse(&q, usage, argc, argv);

	return r ? r - 1 : ask_daemon(&q);
}
