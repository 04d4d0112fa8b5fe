/* JSON Schema (draft 2020-12) from the table: for editors that complete and check YAML while it is
 * written. `civicwire check` knows more: references, time zones, agreed intervals. */
#include "base/json.h"
#include "config/schema.h"
#include "config/shape.h"

#define DURATION_PATTERN "^[0-9]+ ?(ms|s|min|h|d)$"
#define SIZE_PATTERN     "^[0-9]+ ?(B|KiB|MiB|GiB|TiB)$"
#define TIME_PATTERN     "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?$"

static void write_section(struct json *j, enum section section);

static void write_type(struct json *j, const char *type, const char *pattern)
{
	json_member(j, "type", str_of(type));
	if (pattern)
		json_member(j, "pattern", str_of(pattern));
}

static void write_choices(struct json *j, const char *const *choices)
{
	json_key(j, "enum");
	json_open(j, '[');
	for (size_t i = 0; choices[i]; i++)
		json_str(j, str_of(choices[i]));
	json_close(j, ']');
}

/* { <language>: <value> } */
static void write_by_language(struct json *j, bool lists)
{
	json_member(j, "type", STR("object"));
	json_member_int(j, "minProperties", 1);
	json_key(j, "propertyNames");
	json_open(j, '{');
	json_member(j, "pattern", str_of(shapes[KEY_LANGUAGE].pattern));
	json_close(j, '}');
	json_key(j, "additionalProperties");
	json_open(j, '{');
	if (lists) {
		json_member(j, "type", STR("array"));
		json_member_int(j, "minItems", 1);
		json_key(j, "items");
		json_open(j, '{');
		json_member(j, "type", STR("string"));
		json_close(j, '}');
	} else {
		json_member(j, "type", STR("string"));
	}
	json_close(j, '}');
}

static void write_point(struct json *j)
{
	json_member(j, "type", STR("array"));
	json_key(j, "prefixItems");
	json_open(j, '[');
	for (int i = 0; i < 2; i++) {
		json_open(j, '{');
		json_member(j, "type", STR("number"));
		json_member_int(j, "minimum", i ? -180 : -90);
		json_member_int(j, "maximum", i ? 180 : 90);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_member_int(j, "minItems", 2);
	json_member_int(j, "maxItems", 2);
}

static void write_single(struct json *j, const struct schema_key *row)
{
	switch (row->type) {
	case KEY_BOOL:
	case KEY_TRISTATE:
		write_type(j, "boolean", NULL);
		break;
	case KEY_COUNT:
		write_type(j, "integer", NULL);
		json_member_int(j, "minimum", row->least);
		json_member_int(j, "maximum", row->most);
		break;
	case KEY_DURATION:
	case KEY_INTERVAL:
		write_type(j, "string", DURATION_PATTERN);
		break;
	case KEY_SIZE:
		write_type(j, "string", SIZE_PATTERN);
		break;
	case KEY_TIME:
		write_type(j, "string", TIME_PATTERN);
		break;
	case KEY_CHOICE:
		write_choices(j, row->choices);
		break;
	case KEY_POINT:
		write_point(j);
		break;
	case KEY_NAMES:
	case KEY_WORDS:
		write_by_language(j, row->type == KEY_WORDS);
		break;
	case KEY_SECTION:
	case KEY_SECTIONS:
		write_section(j, row->child);
		break;
	default:
		write_type(j, "string", shapes[row->type].pattern);
		break;
	}
}

static void write_value(struct json *j, const struct schema_key *row)
{
	if (!(row->flags & KEY_NONE)) {
		write_single(j, row);
		return;
	}
	json_key(j, "anyOf");
	json_open(j, '[');
	json_open(j, '{');
	json_member(j, "const", STR("none"));
	json_close(j, '}');
	json_open(j, '{');
	write_single(j, row);
	json_close(j, '}');
	json_close(j, ']');
}

static void write_property(struct json *j, const struct schema_key *row)
{
	bool list = row->type == KEY_SECTIONS || (row->flags & KEY_LIST);

	json_key(j, row->name);
	json_open(j, '{');
	json_member(j, "description", str_of(row->about));
	if (row->fallback && !list)
		json_member(j, "default", str_trim(str_of(row->fallback)));
	if (list) {
		json_member(j, "type", STR("array"));
		json_key(j, "items");
		json_open(j, '{');
	}
	write_value(j, row);
	if (list)
		json_close(j, '}');
	json_close(j, '}');
}

/* The members of an object that is open already. */
static void write_section(struct json *j, enum section section)
{
	size_t n;
	const struct schema_key *rows = schema_of(section, &n);

	json_member(j, "type", STR("object"));
	json_member_bool(j, "additionalProperties", false);
	json_key(j, "properties");
	json_open(j, '{');
	for (size_t i = 0; i < n; i++)
		write_property(j, &rows[i]);
	json_close(j, '}');
	json_key(j, "required");
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		if (rows[i].flags & KEY_REQUIRED)
			json_str(j, str_of(rows[i].name));
	json_close(j, ']');
}

/* Compact JSON → one member a line, for people and for diffs. */
static void indent(struct buf *out, struct str compact)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < compact.n; i++) {
		char c = compact.p[i], before = i ? compact.p[i - 1] : '\0';
		bool opens = !quoted && (c == '{' || c == '[');
		bool closes = !quoted && (c == '}' || c == ']');
		bool empty = closes && (before == '{' || before == '[');
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			buf_char(out, compact.p[i++]);
		depth -= closes;
		if (closes && !empty)
			buf_printf(out, "\n%*s", depth * 2, "");
		buf_char(out, compact.p[i]);
		depth += opens;
		char after = i + 1 < compact.n ? compact.p[i + 1] : '\0';
		if ((opens && after != '}' && after != ']') || (!quoted && c == ','))
			buf_printf(out, "\n%*s", depth * 2, "");
		else if (!quoted && c == ':')
			buf_char(out, ' ');
	}
	buf_char(out, '\n');
}

void schema_write_json(struct buf *out, enum section root)
{
	struct buf compact = BUF_INIT;
	struct json j = json_to(&compact);

	json_open(&j, '{');
	json_member(&j, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
	json_member(&j, "title", str_of(schema_sections[root].name));
	write_section(&j, root);
	json_close(&j, '}');
	indent(out, buf_view(&compact));
	buf_deinit(&compact);
}
