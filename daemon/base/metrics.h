/* Counters and gauges of this process: the only data all threads may change. One row per metric;
 * names follow Prometheus' rules (base unit, _total for counters). */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* METRIC(name, type, help) */
#define METRICS(METRIC) \
	METRIC(civicwire_polls_total, "counter", "Requests made to feeds") \
	METRIC(civicwire_polls_not_modified_total, "counter", \
		"Polls answered 304 or with the body already known") \
	METRIC(civicwire_polls_failed_total, "counter", "Polls that ended in an error") \
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
