/* What can be asked:
 *
 *   GET  /v1/status            the daemon, its bus and its journal, one JSON object
 *   GET  /v1/feeds             every feed with its state, a JSON array in order of ids; with
 *                              ?limit=N&after=ID a part of them, with &health=failing,gone those
 *   POST /v1/refresh?feed=ID   poll a feed as soon as its host allows     (control socket only)
 *   POST /v1/reload            begin to read the configuration again      (control socket only)
 *   GET  /v1/reload            what became of it
 *   POST /v1/reload-clients    read clients.d/ again                      (control socket only)
 *   POST /v1/redact?id=ID[&epoch=EPOCH]
 *                              take out what the events with an id say    (control socket only)
 *   GET  /healthz              200 while the journal can be written, else 503
 *   GET  /readyz               200 while, besides, the bus serves all that there is
 *   GET  /metrics              counters, in Prometheus' text format
 *   GET  /status               a page for people; ?lang= state= q= page= */
#include "control/routes.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "control/page.h"
#include "control/render.h"

const struct content content_json = {"application/json", NULL};
static const struct content text = {"text/plain; charset=utf-8", NULL};
/* Prometheus' text format. */
static const struct content metrics = {"text/plain; version=0.0.4; charset=utf-8", NULL};
static const struct content css = {"text/css; charset=utf-8", NULL};
static const struct content script = {"text/javascript; charset=utf-8", NULL};
/* Feeds' words stand in the page: nothing but our own two files may be loaded or run. */
static const struct content html = {"text/html; charset=utf-8",
	"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
	"img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"};

static unsigned handle_snapshot(struct control_source *source, struct buf *out,
	const struct control_page *page,
	void (*render)(struct buf *out, const struct control_snapshot *snapshot))
{
	struct control_snapshot *snapshot = source->snapshot(source, page);

	if (!snapshot) {
		buf_lit(out, "{\"error\":\"the daemon is ending\"}\n");
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	render(out, snapshot);
	control_snapshot_free(snapshot);
	return MHD_HTTP_OK;
}

static const struct control_page no_feeds = {.limit = 0};

static unsigned on_status(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	(void)connection;
	return handle_snapshot(source, out, &no_feeds, render_status);
}

static const char *parameter(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* "failing,gone" as bits; 0: a word that is none. */
static unsigned read_health(struct str words)
{
	unsigned bits = 0;
	struct str word;

	while (str_split(&words, ',', &word)) {
		unsigned bit = 0;
		for (size_t i = 0; i < FEED_HEALTH_COUNT; i++)
			bit |= str_is(word, feed_health_names[i]) ? 1u << i : 0;
		if (!bit)
			return 0;
		bits |= bit;
	}
	return bits;
}

static unsigned on_feeds(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	const char *limit = parameter(connection, "limit");
	const char *health = parameter(connection, "health");
	unsigned long long n = SIZE_MAX;
	struct control_page page = {.after = parameter(connection, "after"), .health = UINT_MAX};

	if (limit && (!str_u64(str_of(limit), SIZE_MAX, &n) || !n)) {
		buf_lit(out, "{\"error\":\"limit is a number from 1\"}\n");
		return MHD_HTTP_BAD_REQUEST;
	}
	page.limit = n;
	if (health)
		page.health = read_health(str_of(health));
	if (!page.health) {
		buf_lit(out, "{\"error\":\"health is a list of new, fine, failing, gone\"}\n");
		return MHD_HTTP_BAD_REQUEST;
	}
	return handle_snapshot(source, out, &page, render_feeds);
}

static unsigned on_metrics(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	struct control_snapshot *snapshot = source->snapshot(source, &no_feeds);

	(void)connection;
	if (!snapshot) {
		buf_lit(out, "# the daemon is ending\n");
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	render_metrics(out, snapshot);
	control_snapshot_free(snapshot);
	return MHD_HTTP_OK;
}

/* In words: what keeps it from the first to the last of them, or "ok". */
static unsigned say_whether(struct buf *out, bool ok, const char *otherwise)
{
	buf_str(out, ok ? STR("ok") : str_of(otherwise));
	buf_char(out, '\n');
	return ok ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned on_health(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	struct control_snapshot *s = source->snapshot(source, &no_feeds);
	unsigned status = say_whether(out, s && !s->trouble, s ? s->trouble : "ending");

	(void)connection;
	control_snapshot_free(s);
	return status;
}

/* Beside being well: there is a bus, and it has heard of the head, so that subscribers get what there
 * is. */
static unsigned on_ready(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	struct control_snapshot *s = source->snapshot(source, &no_feeds);
	bool serves = s && s->bus_pid && s->bus.head >= s->head;
	unsigned status = say_whether(out, serves && !s->trouble,
		!s           ? "ending"
		: s->trouble ? s->trouble
		: s->bus_pid ? "the bus has not caught up yet"
			     : "the bus is not running");

	(void)connection;
	control_snapshot_free(s);
	return status;
}

static unsigned on_refresh(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	const char *feed = parameter(connection, "feed");
	struct control_refresh when;
	int r = feed ? source->refresh(source, feed, &when) : -EINVAL;

	if (r == -EINVAL)
		buf_lit(out, "{\"error\":\"which feed? give ?feed=ID\"}\n");
	else if (r == -ENOENT)
		buf_lit(out, "{\"error\":\"no such feed\"}\n");
	else if (r == -EPERM)
		buf_lit(out, "{\"error\":\"the feed is paused: enabled is false\"}\n");
	else if (r < 0)
		buf_lit(out, "{\"error\":\"the daemon is ending\"}\n");
	else
		render_refresh(out, &when);
	return r == 0         ? MHD_HTTP_ACCEPTED
	       : r == -EINVAL ? MHD_HTTP_BAD_REQUEST
	       : r == -ENOENT ? MHD_HTTP_NOT_FOUND
	       : r == -EPERM  ? MHD_HTTP_CONFLICT
			      : MHD_HTTP_SERVICE_UNAVAILABLE;
}

/* It is done in the background: whoever wants to know asks for the report of this number. */
static unsigned on_reload(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	uint64_t number;

	(void)connection;
	if (source->reload(source, &number) < 0) {
		buf_lit(out, "{\"error\":\"the daemon is ending\"}\n");
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	buf_printf(out, "{\"reload\":%llu}\n", (unsigned long long)number);
	return MHD_HTTP_ACCEPTED;
}

static unsigned on_reload_report(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	cleanup(reload_unref_p) struct reload *report = source->reload_report(source);

	(void)connection;
	if (!report) {
		buf_lit(out, "{\"error\":\"the daemon is ending\"}\n");
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	render_reload(out, report);
	return MHD_HTTP_OK;
}

static unsigned on_reload_clients(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	int r = source->reload_clients ? source->reload_clients(source) : 0;

	(void)connection;
	if (r == 0)
		buf_lit(out, "{}\n");
	else if (r == -EBADMSG)
		buf_lit(out, "{\"error\":\"a file of clients.d has a problem, which is in the "
			     "daemon's log; the others are in force\"}\n");
	else
		buf_printf(out, "{\"error\":\"%s\"}\n",
			r == -ESHUTDOWN ? "the daemon is ending" : "clients.d cannot be read");
	return r == 0          ? MHD_HTTP_OK
	       : r == -EBADMSG ? MHD_HTTP_CONFLICT
			       : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned on_redact(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	struct control_redaction redaction = {0};
	struct error error = {0};
	const char *id = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "id");
	const char *epoch = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "epoch");
	struct json j = json_to(out);
	int r = !id || !source->redact ? error_set(&error, EINVAL,
						 "which event? give ?id=FEED/ITEM/VERSION, or "
						 "FEED/ITEM/ for all versions")
				       : source->redact(source, id, epoch, &redaction, &error);

	json_open(&j, '{');
	if (r < 0) {
		json_member(&j, "error", str_of(error.text));
	} else {
		json_member_int(&j, "events", (int64_t)redaction.events);
		json_member_bool(&j, "in_log", redaction.in_log);
	}
	json_close(&j, '}');
	buf_char(out, '\n');
	return r >= 0         ? MHD_HTTP_OK
	       : r == -EINVAL ? MHD_HTTP_BAD_REQUEST
	       : r == -ENOENT ? MHD_HTTP_NOT_FOUND
	       : r == -ESTALE ? MHD_HTTP_CONFLICT
			      : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned on_page(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	static const struct control_page all = {.limit = SIZE_MAX, .health = UINT_MAX};
	struct control_snapshot *snapshot = source->snapshot(source, &all);
	const char *language = parameter(connection, "lang");
	unsigned long long page = 1;
	struct page_request request = {
		.language = page_language_of(
			language ? language
				 : MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					   MHD_HTTP_HEADER_ACCEPT_LANGUAGE)),
		.state = str_of(parameter(connection, "state")),
		.words = str_trim(str_of(parameter(connection, "q"))),
	};

	if (!snapshot) {
		buf_lit(out, "<!DOCTYPE html><title>civicwire</title><p>The daemon is ending.\n");
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	str_u64(str_of(parameter(connection, "page")), INT32_MAX, &page);
	request.page = (size_t)page;
	page_render(out, snapshot, &request);
	control_snapshot_free(snapshot);
	return MHD_HTTP_OK;
}

static unsigned on_css(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	(void)source;
	(void)connection;
	buf_add(out, page_css, page_css_bytes);
	return MHD_HTTP_OK;
}

static unsigned on_script(
	struct control_source *source, struct MHD_Connection *connection, struct buf *out)
{
	(void)source;
	(void)connection;
	buf_add(out, page_js, page_js_bytes);
	return MHD_HTTP_OK;
}

static const struct route routes[] = {
	{"GET", "/v1/status", false, false, &content_json, on_status},
	{"GET", "/v1/feeds", false, false, &content_json, on_feeds},
	{"POST", "/v1/refresh", true, false, &content_json, on_refresh},
	{"POST", "/v1/reload", true, false, &content_json, on_reload},
	{"GET", "/v1/reload", false, false, &content_json, on_reload_report},
	{"POST", "/v1/reload-clients", true, false, &content_json, on_reload_clients},
	{"POST", "/v1/redact", true, true, &content_json, on_redact},
	{"GET", "/healthz", false, false, &text, on_health},
	{"GET", "/readyz", false, false, &text, on_ready},
	{"GET", "/metrics", false, false, &metrics, on_metrics},
	{"GET", "/status", false, false, &html, on_page},
	{"GET", "/status.css", false, false, &css, on_css},
	{"GET", "/status.js", false, false, &script, on_script},
};

const struct route *route_find(const char *method, const char *path)
{
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		if (!strcmp(routes[i].path, path) && !strcmp(routes[i].method, method))
			return &routes[i];
	return NULL;
}
