#include "base/metrics.h"

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
