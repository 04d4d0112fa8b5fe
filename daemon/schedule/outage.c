#include "schedule/outage.h"

#include <stddef.h>

#include "base/clock.h"
#include "schedule/host.h"

/* What was heard longer ago says nothing of now. An hour, for that is how often most feeds are asked. */
#define OUTAGE_WINDOW_US HOUR_US
/* The last hosts that were heard of decide, so that a line that is cut is noticed after five polls, however
 * many were well before, and one that is mended after four. */
#define OUTAGE_JURY 8
/* Three hosts can fail together by chance, and do where they share a server. */
#define OUTAGE_FAILED_MIN 4

bool outage_suspects(enum fault fault)
{
	switch (fault) {
	case FAULT_NAME_UNKNOWN: /* a resolver that reaches nobody may say so, too */
	case FAULT_NAME_TIMEOUT:
	case FAULT_CONNECTION_TIMEOUT:
	case FAULT_UNREACHABLE:
	case FAULT_TLS_TIMEOUT:
	case FAULT_TIMEOUT:
	case FAULT_TOO_SLOW:
		return true;
	default:
		return false;
	}
}

void outage_note(struct outage *outage, struct str url, enum fault fault, int64_t now_us)
{
	size_t at = 0;

	if (fault == FAULT_LOCAL || fault == FAULT_FILE || str_istarts(url, STR("file:")))
		return;
	uint64_t name = host_number(url);
	/* Its own place, else that of the one heard of longest ago. */
	for (size_t i = 0; i < OUTAGE_HOSTS; i++) {
		if (outage->hosts[i].name == name) {
			at = i;
			break;
		}
		if (outage->hosts[i].at_us < outage->hosts[at].at_us)
			at = i;
	}
	outage->hosts[at] = (struct outage_host){name, now_us, outage_suspects(fault)};
}

/* The next one back in time from `before`; OUTAGE_HOSTS: none. Ties go by place. */
static size_t heard_before(const struct outage *outage, size_t before)
{
	const struct outage_host *hosts = outage->hosts;
	size_t found = OUTAGE_HOSTS;

	for (size_t i = 0; i < OUTAGE_HOSTS; i++) {
		bool is_older = before == OUTAGE_HOSTS || hosts[i].at_us < hosts[before].at_us ||
				(hosts[i].at_us == hosts[before].at_us && i > before);
		if (hosts[i].name && is_older &&
			(found == OUTAGE_HOSTS || hosts[i].at_us > hosts[found].at_us))
			found = i;
	}
	return found;
}

bool outage_is(const struct outage *outage, int64_t now_us)
{
	size_t heard = 0, failed = 0;

	/* Nearly always: what nobody has heard needs no jury. */
	for (size_t i = 0; i < OUTAGE_HOSTS; i++)
		failed += outage->hosts[i].failed;
	if (failed < OUTAGE_FAILED_MIN)
		return false;
	failed = 0;
	for (size_t i = OUTAGE_HOSTS; heard < OUTAGE_JURY;) {
		i = heard_before(outage, i);
		if (i == OUTAGE_HOSTS || now_us - outage->hosts[i].at_us > OUTAGE_WINDOW_US)
			break;
		heard++;
		failed += outage->hosts[i].failed;
	}
	return failed >= OUTAGE_FAILED_MIN && failed * 2 > heard;
}
