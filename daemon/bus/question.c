#include "bus/question.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"

#define VERSION 1

static const struct refusal refusals[] = {
	{"bad-request", "not a JSON object"},
	{"bad-request", "\"id\" is too long"},
	{"bad-request", "a request has at most 64 KiB: ask for fewer or shorter topics"},
	{"bad-request", "\"v\" is missing or not an integer"},
	{"unsupported-version", "this server speaks version 1"},
	{"bad-request", "\"after\" is not a cursor, \"oldest\", \"now\" or {\"time\":\"…\"}"},
	{"bad-request", "\"topics\" is not an array of at most 1000 topic prefixes"},
	{"bad-request", "\"max\" is not an integer from 1 to 1000"},
	{"bad-request", "\"wait\" is not a number of seconds from 0 to 60"},
};
enum why {
	WHY_JSON,
	WHY_ID,
	WHY_SIZE,
	WHY_NO_VERSION,
	WHY_VERSION,
	WHY_AFTER,
	WHY_TOPICS,
	WHY_MAX,
	WHY_WAIT,
	WHY_FINE
};

static bool read_id(struct question *q, json_t *id)
{
	if (!id)
		return true;
	/* Without a buffer it says how long the text would be. */
	size_t n = json_dumpb(id, NULL, 0, JSON_ENCODE_ANY | JSON_COMPACT);
	if (!n || n > QUESTION_ID_MAX)
		return false;
	q->id.n = json_dumpb(id, buf_room(&q->id, n), n, JSON_ENCODE_ANY | JSON_COMPACT);
	return true;
}

static bool read_after(struct question *q, json_t *after)
{
	json_t *time = json_object_get(after, "time");
	const char *text = json_string_value(time ? time : after);
	struct str s = str_make(text, text ? json_string_length(time ? time : after) : 0);

	if (!text)
		return false;
	if (time) {
		q->after = AFTER_TIME;
		return time_parse_rfc3339(s, &q->time_us);
	}
	if (str_is(s, "oldest"))
		q->after = AFTER_OLDEST;
	else if (str_is(s, "now"))
		q->after = AFTER_NOW;
	else
		return cw_cursor_parse(s.p, s.n, &q->cursor) == 0;
	return true;
}

static bool read_topics(struct question *q, json_t *topics)
{
	size_t n = json_array_size(topics), i;
	json_t *topic;

	if (!topics)
		return true;
	if (!json_is_array(topics) || n > QUESTION_TOPICS_MAX)
		return false;
	q->topics = arena_alloc(&q->arena, (n + 1) * sizeof *q->topics);
	json_array_foreach(topics, i, topic)
	{
		if (!json_is_string(topic))
			return false;
		struct str s = str_make(json_string_value(topic), json_string_length(topic));
		if (!cw_prefix_is_valid(s.p, s.n))
			return false;
		q->topics[q->n_topics++] = arena_str(&q->arena, s);
	}
	return true;
}

static bool read_max(struct question *q, json_t *max)
{
	json_int_t v = max ? json_integer_value(max) : QUESTION_EVENTS_DEFAULT;

	if (v < 1 || v > QUESTION_EVENTS_MAX) /* what is no integer is 0 here */
		return false;
	q->max = (unsigned)v;
	return true;
}

static bool read_wait(struct question *q, json_t *wait)
{
	double seconds = wait ? json_number_value(wait) : 0;

	if ((wait && !json_is_number(wait)) || !(seconds >= 0 && seconds <= QUESTION_WAIT_MAX_S))
		return false;
	q->wait_us = (int64_t)(seconds * (double)SEC_US);
	return true;
}

static enum why read_members(struct question *q, json_t *root, size_t bytes)
{
	json_t *v = json_object_get(root, "v");

	if (!json_is_object(root))
		return WHY_JSON;
	if (!read_id(q, json_object_get(root, "id")))
		return WHY_ID;
	if (bytes > QUESTION_BYTES_MAX)
		return WHY_SIZE;
	if (!json_is_integer(v))
		return WHY_NO_VERSION;
	if (json_integer_value(v) != VERSION)
		return WHY_VERSION;
	if (!read_after(q, json_object_get(root, "after")))
		return WHY_AFTER;
	if (!read_topics(q, json_object_get(root, "topics")))
		return WHY_TOPICS;
	if (!read_max(q, json_object_get(root, "max")))
		return WHY_MAX;
	return read_wait(q, json_object_get(root, "wait")) ? WHY_FINE : WHY_WAIT;
}

bool question_read(struct question *ret, struct str json, struct refusal *ret_refusal)
{
	json_t *root = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);

	*ret = (struct question){.id = BUF_INIT, .arena = ARENA_INIT};
	enum why why = root ? read_members(ret, root, json.n) : WHY_JSON;
	json_decref(root);
	if (why != WHY_FINE)
		*ret_refusal = refusals[why];
	return why == WHY_FINE;
}

void question_deinit(struct question *question)
{
	buf_deinit(&question->id);
	arena_deinit(&question->arena);
}
