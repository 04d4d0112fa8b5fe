/* What a serving thread of the bus is made of. */
#pragma once

#include "bus/counters.h"
#include "bus/guard.h"
#include "journal/journal.h"

/* All but the reader are shared and outlive the threads. */
struct bus_parts {
	void *context;                 /* ZeroMQ's */
	struct journal_reader *reader; /* one thread's own */
	const char *epoch;
	struct bus_counters *counters;
	struct guard *guard;
	const char *server_secret; /* NULL: no endpoint needs it */
};
