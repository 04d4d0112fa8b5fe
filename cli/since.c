#include "cli/since.h"

#include <stdio.h>

time_t since_parse(const char *rfc3339)
{
	struct tm utc = {0};

	if (!rfc3339 || sscanf(rfc3339, "%d-%d-%dT%d:%d:%d", &utc.tm_year, &utc.tm_mon,
				&utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec) != 6)
		return -1;
	utc.tm_year -= 1900;
	utc.tm_mon -= 1;
	return timegm(&utc);
}

void since_span(long long seconds, char out[SINCE_TEXT_MAX])
{
	static const struct {
		long long below, unit;
		const char *name;
	} units[] = {{120, 1, "s"}, {120 * 60, 60, "min"}, {48 * 3600, 3600, "h"}};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (seconds < units[i].below) {
			snprintf(out, SINCE_TEXT_MAX, "%lld %s", seconds / units[i].unit,
				units[i].name);
			return;
		}
	}
	snprintf(out, SINCE_TEXT_MAX, "%lld d", seconds / 86400);
}
