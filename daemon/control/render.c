#include "control/render.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "control/process.h"
#include "schedule/host.h"

struct control_snapshot *control_snapshot_free(struct control_snapshot *snapshot)
{
	if (!snapshot)
		return NULL;
	for (size_t i = 0; i < snapshot->n_feeds; i++) {
		feed_unref(snapshot->feeds[i].feed);
		feed_state_deinit(&snapshot->feeds[i].state);
		if (snapshot->feeds[i].hub)
			hub_subscription_deinit(snapshot->feeds[i].hub);
		free(snapshot->feeds[i].hub);
	}
	free(snapshot->feeds);
	free(snapshot->trouble);
	reload_unref(snapshot->reload);
	free(snapshot);
	return NULL;
}

/* Nothing for 0: it has not happened. */
static void member_time(struct json *j, const char *name, int64_t us)
{
	char text[TIME_TEXT_MAX];

	if (us)
		json_member(j, name, str_make(text, time_format_us(us, text)));
}

/* What is taken from the bus process; none of it: it has not said yet, or the kernel has nothing. */
static void render_confined(struct json *j, uint64_t confined)
{
#define CONFINEMENT_NAME(bit, name) \
	if (confined & (bit)) \
		json_str(j, STR(name));
	json_key(j, "confined");
	json_open(j, '[');
	CONFINEMENTS(CONFINEMENT_NAME)
	json_close(j, ']');
#undef CONFINEMENT_NAME
}

static void render_bus(struct json *j, const struct control_snapshot *s)
{
	json_key(j, "bus");
	json_open(j, '{');
	json_member_bool(j, "running", s->bus_pid != 0);
	if (s->bus_pid)
		json_member_int(j, "pid", s->bus_pid);
	json_member_int(j, "starts", metric_get(METRIC_civicwire_bus_starts_total));
	json_member_int(j, "head", (int64_t)s->bus.head);
	json_member_int(j, "live_sent", (int64_t)s->bus.live_sent);
	json_member_int(j, "live_subscriptions", (int64_t)s->bus.live_subscriptions);
	json_member_int(j, "replay_requests", (int64_t)s->bus.replay_requests);
	json_member_int(j, "replay_events", (int64_t)s->bus.replay_events);
	json_member_int(j, "replay_errors", (int64_t)s->bus.replay_errors);
	json_member_int(j, "replay_waiting", (int64_t)s->bus.replay_waiting);
	json_member_int(j, "connections", (int64_t)s->bus.connections);
	json_member_int(j, "accepted", (int64_t)s->bus.accepted);
	json_member_int(j, "handshakes_failed", (int64_t)s->bus.handshakes_failed);
	json_member_int(j, "refused", (int64_t)s->bus.refused);
	json_member_int(j, "cut_connections", (int64_t)s->bus.cut_connections);
	json_member_int(j, "cut_bytes", (int64_t)s->bus.cut_bytes);
	json_member_int(j, "cut_rights", (int64_t)s->bus.cut_rights);
	render_confined(j, s->bus_pid ? s->bus.confined : 0);
	json_close(j, '}');
}

static void render_feed_counts(struct json *j, const struct control_snapshot *s)
{
	json_key(j, "feeds");
	json_open(j, '{');
	json_member_int(j, "total", (int64_t)s->n_all);
	for (size_t i = 0; i < FEED_HEALTH_COUNT; i++)
		json_member_int(j, feed_health_names[i], (int64_t)s->counts[i]);
	json_member_int(j, "paused", (int64_t)s->n_paused);
	json_close(j, '}');
}

static void render_hub_counts(struct json *j, const struct control_snapshot *s)
{
	if (!s->has_hubs)
		return;
	json_key(j, "hubs");
	json_open(j, '{');
	for (size_t i = 0; i < SUBSCRIPTION_STATE_COUNT; i++)
		json_member_int(j, subscription_state_names[i], (int64_t)s->hubs[i]);
	json_close(j, '}');
}

static void member_texts(struct json *j, const char *name, const char **texts, size_t n)
{
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		json_str(j, str_of(texts[i]));
	json_close(j, ']');
}

static void render_report(struct json *j, const struct reload *r)
{
	json_member_int(j, "reload", (int64_t)r->number);
	member_time(j, "finished", r->finished_us);
	json_member_int(j, "took_ms", r->took_us / MSEC_US);
	json_member_int(j, "loop_us", r->loop_us);
	json_member_int(j, "feeds", (int64_t)r->feeds);
	json_member_int(j, "added", (int64_t)r->added);
	json_member_int(j, "changed", (int64_t)r->changed);
	json_member_int(j, "removed", (int64_t)r->removed);
	if (r->failed)
		json_member(j, "failed", str_of(r->failed));
	member_texts(j, "problems", r->problems, r->n_problems);
	member_texts(j, "next_start", r->next_start, r->n_next_start);
}

void render_reload(struct buf *out, const struct reload *report)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	render_report(&j, report);
	json_close(&j, '}');
	buf_char(out, '\n');
}

static void render_config(struct json *j, const struct control_snapshot *s)
{
	json_key(j, "config");
	json_open(j, '{');
	json_member_bool(j, "reading", s->is_reloading);
	if (s->reload)
		render_report(j, s->reload);
	json_close(j, '}');
}

static void render_lanes(struct json *j, const struct control_snapshot *s)
{
#define LANE_NAME(id, name) name,
	static const char *const names[LANE_COUNT] = {LANES(LANE_NAME)};
#undef LANE_NAME

	json_key(j, "lanes");
	json_open(j, '{');
	for (size_t i = 0; i < LANE_COUNT; i++) {
		const struct lateness_summary *l = &s->lanes[i].lateness;
		json_key(j, names[i]);
		json_open(j, '{');
		json_member_int(j, "busy", (int64_t)s->lanes[i].busy);
		json_member_int(j, "polls", (int64_t)l->polls);
		json_member_int(j, "late_p99_ms", (l->p99_us + MSEC_US - 1) / MSEC_US);
		json_member_int(j, "late_worst_ms", (l->worst_us + MSEC_US - 1) / MSEC_US);
		json_close(j, '}');
	}
	json_close(j, '}');
}

void render_status(struct buf *out, const struct control_snapshot *s)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_member(&j, "version", str_of(s->version));
	member_time(&j, "now", s->taken_us);
	member_time(&j, "started", s->started_us);
	json_key(&j, "journal");
	json_open(&j, '{');
	json_member(&j, "epoch", str_of(s->epoch));
	json_member_int(&j, "head", (int64_t)s->head);
	json_member_bool(&j, "writable", !s->trouble);
	json_member(&j, "trouble", str_of(s->trouble));
	json_close(&j, '}');
	render_bus(&j, s);
	render_config(&j, s);
	render_feed_counts(&j, s);
	render_hub_counts(&j, s);
	json_member_int(&j, "transfers", (int64_t)s->transfers);
	render_lanes(&j, s);
	json_key(&j, "counters");
	json_open(&j, '{');
	for (enum metric m = 0; m < METRIC_COUNT; m++)
		json_member_int(&j, metric_info(m)->name, metric_get(m));
	json_close(&j, '}');
	json_close(&j, '}');
	buf_char(out, '\n');
}

static void render_hub(struct json *j, const struct hub_subscription *s)
{
	enum subscription_state state = hub_subscription_shown(s);

	json_key(j, "websub");
	json_open(j, '{');
	json_member(j, "hub", str_of(s->hub));
	json_member(j, "topic", str_of(s->topic));
	json_member(j, "state", str_of(subscription_state_names[state]));
	json_member_bool(j, "distrusted", s->distrusted);
	member_time(j, "asked", s->asked_us);
	member_time(j, "verified", s->verified_us);
	member_time(j, "lease_until", s->lease_us);
	member_time(j, "last_push", s->push_us);
	json_member_int(j, "failures", s->failures);
	member_time(j, "failing_since", s->failing_us);
	json_member(j, "reason", str_of(s->reason));
	json_close(j, '}');
}

/* `host` is scratch. */
static void render_feed(struct json *j, const struct control_feed *f, struct buf *host)
{
	const struct feed_state *s = &f->state;

	json_open(j, '{');
	json_member(j, "id", str_of(f->feed->id));
	json_member(j, "url", str_of(f->feed->url));
	buf_clear(host);
	host_of_url(host, str_of(f->feed->url));
	json_member(j, "host", buf_view(host));
	json_member(j, "city", str_of(f->feed->city));
	member_texts(j, "networks", f->feed->networks, f->feed->n_networks);
	json_member(j, "kind", str_of(feed_kind_names[f->feed->kind]));
	json_member(j, "health", str_of(feed_health_names[s->health]));
	json_member_bool(j, "paused", !f->feed->enabled);
	json_member_bool(j, "polling", f->busy);
	member_time(j, "last_poll", s->last_poll_us);
	member_time(j, "last_success", s->last_success_us);
	member_time(j, "last_change", s->last_change_us);
	member_time(j, "next_due", f->feed->enabled ? s->next_due_us : 0);
	member_time(j, "failing_since", s->failing_since_us);
	member_time(j, "last_news", s->news_us);
	if (s->rhythm_us)
		json_member_int(j, "rhythm_s", s->rhythm_us / SEC_US);
	json_member(j, "moved_to", str_of(s->moved_url));
	json_member_int(j, "failures", s->failures);
	json_member_int(j, "http_status", s->http_status);
	json_member_int(j, "items", s->items);
	json_member_int(j, "interval_s", f->feed->interval_us / SEC_US);
	json_member(j, "fault", str_of(s->fault ? fault_name(s->fault) : NULL));
	json_member(j, "error", str_of(s->error));
	if (f->hub)
		render_hub(j, f->hub);
	json_close(j, '}');
}

void render_refresh(struct buf *out, const struct control_refresh *when)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	member_time(&j, "next", when->next_us);
	json_member_int(&j, "ahead", (int64_t)when->ahead);
	json_close(&j, '}');
	buf_char(out, '\n');
}

void render_feeds(struct buf *out, const struct control_snapshot *s)
{
	cleanup(buf_deinit) struct buf host = BUF_INIT;
	struct json j = json_to(out);

	json_open(&j, '[');
	for (size_t i = 0; i < s->n_feeds; i++)
		render_feed(&j, &s->feeds[i], &host);
	json_close(&j, ']');
	buf_char(out, '\n');
}

static void put_metric_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
	put_metric_head(out, name, "gauge", help);
	buf_printf(out, "%s %lld\n", name, (long long)value);
}

static void put_feed_counts(struct buf *out, const struct control_snapshot *s)
{
	put_metric_head(out, "civicwire_feeds", "gauge", "Feeds by their state");
	for (size_t i = 0; i < FEED_HEALTH_COUNT; i++)
		buf_printf(out, "civicwire_feeds{state=\"%s\"} %zu\n", feed_health_names[i],
			s->counts[i]);
	buf_printf(out, "civicwire_feeds{state=\"paused\"} %zu\n", s->n_paused);
}

/* Buckets count all that is not above their bound. */
static void put_histogram(struct buf *out, enum histogram histogram)
{
	const struct histogram_info *info = histogram_info(histogram);
	const char *comma = *info->label ? "," : "";
	struct histogram_values values;
	int64_t count = 0;

	histogram_read(histogram, &values);
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		count += values.counts[i];
		buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %lld\n", info->name, info->label, comma,
			(double)histogram_bounds_us[i] / SEC_US, (long long)count);
	}
	count += values.counts[HISTOGRAM_BOUNDS];
	buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", info->name, info->label, comma,
		(long long)count);
	const char *open = *info->label ? "{" : "", *close = *info->label ? "}" : "";
	buf_printf(out, "%s_sum%s%s%s %.6f\n", info->name, open, info->label, close,
		(double)values.sum_us / SEC_US);
	buf_printf(out, "%s_count%s%s%s %lld\n", info->name, open, info->label, close,
		(long long)count);
}

static void put_histograms(struct buf *out)
{
	const char *name = "";

	for (enum histogram h = 0; h < HISTOGRAM_COUNT; h++) {
		const struct histogram_info *info = histogram_info(h);
		if (strcmp(info->name, name) != 0)
			put_metric_head(out, info->name, "histogram", info->help);
		name = info->name;
		put_histogram(out, h);
	}
}

/* Names, units and words are those of all Prometheus exporters. */
static void put_process(struct buf *out)
{
	struct process_use use;

	process_use_read(&use);
	put_gauge(out, "process_start_time_seconds",
		"Start time of the process since unix epoch in seconds.", use.started_s);
	put_metric_head(out, "process_cpu_seconds_total", "counter",
		"Total user and system CPU time spent in seconds.");
	buf_printf(out, "process_cpu_seconds_total %.2f\n", use.cpu_s);
	put_gauge(out, "process_resident_memory_bytes", "Resident memory size in bytes.",
		use.resident);
	put_gauge(out, "process_open_fds", "Number of open file descriptors.", use.open_files);
	put_gauge(out, "process_max_fds", "Maximum number of open file descriptors.",
		use.open_files_max);
}

void render_metrics(struct buf *out, const struct control_snapshot *s)
{
	put_metric_head(out, "civicwire_build_info", "gauge", "1; the version is the label's");
	buf_printf(out, "civicwire_build_info{version=\"%s\"} 1\n", s->version);
	put_feed_counts(out, s);
	put_gauge(out, "civicwire_journal_writable",
		"1 while the journal can be written; 0: nothing is polled", !s->trouble);
	put_gauge(out, "civicwire_bus_up", "1 while the bus process runs", s->bus_pid != 0);
	for (enum metric m = 0; m < METRIC_COUNT; m++) {
		const struct metric_info *info = metric_info(m);
		put_metric_head(out, info->name, info->type, info->help);
		buf_printf(out, "%s %lld\n", info->name, (long long)metric_get(m));
	}
	put_histograms(out);
	put_process(out);
}
