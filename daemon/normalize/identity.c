/* How an item is recognised from poll to poll (EVENT, "Identity").
 *
 *	key        the guid, else the link, else title + date, else the content: of its alias, so
 *	           that a move to https or a tracking parameter does not make a new item
 *	key_link   the key in feeds whose guids repeat: guid + link; and where there are no guids
 *	           and one page is the link of many items, as in podcasts or comments: link +
 *	           title + date
 *	link_key   the link alone, by which items are found again when a feed changes its guids
 *	title_key  the title alone, likewise
 *
 * A guid that is the item's own link gives the same key as the link alone would: a feed that stops
 * or starts to write guids then publishes nothing anew.
 *
 * The hashes need no strength: who wants his item to be taken for another one of his feed can give it
 * the other one's guid. */
#include "normalize/normalizing.h"

#include "normalize/text.h"
#include "normalize/url.h"

/* An id of a feed that has none, where there is no link either. */
#define ID_PREFIX "tag:civicwire.org,2026:item/"

void identity_alias(struct buf *out, struct str s)
{
	s = str_trim(s);
	if (url_is_web(s))
		url_alias(out, s);
	else
		buf_str(out, s);
}

/* Texts differ in their words, not in the width of what is between them. */
static void add_body(struct normalizer *n, struct buf *out, const struct item *item)
{
	buf_str(out, text_blanks(&n->blanks, item->title));
	buf_char(out, '\0');
	buf_str(out, text_blanks(&n->blanks, item->content_text));
	for (size_t i = 0; i < item->n_attachments; i++) {
		buf_char(out, '\0');
		url_alias(out, item->attachments[i].url);
	}
}

static int64_t date_of(const struct item *item)
{
	return item->published_s != TIME_NONE ? item->published_s : item->modified_s;
}

static void add_title_and_date(struct normalizer *n, struct buf *out, const struct item *item)
{
	char text[TIME_TEXT_MAX];

	buf_str(out, text_blanks(&n->blanks, item->title));
	buf_char(out, '\0');
	if (date_of(item) != TIME_NONE)
		buf_add(out, text, time_format_s(date_of(item), text));
}

/* What the key is made of. */
static void add_key(struct normalizer *n, struct buf *out, struct str id, const struct item *item)
{
	if (id.n)
		identity_alias(out, id);
	else if (item->url.n)
		identity_alias(out, item->url);
	else if (item->title.n && date_of(item) != TIME_NONE)
		add_title_and_date(n, out, item);
	else
		add_body(n, out, item);
}

static void explain_key(struct normalizing *w, struct str id, const struct item *item)
{
	struct explain *explain = w->explain;
	char text[HASH_TEXT_MAX];

	if (!explain)
		return;
	explain->id_from = id.n                                          ? "guid"
			   : item->url.n                                 ? "link"
			   : item->title.n && date_of(item) != TIME_NONE ? "title and date"
									 : "content";
	if (id.n || item->url.n)
		explain->alias = arena_str(w->arena, buf_view(&w->n->alias));
	hash_text(&item->key, text);
	explain->key = arena_str(w->arena, str_of(text));
}

/* Atom's ids are absolute by its standard; a path is one that lacks its beginning, and would be many
 * feeds' id. The key is made of it as it stands, so that a feed may move. */
static bool is_path(const struct normalizing *w, struct str id)
{
	return document_is_atom(w->document) && id.p[0] == '/';
}

void identity_settle(struct normalizing *w, const struct entry *entry, struct item *item)
{
	struct buf *b = &w->n->alias;
	struct str id = normalize_line(w, entry->id);
	char text[HASH_TEXT_MAX];

	buf_clear(b);
	add_key(w->n, b, id, item);
	item->key = hash_mix(buf_view(b));
	explain_key(w, id, item);
	buf_char(b, '\0');
	if (item->url.n) {
		size_t from = b->n;
		url_alias(b, item->url);
		item->link_key = hash_mix(str_skip(buf_view(b), from));
	}
	if (!id.n) {
		buf_char(b, '\0');
		if (item->title.n)
			add_title_and_date(w->n, b, item);
		else
			add_body(w->n, b, item);
	}
	item->key_link = hash_mix(buf_view(b));
	if (item->title.n) {
		buf_clear(b);
		text_fold_word(b, item->title);
		item->title_key = hash_mix(buf_view(b));
	}

	if (!id.n) {
		w->flaws |= FLAW_ID_SYNTHESIZED;
		id = item->url;
	}
	if (!id.n) {
		hash_text(&item->key, text);
		id = arena_printf(w->arena, ID_PREFIX "%s", text);
	}
	item->id = is_path(w, id) ? normalize_url(w, entry->base, id) : id;
}
