#include "actors/hubs.h"

#include "base/buf.h"
#include "base/clock.h"

struct feed *hub_asker(const struct feed *feed, const struct hub_subscription *s)
{
	struct feed *asker = feed_new();
	struct feed_access *to = &asker->access;

	asker->id = arena_strdup(&asker->arena, s->token);
	asker->url = arena_strdup(&asker->arena, s->hub);
	if (!feed)
		return asker;
	const struct feed_access *from = &feed->access;
	to->proxy = from->proxy ? arena_strdup(&asker->arena, from->proxy) : NULL;
	to->n_allow_net = from->n_allow_net;
	to->allow_net = arena_alloc(&asker->arena, (from->n_allow_net + 1) * sizeof *to->allow_net);
	for (size_t i = 0; i < from->n_allow_net; i++)
		to->allow_net[i] = arena_strdup(&asker->arena, from->allow_net[i]);
	return asker;
}

static void put_encoded(struct buf *out, struct str s)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (ascii_is_alnum(c) || memchr("-._~", c, 4)) {
			buf_char(out, (char)c);
		} else {
			buf_char(out, '%');
			buf_char(out, digits[c >> 4]);
			buf_char(out, digits[c & 15]);
		}
	}
}

static void put(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "%s%s=", out->n ? "&" : "", name);
	put_encoded(out, value);
}

char *hub_form(const struct hub_subscription *s, const struct websub_settings *settings)
{
	struct buf out = BUF_INIT, callback = BUF_INIT;
	bool subscribes = s->state != SUBSCRIPTION_LEAVING;

	buf_printf(&callback, "%s/%s", s->callback, s->token);
	put(&out, "hub.callback", buf_view(&callback));
	put(&out, "hub.mode", subscribes ? STR("subscribe") : STR("unsubscribe"));
	put(&out, "hub.topic", str_of(s->topic));
	if (subscribes) {
		buf_printf(
			&out, "&hub.lease_seconds=%lld", (long long)(settings->lease_us / SEC_US));
		if (*s->secret)
			put(&out, "hub.secret", str_of(s->secret));
	}
	buf_deinit(&callback);
	buf_char(&out, '\0');
	return out.p;
}
