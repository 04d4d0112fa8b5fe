#include "config/bind.h"

#include "config/check.h"
#include "config/suggest.h"
#include "config/value.h"

#include <stdlib.h>

void binder_init(struct binder *binder, struct arena *arena, struct problems *problems)
{
	*binder = (struct binder){.arena = arena, .problems = problems};
	for (enum section s = 0; s < SECTION_COUNT; s++)
		binder->rows[s] = schema_of(s, &binder->n_rows[s]);
}

struct reference *binder_refer(struct binder *binder)
{
	return ARENA_PUSH(
		binder->arena, binder->references, binder->n_references, binder->cap_references);
}

static void add_path(struct buf *out, const struct place *place)
{
	if (!place)
		return;
	add_path(out, place->up);
	if (schema_sections[place->section].in_path)
		buf_printf(out, "%s%s", out->n ? "." : "", place->id ? place->id : "?");
}

const char *place_path(struct arena *arena, const struct place *place)
{
	struct buf path = BUF_INIT;

	add_path(&path, place);
	const char *text = arena_str(arena, buf_view(&path)).p;
	buf_deinit(&path);
	return text;
}

const char *place_text(struct problems *problems, const struct place *place)
{
	struct arena *arena = &problems->arena;

	if (!place->up)
		return "";
	const struct schema_section *section = &schema_sections[place->section];
	if (section->in_path)
		return arena_printf(arena, "%s %s: ", section->name, place_path(arena, place)).p;
	if (place->id)
		return arena_printf(arena, "%s %s: ", section->name, place->id).p;
	return arena_printf(arena, "%s%s: ", place_text(problems, place->up), section->name).p;
}

/* A key that is at home in another kind of file. */
static const char *home_of(enum section root, struct str key)
{
	static const struct {
		enum section root;
		const char *where;
	} homes[] = {{SECTION_DAEMON, "civicwired.yaml"}, {SECTION_FEEDS, "a file in feeds.d/"},
		{SECTION_THEMES, "a file in themes.d/"}, {SECTION_CLIENT, "a file in clients.d/"}};

	for (size_t i = 0; root <= SECTION_CLIENT && i < sizeof homes / sizeof *homes; i++)
		if (homes[i].root != root && schema_find(homes[i].root, key))
			return homes[i].where;
	return NULL;
}

/* "path, keep, max_size", in the problems' arena. */
static const char *known_keys(struct binder *b, enum section section)
{
	struct buf keys = BUF_INIT;

	for (size_t i = 0; i < b->n_rows[section]; i++)
		buf_printf(&keys, "%s%s", i ? ", " : "", b->rows[section][i].name);
	const char *kept = arena_str(&b->problems->arena, buf_view(&keys)).p;
	buf_deinit(&keys);
	return kept;
}

static void report_unknown(struct binder *b, const struct place *place, const struct node *node)
{
	const char *home = home_of(place->section, node->key);
	const char *prefix = place_text(b->problems, place);
	struct suggestion near = suggest_for(node->key);
	const char *shown = problem_shown(b->problems, node->key);

	for (size_t i = 0; i < b->n_rows[place->section]; i++)
		suggest_offer(&near, str_of(b->rows[place->section][i].name));
	if (home)
		problem_add(b->problems, node->key_mark, "%skey '%s' belongs into %s", prefix,
			shown, home);
	else if (near.best.p)
		problem_add(b->problems, node->key_mark,
			"%sunknown key '%s' (did you mean '%.*s'?)", prefix, shown,
			STR_FMT(near.best));
	else
		problem_add(b->problems, node->key_mark, "%sunknown key '%s'; known here: %s",
			prefix, shown, known_keys(b, place->section));
}

static void bind_map(struct binder *b, const struct place *up, enum section section,
	const struct node *map, void *out);

static void bind_list(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *list, char *out)
{
	bool sections = row->type == KEY_SECTIONS;
	size_t size = sections ? schema_sections[row->child].size : value_size(row->type);
	size_t *n = (size_t *)(out + row->count);

	if (list->type != NODE_LIST) {
		problem_add(b->problems, list->mark, "%s'%s' must be a list, not %s",
			place_text(b->problems, place), row->name, node_type_text(list));
		return;
	}
	char *items = arena_zalloc(b->arena, (list->n + 1) * size);
	*(void **)(out + row->offset) = items;
	*n = 0;
	for (const struct node *node = list->first; node; node = node->next) {
		char *item = items + *n * size;
		if (sections && node->type == NODE_MAP) {
			bind_map(b, place, row->child, node, item);
			++*n;
		} else if (sections && node->type != NODE_REFUSED) {
			problem_add(b->problems, node->mark,
				"%severy one of '%s' must be a mapping (key: value), not %s",
				place_text(b->problems, place), row->name, node_type_text(node));
		} else if (!sections && value_read(b, place, row, node, item)) {
			++*n;
		}
	}
}

static void bind_key(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, char *out)
{
	bool empty = node_is_null(node);

	if (row->type == KEY_SECTION) {
		/* `fetch:` with all its keys commented out is an empty mapping */
		if (node->type == NODE_MAP)
			bind_map(b, place, row->child, node, out + row->offset);
		else if (!empty && node->type != NODE_REFUSED)
			problem_add(b->problems, node->mark,
				"%s'%s' must be a mapping (key: value), not %s",
				place_text(b->problems, place), row->name, node_type_text(node));
	} else if (row->type == KEY_SECTIONS || (row->flags & KEY_LIST)) {
		if (!empty && node->type != NODE_REFUSED)
			bind_list(b, place, row, node, out);
	} else {
		value_read(b, place, row, node, out + row->offset);
	}
}

static void report_missing(
	struct binder *b, const struct place *place, const struct node *map, const bool *given)
{
	const struct schema_key *rows = b->rows[place->section];

	for (size_t i = 0; i < b->n_rows[place->section]; i++) {
		const struct schema_key *row = &rows[i];
		if (!(row->flags & KEY_REQUIRED) || given[i])
			continue;
		if (row->example)
			problem_add(b->problems, map->mark,
				"%s'%s' is missing; write it, as in %s: %s",
				place_text(b->problems, place), row->name, row->name, row->example);
		else
			problem_add(b->problems, map->mark, "%s'%s' is missing: %s",
				place_text(b->problems, place), row->name, row->about);
	}
}

/* No section has more keys; checked by the test of the table. */
#define SECTION_KEYS_MAX 32

static void bind_keys(
	struct binder *b, const struct place *place, const struct node *map, void *out)
{
	const struct schema_key *rows = b->rows[place->section];
	size_t n = b->n_rows[place->section], i;
	const struct node *first[SECTION_KEYS_MAX] = {NULL};
	bool given[SECTION_KEYS_MAX] = {false};

	for (const struct node *node = map->first; node; node = node->next) {
		for (i = 0; i < n && !str_is(node->key, rows[i].name); i++)
			;
		if (i == n) {
			report_unknown(b, place, node);
		} else if (given[i]) {
			problem_add(b->problems, node->key_mark,
				"%skey '%s' stands here twice; the first is at line %u",
				place_text(b->problems, place), rows[i].name,
				first[i]->key_mark.line);
		} else {
			given[i] = true;
			first[i] = node;
			bind_key(b, place, &rows[i], node, out);
		}
	}
	report_missing(b, place, map, given);
	check_section(b, place, map, out);
}

static void bind_map(struct binder *b, const struct place *up, enum section section,
	const struct node *map, void *out)
{
	const struct schema_section *kind = &schema_sections[section];
	struct place *place = ARENA_NEW(b->arena, struct place);
	const struct node *id = kind->named ? node_get(map, "id") : NULL;

	if (id && id->type == NODE_SCALAR && id->text.n && id->text.n <= 100)
		place->id = problem_shown(b->problems, id->text);
	place->up = up;
	place->section = section;
	if (kind->blank)
		memcpy(out, kind->blank, kind->size);
	if (kind->named) {
		struct entry *entry = out;
		entry->place = place;
		entry->mark = id ? id->mark : map->mark;
	}
	bind_keys(b, place, map, out);
}

void bind_file(struct binder *b, enum section section, const struct node *root, void *out)
{
	if (!root || node_is_null(root))
		return;
	if (root->type == NODE_MAP)
		bind_map(b, NULL, section, root, out);
	else if (root->type != NODE_REFUSED)
		problem_add(b->problems, root->mark,
			"the file must be a mapping (key: value), not %s", node_type_text(root));
}

/* Defaults are read as if they stood in the file: one way in for all values. */
void bind_defaults(struct binder *b, enum section section, void *out)
{
	static const struct config_file builtin = {.shown = "built-in default"};
	const struct tree_arenas arenas = {b->arena, b->arena};
	struct place *place = ARENA_NEW(b->arena, struct place);
	bool broken = false;

	place->section = section;
	for (size_t i = 0; i < b->n_rows[section]; i++) {
		const struct schema_key *row = &b->rows[section][i];
		if (row->type == KEY_SECTION && !schema_sections[row->child].size)
			bind_defaults(b, row->child, out);
		if (!row->fallback)
			continue;
		struct node *node =
			tree_read(&arenas, &builtin, str_of(row->fallback), b->problems, &broken);
		bind_key(b, place, row, node, out);
	}
}
