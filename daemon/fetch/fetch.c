/* A poll's way through here:
 *
 *                     following another transfer's connection
 *                       │    ▲
 *                       ▼    │
 *   fetch_submit ──▶ waiting ──▶ running ──▶ (redirect: running again) ──▶ sink
 *        │            for a place   in a pool    │                          ▲
 *        │              ▲                        └▶ to another host ──▶ sink: fetch_go_on, later
 *        │              └───────────────────────────────────────────────────────┘
 *        └──▶ ready: refused before it began, or a file ── next loop round ──▶ sink
 *
 * Nothing is kept per feed; what is kept are a few easy handles and the pools' idle connections. */
#include "fetch/fetch.h"

#include <errno.h>
#include <stdlib.h>

#include <curl/curl.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/metrics.h"
#include "civicwire/version.h"
#include "fetch/file.h"
#include "fetch/transfer.h"
#include "schedule/host.h"

/* Easy handles kept for the next polls: 38 KB each once they have seen TLS. While there are more transfers
 * at a time as many are kept, for that long: making one costs a tenth of a poll. */
#define EASY_IDLE_MAX 32
#define EASY_KEEP_MS  10000

/* Look-ups at a time, however many polls: each is a thread of the resolver's. */
#define RESOLVING_MAX 256

/* The formats that are feeds and nothing else; then what may be one (CAP, RDF, XML, JSON and JSON Feed are
 * all application/…); a page for people last. Not longer than it must be, and without blanks: it is most
 * of a request, and libcurl takes eighty instructions for each of its characters. */
#define ACCEPT \
	"Accept: application/atom+xml,application/rss+xml," \
	"application/*;q=0.8,text/xml;q=0.8,*/*;q=0.5"

struct fetcher {
	uv_loop_t *loop;
	const struct fetch_settings *settings;
	struct fetch_limits limits;
	struct fetch_sink *sink;
	struct pool_sink pooled;
	struct transfer_desk desk;
	struct map pools; /* by the list of allowed networks */
	struct list running, ready;
	uv_timer_t later; /* hands `ready` over in the loop's next round */
	size_t active;
	int outlive; /* sessions_outlive() */
	CURL **idle;
	size_t n_idle, cap_idle;
	size_t most_active; /* of late */
	uint64_t most_since_ms;
	struct curl_slist **former; /* headers of before fetcher_set(), which transfers still use */
	size_t n_former, cap_former;
};

static void start_waiting(struct fetcher *f);
static void free_former(struct fetcher *f);

void fetch_count(const struct reply *reply)
{
	metric_add(METRIC_civicwire_polls_total, 1);
	if (reply->outcome == REPLY_SAME_BODY || reply->outcome == REPLY_NOT_MODIFIED ||
		reply->outcome == REPLY_OUTDATED)
		metric_add(METRIC_civicwire_polls_not_modified_total, 1);
	else if (reply->outcome != REPLY_BODY)
		metric_add(METRIC_civicwire_polls_failed_total, 1);
}

static void deliver(struct fetcher *f, struct transfer *t)
{
	struct reply *reply = t->reply;
	bool is_poll = !t->form;

	t->reply = NULL;
	transfer_free(t);
	if (reply->outcome != REPLY_BODY)
		body_deinit(&reply->body);
	if (!reply->finished_us)
		reply->finished_us = clock_real_us();
	f->active--;
	if (!f->active)
		free_former(f);
	metric_add(METRIC_civicwire_transfers, -1);
	if (is_poll)
		fetch_count(reply);
	f->sink->done(f->sink, reply);
}

static void tell_begun(struct fetcher *f, struct reply *reply)
{
	if (!reply->started_us) /* else it goes on */
		reply->started_us = clock_real_us();
	if (f->sink->began)
		f->sink->began(f->sink, reply);
}

/* To be delivered, but not from inside fetch_submit(). */
static void deliver_later(struct fetcher *f, struct transfer *t);

static void on_later(uv_timer_t *timer)
{
	struct fetcher *f = container_of(timer, struct fetcher, later);
	struct list *last = f->ready.prev;
	bool more = !list_is_empty(&f->ready);

	/* Only those that are there now: the sink may submit more. */
	while (more) {
		struct transfer *t = container_of(f->ready.next, struct transfer, link);
		more = &t->link != last;
		if (!t->reply->started_us)
			tell_begun(f, t->reply);
		if (!t->reply->error)
			file_fetch(t->reply, &f->limits);
		metric_add(METRIC_civicwire_bytes_received_total, (int64_t)t->reply->body.n);
		deliver(f, t);
	}
	if (!list_is_empty(&f->ready))
		uv_timer_start(&f->later, on_later, 0, 0);
	start_waiting(f);
}

static void deliver_later(struct fetcher *f, struct transfer *t)
{
	list_remove(&t->link);
	list_append(&f->ready, &t->link);
	if (!uv_is_active((uv_handle_t *)&f->later))
		uv_timer_start(&f->later, on_later, 0, 0);
}

static void note_active(struct fetcher *f)
{
	uint64_t now_ms = uv_now(f->loop);

	if (f->active < f->most_active && now_ms - f->most_since_ms < EASY_KEEP_MS)
		return;
	f->most_active = f->active;
	f->most_since_ms = now_ms;
}

/* The handle's part in the transfer is over. */
static void give_back(struct fetcher *f, struct transfer *t)
{
	CURL *easy = t->easy;

	t->easy = NULL;
	note_active(f);
	while (f->n_idle && f->n_idle >= EASY_IDLE_MAX && f->n_idle >= f->most_active)
		curl_easy_cleanup(f->idle[--f->n_idle]);
	if (t->private) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_SHARE, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL); /* points into the transfer */
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	MEM_GROW(f->idle, f->cap_idle, f->n_idle + 1);
	f->idle[f->n_idle++] = easy;
}

/* All requests to a host are of the same part: which, as a character of a pool's key. */
static char part_of(const struct fetcher *f, const char *url)
{
	return (char)('0' + host_number(str_of(url)) % pool_parts(f->settings->parallel));
}

/* One set of networks is one key, however the feed writes it. NULL with the reply failed. */
static struct pool *pool_for(struct fetcher *f, struct transfer *t)
{
	const struct feed_access *access = &t->reply->feed->access;
	struct error error = {0};
	struct guard guard;
	struct buf key = BUF_INIT;

	if (t->private)
		buf_lit(&key, "private ");
	for (size_t i = 0; i < access->n_allow_net; i++) {
		buf_str(&key, str_of(access->allow_net[i]));
		buf_char(&key, ' ');
	}
	buf_char(&key, part_of(f, t->reply->url));
	struct pool *pool = map_get(&f->pools, buf_view(&key));
	if (!pool) {
		if (guard_init(&guard, access->allow_net, access->n_allow_net, &error) == 0) {
			pool = pool_new(f->loop, t->private ? POOL_PRIVATE : POOL_COMMON, &guard,
				&f->pooled);
			guard_deinit(&guard); /* empty unless there was no pool to take it */
		}
		if (pool) {
			pool_set_parallel(pool, f->settings->parallel);
			map_add(&f->pools, str_of(mem_strndup(key.p ? key.p : "", key.n)), pool);
		}
	}
	buf_deinit(&key);
	if (!pool) {
		reply_fail(t->reply, FAULT_LOCAL,
			mem_strdup(*error.text ? error.text : "libcurl has no memory"));
	}
	return pool;
}

/* Into the pool. Should libcurl refuse (out of memory), the poll is over. */
static void run(struct fetcher *f, struct transfer *t)
{
	CURLMcode code = pool_add(t->pool, t->easy);

	list_remove(&t->link);
	list_append(&f->running, &t->link);
	if (code == CURLM_OK)
		return;
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	reply_fail(t->reply, FAULT_LOCAL, mem_printf("libcurl: %s", curl_multi_strerror(code)));
	deliver_later(f, t);
}

static void begin(struct fetcher *f, struct transfer *t)
{
	list_remove(&t->link);
	t->pool = pool_for(f, t);
	if (t->pool && transfer_follows(t))
		return;
	tell_begun(f, t->reply);
	CURL *easy = f->n_idle ? f->idle[--f->n_idle] : transfer_easy_new(&f->desk, &f->limits);
	if (!easy && !t->reply->error)
		reply_fail(t->reply, FAULT_LOCAL, mem_strdup("libcurl has no memory"));
	if (t->reply->error || transfer_aim(t, easy, t->reply->url) < 0) {
		curl_easy_cleanup(easy);
		deliver_later(f, t);
		return;
	}
	run(f, t);
}

static void start_waiting(struct fetcher *f)
{
	for (enum schedule_lane lane = 0; lane < LANE_COUNT; lane++) {
		struct list *waiting = &f->desk.waiting[lane];
		while (!list_is_empty(waiting) && lane_has_room(&f->desk.resolving, lane))
			begin(f, container_of(waiting->next, struct transfer, link));
	}
}

static bool on_meets(struct transfer_gate *gate, const struct feed *feed, const uint8_t address[16])
{
	struct fetcher *f = container_of(gate, struct fetcher, desk.gate);

	return f->sink->meets(f->sink, feed, address);
}

/* Without a reply. Whose it was: a reference. */
static struct feed *end_early(struct fetcher *f, struct transfer *t)
{
	struct feed *feed = feed_ref(t->reply->feed);

	give_back(f, t);
	transfer_free(t);
	f->active--;
	metric_add(METRIC_civicwire_transfers, -1);
	return feed;
}

/* No request was made: it is no poll. */
static void turn_away(struct fetcher *f, struct transfer *t)
{
	uint8_t full[16];

	memcpy(full, t->full, sizeof full);
	struct feed *feed = end_early(f, t);
	f->sink->turned_away(f->sink, feed, full);
	feed_unref(feed);
}

/* Another host has to be waited for. */
static void lead_on(struct fetcher *f, struct transfer *t, char *next)
{
	struct hop hop = transfer_hop(t, next);
	struct feed *feed = end_early(f, t);

	f->sink->hopped(f->sink, feed, &hop);
	feed_unref(feed);
}

static void on_done(struct pool_sink *sink, CURL *easy, CURLcode code)
{
	struct fetcher *f = container_of(sink, struct fetcher, pooled);
	char *private = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	struct transfer *t = (struct transfer *)(void *)private;
	metric_add(METRIC_civicwire_bytes_received_total, (int64_t)t->reply->body.n);
	if (transfer_was_turned_away(t, code)) {
		turn_away(f, t);
		return;
	}
	char *next = transfer_end(t, code);
	if (next && f->sink->hopped && !t->form && transfer_leaves_host(t, next)) {
		lead_on(f, t, next);
		return;
	}
	t->at_once = true;
	if (next && transfer_aim(t, easy, next) == 0)
		run(f, t);
	else {
		give_back(f, t);
		deliver(f, t);
	}
	free(next);
}

static void on_ran(struct pool_sink *sink)
{
	start_waiting(container_of(sink, struct fetcher, pooled));
}

static char *user_agent_of(const struct fetch_settings *settings)
{
	return settings->contact ? mem_printf("civicwire/" CW_VERSION " (+%s)", settings->contact)
				 : mem_strdup("civicwire/" CW_VERSION);
}

/* All that this libcurl can unpack, but for "deflate", of which servers have two notions and which none has
 * without gzip. */
static void add_encodings(struct buf *out)
{
	static const struct {
		int feature;
		const char *names;
	} known[] = {{CURL_VERSION_LIBZ, "gzip"}, {CURL_VERSION_BROTLI, "br"},
		{CURL_VERSION_ZSTD, "zstd"}};
	int features = curl_version_info(CURLVERSION_NOW)->features, n = 0;

	buf_lit(out, "Accept-Encoding: ");
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (features & known[i].feature)
			buf_printf(out, "%s%s", n++ ? "," : "", known[i].names);
	if (!n)
		buf_lit(out, "identity");
}

/* NULL: no memory. */
static struct curl_slist *headers_of(const char *user_agent)
{
	cleanup(buf_deinit) struct buf agent = BUF_INIT, packed = BUF_INIT;
	struct curl_slist *list = NULL;

	buf_printf(&agent, "User-Agent: %s", user_agent);
	add_encodings(&packed);
	const char *const lines[] = {buf_cstr(&agent), buf_cstr(&packed), ACCEPT};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct curl_slist *longer = curl_slist_append(list, lines[i]);
		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static void free_former(struct fetcher *f)
{
	while (f->n_former)
		curl_slist_free_all(f->former[--f->n_former]);
}

/* Who polls more at a time looks more up: four polls for each look-up, which the resolver answers in a
 * fifth of what a poll takes. */
static void set_resolving(struct fetcher *f)
{
	int64_t most = f->settings->parallel / 4;

	most = most > f->limits.resolving ? most : f->limits.resolving;
	f->desk.resolving.most = most < RESOLVING_MAX ? (size_t)most : RESOLVING_MAX;
}

/* ---- public ---- */

int fetcher_new_limited(struct fetcher **ret, uv_loop_t *loop,
	const struct fetch_settings *settings, const struct fetch_limits *limits,
	struct fetch_sink *sink, struct error *error)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return error_set(error, ENOMEM, "libcurl does not start");
	struct fetcher *f = mem_zalloc(1, sizeof *f);
	f->loop = loop;
	f->settings = settings;
	f->limits = *limits;
	f->sink = sink;
	f->pooled = (struct pool_sink){on_done, on_ran};
	f->outlive = sessions_outlive();
	f->desk.gate.meets = sink->meets ? on_meets : NULL;
	f->desk.resolving.most_slow = limits->resolving_slow;
	set_resolving(f);
	f->desk.user_agent = user_agent_of(settings);
	f->desk.headers = headers_of(f->desk.user_agent);
	map_init(&f->pools);
	for (size_t i = 0; i < LANE_COUNT; i++)
		list_init(&f->desk.waiting[i]);
	list_init(&f->desk.following);
	list_init(&f->running);
	list_init(&f->ready);
	uv_timer_init(loop, &f->later);
	*ret = f;
	return 0;
}

int fetcher_new(struct fetcher **ret, uv_loop_t *loop, const struct fetch_settings *settings,
	struct fetch_sink *sink, struct error *error)
{
	return fetcher_new_limited(ret, loop, settings, &fetch_limits_default, sink, error);
}

void fetcher_trace(struct fetcher *f, struct fetch_trace *trace)
{
	f->desk.trace = trace;
}

static void drop_one(struct fetcher *f, struct transfer *t)
{
	if (t->easy) {
		pool_remove(t->pool, t->easy);
		curl_easy_cleanup(t->easy);
	}
	metric_add(METRIC_civicwire_transfers, -1);
	f->active--;
	transfer_free(t);
}

static void drop(struct fetcher *f, struct list *list)
{
	while (!list_is_empty(list))
		drop_one(f, container_of(list->next, struct transfer, link));
}

static void on_fetcher_closed(uv_handle_t *handle)
{
	free(container_of((uv_timer_t *)handle, struct fetcher, later));
}

struct fetcher *fetcher_free(struct fetcher *f)
{
	if (!f)
		return NULL;
	drop(f, &f->desk.following);
	for (size_t i = 0; i < LANE_COUNT; i++)
		drop(f, &f->desk.waiting[i]);
	drop(f, &f->running);
	drop(f, &f->ready);
	while (f->n_idle)
		curl_easy_cleanup(f->idle[--f->n_idle]);
	free(f->idle);
	free_former(f);
	free(f->former);
	curl_slist_free_all(f->desk.headers);
	map_for_each(it, &f->pools) {
		free((char *)it->key.p);
		pool_free(it->value);
	}
	map_deinit(&f->pools);
	sessions_forget(f->outlive);
	free(f->desk.user_agent);
	uv_timer_stop(&f->later);
	uv_close((uv_handle_t *)&f->later, on_fetcher_closed);
	curl_global_cleanup();
	return NULL;
}

static struct transfer *poll_new(
	struct fetcher *f, const struct feed *feed, const struct feed_state *state)
{
	struct transfer *t = transfer_new(reply_new(feed, state), &f->desk, &f->limits);

	t->private = feed->access.auth != FEED_AUTH_NONE || feed->access.proxy;
	f->active++;
	note_active(f);
	metric_add(METRIC_civicwire_transfers, 1);
	return t;
}

void fetch_submit(struct fetcher *f, const struct feed *feed, const struct feed_state *state,
	enum schedule_lane lane)
{
	struct transfer *t = poll_new(f, feed, state);
	struct reply *reply = t->reply;

	if (str_istarts(str_of(feed->url), STR("file:"))) {
		if (!f->settings->allow_file) {
			reply->url = mem_strdup(feed->url);
			reply_fail(reply, FAULT_SCHEME_REFUSED,
				mem_printf("%s: files are not polled here (fetch.allow_file)",
					feed->url));
		}
		deliver_later(f, t);
		return;
	}
	reply->url = mem_strdup(feed_state_url(state, feed->url));
	t->lane = lane;
	list_append(&f->desk.waiting[lane], &t->link);
	start_waiting(f);
}

void fetch_go_on(struct fetcher *f, const struct feed *feed, const struct feed_state *state,
	const struct hop *hop, enum schedule_lane lane)
{
	struct transfer *t = poll_new(f, feed, state);

	t->hops = hop->number;
	t->permanent = hop->permanent;
	t->spent_us = hop->spent_us;
	t->reply->started_us = hop->started_us;
	t->reply->url = mem_strdup(hop->url);
	t->lane = lane;
	list_append(&f->desk.waiting[lane], &t->link);
	start_waiting(f);
}

void fetch_post(struct fetcher *f, const struct feed *feed, const char *url, const char *form,
	enum schedule_lane lane)
{
	const struct feed_state none = {0};
	struct reply *reply = reply_new(feed, &none);
	struct transfer *t = transfer_new(reply, &f->desk, &f->limits);

	t->form = mem_strdup(form);
	t->private = true; /* nothing of it is left for the next */
	t->lane = lane;
	reply->url = mem_strdup(url);
	f->active++;
	metric_add(METRIC_civicwire_transfers, 1);
	list_append(&f->desk.waiting[lane], &t->link);
	start_waiting(f);
}

static void set_user_agent(struct fetcher *f, char *user_agent)
{
	struct curl_slist *headers =
		strcmp(user_agent, f->desk.user_agent) != 0 ? headers_of(user_agent) : NULL;

	if (!headers) { /* the same, or no memory */
		free(user_agent);
		return;
	}
	MEM_GROW(f->former, f->cap_former, f->n_former + 1);
	f->former[f->n_former++] = f->desk.headers;
	f->desk.headers = headers;
	free(f->desk.user_agent);
	f->desk.user_agent = user_agent;
}

void fetcher_set(struct fetcher *f, const struct fetch_settings *settings)
{
	f->settings = settings;
	set_resolving(f);
	map_for_each(it, &f->pools)
		pool_set_parallel(it->value, settings->parallel);
	set_user_agent(f, user_agent_of(settings));
}

/* Where there is no room it keeps the place that it has. */
void fetch_slow(struct fetcher *f, const struct feed *feed)
{
	struct lane_places *places = &f->desk.resolving;

	list_for_each(link, &f->running) {
		struct transfer *t = container_of(link, struct transfer, link);
		if (t->reply->feed != feed)
			continue;
		if (!lane_takes_slow(places))
			return;
		transfer_led(t); /* whoever follows it may be better off without */
		if (t->resolving) {
			places->busy[t->lane]--;
			places->busy[LANE_SLOW]++;
		}
		t->lane = LANE_SLOW;
		start_waiting(f);
		return;
	}
}

bool fetch_cancel(struct fetcher *f, const struct feed *feed)
{
	struct list *lists[] = {&f->desk.waiting[LANE_QUICK], &f->desk.waiting[LANE_NEW],
		&f->desk.waiting[LANE_SLOW], &f->desk.following, &f->running, &f->ready};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		list_for_each(link, lists[i]) {
			struct transfer *t = container_of(link, struct transfer, link);
			if (t->reply->feed != feed)
				continue;
			drop_one(f, t);
			start_waiting(f);
			return true;
		}
	}
	return false;
}

size_t fetch_active(const struct fetcher *f)
{
	return f->active;
}
