#include "base/metrics.h"

#include <stddef.h>

#define METRIC_ROW(name, type, help) {#name, type, help},
static const struct metric_info infos[METRIC_COUNT] = {METRICS(METRIC_ROW)};
#undef METRIC_ROW

static _Atomic int64_t values[METRIC_COUNT];

void metric_add(enum metric metric, int64_t n)
{
	atomic_fetch_add_explicit(&values[metric], n, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
	atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_get(enum metric metric)
{
	return atomic_load_explicit(&values[metric], memory_order_relaxed);
}

const struct metric_info *metric_info(enum metric metric)
{
	return &infos[metric];
}

/* ---- histograms ---- */

#define HISTOGRAM_ROW(id, name, label, help) {name, label, help},
static const struct histogram_info histogram_infos[HISTOGRAM_COUNT] = {HISTOGRAMS(HISTOGRAM_ROW)};
#undef HISTOGRAM_ROW

const int64_t histogram_bounds_us[HISTOGRAM_BOUNDS] = {1000, 5000, 10000, 25000, 50000, 100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000};

static struct {
	_Atomic int64_t counts[HISTOGRAM_BOUNDS + 1], sum_us;
} histograms[HISTOGRAM_COUNT];

void histogram_observe(enum histogram histogram, int64_t us)
{
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && us > histogram_bounds_us[i])
		i++;
	atomic_fetch_add_explicit(&histograms[histogram].counts[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histograms[histogram].sum_us, us, memory_order_relaxed);
}

void histogram_read(enum histogram histogram, struct histogram_values *ret)
{
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		ret->counts[i] = atomic_load_explicit(
			&histograms[histogram].counts[i], memory_order_relaxed);
	ret->sum_us = atomic_load_explicit(&histograms[histogram].sum_us, memory_order_relaxed);
}

const struct histogram_info *histogram_info(enum histogram histogram)
{
	return &histogram_infos[histogram];
}
