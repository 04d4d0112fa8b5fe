/* civicwire probe: asks an address once as the daemon would, and says what the daemon would make of it;
 * changes nothing and remembers nothing. */
#include "cli/probe.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/list.h"
#include "cli/verb.h"
#include "digest/vocabulary.h"
#include "fetch/guard.h"

#define DEFAULT_FOLDER "/etc/civicwire"
#define ITEMS_SHOWN    5
#define ITEMS_MAX      1000
/* The gap of an ordinary host: between what a page is asked and what its feed is. */
#define GAP_S 1

static const char usage[] =
	"Usage: civicwire probe [OPTION]... URL\n"
	"       civicwire probe [OPTION]... FEED\n"
	"Asks an address once as the daemon would, and says what came of it: requests, redirects,\n"
	"certificate, validators, hints, what is wrong with the feed, what would be published, and "
	"the\n"
	"block for a file of feeds.d. A web page is searched for the feeds that it names. FEED is "
	"a\n"
	"feed of the configuration, asked with its settings. Nothing is changed or remembered.\n"
	"\n"
	"      --allow-net RANGE  a private network in which the address may be, such as "
	"127.0.0.0/8;\n"
	"                         may be repeated\n"
	"      --again            ask a second time, to see whether the validators are honoured\n"
	"  -n, --items N          show so many items (default 5)\n"
	"  -c, --config DIR       the configuration whose themes, rules and contact count "
	"(default: "
	"the\n"
	"                         shipped vocabulary; for FEED " DEFAULT_FOLDER ")\n"
	"  -j, --json             print all that was found as one JSON object\n"
	"  -h, --help             show this\n"
	"\n"
	"Exit status: 0 it is a feed; 64 wrong usage; 65 it is none; 66 no such feed in the\n"
	"configuration; 69 the server does not answer, or not with a feed; 71 the system refuses; "
	"74\n"
	"the output cannot be written; 75 the server asks to come back later; 77 the address is in "
	"a\n"
	"private network, or a redirect that is not followed; 78 the configuration is broken.\n";

static void on_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

static int load(struct probe *p)
{
	struct config_report report = {.problem = on_problem};
	struct error error = {0};
	int r = p->folder ? config_load(&p->config, p->folder, &report, &error)
			  : config_load_vocabulary(&p->config, &report, &error);

	if (r < 0) {
		if (r != -EINVAL)
			fprintf(stderr, "civicwire probe: %s\n", error.text);
		return EX_CONFIG;
	}
	p->rules = vocabulary_rules(p->config);
	p->digester = digester_new(p->rules);
	return EX_OK;
}

static const struct feed *find(const struct probe *p)
{
	for (size_t i = 0; i < p->config->n_feeds; i++)
		if (!strcmp(p->config->feeds[i]->id, p->address))
			return p->config->feeds[i];
	return NULL;
}

/* An address as a feed that nobody has configured yet. */
static struct feed *feed_at(const struct probe *p, const char *url)
{
	struct feed *feed = feed_new();

	feed->url = arena_strdup(&feed->arena, url);
	feed->id = "x-probe.probe.feed";
	feed->city = "x-probe";
	feed->agency = "probe";
	feed->name = "feed";
	feed->path = "x-probe/probe/feed";
	feed->interval_us = p->config->fetch.interval_us;
	feed->enabled = true;
	feed->access.n_allow_net = p->n_nets;
	feed->access.allow_net = arena_alloc(&feed->arena, sizeof p->nets);
	memcpy(feed->access.allow_net, p->nets, sizeof p->nets);
	return feed;
}

/* A page that names feeds: goes on with the first of them, as a person would. */
static int follow(struct probe *p)
{
	json_t *first = json_array_get(json_object_get(p->found, "discovered"), 0);
	const char *url = json_string_value(json_object_get(first, "url"));

	if (!url || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return EX_DATAERR;
	struct feed *feed = feed_at(p, url);
	json_t *page = p->found;
	sleep(GAP_S);
	int r = probe_poll(p, feed);
	json_object_set_new(p->found, "page", page);
	feed_unref(feed);
	return r;
}

static int probe(struct probe *p)
{
	bool is_url = strstr(p->address, "://") != NULL;
	struct feed *feed;

	if (!is_url && !p->folder)
		p->folder = DEFAULT_FOLDER;
	int r = load(p);
	if (r != EX_OK)
		return r;
	if (is_url) {
		feed = feed_at(p, p->address);
	} else {
		const struct feed *configured = find(p);
		if (!configured) {
			fprintf(stderr,
				"civicwire probe: no feed of %s has the id '%s' (an address "
				"begins with https://)\n",
				p->folder, p->address);
			return EX_NOINPUT;
		}
		feed = feed_ref(configured);
	}
	r = probe_poll(p, feed);
	feed_unref(feed);
	if (r == EX_DATAERR && json_array_size(json_object_get(p->found, "discovered")))
		r = follow(p);
	if (!p->found)
		return r;
	if (p->json) {
		json_dumpf(p->found, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		probe_show(p);
	}
	int flushed = verb_flush("probe");
	return flushed == EX_OK ? r : flushed;
}

/* 0: go on; else the exit status + 1. */
static int parse(struct probe *p, int argc, char **argv)
{
	enum { OPTION_ALLOW_NET = 256, OPTION_AGAIN };
	static const struct option options[] = {
		{"allow-net", required_argument, NULL, OPTION_ALLOW_NET},
		{"again", no_argument, NULL, OPTION_AGAIN},
		{"items", required_argument, NULL, 'n'},
		{"config", required_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct error error = {0};
	struct guard guard;

	for (int c; (c = getopt_long(argc, argv, "n:c:jh", options, NULL)) >= 0;) {
		switch (c) {
		case OPTION_ALLOW_NET:
			if (p->n_nets == PROBE_NETS_MAX)
				return verb_misused(
					       "probe", "at most %d networks", PROBE_NETS_MAX) +
				       1;
			p->nets[p->n_nets++] = optarg;
			break;
		case OPTION_AGAIN:
			p->again = true;
			break;
		case 'n':
			if (!str_u64(str_of(optarg), ITEMS_MAX, &p->items))
				return verb_misused("probe",
					       "--items is a number up to %d, not '%s'", ITEMS_MAX,
					       optarg) +
				       1;
			break;
		case 'c':
			p->folder = optarg;
			break;
		case 'j':
			p->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return verb_flush("probe") + 1;
		default:
			fputs("Try 'civicwire probe --help'.\n", stderr);
			return EX_USAGE + 1;
		}
	}
	if (argc - optind != 1)
		return verb_misused("probe", "say one URL, or one feed's id") + 1;
	p->address = argv[optind];
	if (guard_init(&guard, p->nets, p->n_nets, &error) < 0)
		return verb_misused("probe", "--allow-net: %s", error.text) + 1;
	guard_deinit(&guard);
	return 0;
}

int verb_probe(int argc, char **argv)
{
	struct probe p = {.items = ITEMS_SHOWN};
	int r = parse(&p, argc, argv);

	r = r ? r - 1 : probe(&p);
	json_decref(p.found);
	digester_free(p.digester);
	theme_rules_free(p.rules);
	config_free(p.config);
	return r;
}
