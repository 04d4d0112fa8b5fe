#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "cli/probe.h"
#include "fetch/once.h"
#include "parse/discover.h"
#include "schedule/schedule.h"

/* Between two requests to one host, as the daemon keeps it. */
#define GAP_S 1

/* Texts of the wire may be no UTF-8, which JSON wants: then byte by byte as Latin-1. */
static json_t *text_of(struct str s)
{
	if (utf8_is_valid(s))
		return json_stringn(s.p ? s.p : "", s.n);
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < s.n; i++)
		buf_utf8(&out, (unsigned char)s.p[i]);
	json_t *text = json_stringn(out.p, out.n);
	buf_deinit(&out);
	return text;
}

static void set_text(json_t *object, const char *name, struct str s)
{
	if (s.p && s.n)
		json_object_set_new(object, name, text_of(s));
}

static void set_number(json_t *object, const char *name, int64_t n)
{
	json_object_set_new(object, name, json_integer(n));
}

/* ---- the requests ---- */

struct watch {
	struct fetch_trace trace;
	json_t *requests;
};

static void on_hop(struct fetch_trace *trace, const struct fetch_hop *hop)
{
	json_t *request = json_object(), *certificate;

	set_text(request, "url", str_of(hop->url));
	set_number(request, "status", hop->status);
	set_text(request, "reason", str_of(hop->reason));
	set_text(request, "location", str_of(hop->location));
	set_text(request, "address", str_of(hop->address));
	set_text(request, "refused", str_of(hop->refused));
	set_number(request, "http_version", hop->http_version);
	json_object_set_new(request, "conditional", json_boolean(hop->conditional));
	set_number(request, "bytes", hop->wire);
	set_number(request, "took_ms", hop->took_us / MSEC_US);
	if (hop->subject) {
		certificate = json_object();
		set_text(certificate, "subject", str_of(hop->subject));
		set_text(certificate, "issuer", str_of(hop->issuer));
		set_text(certificate, "expires", str_of(hop->expires));
		json_object_set_new(request, "certificate", certificate);
	}
	json_array_append_new(container_of(trace, struct watch, trace)->requests, request);
}

/* ---- the items ---- */

struct take {
	struct digest_sink sink;
	const struct probe *p;
	json_t *items, *flaws, *themes;
	uint64_t n;
};

static void count(json_t *counts, const char *name)
{
	set_number(counts, name, json_integer_value(json_object_get(counts, name)) + 1);
}

static void take_item(struct take *take, const struct batch_item *item)
{
	json_t *data = json_loadb(item->data.p, item->data.n, 0, NULL), *flaw;
	json_t *themes = json_array();
	size_t i;

	json_array_foreach(json_object_get(data, "_flaws"), i, flaw)
	{
		count(take->flaws, json_string_value(flaw));
	}
	for (i = 0; i < item->n_themes; i++) {
		json_t *theme = text_of(item->themes[i]);
		count(take->themes, json_string_value(theme));
		json_array_append_new(themes, theme);
	}
	if (take->n++ < take->p->items && data) {
		json_object_set(data, "_themes", themes);
		json_array_append(take->items, data);
	}
	json_decref(themes);
	json_decref(data);
}

static int on_batch(struct digest_sink *sink, struct batch *batch)
{
	struct take *take = container_of(sink, struct take, sink);

	for (size_t i = 0; i < batch->n_items; i++)
		if (!batch->items[i].withdrawn)
			take_item(take, &batch->items[i]);
	batch_free(batch);
	return 0;
}

static void set_flaws(json_t *feed, unsigned flaws)
{
	struct buf words = BUF_INIT;
	struct json j = json_to(&words);

	flaws_write(&j, flaws);
	json_object_set_new(feed, "flaws", json_loadb(words.p, words.n, 0, NULL));
	buf_deinit(&words);
}

static void describe(struct probe *p, const struct digest_summary *summary)
{
	cleanup(arena_deinit) struct arena arena = ARENA_INIT;
	struct feed_info info;
	json_t *feed = json_object();

	digest_feed_info(p->digester, &arena, &info);
	set_text(feed, "format", str_of(document_format_names[summary->format]));
	set_text(feed, "title", info.title);
	set_text(feed, "description", info.description);
	set_text(feed, "language", info.language);
	set_text(feed, "home_page_url", info.home_page_url);
	set_text(feed, "generator", info.generator_name);
	for (size_t i = 0; i < info.n_links; i++)
		if (str_is_i(info.links[i].rel, "hub"))
			set_text(feed, "hub", info.links[i].href);
	set_flaws(feed, summary->flaws);
	json_object_set_new(p->found, "feed", feed);
}

/* 0, or -EBADMSG and why it is no feed. */
static int digest(
	struct probe *p, struct reply *reply, struct digest_summary *summary, struct error *error)
{
	struct take take = {.sink.batch = on_batch,
		.p = p,
		.items = json_array(),
		.flaws = json_object(),
		.themes = json_object()};
	struct batch *last = NULL;
	int r = digest_run(
		p->digester, reply, reply->finished_us, &take.sink, &last, summary, error);

	if (r == 0) {
		on_batch(&take.sink, last);
		describe(p, summary);
		set_number(p->found, "events", (int64_t)take.n);
	}
	json_object_set_new(p->found, "items", take.items);
	json_object_set_new(p->found, "item_flaws", take.flaws);
	json_object_set_new(p->found, "themes", take.themes);
	return r;
}

/* ---- a page instead ---- */

static void discover(struct probe *p, const struct reply *reply)
{
	struct discovered feeds[PROBE_DISCOVERED_MAX];
	struct parse_hints hints = {
		.url = str_of(reply->url), .content_type = str_of(reply->content_type)};
	struct parser *parser = parser_new();
	json_t *all = json_array();
	int n = parse_discover(parser, &reply->body, &hints, feeds, PROBE_DISCOVERED_MAX);

	for (int i = 0; i < n; i++) {
		json_t *one = json_object();
		set_text(one, "url", feeds[i].url);
		set_text(one, "type", feeds[i].type);
		set_text(one, "title", feeds[i].title);
		json_object_set_new(one, "advertised", json_boolean(feeds[i].advertised));
		json_array_append_new(all, one);
	}
	json_object_set_new(p->found, "discovered", all);
	parser_free(parser);
}

/* ---- one poll ---- */

static int exit_code(const struct reply *reply)
{
	switch (reply->outcome) {
	case REPLY_BODY:
	case REPLY_SAME_BODY:
	case REPLY_NOT_MODIFIED:
	case REPLY_OUTDATED:
		return EX_OK;
	case REPLY_BUSY:
		return EX_TEMPFAIL;
	case REPLY_REFUSED:
		return EX_NOPERM;
	case REPLY_LOCAL:
		return EX_OSERR;
	default:
		return EX_UNAVAILABLE;
	}
}

static void set_headers(json_t *found, const struct reply *reply)
{
	set_text(found, "outcome", str_of(reply_outcome_names[reply->outcome]));
	set_number(found, "status", reply->http_status);
	set_text(found, "final_url", str_of(reply->url));
	set_text(found, "permanent_url", str_of(reply->permanent_url));
	set_text(found, "content_type", str_of(reply->content_type));
	set_text(found, "etag", str_of(reply->etag));
	set_text(found, "last_modified", str_of(reply->last_modified));
	set_text(found, "error", str_of(reply->error));
	set_number(found, "bytes", (int64_t)reply->body.n);
	if (reply->fresh_us >= 0)
		set_number(found, "fresh_s", reply->fresh_us / SEC_US);
	if (reply->retry_after_us >= 0)
		set_number(found, "retry_after_s", reply->retry_after_us / SEC_US);
}

/* What the daemon would do next: the rules are those of the schedule. */
static void settle(json_t *found, struct reply *reply, const struct digest_summary *summary, int r,
	const char *why)
{
	struct settle settle = {.digested = r,
		.why = why,
		.items = summary->items,
		.guids_repeat = summary->guids_repeat,
		.hint_us = r == 0 ? summary->ttl_us : -1,
		.phase_us = summary->phase_us,
		.skip_hours = summary->skip_hours,
		.skip_days = summary->skip_days,
		.now_us = reply->finished_us};

	if (r == 0 && summary->ttl_us > 0)
		set_number(found, "asks_for_s", summary->ttl_us / SEC_US);
	schedule_settle(reply, &settle);
	set_number(found, "next_poll_s", (reply->state.next_due_us - reply->finished_us) / SEC_US);
}

/* Asks again with the validators: "honoured", "ignored" (all of it came again), "changed". */
static void ask_again(struct probe *p, const struct reply *first, struct fetch_trace *trace)
{
	struct error error = {0};

	sleep(GAP_S);
	struct reply *reply =
		fetch_once(first->feed, &first->state, &p->config->fetch, trace, &error);
	if (!reply)
		return;
	set_text(p->found, "again",
		reply->outcome == REPLY_NOT_MODIFIED ? STR("honoured")
		: reply->outcome == REPLY_SAME_BODY  ? STR("ignored")
		: reply->outcome == REPLY_BODY       ? STR("changed")
						     : STR("failed"));
	set_text(p->found, "again_error", str_of(reply->error));
	reply_free(reply);
}

int probe_poll(struct probe *p, const struct feed *feed)
{
	struct feed_state nothing = {0};
	struct watch watch = {{on_hop}, json_array()};
	struct digest_summary summary = {.ttl_us = -1};
	struct error error = {0};
	struct reply *reply = fetch_once(feed, &nothing, &p->config->fetch, &watch.trace, &error);
	int code = EX_OK, r = 0;

	if (!reply) {
		json_decref(watch.requests);
		fprintf(stderr, "civicwire probe: %s\n", error.text);
		return EX_OSERR;
	}
	p->found = json_object();
	set_text(p->found, "url", str_of(feed->url));
	json_object_set_new(p->found, "requests", watch.requests);
	set_headers(p->found, reply);
	code = exit_code(reply);
	if (reply->outcome == REPLY_BODY) {
		r = digest(p, reply, &summary, &error);
		if (r < 0) {
			set_text(p->found, "error", str_of(error.text));
			json_object_set_new(p->found, "outcome", json_string("no-feed"));
			discover(p, reply);
			code = EX_DATAERR;
		}
	}
	settle(p->found, reply, &summary, r, error.text);
	if (code == EX_OK && p->again && (reply->etag || reply->last_modified))
		ask_again(p, reply, &watch.trace);
	if (code == EX_OK) {
		struct buf yaml = BUF_INIT;
		probe_write_yaml(&yaml, p->found);
		json_object_set_new(p->found, "yaml", json_stringn(yaml.p, yaml.n));
		buf_deinit(&yaml);
	}
	reply_free(reply);
	return code;
}
