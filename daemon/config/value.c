#include "config/value.h"

#include "base/clock.h"
#include "config/config.h"
#include "config/quantity.h"
#include "config/shape.h"
#include "config/suggest.h"

#include <stdlib.h>

/* There are some 180 languages of two letters; nobody writes a name in all of them. */
#define LANGUAGES_MAX 200

void value_problem(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, const char *why)
{
	problem_add(b->problems, node->mark, "%s%s '%s' %s", place_text(b->problems, place),
		row->name, problem_shown(b->problems, node->text), why);
}

/* "./" and "../" at the beginning are worked off, so that a path reads well where it is shown. */
static const char *absolute_path(struct binder *b, const struct node *node)
{
	struct str folder = str_of(node->mark.file->folder), text = node->text;

	if (text.p[0] == '/' || !folder.p)
		return text.p;
	for (;;) {
		if (str_starts(text, STR("./"))) {
			text = str_skip(text, 2);
		} else if (str_starts(text, STR("../"))) {
			text = str_skip(text, 3);
			while (folder.n && folder.p[folder.n - 1] != '/')
				folder.n--;
			folder.n -= folder.n > 0;
		} else {
			return arena_printf(b->arena, "%.*s/%s", STR_FMT(folder), text.p).p;
		}
	}
}

/* file:./x.xml, file:/x.xml and file:///x.xml → file:///…, with what is no URL character encoded. */
static const char *absolute_file_url(struct binder *b, const struct node *node)
{
	static const char hex[] = "0123456789ABCDEF";
	struct node path = *node;
	struct buf url = BUF_INIT;

	path.text = str_skip(node->text, sizeof "file:" - 1);
	if (str_starts(path.text, STR("//localhost/")))
		path.text = str_skip(path.text, sizeof "//localhost" - 1);
	else if (str_starts(path.text, STR("///")))
		path.text = str_skip(path.text, 2);
	buf_lit(&url, "file://");
	for (const char *p = absolute_path(b, &path); *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (ascii_is_alnum(c) || strchr("/-._~!$&'()*+,;=:@%", c)) {
			buf_char(&url, *p);
		} else {
			buf_char(&url, '%');
			buf_char(&url, hex[c >> 4]);
			buf_char(&url, hex[c & 15]);
		}
	}
	const char *text = arena_str(b->arena, buf_view(&url)).p;
	buf_deinit(&url);
	return text;
}

static const char *lower_case(struct binder *b, struct str text)
{
	char *p = arena_strdup(b->arena, text.p);

	for (char *c = p; *c; c++)
		*c = ascii_lower(*c);
	return p;
}

static const char *without_slash(struct binder *b, struct str text)
{
	while (text.n && text.p[text.n - 1] == '/')
		text.n--;
	return arena_str(b->arena, text).p;
}

/* Some texts are not kept as they were written. */
static const char *text_kept(struct binder *b, enum key_type type, const struct node *node)
{
	switch (type) {
	case KEY_PATH:
		return absolute_path(b, node);
	case KEY_FEED_URL:
		return str_istarts(node->text, STR("file:")) ? absolute_file_url(b, node)
							     : node->text.p;
	case KEY_HOST:
		return lower_case(b, node->text);
	case KEY_PREFIX:
	case KEY_CALLBACK:
		return without_slash(b, node->text);
	default:
		return node->text.p;
	}
}

static bool is_reference(enum key_type type, struct str text)
{
	if (type == KEY_FEED_URL)
		return str_istarts(text, STR("file:"));
	return type == KEY_HOST || (type >= KEY_NETWORK_REF && type <= KEY_FEED_PATTERN);
}

static void note_reference(struct binder *b, const struct place *place,
	const struct schema_key *row, const struct node *node, const char *kept)
{
	*binder_refer(b) = (struct reference){
		row->type, row->type == KEY_FEED_URL ? node->text.p : kept, node->mark, place};
}

static bool read_text(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, void *out)
{
	bool known = row->type == KEY_TIMEZONE && b->last_timezone &&
		     str_is(node->text, b->last_timezone);
	const char *why = NULL;

	if (!known && memchr(node->text.p, '\0', node->text.n))
		why = "holds a NUL";
	else if (!known)
		why = shapes[row->type].refuse(b->arena, node->text);
	if (why) {
		value_problem(b, place, row, node, why);
		return false;
	}
	if (row->type == KEY_TIMEZONE)
		b->last_timezone = node->text.p;
	*(const char **)out = text_kept(b, row->type, node);
	if (is_reference(row->type, node->text))
		note_reference(b, place, row, node, *(const char **)out);
	return true;
}

static bool read_bool(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, bool *ret)
{
	if (str_is(node->text, "true"))
		*ret = true;
	else if (str_is(node->text, "false"))
		*ret = false;
	else {
		value_problem(b, place, row, node, "is neither true nor false");
		return false;
	}
	return true;
}

static bool read_quantity(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, int64_t *ret)
{
	bool is_size = row->type == KEY_SIZE;
	const char *(*text)(struct arena *, int64_t) =
		is_size ? quantity_size_text : quantity_duration_text;
	unsigned long long bare;
	const char *why;

	if (!(is_size ? quantity_size : quantity_duration)(node->text, ret)) {
		if (str_u64(node->text, INT64_MAX, &bare))
			why = arena_printf(b->arena, "has no unit; write %llu%s or another of %s",
				bare, is_size ? "MiB" : "min",
				is_size ? "B, KiB, MiB, GiB, TiB" : "ms, s, min, h, d")
				      .p;
		else
			why = is_size ? "is not a size; write a whole number and B, KiB, MiB, GiB "
					"or TiB, such as 64KiB"
				      : "is not a duration; write a whole number and ms, s, min, h "
					"or d, such as 15min";
	} else if (*ret < row->least) {
		why = arena_printf(
			b->arena, "is below %s, the least allowed", text(b->arena, row->least))
			      .p;
	} else if (*ret > row->most) {
		why = arena_printf(
			b->arena, "is above %s, the most allowed", text(b->arena, row->most))
			      .p;
	} else {
		return true;
	}
	value_problem(b, place, row, node, why);
	return false;
}

/* A date means its beginning. */
static bool read_time(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, int64_t *ret)
{
	const char *whole = arena_printf(b->arena, "%.*sT00:00:00Z", STR_FMT(node->text)).p;

	if (time_parse_rfc3339(node->text, ret) || time_parse_rfc3339(str_of(whole), ret))
		return true;
	value_problem(b, place, row, node,
		"is neither a date nor a time; write 2027-01-31 or 2027-01-31T12:00:00Z");
	return false;
}

static bool read_count(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, int64_t *ret)
{
	unsigned long long n;

	if (str_u64(node->text, (unsigned long long)row->most, &n) && (int64_t)n >= row->least) {
		*ret = (int64_t)n;
		return true;
	}
	value_problem(b, place, row, node,
		arena_printf(b->arena, "is not a whole number from %lld to %lld",
			(long long)row->least, (long long)row->most)
			.p);
	return false;
}

static bool read_choice(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, int *ret)
{
	struct suggestion near = suggest_for(node->text);
	struct buf why = BUF_INIT;

	for (int i = 0; row->choices[i]; i++) {
		if (str_is(node->text, row->choices[i])) {
			*ret = i;
			return true;
		}
		suggest_offer(&near, str_of(row->choices[i]));
	}
	buf_lit(&why, "is none of ");
	for (int i = 0; row->choices[i]; i++)
		buf_printf(&why, "%s%s", i ? ", " : "", row->choices[i]);
	if (near.best.p)
		buf_printf(&why, " (did you mean '%.*s'?)", STR_FMT(near.best));
	value_problem(b, place, row, node, buf_cstr(&why));
	buf_deinit(&why);
	return false;
}

static bool read_single(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, void *out)
{
	struct interval *interval = out;
	bool yes;

	switch (row->type) {
	case KEY_BOOL:
		return read_bool(b, place, row, node, out);
	case KEY_TRISTATE:
		if (!read_bool(b, place, row, node, &yes))
			return false;
		*(int *)out = yes ? TRI_TRUE : TRI_FALSE;
		return true;
	case KEY_COUNT:
		return read_count(b, place, row, node, out);
	case KEY_DURATION:
	case KEY_SIZE:
		return read_quantity(b, place, row, node, out);
	case KEY_TIME:
		return read_time(b, place, row, node, out);
	case KEY_INTERVAL:
		interval->text = node->text.p;
		interval->mark = node->mark;
		return read_quantity(b, place, row, node, &interval->us);
	case KEY_CHOICE:
		return read_choice(b, place, row, node, out);
	default:
		return read_text(b, place, row, node, out);
	}
}

static bool read_point(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, struct point *ret)
{
	const struct node *first = node->first, *second = first ? first->next : NULL;
	struct point point = {.given = true};

	if (node->type == NODE_LIST && node->n == 2 && first->type == NODE_SCALAR &&
		second->type == NODE_SCALAR && shape_number(first->text, &point.latitude) &&
		shape_number(second->text, &point.longitude)) {
		bool good = point.latitude >= -90 && point.latitude <= 90 &&
			    point.longitude >= -180 && point.longitude <= 180;
		if (good)
			*ret = point;
		else
			problem_add(b->problems, node->mark,
				"%s%s [%s, %s] is not on Earth; write [latitude, longitude] in "
				"degrees",
				place_text(b->problems, place), row->name,
				problem_shown(b->problems, first->text),
				problem_shown(b->problems, second->text));
		return good;
	}
	problem_add(b->problems, node->mark,
		"%s'%s' must be [latitude, longitude] in degrees, such as [6.2442, -75.5812]",
		place_text(b->problems, place), row->name);
	return false;
}

/* A mapping whose keys are languages: `names` and `words`. */
static bool is_by_language(struct binder *b, const struct place *place,
	const struct schema_key *row, const struct node *node)
{
	bool good = true;

	if (node->type != NODE_MAP || !node->n || node->n > LANGUAGES_MAX) {
		problem_add(b->problems, node->mark, "%s'%s' must be given by language, as in %s",
			place_text(b->problems, place), row->name,
			row->type == KEY_NAMES ? "{ es: Medellín }" : "{ es: [premio, galardón] }");
		return false;
	}
	for (const struct node *n = node->first; n; n = n->next) {
		const struct node *same = node->first;
		while (!str_eq(same->key, n->key))
			same = same->next;
		if (same != n)
			problem_add(b->problems, n->key_mark,
				"%s%s: language '%s' stands here twice; the first is at line %u",
				place_text(b->problems, place), row->name,
				problem_shown(b->problems, n->key), same->key_mark.line);
		const char *why = shapes[KEY_LANGUAGE].refuse(b->arena, n->key);
		if (why)
			problem_add(b->problems, n->key_mark, "%s%s: '%s' %s",
				place_text(b->problems, place), row->name,
				problem_shown(b->problems, n->key), why);
		good = good && same == n && !why;
	}
	return good;
}

static const struct schema_key text_row = {.name = "text", .type = KEY_TEXT};

static bool read_names(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, struct names *ret)
{
	if (!is_by_language(b, place, row, node))
		return false;
	struct schema_key name = text_row;
	struct names names = {arena_alloc(b->arena, node->n * sizeof *names.items), 0};
	name.name = row->name;
	for (const struct node *n = node->first; n; n = n->next) {
		if (n->type != NODE_SCALAR) {
			problem_add(b->problems, n->mark, "%s%s: '%s' must be a text, not %s",
				place_text(b->problems, place), row->name,
				problem_shown(b->problems, n->key), node_type_text(n));
			return false;
		}
		struct name *item = &names.items[names.n++];
		item->language = n->key.p;
		if (!read_text(b, place, &name, n, &item->text))
			return false;
	}
	*ret = names;
	return true;
}

static bool read_words(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, struct words *ret)
{
	struct schema_key word = text_row;

	if (!is_by_language(b, place, row, node))
		return false;
	struct words words = {arena_alloc(b->arena, node->n * sizeof *words.items), 0};
	word.name = row->name;
	for (const struct node *n = node->first; n; n = n->next) {
		struct word_list *list = &words.items[words.n++];
		*list = (struct word_list){
			n->key.p, arena_alloc(b->arena, (n->n + 1) * sizeof *list->items), 0};
		for (const struct node *w = n->first; w; w = w->next)
			if (w->type == NODE_SCALAR &&
				read_text(b, place, &word, w, &list->items[list->n]))
				list->n++;
		if (n->type != NODE_LIST || !n->n) {
			problem_add(b->problems, n->mark,
				"%s%s: '%s' must be a list of words, as in [premio, galardón]",
				place_text(b->problems, place), row->name, n->key.p);
			return false;
		}
	}
	*ret = words;
	return true;
}

bool value_read(struct binder *b, const struct place *place, const struct schema_key *row,
	const struct node *node, void *out)
{
	if (node->type == NODE_REFUSED)
		return false;
	if (row->type == KEY_POINT)
		return read_point(b, place, row, node, out);
	if (row->type == KEY_NAMES)
		return read_names(b, place, row, node, out);
	if (row->type == KEY_WORDS)
		return read_words(b, place, row, node, out);
	if (node->type != NODE_SCALAR) {
		problem_add(b->problems, node->mark, "%s'%s' must be a single value, not %s",
			place_text(b->problems, place), row->name, node_type_text(node));
		return false;
	}
	if (node_is_null(node)) {
		problem_add(b->problems, node->mark,
			"%s'%s' has no value; write one, or take the key out",
			place_text(b->problems, place), row->name);
		return false;
	}
	if ((row->flags & KEY_NONE) && str_is(node->text, "none")) {
		memset(out, 0, value_size(row->type));
		return true;
	}
	return read_single(b, place, row, node, out);
}

size_t value_size(enum key_type type)
{
	return type == KEY_COUNT || type == KEY_DURATION || type == KEY_SIZE || type == KEY_TIME
		       ? sizeof(int64_t)
		       : sizeof(const char *);
}
