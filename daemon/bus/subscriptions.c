#include "bus/subscriptions.h"

#include <stdlib.h>

/* Beyond this many prefixes they are no longer told apart: 10,000 clients with a topic each, and a
 * hostile one can make us keep no more than 2 MB. */
#define PREFIXES_MAX 10000

struct subscription {
	bool held;
	char text[];
};

void subscriptions_init(struct subscriptions *s)
{
	*s = (struct subscriptions){.stale = false};
	map_init(&s->texts);
	prefixes_init(&s->prefixes, NULL, 0);
}

static void forget_texts(struct subscriptions *s)
{
	map_for_each(it, &s->texts)
		free(it->value);
	map_clear(&s->texts);
	s->n = 0;
}

void subscriptions_deinit(struct subscriptions *s)
{
	forget_texts(s);
	map_deinit(&s->texts);
	prefixes_deinit(&s->prefixes);
}

static void add(struct subscriptions *s, struct str prefix)
{
	struct subscription *subscription = map_get(&s->texts, prefix);

	if (!subscription && s->texts.n >= PREFIXES_MAX) {
		s->everything = true;
		forget_texts(s);
		return;
	}
	if (!subscription) {
		subscription = mem_zalloc(1, sizeof *subscription + prefix.n);
		memcpy(subscription->text, prefix.p, prefix.n);
		map_add(&s->texts, str_make(subscription->text, prefix.n), subscription);
		s->stale = true;
	}
	s->n += !subscription->held;
	subscription->held = true;
}

void subscriptions_take(struct subscriptions *s, struct str message)
{
	struct str prefix = str_skip(message, 1);

	if (!message.n || s->everything || prefix.n > TOPIC_BYTES_MAX)
		return; /* a longer one can match no topic */
	if (message.p[0] == 1) {
		add(s, prefix);
	} else if (message.p[0] == 0) {
		struct subscription *subscription = map_get(&s->texts, prefix);
		if (!subscription || !subscription->held)
			return;
		subscription->held = false;
		s->n--;
	}
}

bool subscription_is_strange(struct str message)
{
	bool strange = false;

	for (size_t i = 1; i < message.n && message.p[0] == 1; i++)
		strange = strange || message.p[i] < '-' || message.p[i] > 'z';
	return strange;
}

static void refresh(struct subscriptions *s)
{
	struct str *texts = mem_zalloc(s->texts.n + 1, sizeof *texts);
	size_t n = 0;

	map_for_each(it, &s->texts)
		texts[n++] = it->key;
	prefixes_deinit(&s->prefixes);
	prefixes_init(&s->prefixes, texts, n);
	free(texts);
	s->stale = false;
}

bool subscriptions_want(struct subscriptions *s, uint32_t topic, const struct journal_reader *names)
{
	if (s->everything)
		return true;
	if (s->stale)
		refresh(s);
	return s->prefixes.n && prefixes_have(&s->prefixes, topic, names);
}
