/* What this process uses, for the metrics that every Prometheus exporter has under the same names. */
#pragma once

#include <stdint.h>

struct process_use {
	int64_t started_s; /* since 1970 */
	double cpu_s;      /* user and system */
	int64_t resident;  /* bytes */
	int64_t open_files, open_files_max;
};

/* From /proc/self (proc(5)). What cannot be read stays 0. Any thread. */
void process_use_read(struct process_use *ret);
