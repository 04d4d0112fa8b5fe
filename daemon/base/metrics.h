/* Counters, gauges and histograms of this process: the only data all threads may change. One row per
 * metric; names follow Prometheus' rules (base unit, _total for counters). */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* METRIC(name, type, help) */
#define METRICS(METRIC) \
	METRIC(civicwire_polls_total, "counter", "Requests made to feeds") \
	METRIC(civicwire_polls_not_modified_total, "counter", \
		"Polls answered 304 or with the body already known") \
	METRIC(civicwire_polls_failed_total, "counter", "Polls that ended in an error") \
	METRIC(civicwire_polls_early_total, "counter", \
		"Requests made before the feed was due, or its host free: always 0") \
	METRIC(civicwire_bytes_received_total, "counter", "Bytes of bodies received, decoded") \
	METRIC(civicwire_items_parsed_total, "counter", "Items read from feeds") \
	METRIC(civicwire_events_published_total, "counter", "Events journaled as item.published") \
	METRIC(civicwire_events_updated_total, "counter", "Events journaled as item.updated") \
	METRIC(civicwire_events_withdrawn_total, "counter", "Events journaled as item.withdrawn") \
	METRIC(civicwire_journal_commits_total, "counter", "Durable commits") \
	METRIC(civicwire_journal_failures_total, "counter", \
		"Commits that failed and were retried") \
	METRIC(civicwire_journal_damaged_rows_total, "counter", \
		"Rows of the journal that did not fit their checksum when they were read") \
	METRIC(civicwire_bus_starts_total, "counter", "Times the bus process was started") \
	METRIC(civicwire_bus_connections, "gauge", "Connections to live and replay") \
	METRIC(civicwire_bus_accepted_total, "counter", \
		"Connections accepted (this and the next two: since the bus started)") \
	METRIC(civicwire_bus_refused_total, "counter", "Handshakes that were not admitted") \
	METRIC(civicwire_bus_cut_total, "counter", \
		"Connections cut: too many, too much said, or a right that was lost") \
	METRIC(civicwire_config_reloads_total, "counter", \
		"Times the configuration was read again") \
	METRIC(civicwire_config_problems, "gauge", \
		"Problems the last reading found; what has one stays as it was") \
	METRIC(civicwire_bus_confined, "gauge", \
		"Layers that confine the bus process (5: all of them)") \
	METRIC(civicwire_websub_active, "gauge", "Feeds whose hub pushes what is new") \
	METRIC(civicwire_websub_pushes_total, "counter", "Pushes of hubs that counted") \
	METRIC(civicwire_websub_pushes_refused_total, "counter", \
		"Pushes ignored: not signed with the subscription's secret") \
	METRIC(civicwire_transfers, "gauge", "Transfers in progress") \
	METRIC(civicwire_journal_head, "gauge", "Sequence of the newest durable event")

#define METRIC_ENUM(name, type, help) METRIC_##name,
enum metric { METRICS(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM

void metric_add(enum metric metric, int64_t n);
void metric_set(enum metric metric, int64_t value);
int64_t metric_get(enum metric metric);

struct metric_info {
	const char *name, *type, *help;
};
const struct metric_info *metric_info(enum metric metric);

/* HISTOGRAM(id, name, label, help): of durations. Rows of one name stand together; the first has the help. */
#define HISTOGRAMS(HISTOGRAM) \
	HISTOGRAM(POLL_LATENESS_QUICK, "civicwire_poll_lateness_seconds", "lane=\"quick\"", \
		"From when a feed was due and its host free to its request") \
	HISTOGRAM(POLL_LATENESS_NEW, "civicwire_poll_lateness_seconds", "lane=\"new\"", "") \
	HISTOGRAM(POLL_LATENESS_SLOW, "civicwire_poll_lateness_seconds", "lane=\"slow\"", "") \
	HISTOGRAM(POLL_DURATION_QUICK, "civicwire_poll_duration_seconds", "lane=\"quick\"", \
		"How long requests took, those that redirects lead to included") \
	HISTOGRAM(POLL_DURATION_NEW, "civicwire_poll_duration_seconds", "lane=\"new\"", "") \
	HISTOGRAM(POLL_DURATION_SLOW, "civicwire_poll_duration_seconds", "lane=\"slow\"", "")

#define HISTOGRAM_ENUM(id, name, label, help) HISTOGRAM_##id,
enum histogram { HISTOGRAMS(HISTOGRAM_ENUM) HISTOGRAM_COUNT };
#undef HISTOGRAM_ENUM

/* Upper bounds: a millisecond is what the loop's timer can do, a minute what a request may take. */
#define HISTOGRAM_BOUNDS 14
extern const int64_t histogram_bounds_us[HISTOGRAM_BOUNDS];

struct histogram_values {
	int64_t counts[HISTOGRAM_BOUNDS + 1]; /* of each bucket alone; the last has no bound */
	int64_t sum_us;
};

void histogram_observe(enum histogram histogram, int64_t us);
void histogram_read(enum histogram histogram, struct histogram_values *ret);

struct histogram_info {
	const char *name, *label, *help;
};
const struct histogram_info *histogram_info(enum histogram histogram);
