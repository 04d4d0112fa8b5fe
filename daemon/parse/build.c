/* Filling the entry or the document: which field, which value wins, how many. */
#include "parse/format.h"

#include <errno.h>

/* Values waiting for their other half live in the arena of what was being filled. */
static void forget_unfinished(struct parser *p)
{
	p->person = NULL;
	p->media = NULL;
	p->link_open = false;
	p->gml = (struct gml){.type = GEO_NONE};
	buf_clear(&p->positions);
	p->geo_latitude = p->geo_longitude = STR_NONE;
	p->info = NULL;
	p->code_name = STR_NONE;
	p->resource = (struct enclosure){.url = STR_NONE};
	p->attribute[0] = p->attribute[1] = p->attribute[2] = STR_NONE;
}

void build_begin_document(struct parser *p)
{
	struct document fresh = {.encoding = p->document.encoding,
		.encoding_from = p->document.encoding_from,
		.url = p->document.url,
		.base = p->hint_base,
		.language = p->hint_language};

	/* What charset.c found out is of this document, not of this run. */
	fresh.flaws = p->charset.flaws;
	p->document = fresh;
	memset(p->document_rank, 0, sizeof p->document_rank);
	p->arena = &p->document_arena;
	p->in_entry = p->stop = p->broken = p->not_feed = p->truncated = false;
	p->doctype = p->netscape = false;
	p->depth = p->ignore = p->collect_depth = 0;
	p->root[0] = 0;
	p->root_uri = NULL;
	forget_unfinished(p);
	p->entities = NULL;
	p->n_entities = p->cap_entities = 0;
	p->stack[0] = (struct frame){.scope = SCOPE_OUTSIDE};
}

void build_begin_entry(struct parser *p)
{
	if (p->in_entry)
		build_end_entry(p);
	arena_reset(&p->entry_arena);
	memset(&p->entry, 0, sizeof p->entry);
	memset(p->entry_rank, 0, sizeof p->entry_rank);
	p->arena = &p->entry_arena;
	p->in_entry = true;
	p->entry_depth = p->depth;
	forget_unfinished(p);
}

static bool entry_says_something(const struct entry *e)
{
	return e->id.n || e->link.n || e->n_links || e->title.value.n;
}

void build_hand_on(struct parser *p, struct entry *entry)
{
	if (p->document.entries++ < p->replay)
		return;
	int r = p->sink->entry(p->sink, &p->document, entry);
	if (r < 0) {
		p->error = r;
		p->stop = true;
	}
}

void build_end_entry(struct parser *p)
{
	p->in_entry = false;
	p->arena = &p->document_arena;
	forget_unfinished(p);
	if (p->truncated && mender_at_end(p->mender) && !entry_says_something(&p->entry))
		return;
	p->entry.base = p->stack[p->entry_depth].base;
	if (!p->entry.language.p)
		p->entry.language = p->stack[p->entry_depth].language;
	build_hand_on(p, &p->entry);
	if (p->entry.alert.references.n)
		cap_withdraw_cancelled(p);
}

bool build_claim(struct parser *p, enum slot slot, unsigned rank)
{
	uint8_t *now = p->in_entry ? &p->entry_rank[slot] : &p->document_rank[slot];

	/* Of two times of change the second is the later one. */
	if (rank < *now || (rank == *now && slot != SLOT_UPDATED))
		return false;
	*now = (uint8_t)rank;
	return true;
}

struct text *build_text(struct parser *p, enum slot slot)
{
	struct entry *e = &p->entry;
	struct document *d = &p->document;

	switch (slot) {
	case SLOT_TITLE:
		return p->in_entry ? &e->title : &d->title;
	case SLOT_SUMMARY:
		return p->in_entry ? &e->summary : &d->subtitle;
	case SLOT_CONTENT:
		return p->in_entry ? &e->content : NULL;
	case SLOT_RIGHTS:
		return p->in_entry ? &e->rights : &d->rights;
	case SLOT_SOURCE_TITLE:
		return p->in_entry ? &e->source.title : NULL;
	default:
		return NULL;
	}
}

static struct str *entry_string(struct entry *e, enum slot slot)
{
	switch (slot) {
	case SLOT_ID:
		return &e->id;
	case SLOT_LINK:
		return &e->link;
	case SLOT_PUBLISHED:
		return &e->dates.published;
	case SLOT_UPDATED:
		return &e->dates.updated;
	case SLOT_CREATED:
		return &e->dates.created;
	case SLOT_EXPIRES:
		return &e->dates.expires;
	case SLOT_COMMENTS:
		return &e->comments;
	case SLOT_IMAGE:
		return &e->image;
	case SLOT_LANGUAGE:
		return &e->language;
	case SLOT_LICENSE:
		return &e->license;
	case SLOT_ORIG_LINK:
		return &e->orig_link;
	case SLOT_EVENT_START:
		return &e->event.start;
	case SLOT_EVENT_END:
		return &e->event.end;
	case SLOT_EVENT_LOCATION:
		return &e->event.location;
	case SLOT_EVENT_ORGANIZER:
		return &e->event.organizer;
	case SLOT_EVENT_TYPE:
		return &e->event.type;
	case SLOT_EVENT_NAME:
		return &e->event.name;
	case SLOT_EVENT_URL:
		return &e->event.url;
	case SLOT_SOURCE_ID:
		return &e->source.id;
	case SLOT_SOURCE_URL:
		return &e->source.url;
	case SLOT_SOURCE_UPDATED:
		return &e->source.updated;
	default:
		return NULL;
	}
}

static struct str *document_string(struct document *d, enum slot slot)
{
	switch (slot) {
	case SLOT_ID:
		return &d->id;
	case SLOT_LINK:
		return &d->link;
	case SLOT_PUBLISHED:
		return &d->dates.published;
	case SLOT_UPDATED:
		return &d->dates.updated;
	case SLOT_CREATED:
		return &d->dates.created;
	case SLOT_EXPIRES:
		return &d->dates.expires;
	case SLOT_IMAGE:
		return &d->image;
	case SLOT_IMAGE_TITLE:
		return &d->image_title;
	case SLOT_IMAGE_LINK:
		return &d->image_link;
	case SLOT_ICON:
		return &d->icon;
	case SLOT_LOGO:
		return &d->logo;
	case SLOT_LANGUAGE:
		return &d->language;
	case SLOT_GENERATOR:
		return &d->generator;
	case SLOT_TTL:
		return &d->ttl;
	case SLOT_DOCS:
		return &d->docs;
	case SLOT_PERIOD:
		return &d->update_period;
	case SLOT_FREQUENCY:
		return &d->update_frequency;
	case SLOT_BASE:
		return &d->update_base;
	case SLOT_SKIP_HOURS:
		return &d->skip_hours;
	case SLOT_SKIP_DAYS:
		return &d->skip_days;
	default:
		return NULL;
	}
}

struct str *build_string(struct parser *p, enum slot slot)
{
	return p->in_entry ? entry_string(&p->entry, slot) : document_string(&p->document, slot);
}

struct str build_copy(struct parser *p, struct str s)
{
	return arena_str(p->arena, s);
}

bool build_list_full(struct parser *p, size_t n)
{
	if (n < PARSE_LIST_MAX)
		return false;
	p->document.flaws |= FLAW_LIMIT_REACHED;
	return true;
}

void build_add_link(struct parser *p, const struct link *link)
{
	struct entry *e = &p->entry;
	struct document *d = &p->document;

	if (build_list_full(p, p->in_entry ? e->n_links : d->n_links))
		return;
	if (p->in_entry)
		*ARENA_PUSH(p->arena, e->links, e->n_links, e->cap_links) = *link;
	else
		*ARENA_PUSH(p->arena, d->links, d->n_links, d->cap_links) = *link;
}

struct enclosure *build_add_enclosure(struct parser *p, const struct enclosure *enclosure)
{
	struct entry *e = &p->entry;

	if (!p->in_entry || build_list_full(p, e->n_enclosures))
		return NULL;
	for (size_t i = 0; i < e->n_enclosures; i++)
		if (str_eq(e->enclosures[i].url, enclosure->url))
			return &e->enclosures[i];
	struct enclosure *at =
		ARENA_PUSH(p->arena, e->enclosures, e->n_enclosures, e->cap_enclosures);
	*at = *enclosure;
	return at;
}

/* `rank` as in build_claim(), but of equals all stay. */
static bool claim_list(struct parser *p, enum slot slot, unsigned rank, size_t *n)
{
	uint8_t *now = p->in_entry ? &p->entry_rank[slot] : &p->document_rank[slot];

	if (rank < *now || build_list_full(p, *n))
		return false;
	if (rank > *now)
		*n = 0;
	*now = (uint8_t)rank;
	return true;
}

void build_add_place(struct parser *p, const struct raw_geo *place, unsigned rank)
{
	struct entry *e = &p->entry;
	struct document *d = &p->document;
	struct raw_geo *at;

	if (!place->coordinates.n)
		return;
	if (p->info) {
		if (build_list_full(p, p->info->n_places))
			return;
		at = ARENA_PUSH(p->arena, p->info->places, p->info->n_places, p->info->cap_places);
	} else if (!claim_list(p, SLOT_GEO, rank, p->in_entry ? &e->n_places : &d->n_places)) {
		return;
	} else if (p->in_entry) {
		at = ARENA_PUSH(p->arena, e->places, e->n_places, e->cap_places);
	} else {
		at = ARENA_PUSH(p->arena, d->places, d->n_places, d->cap_places);
	}
	*at = *place;
	at->coordinates = build_copy(p, place->coordinates);
}

void build_add_category(struct parser *p, struct str term, struct str scheme, struct str label)
{
	struct entry *e = &p->entry;
	struct document *d = &p->document;
	struct category *list = p->in_entry ? e->categories : d->categories;
	size_t n = p->in_entry ? e->n_categories : d->n_categories;

	if ((!term.n && !label.n) || build_list_full(p, n))
		return;
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].term, term) && str_eq(list[i].scheme, scheme))
			return;
	struct category c = {term, scheme, label};
	if (p->in_entry)
		*ARENA_PUSH(p->arena, e->categories, e->n_categories, e->cap_categories) = c;
	else
		*ARENA_PUSH(p->arena, d->categories, d->n_categories, d->cap_categories) = c;
}

void build_add_keywords(struct parser *p, struct str list, struct str scheme)
{
	struct str part;

	while (str_split(&list, ',', &part))
		if (str_trim(part).n)
			build_add_category(p, build_copy(p, str_trim(part)), scheme, STR_NONE);
}

struct person *build_add_person(struct parser *p, bool contributor, unsigned rank)
{
	struct entry *e = &p->entry;
	struct document *d = &p->document;

	if (contributor) {
		if (build_list_full(p, p->in_entry ? e->n_contributors : d->n_contributors))
			return NULL;
		return p->in_entry ? ARENA_PUSH(p->arena, e->contributors, e->n_contributors,
					     e->cap_contributors)
				   : ARENA_PUSH(p->arena, d->contributors, d->n_contributors,
					     d->cap_contributors);
	}
	if (!claim_list(p, SLOT_AUTHOR, rank, p->in_entry ? &e->n_authors : &d->n_authors))
		return NULL;
	return p->in_entry ? ARENA_PUSH(p->arena, e->authors, e->n_authors, e->cap_authors)
			   : ARENA_PUSH(p->arena, d->authors, d->n_authors, d->cap_authors);
}

void build_end_string(struct parser *p, const struct element *e, struct str text)
{
	struct str *at = build_string(p, e->slot);

	if (at && text.n && build_claim(p, e->slot, e->rank))
		*at = build_copy(p, text);
}

/* RFC 4648, blanks allowed anywhere; what is no base64 ends it. */
static void decode_base64(struct buf *out, struct str s)
{
	unsigned bits = 0, n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		unsigned v = c >= 'A' && c <= 'Z'               ? (unsigned)(c - 'A')
			     : c >= 'a' && c <= 'z'             ? (unsigned)(c - 'a') + 26
			     : ascii_is_digit((unsigned char)c) ? (unsigned)(c - '0') + 52
			     : c == '+' || c == '-'             ? 62
			     : c == '/' || c == '_'             ? 63
								: 64;
		if (v == 64 && ascii_is_space((unsigned char)c))
			continue;
		if (v == 64)
			break;
		bits = (bits << 6 | v) & 0xFFFFFF;
		if (++n % 4 != 1)
			buf_char(out, (char)(bits >> (6 - 2 * ((n - 1) % 4)) & 0xFF));
	}
}

void build_end_text(struct parser *p, const struct element *e, struct str text)
{
	if (p->text_base64) {
		buf_clear(&p->decoded);
		decode_base64(&p->decoded, text);
		text = buf_view(&p->decoded);
		/* A picture or a document: nothing to read. */
		if (!utf8_is_valid(text) || memchr(text.p, 0, text.n))
			return;
		text = str_trim(text);
	}
	struct text *at = build_text(p, e->slot);

	if (!at || (!text.n && at->value.p) || !build_claim(p, e->slot, text.n ? e->rank : 1))
		return;
	at->value = build_copy(p, text);
	at->type = p->text_type;
	at->base = p->text_base;
	at->language = p->text_language;
}

void build_end_author(struct parser *p, const struct element *e, struct str text)
{
	if (!text.n)
		return;
	struct person *person = build_add_person(p, false, e->rank);
	if (person)
		person_from_text(person, build_copy(p, text));
}

/* ---- persons ---- */

/* Where an e-mail address stands in s: one "@" with something fit around it. */
static bool find_email(struct str s, size_t *ret_from, size_t *ret_to)
{
	size_t at = str_chr(s, '@');

	if (at == 0 || at + 1 >= s.n)
		return false;
	size_t from = at, to = at + 1;
	while (from > 0 &&
		(ascii_is_alnum((unsigned char)s.p[from - 1]) || strchr("._%+-'", s.p[from - 1])))
		from--;
	while (to < s.n && (ascii_is_alnum((unsigned char)s.p[to]) || strchr(".-", s.p[to])))
		to++;
	while (to > at + 1 && s.p[to - 1] == '.')
		to--;
	if (from == at || to == at + 1)
		return false;
	*ret_from = from;
	*ret_to = to;
	return true;
}

static struct str strip_brackets(struct str s)
{
	s = str_trim(s);
	while (s.n && strchr("(<[\"", s.p[0]))
		s = str_trim(str_skip(s, 1));
	while (s.n &&
		(strchr(">\"]", s.p[s.n - 1]) || (s.p[s.n - 1] == ')' && str_chr(s, '(') == s.n)))
		s = str_trim(str_head(s, s.n - 1));
	return s;
}

void person_from_text(struct person *person, struct str text)
{
	size_t from, to;

	text = str_trim(text);
	if (!find_email(text, &from, &to)) {
		person->name = text;
		return;
	}
	person->email = str_make(text.p + from, to - from);
	/* The name is before the address or after it, never around it. */
	struct str before = str_head(text, from), after = str_skip(text, to);
	if (str_ends(before, STR("mailto:")))
		before.n -= 7;
	before = strip_brackets(before);
	while (before.n && strchr("(<[\"", before.p[before.n - 1]))
		before = str_trim(str_head(before, before.n - 1));
	after = strip_brackets(str_skip(after, 0));
	while (after.n && strchr(")>](<", after.p[0]))
		after = strip_brackets(str_skip(after, 1));
	person->name = before.n ? before : after;
	if (!person->name.n)
		person->name = STR_NONE;
}
