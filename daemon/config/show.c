#include "config/show.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "config/alone.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DEFAULT "default"
/* Feed, agency, city. */
#define LEVELS 3

struct show {
	struct arena arena;
	struct problems problems; /* found again, told by nobody */
	struct binder binder;
	struct files files;
	struct config_show_sink *sink;
	const char *subject, *pattern;
	const struct node **roots; /* of feeds.d */
	size_t n_roots;
	const struct node *main; /* civicwired.yaml; NULL: it says nothing */
};

/* ---- values ---- */

static void write_flow(struct buf *out, const struct node *node)
{
	const char *brackets = node->type == NODE_MAP ? "{}" : "[]";

	if (node->type == NODE_SCALAR) {
		if (node->plain)
			buf_str(out, node->text);
		else
			json_quote(out, node->text);
		return;
	}
	buf_char(out, brackets[0]);
	for (const struct node *child = node->first; child; child = child->next) {
		buf_lit(out, " ");
		if (node->type == NODE_MAP) {
			buf_str(out, child->key);
			buf_lit(out, ": ");
		}
		write_flow(out, child);
		if (child->next)
			buf_char(out, ',');
	}
	buf_lit(out, " ");
	buf_char(out, brackets[1]);
}

static void tell(struct show *s, const char *key, const char *value, const char *where)
{
	s->sink->value(s->sink, s->subject, key, value, where);
}

/* A path is told as it is used: from the folder of its file. */
static void tell_node(
	struct show *s, const char *key, const struct schema_key *row, const struct node *node)
{
	struct buf value = BUF_INIT;
	bool is_relative = row->type == KEY_PATH && node->type == NODE_SCALAR && node->text.n &&
			   node->text.p[0] != '/';

	if (is_relative)
		buf_printf(&value, "%s/", node->mark.file->folder);
	write_flow(&value, node);
	tell(s, key, buf_cstr(&value), mark_text(&s->arena, node->mark));
	buf_deinit(&value);
}

static const struct node *said(const struct node *map, const char *key)
{
	const struct node *node = map && map->type == NODE_MAP ? node_get(map, key) : NULL;

	return node && !node_is_null(node) ? node : NULL;
}

/* ---- the daemon's settings ---- */

static void show_section(
	struct show *s, enum section section, const struct node *map, const char *prefix);

static void show_list(
	struct show *s, const struct schema_key *row, const struct node *list, const char *key)
{
	size_t i = 0;

	for (const struct node *child = list->first; child; child = child->next) {
		show_section(s, row->child, child, arena_printf(&s->arena, "%s[%zu].", key, i++).p);
	}
	if (!i)
		tell(s, key, "[]", mark_text(&s->arena, list->mark));
}

static void show_section(
	struct show *s, enum section section, const struct node *map, const char *prefix)
{
	size_t n;
	const struct schema_key *rows = schema_of(section, &n);

	for (size_t i = 0; i < n; i++) {
		const struct node *node = said(map, rows[i].name);
		const char *key = arena_printf(&s->arena, "%s%s", prefix, rows[i].name).p;
		if (rows[i].type == KEY_SECTION) {
			show_section(s, rows[i].child, node, arena_printf(&s->arena, "%s.", key).p);
		} else if (node && rows[i].type == KEY_SECTIONS && node->type == NODE_LIST) {
			show_list(s, &rows[i], node, key);
		} else if (node) {
			tell_node(s, key, &rows[i], node);
		} else if (rows[i].fallback) {
			tell(s, key, rows[i].fallback, DEFAULT);
		}
	}
}

/* ---- feeds ---- */

static struct str id_of(const struct node *node)
{
	const struct node *id = said(node, "id");

	return id && id->type == NODE_SCALAR ? id->text : STR_NONE;
}

/* The interval that feeds have which say none is a setting of the daemon. */
static void show_default(struct show *s, const struct schema_key *row)
{
	if (str_is(str_of(row->name), "interval")) {
		const struct node *node = said(said(s->main, "fetch"), "interval");
		const struct schema_key *general = schema_find(SECTION_FETCH, STR("interval"));
		if (node)
			tell_node(s, row->name, general, node);
		else
			tell(s, row->name, general->fallback, DEFAULT);
	} else if (row->fallback) {
		tell(s, row->name, row->fallback, DEFAULT);
	}
}

/* The nearest level wins, but themes add up. */
static void show_inherited(
	struct show *s, const struct schema_key *row, const struct node *const levels[LEVELS])
{
	bool adds = row->type == KEY_THEME_REF, found = false;

	for (size_t i = 0; i < LEVELS && (adds || !found); i++) {
		const struct node *node = said(levels[i], row->name);
		if (node)
			tell_node(s, row->name, row, node);
		found |= node != NULL;
	}
	if (!found)
		show_default(s, row);
}

/* Which networks list the feed's city. */
static void show_networks(struct show *s, struct str city)
{
	for (size_t i = 0; i < s->n_roots; i++) {
		const struct node *networks = said(s->roots[i], "networks");
		for (const struct node *n = networks ? networks->first : NULL; n; n = n->next) {
			const struct node *cities = said(n, "cities");
			for (const struct node *c = cities ? cities->first : NULL; c; c = c->next)
				if (str_eq(c->text, city))
					tell(s, "network", arena_str(&s->arena, id_of(n)).p,
						mark_text(&s->arena, c->mark));
		}
	}
}

static void show_feed(
	struct show *s, const struct node *feed, const struct node *agency, const struct node *city)
{
	const struct node *levels[LEVELS] = {feed, agency, city};
	size_t n;
	const struct schema_key *rows = schema_of(SECTION_FEED, &n);

	for (size_t i = 0; i < n; i++) {
		const struct node *own = said(feed, rows[i].name);
		/* What an agency may say as well is inherited; name and id are of each its own. */
		bool inherited = schema_find(SECTION_AGENCY, str_of(rows[i].name)) &&
				 !str_is(str_of(rows[i].name), "name") &&
				 !str_is(str_of(rows[i].name), "id");
		if (inherited)
			show_inherited(s, &rows[i], levels);
		else if (own)
			tell_node(s, rows[i].name, &rows[i], own);
		else
			show_default(s, &rows[i]);
	}
	show_networks(s, id_of(city));
}

static void show_city(struct show *s, const struct node *city)
{
	const struct node *agencies = said(city, "agencies"), *feeds;

	for (const struct node *a = agencies ? agencies->first : NULL; a; a = a->next) {
		feeds = said(a, "feeds");
		for (const struct node *f = feeds ? feeds->first : NULL; f; f = f->next) {
			s->subject = arena_printf(&s->arena, "%.*s.%.*s.%.*s", STR_FMT(id_of(city)),
				STR_FMT(id_of(a)), STR_FMT(id_of(f)))
					     .p;
			if (fnmatch(s->pattern, s->subject, 0) == 0)
				show_feed(s, f, a, city);
		}
	}
}

static void show_feeds(struct show *s)
{
	static const char *const lists[] = {"cities", "bodies"};

	for (size_t i = 0; i < s->n_roots; i++)
		for (size_t k = 0; k < 2; k++) {
			const struct node *list = said(s->roots[i], lists[k]);
			for (const struct node *c = list ? list->first : NULL; c; c = c->next)
				show_city(s, c);
		}
}

/* ---- files ---- */

static const struct node *read_tree(struct show *s, const char *path, const char *shown)
{
	int err; /* what cannot be read says nothing; config_load() has told of it */

	return alone_read(&s->files, path, shown, &err);
}

static int read_files(struct show *s, const char *path, struct error *error)
{
	cleanup(free_p) char *full = realpath(path, NULL);
	struct arena *arena = &s->arena;
	struct file_name *names = NULL;
	const char *main_file, *folder;
	struct stat st;

	if (!full || stat(full, &st) < 0)
		return error_errno(error, errno, "configuration %s", path);
	folder = main_file = arena_strdup(arena, full);
	if (S_ISDIR(st.st_mode))
		main_file = arena_printf(arena, "%s/civicwired.yaml", folder).p;
	else
		folder = arena_str(arena, str_make(full, (size_t)(strrchr(full, '/') - full))).p;
	if (access(main_file, F_OK) == 0)
		s->main = read_tree(s, main_file, strrchr(main_file, '/') + 1);
	int n = files_list(
		&s->files, arena_printf(arena, "%s/feeds.d", folder).p, "feeds.d", &names);
	s->roots = arena_zalloc(arena, ((size_t)(n > 0 ? n : 0) + 1) * sizeof *s->roots);
	for (int i = 0; i < n; i++) {
		const struct node *root = read_tree(s, names[i].path, names[i].shown);
		if (root)
			s->roots[s->n_roots++] = root;
	}
	return 0;
}

int config_show(
	const char *path, const char *feeds, struct config_show_sink *sink, struct error *error)
{
	struct show s = {.arena = ARENA_INIT, .sink = sink, .pattern = feeds};

	problems_init(&s.problems);
	binder_init(&s.binder, &s.arena, &s.problems);
	s.files = (struct files){.arena = &s.arena, .problems = &s.problems, .binder = &s.binder};
	int r = read_files(&s, path, error);
	if (r == 0 && feeds)
		show_feeds(&s);
	else if (r == 0)
		show_section(&s, SECTION_DAEMON, s.main, "");
	problems_deinit(&s.problems);
	arena_deinit(&s.arena);
	return r;
}
