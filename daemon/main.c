/* civicwired: reads the configuration, runs the pipeline until it is told to stop. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

#include "actors/service.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "bus/bus.h"
#include "bus/child.h"
#include "civicwire/version.h"
#include "config/config.h"
#include "pipeline.h"

#define DEFAULT_CONFIG "/etc/civicwire"
/* Where the bus finds its channel (bus/child.c puts it there). */
#define CHANNEL_FD 3
/* Ctrl-C often comes twice, from the terminal and from whoever started us; that is one wish. */
#define SAME_WISH_MS 1000

static const char usage[] =
	"Usage: civicwired [OPTION]...\n"
	"Polls the feeds of a configuration, journals every new or changed item and publishes it.\n"
	"\n"
	"  -c, --config DIR   configuration folder (default " DEFAULT_CONFIG ")\n"
	"  -s, --state DIR    keep journal and control socket in DIR, whatever the configuration "
	"says\n"
	"  -v, --verbose      log every poll\n"
	"  -q, --quiet        log warnings and errors only\n"
	"  -h, --help         show this\n"
	"  -V, --version      show the version\n"
	"\n"
	"Exit status: 0 stopped by SIGTERM or SIGINT; 64 wrong usage; 70 ended at once by a "
	"second\n"
	"signal; 71 the system refuses; 73 a file or socket cannot be made; 74 the journal cannot "
	"be\n"
	"read or written; 78 the configuration is broken (`civicwire check` says the same).\n";

struct options {
	const char *config, *state;
	enum log_level level;
	bool bus;
};

/* 0: go on; else the exit status + 1. */
static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"state", required_argument, NULL, 's'},
		{"verbose", no_argument, NULL, 'v'},
		{"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{"bus", no_argument, NULL, 'B'}, /* for bus/child.c only */
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "c:s:vqhV", options, NULL)) >= 0;) {
		switch (c) {
		case 'c':
			ret->config = optarg;
			break;
		case 's':
			ret->state = optarg;
			break;
		case 'v':
			ret->level = LOG_LEVEL_DEBUG;
			break;
		case 'q':
			ret->level = LOG_LEVEL_WARNING;
			break;
		case 'B':
			ret->bus = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK + 1;
		case 'V':
			puts("civicwired " CW_VERSION);
			return EX_OK + 1;
		default:
			fputs("Try 'civicwired --help'.\n", stderr);
			return EX_USAGE + 1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "civicwired: '%s' is not an option; try 'civicwired --help'\n",
			argv[optind]);
		return EX_USAGE + 1;
	}
	return 0;
}

struct daemon {
	uv_loop_t loop;
	uv_signal_t signals[3];
	struct pipeline *pipeline;
	struct pipeline_sink sink;
	struct service *service;
	struct service_sink asked;
	bool stopping;
	uint64_t stopping_ms; /* on the loop's clock: since when */
};

static void on_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

/* 0: *ret; else the exit status. */
static int load(const struct options *options, struct config **ret)
{
	struct config_report report = {on_problem, 0};
	struct error error = {0};
	int r = config_load(ret, options->config, &report, &error);

	if (r == 0 && bus_child_check(&(*ret)->bus, &error) == 0)
		return EX_OK;
	if (r == -EINVAL)
		log_error("%s has %zu problem%s; not started", options->config, report.problems,
			report.problems == 1 ? "" : "s");
	else
		log_error("%s", error.text);
	return EX_CONFIG;
}

/* --state puts everything that is written under one folder. */
static int override_state(const struct options *options, struct config *config)
{
	if (!options->state)
		return EX_OK;
	if (mkdir(options->state, 0700) < 0 && errno != EEXIST) {
		log_error("cannot make the state folder %s: %s", options->state, strerror(errno));
		return EX_CANTCREAT;
	}
	config_set_state(config, options->state);
	return EX_OK;
}

static void close_signals(struct daemon *d)
{
	for (size_t i = 0; i < sizeof d->signals / sizeof *d->signals; i++)
		uv_close((uv_handle_t *)&d->signals[i], NULL);
}

static void on_stopped(struct pipeline_sink *sink)
{
	struct daemon *d = container_of(sink, struct daemon, sink);

	d->pipeline = pipeline_free(d->pipeline);
	d->service = service_free(d->service);
	close_signals(d);
}

static void on_reloading(struct pipeline_sink *sink)
{
	service_reloading(container_of(sink, struct daemon, sink)->service);
}

static void on_reloaded(struct pipeline_sink *sink)
{
	service_ready(container_of(sink, struct daemon, sink)->service);
}

static const char *on_stuck(struct service_sink *sink, int64_t now_us, int64_t limit_us)
{
	struct daemon *d = container_of(sink, struct daemon, asked);

	return d->pipeline ? pipeline_stuck(d->pipeline, now_us, limit_us) : NULL;
}

static void on_status(struct service_sink *sink, struct buf *out)
{
	struct daemon *d = container_of(sink, struct daemon, asked);

	if (d->pipeline)
		pipeline_status(d->pipeline, out);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	if (number == SIGHUP) {
		pipeline_reload(d->pipeline);
		return;
	}
	if (d->stopping && uv_now(&d->loop) - d->stopping_ms < SAME_WISH_MS)
		return;
	if (d->stopping) {
		log_warning("second signal: ending at once");
		_exit(EX_SOFTWARE);
	}
	d->stopping = true;
	d->stopping_ms = uv_now(&d->loop);
	log_info("stopping");
	service_stopping(d->service);
	pipeline_stop(d->pipeline);
}

static void watch_signals(struct daemon *d)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk, not our death */
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		d->signals[i].data = d;
		uv_signal_start(&d->signals[i], on_signal, numbers[i]);
	}
}

static int exit_status_of(int error)
{
	switch (-error) {
	case ENOENT:
	case ENOTDIR:
	case EEXIST:
	case EACCES:
	case EROFS:
		return EX_CANTCREAT;
	case EIO:
	case ENOSPC:
	case EBADMSG:
		return EX_IOERR;
	default:
		return EX_OSERR;
	}
}

static int run(struct config *config, const struct options *options)
{
	struct daemon d = {
		.sink = {on_stopped, on_reloading, on_reloaded}, .asked = {on_stuck, on_status}};
	const struct pipeline_options from = {options->config, options->state};
	struct error error = {0};

	uv_loop_init(&d.loop);
	watch_signals(&d);
	d.service = service_new(&d.loop, &d.asked);
	int r = pipeline_new(&d.pipeline, &d.loop, config, &from, &d.sink, &error);
	if (r < 0) {
		log_error("cannot start: %s", error.text);
		if (r == -EBADMSG)
			log_error("what to do: civicwire(1), WHEN THE JOURNAL IS DAMAGED");
		close_signals(&d);
		service_free(d.service);
		uv_run(&d.loop, UV_RUN_DEFAULT); /* closes what was opened */
		uv_loop_close(&d.loop);
		return exit_status_of(r);
	}
	log_info("civicwired %s: %zu feed%s, journal %s, control socket %s", CW_VERSION,
		config->n_feeds, config->n_feeds == 1 ? "" : "s", config->journal.path,
		config->control.socket);
	service_ready(d.service);
	uv_run(&d.loop, UV_RUN_DEFAULT);
	uv_loop_close(&d.loop);
	log_info("stopped");
	return EX_OK;
}

/* A socket for each poll, slow ones besides, those that are kept, and one for each look-up: more than the
 * 1024 to which systems limit programs for the sake of select(), which nothing here uses. */
static void raise_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files); /* what it is will do for fewer */
}

int main(int argc, char **argv)
{
	struct options options = {.config = DEFAULT_CONFIG, .level = LOG_LEVEL_INFO};
	struct config *config = NULL;
	int r = parse_options(argc, argv, &options);

	if (r)
		return r - 1;
	log_init(options.bus ? "civicwired-bus" : "civicwired", options.level);
	if (hash_global_init() < 0) {
		log_error("libsodium does not start");
		return EX_OSERR;
	}
	if (options.bus)
		return bus_main(CHANNEL_FD);
	/* libcurl reads host names outside ASCII in the locale's encoding, and URLs are UTF-8
	 * everywhere. Nothing else here asks the locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	raise_descriptors();
	r = load(&options, &config);
	if (r != EX_OK)
		return r;
	r = override_state(&options, config);
	if (r == EX_OK)
		return run(config, &options);
	config_free(config);
	return r;
}
