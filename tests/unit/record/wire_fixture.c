#include "wire_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../sample_feed.h"
#include "base/alloc.h"
#include "base/list.h"

int wire_setup(void **state)
{
	struct wire *wire = mem_zalloc(1, sizeof *wire);
	struct journal_settings settings = {0};
	char *notice;

	snprintf(wire->dir, sizeof wire->dir, "/tmp/civicwire-record-XXXXXX");
	assert_non_null(mkdtemp(wire->dir));
	snprintf(wire->path, sizeof wire->path, "%s/journal.db", wire->dir);
	settings.path = wire->path;
	assert_int_equal(journal_open(&wire->journal, &settings, &notice, &wire->error), 0);
	assert_int_equal(journal_reader_open(&wire->reader, wire->path, &wire->error), 0);
	wire->recorder = recorder_new(wire->journal, "https://wire.example");
	wire->feed = sample_feed();
	wire->feed->language = "es";
	wire->now_us = 20000 * DAY_US + 10 * HOUR_US;
	*state = wire;
	return 0;
}

int wire_teardown(void **state)
{
	struct wire *wire = *state;
	struct dirent *entry;
	char path[400];

	recorder_free(wire->recorder);
	journal_reader_close(wire->reader);
	journal_close(wire->journal);
	feed_unref(wire->feed);
	feed_state_deinit(&wire->state);
	DIR *dir = opendir(wire->dir);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof path, "%s/%s", wire->dir, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(wire->dir);
	free(wire);
	return 0;
}

static struct hash optional(const char *text)
{
	return text ? hash_of(str_of(text)) : (struct hash){{0}};
}

static struct batch_item item_of(struct arena *arena, const struct words *words)
{
	const char *id = words->guid ? words->guid : words->link;
	struct batch_item item = {.key = optional(id),
		.link_key = optional(words->link),
		.title_key = optional(words->title),
		.subject = arena_printf(arena, "%s", id),
		.time_s = TIME_NONE,
		.withdrawn = words->withdrawn};

	item.key_link = hash_of(arena_printf(arena, "%s %s", id, words->link ? words->link : ""));
	item.change = hash_of(arena_printf(
		arena, "%s %s", words->title ? words->title : "", words->text ? words->text : ""));
	item.data = arena_printf(
		arena, "{\"id\":\"%s\",\"title\":\"%s\"}", id, words->title ? words->title : "");
	item.message = optional(words->message);
	if (words->cancels) {
		struct str rest = str_of(words->cancels), name;
		item.cancels = arena_alloc(arena, rest.n * sizeof *item.cancels);
		while (str_word(&rest, &name))
			item.cancels[item.n_cancels++] = hash_of(name);
	}
	if (words->theme) {
		item.themes = arena_alloc(arena, sizeof *item.themes);
		item.themes[0] = str_of(words->theme);
		item.n_themes = 1;
	}
	return item;
}

struct batch *wire_batch(struct wire *wire, const struct words *items, size_t n)
{
	struct batch *batch = batch_new(wire->feed);

	feed_state_copy(&batch->state, &wire->state);
	batch->state.health = FEED_FINE;
	batch->state.failures = 0;
	batch->state.failing_since_us = batch->state.gone_since_us = 0;
	batch->state.last_success_us = batch->state.last_change_us = wire->now_us;
	batch->items = arena_alloc(&batch->arena, (n + 1) * sizeof *batch->items);
	for (size_t i = 0; i < n; i++)
		batch->items[i] = item_of(&batch->arena, &items[i]);
	batch->n_items = n;
	batch->first = batch->last = batch->parsed = true;
	return batch;
}

void wire_commit(struct wire *wire, struct batch **batches, size_t n)
{
	if (recorder_commit(wire->recorder, batches, n, wire->now_us, &wire->counts, &wire->error) <
		0)
		fail_msg("%s", wire->error.text);
	uint64_t remapped = 0;
	for (size_t i = 0; i < n; i++) {
		remapped += batches[i]->remapped;
		if (batches[i]->last) {
			feed_state_deinit(&wire->state);
			wire->state = batches[i]->state;
			batches[i]->state = (struct feed_state){0};
		}
		batch_free(batches[i]);
	}
	assert_int_equal(remapped, wire->counts.remapped);
}

void wire_commit_one(struct wire *wire, struct batch *batch)
{
	wire_commit(wire, &batch, 1);
}

static void commit_state(struct wire *wire, bool unchanged)
{
	struct batch *batch = batch_new(wire->feed);

	feed_state_copy(&batch->state, &wire->state);
	batch->first = batch->last = true;
	batch->unchanged = unchanged;
	wire_commit_one(wire, batch);
}

void wire_state_only(struct wire *wire)
{
	commit_state(wire, false);
}

void wire_unchanged(struct wire *wire)
{
	commit_state(wire, true);
}

struct collector {
	struct journal_visitor visitor;
	struct wire *wire;
	wire_see *see;
	void *with;
};

static void member(struct str body, const char *name, char *out, size_t size)
{
	char pattern[32];

	snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
	struct str rest = str_skip(body, str_find(body, str_of(pattern)) + strlen(pattern));
	snprintf(out, size, "%.*s", (int)str_chr(rest, '"'), rest.p);
}

static int see_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct collector *c = container_of(visitor, struct collector, visitor);
	struct wire_event event = {.body = mem_strndup(record->body.p, record->body.n)};
	char type[64];
	size_t at = 0;

	member(record->body, "type", type, sizeof type);
	snprintf(event.type, sizeof event.type, "%.*s",
		(int)(strlen(type) - strlen("org.civicwire..v1")), type + strlen("org.civicwire."));
	member(record->body, "id", event.id, sizeof event.id);
	if (strstr(event.body, "\"subject\""))
		member(record->body, "subject", event.subject, sizeof event.subject);
	for (size_t i = 0; i < record->n_views; i++)
		at += (size_t)snprintf(event.topics + at, sizeof event.topics - at, "%.*s ",
			STR_FMT(journal_reader_topic(c->wire->reader, record->views[i].topic)));
	c->see(c->with, &event);
	free(event.body);
	return 0;
}

void wire_each(struct wire *wire, wire_see *see, void *with)
{
	struct collector c = {{NULL, see_record}, wire, see, with};
	const struct journal_read_limits limits = {
		journal_head(wire->journal), SIZE_MAX, SIZE_MAX, 0};
	uint32_t n;

	assert_int_equal(journal_reader_topics(wire->reader, &n, &wire->error), 0);
	assert_int_equal(journal_read(wire->reader, wire->read_to, &limits, &c.visitor,
				 &wire->read_to, &wire->error),
		0);
}

static void add_line(void *with, const struct wire_event *event)
{
	const char *version = strrchr(event->id, '/');
	bool is_item = !strncmp(event->type, "item.", 5);

	buf_printf(with, "%s", event->type + 5);
	if (is_item)
		buf_printf(with, " %s %s", event->subject, version + 1);
	if (strstr(event->body, "\"cwbackfill\":true"))
		buf_printf(with, " +b");
	buf_printf(with, "\n");
}

void wire_expect(struct wire *wire, const char *lines)
{
	struct buf got = BUF_INIT;

	wire_each(wire, add_line, &got);
	assert_string_equal(buf_cstr(&got), lines);
	buf_deinit(&got);
}
