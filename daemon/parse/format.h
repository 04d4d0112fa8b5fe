/* Inside of the parse stage: what its files share.
 *
 *	body ─ charset.c ─▶ UTF-8 ─ (mend.c, only for broken XML) ─▶ bypass.c ─▶ libxml2 ─ xml.c ─▶ elements
 *	     └ jsonfeed.c                                                        │
 *	                 table of elements (vocabulary.c: one row per element) ◀──┘
 *	                 rss.c rdf.c atom.c ns-*.c: what an element means ─▶ document, entry ─▶ sink
 *
 * An element is found by (namespace, local name) among the rows; a row counts only in the scopes
 * it names (an RSS <title> in <image> is another one than in <item>). Rows either open a scope
 * (<item>, <author>), or collect their text and give it to a function when they end. Where several
 * elements may fill one field, each has a rank: a higher rank replaces, of equals the first stays. */
#pragma once

#include <libxml/parser.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/flaw.h"
#include "parse/parse.h"

/* Elements inside one another: libxml2 itself stops at 256. */
#define PARSE_DEPTH_MAX 250
/* One text: the longest real entry of the corpus has 0.4 MiB, an event may have 1 MiB. */
#define PARSE_TEXT_MAX (4 * 1024 * 1024)
/* One attribute value, of those we read: a URL is at most 8 KiB, a data: image may be larger. */
#define PARSE_ATTRIBUTE_MAX (64 * 1024)
/* Namespaces declared by all elements that are open at a place: libxml2 looks through them for every
 * name. A feed that uses all of a blog's plugins has 30. */
#define PARSE_NAMESPACES_MAX 512
/* Attributes of a tag that is given to libxml2, which compares each with all before it. */
#define PARSE_TAG_ATTRIBUTES_MAX 1000
/* Links, categories, enclosures, persons of one entry or feed: 50 of one kind is the most seen. */
#define PARSE_LIST_MAX 500
/* Entities a document may declare, and the length of each; Netscape's RSS DTD has 96 of 1 char. */
#define PARSE_ENTITIES_MAX     512
#define PARSE_ENTITY_BYTES_MAX 256
/* Names libxml2 keeps for a parser between documents before we start it afresh: a feed uses
 * about 60, so this holds the names of all ordinary feeds and bounds what hostile ones leave. */
#define PARSE_NAMES_MAX 4096
/* Bytes handed to libxml2 at a time: larger pieces are not faster, and it keeps as much again. */
#define PARSE_CHUNK 4096
/* At most so many where they must be more (xml.c, push()). */
#define PARSE_HELD_MAX (256 * 1024)

/* How much of a document is looked at to say what it is, when it is no feed: pages advertise
 * their feeds in <head>, which comes within so much. */
#define PARSE_SNIFF_MAX (64 * 1024)

enum ns {
	NS_NONE, /* no namespace, or RSS's own ones */
	NS_ATOM,
	NS_RDF,
	NS_DC,
	NS_DCTERMS,
	NS_CONTENT,
	NS_MEDIA,
	NS_GEORSS,
	NS_GML,
	NS_GEO,
	NS_SY,
	NS_ITUNES,
	NS_GOOGLEPLAY,
	NS_SLASH,
	NS_WFW,
	NS_THR,
	NS_CC,
	NS_FEEDBURNER,
	NS_XHTML,
	NS_FH,
	NS_AT,
	NS_EV,
	NS_XCAL,
	NS_CAP,
	NS_PODCAST,
	NS_SVG,
	NS_MATHML,
	NS_XML,
	NS_OTHER,
	NS_COUNT
};

enum scope {
	SCOPE_OUTSIDE, /* before the root element */
	SCOPE_ROOT,    /* in <rss> or <rdf:RDF> */
	SCOPE_CHANNEL,
	SCOPE_FEED, /* Atom's */
	SCOPE_ITEM, /* RSS */
	SCOPE_ENTRY,
	SCOPE_SOURCE,   /* atom:source */
	SCOPE_PERSON,   /* in an author or contributor */
	SCOPE_IMAGE,    /* RSS <image> of the channel */
	SCOPE_MEDIA,    /* media:group, media:content */
	SCOPE_GEO,      /* georss:where, gml:* */
	SCOPE_LIST,     /* skipHours, skipDays */
	SCOPE_DELETED,  /* at:deleted-entry */
	SCOPE_ALERT,    /* CAP's alert and info, in an entry or for one */
	SCOPE_CODE,     /* a name and a value in CAP */
	SCOPE_RESOURCE, /* a file that belongs to a CAP alert */
	SCOPE_EVENT,    /* vevent of xCal */
	SCOPE_WRAP,     /* in an element nobody knows: only entries are looked for */
	SCOPE_COUNT
};
#define IN(scope) (1u << SCOPE_##scope)
#define IN_ENTRY  (IN(ITEM) | IN(ENTRY))
#define IN_FEED   (IN(CHANNEL) | IN(FEED))
#define IN_BOTH   (IN_ENTRY | IN_FEED)

/* The fields several elements may fill. */
enum slot {
	SLOT_NONE,
	SLOT_TITLE,
	SLOT_SUMMARY, /* the feed's subtitle */
	SLOT_CONTENT,
	SLOT_RIGHTS,
	SLOT_ID,
	SLOT_LINK,
	SLOT_PUBLISHED,
	SLOT_UPDATED,
	SLOT_CREATED,
	SLOT_EXPIRES,
	SLOT_COMMENTS,
	SLOT_IMAGE,
	SLOT_LANGUAGE,
	SLOT_LICENSE,
	SLOT_ORIG_LINK,
	SLOT_GEO, /* rank of the places so far: a better kind replaces them */
	SLOT_LATITUDE,
	SLOT_LONGITUDE,
	SLOT_AUTHOR, /* rank of the authors so far: a better kind replaces them */
	SLOT_EVENT_START,
	SLOT_EVENT_END,
	SLOT_EVENT_LOCATION,
	SLOT_EVENT_ORGANIZER,
	SLOT_EVENT_TYPE,
	SLOT_EVENT_NAME,
	SLOT_EVENT_URL,
	SLOT_GENERATOR,
	SLOT_IMAGE_TITLE,
	SLOT_IMAGE_LINK,
	SLOT_ICON,
	SLOT_LOGO,
	SLOT_TTL,
	SLOT_DOCS,
	SLOT_PERIOD,
	SLOT_FREQUENCY,
	SLOT_BASE,
	SLOT_SKIP_HOURS,
	SLOT_SKIP_DAYS,
	SLOT_SOURCE_TITLE,
	SLOT_SOURCE_ID,
	SLOT_SOURCE_URL,
	SLOT_SOURCE_UPDATED,
	SLOT_COUNT
};

enum collect {
	COLLECT_NOTHING,
	COLLECT_TEXT,   /* characters; tags inside are dropped */
	COLLECT_MARKUP, /* a text construct: tags inside are written again as markup */
};

struct parser;
struct declared_entity;

static inline struct str xml_str(const xmlChar *s)
{
	return str_of((const char *)s);
}

/* Attributes as libxml2 gives them: name, prefix, URI, value, end of value. */
struct attributes {
	const xmlChar **p;
	int n;
};

struct element {
	enum ns ns;
	const char *name;
	unsigned scopes; /* IN(...) */
	enum collect collect;
	enum scope inner; /* of a row that collects nothing: the scope it opens, or 0 */
	enum slot slot;
	unsigned rank;
	void (*start)(struct parser *p, const struct element *e, const struct attributes *a);
	/* `text` is trimmed and lives in the parser's buffer. */
	void (*end)(struct parser *p, const struct element *e, struct str text);
};

/* The rows of one vocabulary; vocabulary.c lists them all. */
struct vocabulary {
	const struct element *rows;
	size_t n;
};
#define VOCABULARY(rows) ((struct vocabulary){(rows), sizeof(rows) / sizeof *(rows)})
extern const struct vocabulary vocabulary_rss, vocabulary_rdf, vocabulary_atom, vocabulary_cap,
	vocabulary_cc, vocabulary_content, vocabulary_dc, vocabulary_dcterms, vocabulary_ev,
	vocabulary_feedburner, vocabulary_geo, vocabulary_georss, vocabulary_gml,
	vocabulary_history, vocabulary_itunes, vocabulary_media, vocabulary_podcast,
	vocabulary_slash, vocabulary_sy, vocabulary_thr, vocabulary_tombstone, vocabulary_wfw,
	vocabulary_xcal;

/* The first row of this name, whatever its scopes, or NULL; then the next one. */
const struct element *vocabulary_first(enum ns ns, const char *name);
const struct element *vocabulary_next(const struct element *e);

/* Which vocabulary a namespace URI means; *ret_repaired if it is a misspelling of it. */
enum ns namespace_find(struct str uri, bool *ret_repaired);
/* Which one an unknown URI means, with this prefix, from the same host; NS_OTHER: none. */
enum ns namespace_guess(struct str uri, struct str prefix);
/* Which one an undeclared prefix stands for; NS_OTHER: unknown. */
enum ns namespace_of_prefix(struct str prefix);

/* entities.c: HTML 4's names. The code point, or 0. */
unsigned entity_find(struct str name);
/* "#38" or "#x26" → the code point; 0 if it is none XML allows. */
unsigned entity_number(struct str s);
/* What a byte means in windows-1252. */
unsigned entity_windows_1252(unsigned char byte);
/* Appends s, decoding character references and HTML's names; what is none stays. */
void entity_decode(struct buf *out, struct str s);
/* The one reference at s.p[0] == '&': appends what it means, returns the bytes it took. */
size_t entity_decode_one(struct buf *out, struct str s);

/* ---- charset.c: the bytes of a body as UTF-8 ---- */

/* Bytes of a file read at a time: most feeds are no longer, and are read once. */
#define CHARSET_BUFFER (32 * 1024)
/* Of that, for what is converted: a byte of PARSE_CHUNK becomes three, at worst four. */
#define CHARSET_OUT_MAX (PARSE_CHUNK * 4)

struct charset {
	const struct body *body;
	size_t start;      /* first byte after byte order mark and XML declaration */
	size_t offset;     /* of the next byte to read */
	void *iconv;       /* iconv_t; NULL: the bytes are UTF-8, or one of the next two */
	bool windows_1252; /* each byte is a character */
	bool mixed;        /* UTF-8 with stray bytes of windows-1252 */
	size_t cut;        /* bytes of a character that the end of the body cuts off: left out */
	char name[48];     /* the code, lower case */
	const char *why;   /* what said so, in words */
	unsigned flaws;
	size_t in_at, n_in; /* of a body in a file: what of it is at the beginning of `buffer` */
	char buffer[CHARSET_BUFFER];
};

/* Decides what the bytes are. 0 or the -errno of reading. */
int charset_open(struct charset *charset, const struct body *body, struct str content_type);
void charset_close(struct charset *charset);
/* Starts again at the first byte after the declaration. */
void charset_rewind(struct charset *charset);
/* The next piece as valid UTF-8, at most CHARSET_BUFFER bytes, in *ret_piece: empty at the end; valid
 * until the next call. Bytes of a body in memory that are UTF-8 already are not copied. 0 or -errno. */
int charset_next(struct charset *charset, struct str *ret_piece);
/* The last n bytes of the piece before shall be the first of the next one. False: they cannot be, for
 * they were converted. */
bool charset_again(struct charset *charset, size_t n);

/* ---- mend.c: makes any text well-formed XML ---- */

struct mender;
struct mender *mender_new(void);
struct mender *mender_free(struct mender *mender);
void mender_reset(struct mender *mender);
/* Takes the next piece and appends well-formed XML to `out`; `last`: nothing comes after it. */
void mender_feed(struct mender *mender, struct str piece, bool last, struct buf *out);
/* Elements were open when the text ended. Known after the last piece, before it is parsed. */
bool mender_truncated(const struct mender *mender);
/* Something was dropped that was too much: depth, attributes, length. */
bool mender_limited(const struct mender *mender);
/* Has everything been fed? */
bool mender_at_end(const struct mender *mender);

/* ---- the parser ---- */

struct frame {
	const struct element *element; /* NULL: unknown */
	enum scope scope;              /* inside this element */
	struct str base, language;
};

/* What the elements of a GML shape say of the numbers in it. */
struct gml {
	enum geo_type type;
	bool longitude_first, has_altitudes;
	bool is_foreign; /* the numbers are no degrees of latitude and longitude */
	struct str corner;
};

/* Names found before, by address: libxml2 keeps equal names in one place. */
struct name_cache {
	const xmlChar *name, *uri, *prefix;
	const struct element *first, *first_atom; /* the second where no namespace means Atom's */
	enum ns ns;
	bool repaired;
};
#define NAME_CACHE_SIZE 256 /* a power of two, four times the names of a document */

struct parser {
	/* for one document */
	struct parse_sink *sink;
	struct document document;
	struct arena document_arena;
	bool not_feed; /* the root is none of ours; `root` says what it is */
	char root[64];
	const xmlChar *root_uri; /* an unknown namespace of the root element: taken for none */
	const xmlChar **root_namespaces; /* prefix, URI, … declared on the element being opened */
	int n_root_namespaces;
	bool doctype;
	bool netscape; /* the DOCTYPE is Netscape's */
	struct str hint_base, hint_language;
	bool stop;   /* nothing more is wanted: the sink failed, or this run is given up */
	bool broken; /* libxml2 found an error */
	int error;   /* the sink's */
	bool mending, truncated;
	size_t replay; /* entries a run before this one has handed on already */

	/* for one entry */
	struct entry entry;
	struct arena entry_arena;
	bool in_entry;
	unsigned entry_depth;
	uint8_t entry_rank[SLOT_COUNT], document_rank[SLOT_COUNT];

	struct arena *arena; /* where texts go now: the entry's or the document's */
	struct frame stack[PARSE_DEPTH_MAX + 2];
	unsigned depth;  /* may pass PARSE_DEPTH_MAX: deeper elements are not looked at */
	unsigned ignore; /* depth of the element whose inside means nothing to us; 0: none */

	/* the text being collected */
	struct buf text;
	unsigned collect_depth; /* of the collecting element; 0: none */
	enum collect collect;
	enum text_type text_type;
	bool text_base64, text_escape; /* decode at the end; escape characters now */
	bool text_is_atom;         /* an XHTML text has a div around it that is not part of it */
	struct str inner_base;     /* xml:base inside the text, if it differs from text_base */
	unsigned text_skipped_div; /* depth of XHTML's wrapping div; 0: none */
	struct str text_base, text_language;
	struct buf scratch;
	struct buf decoded; /* a base64 text */

	/* values begun by one element and ended by another */
	struct person *person;
	struct str attribute[3]; /* kept from the start tag for the end */
	struct link link;
	bool link_open;
	struct gml gml;                         /* of the GML shape we are in */
	struct buf positions;                   /* its points, where each is an element */
	struct str geo_latitude, geo_longitude; /* W3C's, until both are there */
	struct raw_info *info;                  /* the cap:info we are in; NULL: in none */
	struct str code_name;                   /* of the cap:geocode we are in */
	struct enclosure resource;              /* the cap:resource we are in */
	struct enclosure *media;                /* the media:content we are in */

	/* libxml2 and what hangs on its dictionary of names */
	xmlParserCtxtPtr xml;
	struct buf held;       /* bytes not yet handed to it */
	size_t tag_attributes; /* of the tag that it waits for the end of, as far as we count */
	bool beyond;           /* a limit was why the first run was given up */
	struct name_cache *names;
	size_t n_names;
	xmlEntity entity; /* the one handed out by the last look-up */
	struct buf entity_text;
	struct arena entities_arena;
	struct declared_entity *entities;
	size_t n_entities, cap_entities;

	struct charset charset;
	struct mender *mender;
	struct buf mended;
	struct str json_piece; /* what jansson has not had yet of the piece in hand */
};

/* ---- parse.c ---- */
/* The first bytes of the body (at least `max`, if there are so many), as UTF-8, in p->text. 0 or
 * -errno. */
int parser_read_beginning(struct parser *p, size_t max);
/* A new document begins, of which this is known (NULL: nothing). */
void parser_hint(struct parser *p, const struct parse_hints *hints);

/* ---- bypass.c ---- */
/* Gives libxml2 the next piece, but for the long texts in it, which are collected at once. Returns how
 * much was taken: what is behind that, a tag or a section that is not complete, should come again with
 * more behind it. A piece that is nothing else is taken whole. */
size_t bypass_push(struct parser *p, struct str piece);

/* ---- xml.c ---- */
/* Like entity_decode(), knowing the document's own entities, too. */
void parser_decode(struct parser *p, struct buf *out, struct str s);
int xml_run(struct parser *p, struct error *error);
/* Gives libxml2 more of the document. */
void xml_push(struct parser *p, struct str s);
void xml_deinit(struct parser *p);
/* The value of an unprefixed attribute, decoded, in p->arena; STR_NONE if it is not there. */
struct str xml_attribute(struct parser *p, const struct attributes *a, const char *name);
struct str xml_attribute_ns(
	struct parser *p, const struct attributes *a, enum ns ns, const char *name);
/* The value of the attribute at `a`, decoded, in p->arena. */
struct str xml_attribute_value(struct parser *p, const xmlChar **a);
/* What is known of a name; its addresses are libxml2's own. */
struct name_cache *xml_name(
	struct parser *p, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri);
/* `base` must end in NUL, as all texts in arenas do. */
struct str xml_resolve(struct parser *p, struct str uri, struct str base);
struct str xml_base(struct parser *p);
struct str xml_language(struct parser *p);

/* ---- collect.c ---- */
void collect_begin(struct parser *p, const struct element *e);
/* SAX: characters of any kind. */
void collect_characters(void *user, const xmlChar *s, int n);
/* Tags inside the collecting element. */
void collect_start(struct parser *p, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int n_namespaces, const xmlChar **namespaces, const struct attributes *a);
void collect_end(struct parser *p, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri);

/* ---- build.c: filling entry and document ---- */
void build_begin_document(struct parser *p);
void build_begin_entry(struct parser *p);
/* Hands the entry on. */
void build_end_entry(struct parser *p);
/* Hands on `entry` (p->entry, or one made of it). */
void build_hand_on(struct parser *p, struct entry *entry);
/* May a value of this rank go into the slot now? Marks it. */
bool build_claim(struct parser *p, enum slot slot, unsigned rank);
/* The struct str / struct text behind a slot where we are; NULL: there is none. */
struct str *build_string(struct parser *p, enum slot slot);
struct text *build_text(struct parser *p, enum slot slot);
struct str build_copy(struct parser *p, struct str s);
/* Has a list of the entry or the document no room for one more than `n`? */
bool build_list_full(struct parser *p, size_t n);
void build_add_link(struct parser *p, const struct link *link);
/* NULL where there is no room, or no entry. One URL counts once. */
struct enclosure *build_add_enclosure(struct parser *p, const struct enclosure *enclosure);
/* Copies the coordinates. A higher rank drops the places before it. */
void build_add_place(struct parser *p, const struct raw_geo *place, unsigned rank);
void build_add_category(struct parser *p, struct str term, struct str scheme, struct str label);
/* Categories from a list with commas; there may be blanks within a keyword. */
void build_add_keywords(struct parser *p, struct str list, struct str scheme);
struct person *build_add_person(struct parser *p, bool contributor, unsigned rank);
/* Splits "a@b.c (Name)", "Name <a@b.c>", "Name (a@b.c)", "a@b.c" and plain names. */
void person_from_text(struct person *person, struct str text);
/* Ends for rows: put the text into the row's slot as a string / text construct / category. */
void build_end_string(struct parser *p, const struct element *e, struct str text);
void build_end_text(struct parser *p, const struct element *e, struct str text);
void build_end_author(struct parser *p, const struct element *e, struct str text);

/* Says that what is being collected is a text construct of this type. */
void text_begin(struct parser *p, enum text_type type);

/* ---- ns-cap.c ---- */
/* After an entry with an alert was handed on: hands on the withdrawals it asks for. */
void cap_withdraw_cancelled(struct parser *p);
/* Does an alert begin with this element, first in the content of an entry? */
bool cap_is_alert(struct parser *p, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri);

/* ---- jsonfeed.c ---- */
int jsonfeed_run(struct parser *p, struct error *error);

/* ---- advertise.c ---- */
/* Appends the addresses of the feeds that a web page advertises, with blanks between, each once.
 * Returns how many. */
size_t advertised_feeds(struct parser *p, struct str page, struct buf *out);

/* ---- json-mend.c ---- */
/* Appends a JSON text made of `in`, which jansson refuses; false: there is no way. *ret_truncated:
 * it was cut off, and ends after the last whole item. */
bool json_mend(struct buf *out, struct str in, bool *ret_truncated);
