#include "actors/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

struct entry {
	struct hub_subscription subscription; /* dropped: only its token */
	bool is_dropped;
};

static void entry_free(struct entry *entry)
{
	hub_subscription_deinit(&entry->subscription);
	free(entry);
}

void ledger_init(struct ledger *ledger)
{
	pthread_mutex_init(&ledger->lock, NULL);
	map_init(&ledger->entries);
}

static void free_all(struct map *entries)
{
	map_for_each(it, entries)
		entry_free(it->value);
	map_deinit(entries);
}

void ledger_deinit(struct ledger *ledger)
{
	free_all(&ledger->entries);
	pthread_mutex_destroy(&ledger->lock);
}

static void put(struct ledger *ledger, struct entry *entry)
{
	struct str token = str_of(entry->subscription.token);

	pthread_mutex_lock(&ledger->lock);
	struct entry *before = map_take(&ledger->entries, token);
	map_add(&ledger->entries, token, entry);
	pthread_mutex_unlock(&ledger->lock);
	if (before)
		entry_free(before);
}

void ledger_put(struct ledger *ledger, const struct hub_subscription *subscription)
{
	struct entry *entry = mem_zalloc(1, sizeof *entry);

	hub_subscription_copy(&entry->subscription, subscription);
	put(ledger, entry);
}

void ledger_drop(struct ledger *ledger, const char *token)
{
	struct entry *entry = mem_zalloc(1, sizeof *entry);

	snprintf(entry->subscription.token, sizeof entry->subscription.token, "%s", token);
	entry->is_dropped = true;
	put(ledger, entry);
}

static int write_all(const struct map *entries, struct journal *journal, struct error *error)
{
	int r = journal_begin(journal, error);

	if (r < 0)
		return r;
	map_for_each(it, entries) {
		const struct entry *entry = it->value;
		r = entry->is_dropped
			    ? journal_subscription_drop(journal, entry->subscription.token, error)
			    : journal_subscription_put(journal, &entry->subscription, error);
		if (r < 0)
			break;
	}
	if (r >= 0)
		r = journal_commit(journal, error);
	if (r < 0)
		journal_rollback(journal);
	return r;
}

/* Behind what has been put in meanwhile, which is newer. */
static void give_back(struct ledger *ledger, struct map *entries)
{
	pthread_mutex_lock(&ledger->lock);
	map_for_each(it, entries) {
		struct entry *entry = it->value;
		if (map_add(&ledger->entries, str_of(entry->subscription.token), entry))
			entry_free(entry);
	}
	pthread_mutex_unlock(&ledger->lock);
	map_deinit(entries);
}

int ledger_write(struct ledger *ledger, struct journal *journal, struct error *error)
{
	struct map entries;

	pthread_mutex_lock(&ledger->lock);
	entries = ledger->entries;
	if (entries.n)
		map_init(&ledger->entries);
	pthread_mutex_unlock(&ledger->lock);
	if (!entries.n)
		return 0;
	int r = write_all(&entries, journal, error);
	if (r < 0)
		give_back(ledger, &entries);
	else
		free_all(&entries);
	return r;
}
