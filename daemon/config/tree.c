/* libyaml's events become a tree. What YAML offers beyond maps, lists and scalars is refused with a
 * sentence: anchors and aliases (a small file could become a huge tree, and what they are used
 * for, inheritance does better), merge keys, tags, several documents in a file. */
#include "config/tree.h"

#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	struct tree_arenas arenas;
	struct problems *problems;
	const struct config_file *file;
	struct str bytes;
	unsigned depth;
	bool broken;
};

static struct mark mark_of(const struct reader *r, yaml_mark_t at)
{
	return (struct mark){r->file, (unsigned)at.line + 1, (unsigned)at.column + 1};
}

/* Counts lines and characters up to a byte: for errors below YAML, which know only the byte. */
static struct mark mark_of_byte(const struct reader *r, size_t offset)
{
	struct mark mark = {r->file, 1, 1};

	for (size_t i = 0; i < offset && i < r->bytes.n; i++) {
		unsigned char c = (unsigned char)r->bytes.p[i];
		if (c == '\n') {
			mark.line++;
			mark.column = 1;
		} else if ((c & 0xC0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

/* libyaml's words → ours, where ours help more. */
struct phrase {
	const char *theirs, *ours;
};
static const struct phrase problem_words[] = {
	{"did not find expected ',' or ']'", "expected ',' or ']' here"},
	{"did not find expected node content",
		"expected a value here; look whether every [ and { above is closed"},
	{"found unexpected ':'", "expected a value before ':'; put the text into quotes"},
	{"did not find expected ',' or '}'", "expected ',' or '}' here"},
	{"did not find expected key",
		"expected a key here; look at the indentation and the line above"},
	{"did not find expected '-' indicator",
		"expected '- ' here; look at the indentation of this list"},
	{"mapping values are not allowed in this context",
		"': ' is not allowed here; put the text into quotes, or begin a new line"},
	{"found unexpected end of stream", "the file ends inside a quoted text"},
	{"found character that cannot start any token",
		"this character cannot begin a value; put the text into quotes"},
	{"could not find expected ':'", "expected ':' after the key above"},
	{"block sequence entries are not allowed in this context",
		"a list may not begin here; put '- ' on a new line"},
	{"block mapping entries are not allowed in this context",
		"a mapping may not begin here; put it on a new line"},
	{"found unknown escape character",
		"unknown escape after '\\'; use 'single quotes' to write a backslash"},
	{NULL, NULL},
};

static const struct phrase context_words[] = {
	{"while parsing a flow sequence", "in the list in [ ]"},
	{"while parsing a flow mapping", "in the mapping in { }"},
	{"while parsing a block collection", "in the list"},
	{"while parsing a block mapping", "in the mapping"},
	{"while scanning a quoted scalar", "in the quoted text"},
	{"while scanning a simple key", "in the key"},
	{NULL, NULL},
};

static const char *in_plain_words(const struct phrase *phrases, const char *theirs)
{
	for (const struct phrase *p = phrases; p->theirs; p++)
		if (!strcmp(p->theirs, theirs))
			return p->ours;
	return theirs;
}

static bool line_is_indented_by_tab(const struct reader *r, unsigned number)
{
	struct str rest = r->bytes, line = STR("");

	while (number-- && str_split(&rest, '\n', &line))
		;
	size_t indent = (size_t)(str_trim(line).p - line.p);
	return str_chr(str_head(line, indent), '\t') < indent;
}

static void report_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "this is not YAML";

	r->broken = true;
	if (p->error == YAML_READER_ERROR) {
		problem_add(r->problems, mark_of_byte(r, p->problem_offset),
			"a control character stands here; take it out");
		return;
	}
	struct mark mark = mark_of(r, p->problem_mark);
	if (p->error == YAML_SCANNER_ERROR && line_is_indented_by_tab(r, mark.line))
		problem_add(r->problems, mark, "a tab stands here; YAML is indented with spaces");
	else if (p->context && p->context_mark.line + 1 != mark.line)
		problem_add(r->problems, mark, "%s (%s that begins at line %zu)",
			in_plain_words(problem_words, problem),
			in_plain_words(context_words, p->context), p->context_mark.line + 1);
	else
		problem_add(r->problems, mark, "%s", in_plain_words(problem_words, problem));
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
	if (r->broken)
		return false;
	if (!yaml_parser_parse(&r->parser, event)) {
		report_syntax(r);
		return false;
	}
	return true;
}

static struct node *node_new(struct reader *r, enum node_type type, const yaml_event_t *event)
{
	struct node *node = ARENA_NEW(r->arenas.nodes, struct node);

	node->type = type;
	node->mark = mark_of(r, event->start_mark);
	return node;
}

static void refuse(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
	const yaml_char_t *tag)
{
	if (anchor)
		problem_add(r->problems, mark_of(r, event->start_mark),
			"anchors (&%s) are not supported; write the value out, or set it once on "
			"the city or agency, from where feeds inherit it",
			(const char *)anchor);
	if (tag)
		problem_add(r->problems, mark_of(r, event->start_mark),
			"tags (%s) are not supported; take it out", (const char *)tag);
}

static struct node *read_value(struct reader *r, yaml_event_t *event);

static void append(struct node *parent, struct node **last, struct node *child)
{
	*(*last ? &(*last)->next : &parent->first) = child;
	*last = child;
	parent->n++;
}

static void read_list(struct reader *r, struct node *list)
{
	struct node *last = NULL;
	yaml_event_t event;

	while (next_event(r, &event)) {
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return;
		}
		struct node *child = read_value(r, &event);
		if (child)
			append(list, &last, child);
	}
}

/* Keys that only YAML itself knows what to do with. */
static bool key_is_usable(struct reader *r, const struct node *key)
{
	if (key->type == NODE_REFUSED)
		return false;
	if (key->type != NODE_SCALAR) {
		problem_add(r->problems, key->mark, "a key must be a single word, not %s",
			node_type_text(key));
		return false;
	}
	if (key->plain && str_is(key->text, "<<")) {
		problem_add(r->problems, key->mark,
			"merge keys (<<) are not supported; write the values out, or set them once "
			"on the city or agency, from where feeds inherit them");
		return false;
	}
	return true;
}

static void read_map(struct reader *r, struct node *map)
{
	struct node *last = NULL;
	yaml_event_t event;

	while (next_event(r, &event)) {
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return;
		}
		struct node *key = read_value(r, &event);
		size_t problems = r->problems->n;
		bool usable = key && key_is_usable(r, key);
		bool told = r->problems->n > problems;
		if (!next_event(r, &event))
			return;
		if (told && event.type == YAML_ALIAS_EVENT) {
			yaml_event_delete(&event); /* one sentence is enough for `<<: *x` */
			continue;
		}
		struct node *child = read_value(r, &event);
		if (!usable || !child)
			continue;
		child->key = key->text;
		child->key_mark = key->mark;
		append(map, &last, child);
	}
}

static bool descend(struct reader *r, const struct node *node)
{
	if (r->depth < TREE_DEPTH_MAX) {
		r->depth++;
		return true;
	}
	problem_add(r->problems, node->mark, "nested more than %d levels deep", TREE_DEPTH_MAX);
	r->broken = true;
	return false;
}

/* The node that begins with this event (which is used up). */
static struct node *read_value(struct reader *r, yaml_event_t *event)
{
	struct node *node = NULL;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		node = node_new(r, NODE_SCALAR, event);
		node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		node->text =
			arena_str(r->arenas.texts, str_make((const char *)event->data.scalar.value,
							   event->data.scalar.length));
		refuse(r, event, event->data.scalar.anchor, event->data.scalar.tag);
		break;
	case YAML_SEQUENCE_START_EVENT:
		node = node_new(r, NODE_LIST, event);
		refuse(r, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		node = node_new(r, NODE_MAP, event);
		refuse(r, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
		break;
	case YAML_ALIAS_EVENT:
		node = node_new(r, NODE_REFUSED, event);
		problem_add(r->problems, node->mark,
			"aliases (*%s) are not supported; write the value out, or set it once on "
			"the city or agency, from where feeds inherit it",
			(const char *)event->data.alias.anchor);
		break;
	default:
		break;
	}
	yaml_event_delete(event);
	if (node && (node->type == NODE_LIST || node->type == NODE_MAP) && descend(r, node)) {
		(node->type == NODE_LIST ? read_list : read_map)(r, node);
		r->depth--;
	}
	return node;
}

/* A file is one document, or none. */
static struct node *read_stream(struct reader *r)
{
	struct node *root = NULL;
	yaml_event_t event;
	unsigned documents = 0;

	while (next_event(r, &event)) {
		yaml_event_type_t type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && documents++) {
			problem_add(r->problems, mark_of(r, event.start_mark),
				"a second YAML document begins here; put it into a file of its "
				"own");
			r->broken = true;
		}
		if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
			type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT)
			root = read_value(r, &event);
		else
			yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT)
			break;
	}
	return root;
}

struct node *tree_read(const struct tree_arenas *arenas, const struct config_file *file,
	struct str bytes, struct problems *problems, bool *ret_broken)
{
	struct reader r = {.arenas = *arenas, .problems = problems, .file = file, .bytes = bytes};
	size_t valid = utf8_valid_prefix(bytes);
	struct node *root = NULL;

	if (valid < bytes.n) {
		problem_add(problems, mark_of_byte(&r, valid),
			"this is not UTF-8; save the file in that encoding");
		*ret_broken = true;
		return NULL;
	}
	if (!yaml_parser_initialize(&r.parser))
		abort(); /* out of memory: base/alloc.h */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes.p, bytes.n);
	root = read_stream(&r);
	yaml_parser_delete(&r.parser);
	if (!r.broken)
		return root;
	*ret_broken = true;
	return NULL;
}

bool node_is_null(const struct node *node)
{
	return node->type == NODE_SCALAR && node->plain &&
	       (!node->text.n || str_is(node->text, "~") || str_is(node->text, "null"));
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (map->type != NODE_MAP)
		return NULL;
	for (const struct node *n = map->first; n; n = n->next)
		if (str_is(n->key, key))
			return n;
	return NULL;
}

const char *node_type_text(const struct node *node)
{
	return node->type == NODE_LIST  ? "a list"
	       : node->type == NODE_MAP ? "a mapping"
					: "a single value";
}
