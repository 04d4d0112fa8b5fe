#include "model/explain.h"

#include "base/clock.h"

struct explain *explain_new(struct arena *arena)
{
	struct explain *explain = ARENA_NEW(arena, struct explain);

	explain->arena = arena;
	return explain;
}

void explain_date(struct explain *explain, const struct explain_date *date)
{
	if (!explain)
		return;
	*ARENA_PUSH(explain->arena, explain->dates, explain->n_dates, explain->cap_dates) = *date;
}

void explain_theme(struct explain *explain, const struct explain_theme *theme)
{
	if (!explain)
		return;
	*ARENA_PUSH(explain->arena, explain->themes, explain->n_themes, explain->cap_themes) =
		*theme;
}

static void write_date(struct json *j, const struct explain_date *date)
{
	json_open(j, '{');
	json_member(j, "member", str_of(date->member));
	json_member(j, "raw", date->raw);
	json_member_time(j, "read_as", date->s);
	json_member(j, "form", str_of(date->form));
	json_member(j, "decided_by", str_of(date->decided_by));
	json_member(j, "zone", str_of(date->zone));
	json_member(j, "flaw", str_of(date->flaw));
	json_close(j, '}');
}

static void write_theme(struct json *j, const struct explain_theme *theme)
{
	json_open(j, '{');
	json_member(j, "theme", theme->theme);
	json_member(j, "by", str_of(theme->by));
	json_member(j, "what", theme->what);
	json_member(j, "where", theme->where);
	json_close(j, '}');
}

void explain_write(struct json *j, const struct explain *explain)
{
	if (!explain)
		return;
	json_key(j, "_explain");
	json_open(j, '{');
	json_key(j, "dates");
	json_open(j, '[');
	for (size_t i = 0; i < explain->n_dates; i++)
		write_date(j, &explain->dates[i]);
	json_close(j, ']');
	json_key(j, "id");
	json_open(j, '{');
	json_member(j, "from", str_of(explain->id_from));
	json_member(j, "alias", explain->alias);
	json_member(j, "key", explain->key);
	json_close(j, '}');
	json_key(j, "url");
	json_open(j, '{');
	json_member(j, "from", str_of(explain->url_from));
	json_close(j, '}');
	json_key(j, "language");
	json_open(j, '{');
	json_member(j, "from", str_of(explain->language_from));
	json_member(j, "raw", explain->language_raw);
	json_close(j, '}');
	json_key(j, "themes");
	json_open(j, '[');
	for (size_t i = 0; i < explain->n_themes; i++)
		write_theme(j, &explain->themes[i]);
	json_close(j, ']');
	json_close(j, '}');
}
