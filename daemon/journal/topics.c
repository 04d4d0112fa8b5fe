/* Topics by name, with their number and last sequence: a cache of the table, which may be larger
 * than memory should be (10,000 feeds in five views each). It is filled as topics are used and
 * forgotten as a whole, either between transactions when it is large or at a rollback, when its
 * last sequences are those of events that never were. */
#include "journal/store.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "journal/encoding.h"
#include "journal/row.h"

/* 20,000 topics of 60 bytes with their table entries are 3 MB. */
#define TOPICS_CACHED_MAX 20000

void topics_init(struct topics *topics)
{
	*topics = (struct topics){.arena = ARENA_INIT};
	map_init(&topics->by_name);
}

void topics_deinit(struct topics *topics)
{
	map_deinit(&topics->by_name);
	arena_deinit(&topics->arena);
	free(topics->dirty);
}

void topics_forget(struct topics *topics)
{
	map_clear(&topics->by_name);
	arena_reset(&topics->arena);
	topics->n_dirty = 0;
}

bool topics_are_many(const struct topics *topics)
{
	return topics->by_name.n > TOPICS_CACHED_MAX;
}

static struct topic *cache(struct topics *topics, struct str name, uint32_t id, uint64_t last_seq)
{
	struct topic *topic = ARENA_NEW(&topics->arena, struct topic);

	*topic = (struct topic){arena_str(&topics->arena, name), id, last_seq, false, false};
	map_set(&topics->by_name, topic->name, topic);
	return topic;
}

/* Its row is written with its last event, by topics_flush(). */
static int add(struct journal *j, struct str name, struct topic **ret, struct error *error)
{
	if (j->current.n_topics == UINT32_MAX)
		return error_set(error, EOVERFLOW, "%s: too many topics", j->path);
	struct topic *topic = cache(&j->topics, name, ++j->current.n_topics, 0);
	topic->is_new = true;
	topics_touch(&j->topics, topic, 0);
	*ret = topic;
	return 0;
}

static struct topic *new_of_id(const struct topics *topics, uint64_t id)
{
	for (size_t i = 0; i < topics->n_dirty; i++)
		if (topics->dirty[i]->id == id)
			return topics->dirty[i];
	return NULL;
}

static bool is_in(struct str views, uint32_t id)
{
	uint64_t topic, prev;

	while (views.n && varint_take(&views, &topic) && varint_take(&views, &prev))
		if (topic == id)
			return true;
	return false;
}

/* The last event of a topic whose row does not fit its checksum: the newest that names it. Where none
 * is left that does, the row may still be right, unless it names one that is there. */
static int find_last(struct journal *j, uint32_t id, uint64_t *last_seq, struct error *error)
{
	static const char doing[] = "looking for a topic's last event";
	sqlite3_stmt *stmt = NULL;
	uint64_t seq = 0;
	bool found = false;
	int r = statement_prepare(
		j->db, "SELECT seq,views FROM event ORDER BY seq DESC", &stmt, doing, error);

	while (!found && r >= 0 && (r = statement_row(stmt, doing, error)) > 0) {
		seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		found = is_in(column_blob(stmt, 1), id);
	}
	sqlite3_finalize(stmt);
	if (r < 0)
		return r;
	if (found)
		*last_seq = seq;
	else if (*last_seq >= seq)
		*last_seq = 0;
	return 0;
}

int topics_of_name(struct journal *j, struct str name, struct topic **ret, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_TOPIC_BY_NAME];
	struct topic *known = map_get(&j->topics.by_name, name);

	if (known) {
		*ret = known;
		return 0;
	}
	bind_text(stmt, 1, name);
	int r = store_row(j, STMT_TOPIC_BY_NAME, error);
	if (r < 0)
		return r;
	if (!r)
		return add(j, name, ret, error);
	uint32_t id = (uint32_t)sqlite3_column_int64(stmt, 0);
	uint64_t last_seq = (uint64_t)sqlite3_column_int64(stmt, 2);
	bool fits = row_fits(stmt);
	sqlite3_reset(stmt);
	if (!fits) {
		store_damaged(j,
			"the row of topic %.*s was damaged: its last event was looked for among "
			"all, and it was written anew",
			STR_FMT(name));
		r = find_last(j, id, &last_seq, error);
		if (r < 0)
			return r;
	}
	*ret = cache(&j->topics, name, id, last_seq);
	return 0;
}

int topics_of_id(struct journal *j, uint64_t id, struct topic **ret, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_TOPIC_BY_ID];

	if (id > j->durable.n_topics && (*ret = new_of_id(&j->topics, id)))
		return 1;
	bind_int(stmt, 1, (int64_t)id);
	int r = store_row(j, STMT_TOPIC_BY_ID, error);
	if (r < 0)
		return r;
	if (!r)
		return error_set(error, EBADMSG,
			"%s: a seen item names topic %llu, which is not there", j->path,
			(unsigned long long)id);
	struct str name = column_text(stmt, 1);
	struct topic *known = map_get(&j->topics.by_name, name);
	bool usable = known || row_fits(stmt);
	if (usable)
		*ret = known ? known
			     : cache(&j->topics, name, (uint32_t)id,
				       (uint64_t)sqlite3_column_int64(stmt, 2));
	else
		store_damaged(j,
			"the row of topic %llu is damaged: who follows that topic alone does not "
			"hear of an item that left it",
			(unsigned long long)id);
	sqlite3_reset(stmt);
	return usable;
}

void topics_touch(struct topics *topics, struct topic *topic, uint64_t seq)
{
	topic->last_seq = seq;
	if (topic->is_dirty)
		return;
	topic->is_dirty = true;
	MEM_GROW(topics->dirty, topics->cap_dirty, topics->n_dirty + 1);
	topics->dirty[topics->n_dirty++] = topic;
}

int topics_flush(struct journal *j, struct error *error)
{
	struct topics *topics = &j->topics;
	int r = 0;

	for (size_t i = 0; i < topics->n_dirty && r >= 0; i++) {
		struct topic *topic = topics->dirty[i];
		const struct row_value values[] = {row_int(topic->id), row_text(topic->name),
			row_int((int64_t)topic->last_seq)};
		int which = topic->is_new ? STMT_TOPIC_ADD : STMT_TOPIC_LAST;
		row_bind(j->stmts[which], values, sizeof values / sizeof *values);
		r = store_run(j, which, error);
		topic->is_dirty = topic->is_new = false;
	}
	topics->n_dirty = 0;
	return r;
}
