/* What was asked of hubs: a row for each token. */
#include "journal/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "journal/row.h"

static void keep_text(sqlite3_stmt *stmt, int at, char *to, size_t size)
{
	struct str text = column_text(stmt, at);

	snprintf(to, size, "%.*s", STR_FMT(text));
}

static char *owned(sqlite3_stmt *stmt, int at)
{
	struct str text = column_text(stmt, at);

	return text.p ? mem_strndup(text.p, text.n) : NULL;
}

int journal_subscription_put(
	struct journal *j, const struct hub_subscription *s, struct error *error)
{
	sqlite3_stmt *stmt = j->stmts[STMT_SUBSCRIPTION_PUT];
	const int64_t numbers[] = {s->state, s->distrusted, s->failures, s->asked_us, s->next_us,
		s->verified_us, s->lease_us, s->push_us, s->failing_us, s->leaving_us};
	const char *const texts[] = {s->feed_id, s->token, s->hub, s->topic, s->secret};
	int at = 1;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		bind_text(stmt, at++, str_of(texts[i]));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		bind_int(stmt, at++, numbers[i]);
	bind_text(stmt, at++, str_of(s->reason));
	bind_text(stmt, at, str_of(s->callback));
	return store_run(j, STMT_SUBSCRIPTION_PUT, error);
}

int journal_subscription_drop(struct journal *j, const char *token, struct error *error)
{
	bind_text(j->stmts[STMT_SUBSCRIPTION_DROP], 1, str_of(token));
	return store_run(j, STMT_SUBSCRIPTION_DROP, error);
}

static void read_row(sqlite3_stmt *stmt, struct hub_subscription *s)
{
	s->feed_id = owned(stmt, 0);
	keep_text(stmt, 1, s->token, sizeof s->token);
	s->hub = owned(stmt, 2);
	s->topic = owned(stmt, 3);
	keep_text(stmt, 4, s->secret, sizeof s->secret);
	s->state = (enum subscription_state)sqlite3_column_int64(stmt, 5);
	s->distrusted = sqlite3_column_int64(stmt, 6);
	s->failures = (uint32_t)sqlite3_column_int64(stmt, 7);
	s->asked_us = sqlite3_column_int64(stmt, 8);
	s->next_us = sqlite3_column_int64(stmt, 9);
	s->verified_us = sqlite3_column_int64(stmt, 10);
	s->lease_us = sqlite3_column_int64(stmt, 11);
	s->push_us = sqlite3_column_int64(stmt, 12);
	s->failing_us = sqlite3_column_int64(stmt, 13);
	s->leaving_us = sqlite3_column_int64(stmt, 14);
	s->reason = owned(stmt, 15);
	s->callback = owned(stmt, 16);
}

static bool is_sound(sqlite3_stmt *stmt, const struct hub_subscription *s)
{
	return row_fits(stmt) && s->feed_id && s->hub && s->topic && s->callback && *s->token &&
	       s->state < SUBSCRIPTION_STATE_COUNT;
}

int journal_subscriptions_each(
	struct journal *j, struct journal_subscription_walk *walk, struct error *error)
{
	static const char doing[] = "reading the subscriptions";
	sqlite3_stmt *stmt = NULL;
	int r = statement_prepare(j->db,
		"SELECT " SUBSCRIPTION_COLUMNS ",checksum FROM subscription", &stmt, doing, error);

	while (r >= 0 && (r = statement_row(stmt, doing, error)) > 0) {
		struct hub_subscription s = {0};
		read_row(stmt, &s);
		if (is_sound(stmt, &s))
			walk->subscription(walk, &s);
		else
			store_damaged(j,
				"what was asked of a hub is damaged and forgotten; the hub is "
				"asked anew");
		hub_subscription_deinit(&s);
	}
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}
