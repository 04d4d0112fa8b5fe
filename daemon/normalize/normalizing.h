/* Inside of the normalizer: what its files share. One entry or feed at a time passes through
 *
 *	normalize.c ─▶ base and language, dates ─▶ body.c: title, summary, content
 *	                                        ─▶ lists.c: people, categories, links, attachments
 *	                                        ─▶ place.c: coordinates; happening.c: events, alerts
 *	                                        ─▶ identity.c: keys, change.c: the change hash
 *
 * in this order: identity needs the cleaned values, and content needs the base. */
#pragma once

#include "normalize/date.h"
#include "normalize/normalize.h"

struct normalizer {
	struct buf scratch, alias, blanks;
	struct buf html, text; /* the item's body, which stays here */
	struct buf
		addresses; /* of the links and pictures in the item's HTML, as change.c wants them */
};

/* What holds for one entry (or the feed) while it is normalized. */
struct normalizing {
	struct normalizer *n;
	const struct normalize_context *context;
	const struct document *document;
	struct arena *arena; /* where results go */
	struct str base;     /* of what names none itself; STR_NONE: links stay relative */
	struct date_context dates;
	struct explain *explain; /* NULL: nobody asks */
	unsigned flaws;
};

/* ---- normalize.c ---- */
/* The base in force for a value that names `own` (may be STR_NONE). */
struct str normalize_base(const struct normalizing *w, struct str own);
/* `ref` as an absolute URL, or as absolute as it can be; STR_NONE: none, or none that a reader should
 * follow (url_is_safe()). */
struct str normalize_url(const struct normalizing *w, struct str own_base, struct str ref);
/* A date; what is wrong with it goes to the flaws. TIME_NONE: absent, or not to be known. */
int64_t normalize_date(struct normalizing *w, struct str raw);
/* The same for a date that is worth explaining: the item's member it is for. */
int64_t normalize_member_date(struct normalizing *w, const char *member, struct str raw);
/* One line of plain text of a value that is text for sure; STR_NONE if nothing is left. */
struct str normalize_line(struct normalizing *w, struct str raw);
/* One line of a text construct; STR_NONE if it is absent or nothing is left. */
struct str normalize_text(struct normalizing *w, const struct text *text);
/* A media type, as a server would write it: lower case, no blanks around; STR_NONE if it has none
 * of a media type's form. */
struct str normalize_media_type(const struct normalizing *w, struct str raw);

/* ---- repair.c ---- */
/* The text as it was before another character set's eyes read it; most often s itself. */
struct str normalize_repair(struct normalizing *w, struct str s);

/* ---- body.c ---- */
void normalize_body(struct normalizing *w, const struct entry *entry, struct item *ret);

/* ---- lists.c ---- */
size_t normalize_people(
	struct normalizing *w, const struct person *raw, size_t n, struct item_person **ret_people);
size_t normalize_categories(struct normalizing *w, const struct category *raw, size_t n,
	struct category **ret_categories);
/* The categories' words for people, each once. */
size_t normalize_tags(
	struct normalizing *w, const struct category *categories, size_t n, struct str **ret_tags);
/* `link` (may be STR_NONE) is the one the format keeps outside of its list of links; it comes
 * first. */
size_t normalize_links(struct normalizing *w, struct str link, struct str base,
	const struct link *raw, size_t n, struct item_link **ret_links);
size_t normalize_attachments(struct normalizing *w, const struct enclosure *raw, size_t n,
	struct item_attachment **ret_attachments);
/* "3600", "3600.5", "60:00" or "1:00:00" in seconds; -1: no duration, or longer than a month. */
int64_t normalize_duration(struct str raw);

/* ---- place.c ---- */
void normalize_geo(
	struct normalizing *w, const struct raw_geo *raw, size_t n, struct item_geo *ret);

/* ---- happening.c ---- */
/* The entry with what its alert says to readers in one language, in the places where it says
 * nothing itself. *ret_info: what was chosen; NULL: it has no alert. */
struct entry normalize_alert_choose(
	const struct normalizing *w, const struct entry *entry, const struct raw_info **ret_info);
/* The alert's own words. */
void normalize_alert(struct normalizing *w, const struct entry *entry, const struct raw_info *info,
	struct item *item);
void normalize_event(struct normalizing *w, const struct entry *entry, struct item *item);

/* ---- identity.c ---- */
/* Fills the keys, and the id where the feed has none; all else of the item must be there. */
void identity_settle(struct normalizing *w, const struct entry *entry, struct item *item);

/* Appends what an id is recognised by: addresses without what does not tell pages apart. */
void identity_alias(struct buf *out, struct str id);

/* ---- message.c ---- */
/* Which CAP message an item is, and which ones it takes back. */
void message_settle(struct normalizing *w, const struct raw_alert *raw, struct item *item);

/* ---- change.c ---- */
void change_hash(struct normalizer *n, const struct item *item, struct hash *ret);
