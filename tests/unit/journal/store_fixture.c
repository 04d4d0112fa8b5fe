#include "store_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../sample_feed.h"
#include "base/alloc.h"
#include "base/list.h"

static void make_dir(struct store *store)
{
	snprintf(store->dir, sizeof store->dir, "/tmp/civicwire-journal-XXXXXX");
	assert_non_null(mkdtemp(store->dir));
	snprintf(store->path, sizeof store->path, "%s/journal.db", store->dir);
	store->settings = (struct journal_settings){.path = store->path};
}

void store_open(struct store *store)
{
	free(store->notice);
	store->notice = NULL;
	if (journal_open(&store->journal, &store->settings, &store->notice, &store->error) < 0)
		fail_msg("%s", store->error.text);
}

void store_close(struct store *store)
{
	store->journal = journal_close(store->journal);
}

int store_setup(void **state)
{
	struct store *store = mem_zalloc(1, sizeof *store);

	make_dir(store);
	store->feed = sample_feed();
	store_open(store);
	*state = store;
	return 0;
}

void store_remove(struct store *store)
{
	DIR *dir = opendir(store->dir);
	struct dirent *entry;
	char path[400];

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof path, "%s/%s", store->dir, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(store->dir);
	free(store->notice);
	store->notice = NULL;
}

int store_teardown(void **state)
{
	struct store *store = *state;

	store_close(store);
	store_remove(store);
	feed_unref(store->feed);
	free(store);
	return 0;
}

uint64_t store_append(struct store *store, int64_t recorded_us, const char *data,
	const char *const *topics, struct seen *row)
{
	struct str views[16];
	size_t n = 0;
	uint64_t seq = 0;

	while (topics[n]) {
		views[n] = str_of(topics[n]);
		n++;
	}
	struct event event = {.type = EVENT_ITEM_PUBLISHED,
		.feed = store->feed,
		.publisher = "https://wire.example",
		.version = 1,
		.time_s = TIME_NONE,
		.recorded_us = recorded_us,
		.data = str_of(data),
		.views = views,
		.n_views = n};
	if (journal_append(store->journal, &event, row, &seq, &store->error) < 0)
		fail_msg("%s", store->error.text);
	return seq;
}

uint64_t store_commit_one(struct store *store, int64_t recorded_us)
{
	const char *topics[] = {"feed/a/", NULL};

	assert_int_equal(journal_begin(store->journal, &store->error), 0);
	uint64_t seq = store_append(store, recorded_us, "{}", topics, NULL);
	assert_int_equal(journal_commit(store->journal, &store->error), 0);
	return seq;
}

void store_copy(const struct store *store, struct store *copy)
{
	char from[128];
	int status;

	*copy = (struct store){.feed = store->feed};
	make_dir(copy);
	snprintf(from, sizeof from, "%s/.", store->dir);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execlp("cp", "cp", "-r", from, copy->dir, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int check(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct checker *c = container_of(visitor, struct checker, visitor);
	char id[64];

	if (c->n && record->seq != c->last + 1)
		c->breaks++;
	if (!c->n)
		c->first = record->seq;
	c->last = record->seq;
	c->n++;
	snprintf(id, sizeof id, "\"sequence\":\"%020llu\"", (unsigned long long)record->seq);
	if (str_find(record->body, str_of(id)) == record->body.n)
		c->breaks++;
	for (size_t i = 0; i < record->n_views; i++) {
		const struct journal_view *view = &record->views[i];
		if (view->topic >= CHECKER_TOPICS || view->prev != c->last_in[view->topic])
			c->breaks++;
		else
			c->last_in[view->topic] = record->seq;
	}
	return 0;
}

struct checker checker_new(void)
{
	return (struct checker){.visitor = {.record = check}};
}

void checker_run(struct checker *checker, struct journal_reader *reader, size_t records)
{
	const struct journal_read_limits limits = {
		.to = UINT64_MAX, .records = records, .bytes = SIZE_MAX};
	uint64_t next = checker->last, after;
	struct error error;

	do {
		after = next;
		if (journal_read(reader, after, &limits, &checker->visitor, &next, &error) < 0)
			fail_msg("%s", error.text);
	} while (next > after);
}
