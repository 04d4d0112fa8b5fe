#include "bus/heartbeat.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"

void changes_deinit(struct changes *changes)
{
	free(changes->last);
	*changes = (struct changes){.last = NULL};
}

void changes_add(struct changes *changes, uint32_t topic, uint64_t seq)
{
	if (changes->overflow)
		return;
	if (topic >= changes->n_last) {
		size_t want = topic + 1 + (size_t)topic / 2;
		changes->last = mem_realloc(changes->last, want, sizeof(uint64_t));
		memset(changes->last + changes->n_last, 0,
			(want - changes->n_last) * sizeof(uint64_t));
		changes->n_last = want;
	}
	if (!changes->last[topic]) {
		if (changes->n == CHANGES_MAX) {
			changes->overflow = true;
			return;
		}
		changes->topics[changes->n++] = topic;
	}
	changes->last[topic] = seq;
}

void changes_clear(struct changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		changes->last[changes->topics[i]] = 0;
	changes->n = 0;
	changes->overflow = false;
}

static void write_changes(
	struct json *j, const struct changes *changes, const struct journal_reader *names)
{
	json_key(j, "changed");
	json_open(j, '{');
	if (changes->overflow)
		json_member_bool(j, "overflow", true);
	for (size_t i = 0; i < changes->n && !changes->overflow; i++) {
		uint32_t topic = changes->topics[i];
		json_str(j, journal_reader_topic(names, topic));
		buf_char(j->out, ':');
		j->comma = false;
		json_uint(j, changes->last[topic]);
	}
	json_close(j, '}');
}

void heartbeat_write(struct buf *out, const struct heartbeat *heartbeat,
	const struct changes *changes, const struct journal_reader *names)
{
	struct json j = json_to(out);
	char time[TIME_TEXT_MAX];

	json_open(&j, '{');
	json_member(&j, "epoch", str_of(heartbeat->epoch));
	json_key(&j, "head");
	json_uint(&j, heartbeat->head);
	json_key(&j, "oldest");
	json_uint(&j, heartbeat->oldest);
	json_member(&j, "time", str_make(time, time_format_us(heartbeat->time_us, time)));
	write_changes(&j, changes, names);
	json_close(&j, '}');
}
