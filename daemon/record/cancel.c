/* CAP's Cancel (EVENT, "Withdrawal"): a message that takes back the earlier ones it refers to.
 *
 * The order in which messages come must not matter, and what was taken back must stay so for as
 * long as some server still lists it. So the mark is the message's, not the item's: a row of its
 * own, which is there whether the message was seen before, comes later, or never.
 *
 *	Cancel comes	marks the messages it refers to; an item that is one of them, and was told,
 *			is withdrawn now
 *	an item comes	that is not known, or was withdrawn: if its message is marked it is as good
 *			as gone, nothing is told
 *
 * The marks of a batch are set before its items are looked at. An item may be one message after the
 * other, where the feed has one entry for each region: a new message in its place is told, for an
 * alert that is not told is worse than one told twice. And where the Cancel itself takes the place
 * of what it takes back, its event is the withdrawal.
 *
 * Marks are kept as seen rows are, while the message is listed or referred to and long after. */
#include "record/recorder.h"

/* An item without a message of CAP may still be one by its guid. */
static const struct hash *message_of(const struct batch_item *item)
{
	return hash_is_zero(&item->message) ? &item->key : &item->message;
}

/* The row of a message, which may be new, and whether it must be written to be remembered. */
static int read_message(
	struct task *task, const struct hash *message, struct journal_alert *ret, bool *ret_stale)
{
	int r = journal_alert_get(
		task->recorder->journal, task->known.number, message, ret, task->error);

	if (r == 0)
		*ret = (struct journal_alert){.message = *message};
	*ret_stale = r == 0 || task->now_us - ret->last_seen_us >= DEDUP_SEEN_STEP_US;
	return r;
}

static int write_message(struct task *task, struct journal_alert *alert)
{
	if (alert->last_seen_us < task->now_us)
		alert->last_seen_us = task->now_us;
	return journal_alert_put(task->recorder->journal, task->known.number, alert, task->error);
}

int cancel_note(struct task *task, const struct hash *key, const struct batch_item *item)
{
	struct journal_alert alert;
	bool stale;

	if (hash_is_zero(&item->message) || item->withdrawn)
		return 0;
	int r = read_message(task, &item->message, &alert, &stale);
	if (r < 0 || (!stale && hash_eq(&alert.key, key)))
		return r < 0 ? r : 0;
	alert.key = *key;
	return write_message(task, &alert);
}

/* Does this Cancel take back what was told under its own key? */
static int takes_own_place(struct task *task, const struct hash *key, const struct batch_item *item)
{
	struct journal_alert alert;
	bool stale;

	for (size_t i = 0; i < item->n_cancels; i++) {
		int r = read_message(task, &item->cancels[i], &alert, &stale);
		if (r < 0)
			return r;
		if (hash_eq(&item->cancels[i], key) || (r > 0 && hash_eq(&alert.key, key)))
			return 1;
	}
	return 0;
}

int cancel_holds(struct task *task, const struct hash *key, const struct batch_item *item)
{
	struct journal_alert alert;
	bool stale;
	int r = read_message(task, message_of(item), &alert, &stale);

	if (r < 0)
		return r;
	if (r > 0 && alert.cancelled) {
		if (stale)
			r = write_message(task, &alert);
		return r < 0 ? r : 1;
	}
	return takes_own_place(task, key, item);
}

/* Withdraws the item that is a message taken back. */
static int take_back(struct task *task, const struct hash *key, const struct batch_item *cancel)
{
	const struct hash own = dedup_key(cancel, task->progress->guids_repeat);
	struct seen row;

	if (hash_is_zero(key) || hash_eq(key, &own))
		return 0;
	int r = journal_seen_get(
		task->recorder->journal, task->known.number, key, &row, task->error);
	if (r <= 0)
		return r;
	r = row.withdrawn ? 0 : task_withdraw(task, &row, cancel->time_s);
	seen_deinit(&row);
	return r;
}

static int record_cancel(struct task *task, const struct batch_item *cancel)
{
	int r = 0;

	for (size_t i = 0; i < cancel->n_cancels && r >= 0; i++) {
		const struct hash *message = &cancel->cancels[i];
		struct journal_alert alert;
		bool stale, is_news;

		r = read_message(task, message, &alert, &stale);
		if (r < 0)
			break;
		is_news = !alert.cancelled;
		alert.cancelled = true;
		r = is_news || stale ? write_message(task, &alert) : 0;
		/* Once: what the item's place is used for later is not this message any more. */
		if (r >= 0 && is_news)
			r = take_back(
				task, hash_is_zero(&alert.key) ? message : &alert.key, cancel);
	}
	return r;
}

int task_record_cancels(struct task *task)
{
	int r = 0;

	for (size_t i = 0; i < task->batch->n_items && r >= 0; i++)
		if (!task->batch->items[i].withdrawn)
			r = record_cancel(task, &task->batch->items[i]);
	return r < 0 ? r : 0;
}
