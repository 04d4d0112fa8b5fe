/* Which CAP message an item is, and which ones it takes back (EVENT, "Withdrawal").
 *
 * CAP names a message by its sender and identifier; <references> lists earlier ones as
 * "sender,identifier,sent", with blanks between them. Feeds often leave the sender out of their
 * entries, and some have nothing of CAP in them but the identifier as guid. So a message has two
 * names, and an item goes by the better one that it has:
 *
 *	sender known       sender + identifier: another sender's identifier is another message
 *	sender not known   the identifier alone, which is the key of an item that has it as guid
 *
 * A reference gives both. Only a Cancel takes back; an Update follows on what it refers to. */
#include "normalize/normalizing.h"

/* What one message may take back. Agencies list all versions of a warning, some dozens; a list
 * that is longer takes back the first ones. */
#define REFERENCES_MAX 1000

static struct hash name_of(struct normalizing *w, struct str sender, struct str identifier)
{
	struct buf *b = &w->n->alias;

	buf_clear(b);
	if (sender.n) {
		buf_str(b, sender);
		buf_char(b, '\0');
		buf_str(b, identifier);
	} else {
		identity_alias(b, identifier);
	}
	return hash_mix(buf_view(b));
}

/* Nobody is to act on a draft (CAP 1.2, 3.2.1), so it takes nothing back. */
static bool is_cancel(const struct raw_alert *raw)
{
	return str_is_i(str_trim(raw->msg_type), "Cancel") &&
	       !str_is_i(str_trim(raw->status), "Draft");
}

/* "sender,identifier,sent", or the identifier alone. */
static struct str split_reference(struct str reference, struct str *ret_sender)
{
	struct str rest = reference, first, identifier;

	*ret_sender = STR_NONE;
	str_split(&rest, ',', &first);
	if (!str_split(&rest, ',', &identifier))
		return reference;
	*ret_sender = first;
	return identifier;
}

static void list_cancelled(struct normalizing *w, struct str references, struct item *item)
{
	struct str reference;
	size_t cap = 0;

	for (size_t i = 0; i < REFERENCES_MAX && str_word(&references, &reference); i++) {
		struct str sender, identifier = split_reference(reference, &sender);

		if (!identifier.n)
			continue;
		if (sender.n)
			*ARENA_PUSH(w->arena, item->cancels, item->n_cancels, cap) =
				name_of(w, sender, identifier);
		*ARENA_PUSH(w->arena, item->cancels, item->n_cancels, cap) =
			name_of(w, STR_NONE, identifier);
	}
}

void message_settle(struct normalizing *w, const struct raw_alert *raw, struct item *item)
{
	struct str identifier = str_trim(raw->identifier);

	if (identifier.n)
		item->message = name_of(w, str_trim(raw->sender), identifier);
	else if (item->has_alert)
		item->message = item->key;
	if (is_cancel(raw))
		list_cancelled(w, raw->references, item);
}
