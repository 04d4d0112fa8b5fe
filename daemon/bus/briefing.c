#include "bus/briefing.h"

#include <errno.h>
#include <jansson.h>

#include "base/json.h"

static void write_texts(struct json *j, const char *name, const char **texts, size_t n)
{
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		json_str(j, str_of(texts[i]));
	json_close(j, ']');
}

void briefing_write(struct buf *out, const char *build, pid_t parent, const char *journal_path,
	const struct bus_settings *bus)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_member(&j, "build", str_of(build));
	json_member_int(&j, "parent", parent);
	json_member(&j, "journal", str_of(journal_path));
	json_member(&j, "replay", str_of(bus->replay_bind));
	json_key(&j, "live");
	json_open(&j, '[');
	for (size_t i = 0; i < bus->n_live; i++) {
		const struct live_endpoint *live = &bus->live[i];
		json_open(&j, '{');
		json_member(&j, "bind", str_of(live->bind));
		write_texts(&j, "networks", live->audience.networks, live->audience.n_networks);
		write_texts(&j, "topics", live->audience.topics, live->audience.n_topics);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

static const char *read_text(struct arena *arena, json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? arena_strdup(arena, text) : NULL;
}

static const char **read_texts(struct arena *arena, json_t *object, const char *name, size_t *ret_n)
{
	json_t *array = json_object_get(object, name), *text;
	size_t n = json_array_size(array), i;
	const char **texts = arena_zalloc(arena, (n + 1) * sizeof *texts);

	json_array_foreach(array, i, text) texts[i] =
		arena_strdup(arena, json_is_string(text) ? json_string_value(text) : "");
	*ret_n = n;
	return texts;
}

static void read_live(struct briefing *b, json_t *array)
{
	json_t *object;
	size_t i;

	b->bus.n_live = json_array_size(array);
	b->bus.live = arena_zalloc(&b->arena, (b->bus.n_live + 1) * sizeof *b->bus.live);
	json_array_foreach(array, i, object)
	{
		struct live_endpoint *live = &b->bus.live[i];
		struct audience *audience = &live->audience;
		live->bind = read_text(&b->arena, object, "bind");
		audience->networks =
			read_texts(&b->arena, object, "networks", &audience->n_networks);
		audience->topics = read_texts(&b->arena, object, "topics", &audience->n_topics);
	}
}

int briefing_read(struct briefing *ret, struct str json, struct error *error)
{
	json_error_t why;
	json_t *root = json_loadb(json.p, json.n, 0, &why);

	*ret = (struct briefing){.arena = ARENA_INIT};
	if (!root)
		return error_set(error, EPROTO, "the parent's configuration: %s", why.text);
	ret->build = read_text(&ret->arena, root, "build");
	ret->parent = (pid_t)json_integer_value(json_object_get(root, "parent"));
	ret->journal_path = read_text(&ret->arena, root, "journal");
	ret->bus.replay_bind = read_text(&ret->arena, root, "replay");
	read_live(ret, json_object_get(root, "live"));
	json_decref(root);
	for (size_t i = 0; i < ret->bus.n_live; i++)
		if (!ret->bus.live[i].bind)
			return error_set(error, EPROTO, "a live endpoint without an address");
	if (!ret->build || !ret->journal_path)
		return error_set(error, EPROTO, "the parent's configuration is not whole");
	return 0;
}

void briefing_deinit(struct briefing *briefing)
{
	arena_deinit(&briefing->arena);
}
