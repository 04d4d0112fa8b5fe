/* libxml2's SAX2 events → rows of the vocabularies.
 *
 * A run feeds the body to a push parser whose context is reused. The first run takes the bytes as
 * they are; well-formed documents never need another. When libxml2 reports the first error, that
 * run is given up and a second one starts at the beginning, through the mender (mend.c), which
 * makes well-formed XML of anything. What came before the error reads the same in both runs, so
 * the entries already handed on are counted and skipped. Thus broken feeds cost twice, sound ones
 * nothing, and libxml2's own recovery, which stops at some errors and loses text at others, is
 * never relied on.
 *
 * Entities: libxml2 asks our get_entity() for what is not predefined. In text it gets the
 * characters; in attributes it writes "&name;" and xml_attribute() decodes, as it must anyway
 * for "&#38;". A declared entity's text is taken as it stands, never expanded again: no bombs. */
#include "parse/format.h"

#include <errno.h>
#include <libxml/parserInternals.h>
#include <libxml/uri.h>
#include <libxml/xmlerror.h>

struct declared_entity {
	struct str name, text;
};

/* ---- names ---- */

static enum ns name_namespace(const xmlChar *prefix, const xmlChar *uri, bool *ret_repaired)
{
	enum ns ns = NS_NONE;

	*ret_repaired = false;
	if (uri) {
		ns = namespace_find(xml_str(uri), ret_repaired);
		if (ns == NS_OTHER && prefix) {
			ns = namespace_guess(xml_str(uri), xml_str(prefix));
			*ret_repaired = ns != NS_OTHER;
		}
	} else if (prefix) {
		ns = namespace_of_prefix(xml_str(prefix));
	}
	return ns;
}

static size_t name_hash(const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	size_t h =
		((uintptr_t)name >> 3) * 31 + ((uintptr_t)uri >> 3) * 7 + ((uintptr_t)prefix >> 3);

	return (h ^ h >> 11) & (NAME_CACHE_SIZE - 1);
}

/* Names live in libxml2's dictionary, so equal names have equal addresses. */
struct name_cache *xml_name(
	struct parser *p, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	size_t i = name_hash(name, prefix, uri);

	for (; p->names[i].name; i = (i + 1) & (NAME_CACHE_SIZE - 1)) {
		struct name_cache *c = &p->names[i];
		if (c->name == name && c->uri == uri && c->prefix == prefix)
			return c;
	}
	if (p->n_names >= NAME_CACHE_SIZE / 2) {
		memset(p->names, 0, NAME_CACHE_SIZE * sizeof *p->names);
		p->n_names = 0;
		i = name_hash(name, prefix, uri);
	}
	struct name_cache *c = &p->names[i];
	*c = (struct name_cache){.name = name, .uri = uri, .prefix = prefix};
	c->ns = name_namespace(prefix, uri, &c->repaired);
	c->first = vocabulary_first(c->ns, (const char *)name);
	c->first_atom = c->ns == NS_NONE ? vocabulary_first(NS_ATOM, (const char *)name) : NULL;
	p->n_names++;
	return c;
}

static const struct element *in_scope(const struct element *e, enum scope scope)
{
	while (e && !(e->scopes & 1u << scope))
		e = vocabulary_next(e);
	return e;
}

static const struct element *find_element(struct parser *p, const xmlChar *name,
	const xmlChar *prefix, const xmlChar *uri, enum ns *ret_ns)
{
	enum scope scope = p->stack[p->depth - 1].scope;

	if (uri && uri == p->root_uri)
		uri = prefix = NULL;
	struct name_cache *c = xml_name(p, name, prefix, uri);
	*ret_ns = c->ns;
	if (c->repaired)
		p->document.flaws |= FLAW_NAMESPACE_REPAIRED;
	const struct element *e = NULL;
	if (c->first_atom && document_is_atom(&p->document))
		e = in_scope(c->first_atom, scope);
	return e ? e : in_scope(c->first, scope);
}

/* ---- attributes ---- */

struct str xml_attribute_value(struct parser *p, const xmlChar **a)
{
	struct str raw = {(const char *)a[3], (size_t)(a[4] - a[3])};

	if (raw.n > PARSE_ATTRIBUTE_MAX) {
		p->document.flaws |= FLAW_LIMIT_REACHED;
		raw.n = utf8_valid_prefix(str_head(raw, PARSE_ATTRIBUTE_MAX));
	}
	if (!memchr(raw.p, '&', raw.n))
		return arena_str(p->arena, raw);
	buf_clear(&p->scratch);
	parser_decode(p, &p->scratch, raw);
	return arena_str(p->arena, buf_view(&p->scratch));
}

struct str xml_attribute(struct parser *p, const struct attributes *a, const char *name)
{
	for (int i = 0; i < a->n; i++) {
		const xmlChar **at = a->p + (ptrdiff_t)i * 5;
		if (!at[1] && !strcmp((const char *)at[0], name))
			return xml_attribute_value(p, at);
	}
	return STR_NONE;
}

struct str xml_attribute_ns(
	struct parser *p, const struct attributes *a, enum ns ns, const char *name)
{
	for (int i = 0; i < a->n; i++) {
		const xmlChar **at = a->p + (ptrdiff_t)i * 5;
		bool repaired;
		if (at[1] && !strcmp((const char *)at[0], name) &&
			(at[2] ? namespace_find(xml_str(at[2]), &repaired)
			       : namespace_of_prefix(xml_str(at[1]))) == ns)
			return xml_attribute_value(p, at);
	}
	return STR_NONE;
}

struct str xml_resolve(struct parser *p, struct str uri, struct str base)
{
	uri = arena_str(p->arena, str_trim(uri)); /* xmlBuildURI() wants the NUL */
	if (!base.n || !uri.n)
		return uri.n ? uri : base;
	xmlChar *joined = xmlBuildURI((const xmlChar *)uri.p, (const xmlChar *)base.p);
	if (!joined)
		return uri;
	struct str result = arena_str(p->arena, xml_str(joined));
	xmlFree(joined);
	return result;
}

struct str xml_base(struct parser *p)
{
	return p->stack[p->depth <= PARSE_DEPTH_MAX ? p->depth : PARSE_DEPTH_MAX].base;
}

struct str xml_language(struct parser *p)
{
	return p->stack[p->depth <= PARSE_DEPTH_MAX ? p->depth : PARSE_DEPTH_MAX].language;
}

/* xml:base and xml:lang of the element just opened. */
static void scope_attributes(struct parser *p, struct frame *frame, const struct attributes *a)
{
	for (int i = 0; i < a->n; i++) {
		const xmlChar **at = a->p + (ptrdiff_t)i * 5;
		if (!at[1] || strcmp((const char *)at[1], "xml"))
			continue;
		if (!strcmp((const char *)at[0], "base")) {
			struct str outer = frame->base.p ? frame->base : p->document.base;
			struct str base = xml_resolve(p, xml_attribute_value(p, at), outer);
			if (p->depth == 1)
				p->document.base = base;
			else
				frame->base = base;
		} else if (!strcmp((const char *)at[0], "lang")) {
			frame->language = str_trim(xml_attribute_value(p, at));
			if (p->depth == 1) {
				p->document.language = frame->language;
				frame->language = STR_NONE;
			}
		}
	}
}

/* ---- elements ---- */

static void on_root(struct parser *p, const xmlChar *name, const xmlChar *uri)
{
	bool repaired;

	snprintf(p->root, sizeof p->root, "%s", (const char *)name);
	if (uri && namespace_find(xml_str(uri), &repaired) == NS_OTHER)
		p->root_uri = uri;
}

/* This run ends here, and the mender takes the document; libxml2 must not go on either, for with what
 * it has been given it may find as many errors as there are bytes. */
static void give_up(struct parser *p)
{
	p->broken = p->stop = true;
	xmlStopParser(p->xml);
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
	const xmlChar **attributes)
{
	struct parser *p = user;
	struct attributes a = {attributes, n_attributes};

	(void)n_defaulted;
	if (p->stop)
		return;
	if (++p->depth > PARSE_DEPTH_MAX) {
		p->document.flaws |= FLAW_LIMIT_REACHED;
		return;
	}
	if (p->xml->nsNr > 2 * PARSE_NAMESPACES_MAX && !p->mending) {
		p->beyond = true;
		give_up(p);
		return;
	}
	struct frame *frame = &p->stack[p->depth];
	*frame = p->stack[p->depth - 1];
	frame->element = NULL;
	if (p->ignore)
		return;
	if (p->collect_depth && p->depth == p->collect_depth + 1 &&
		cap_is_alert(p, name, prefix, uri)) {
		/* The content of this entry is no text but a document of its own. */
		p->collect_depth = 0;
		frame->scope = SCOPE_ENTRY;
	}
	if (p->collect_depth) {
		collect_start(p, name, prefix, uri, n_namespaces, namespaces, &a);
		return;
	}
	if (p->depth == 1)
		on_root(p, name, uri);
	enum ns ns;
	const struct element *e = find_element(p, name, prefix, uri, &ns);
	if (!e) {
		if (p->depth == 1) {
			p->not_feed = p->stop = true;
		} else if (frame->scope <= SCOPE_FEED || frame->scope == SCOPE_WRAP) {
			frame->scope = SCOPE_WRAP;
		} else {
			p->ignore = p->depth;
		}
		return;
	}
	p->root_namespaces = namespaces;
	p->n_root_namespaces = n_namespaces;
	if (e->inner == SCOPE_ITEM || e->inner == SCOPE_ENTRY || e->inner == SCOPE_DELETED)
		build_begin_entry(p);
	frame->element = e;
	if (n_attributes)
		scope_attributes(p, frame, &a);
	if (e->collect)
		collect_begin(p, e);
	else
		frame->scope = e->inner;
	if (e->start)
		e->start(p, e, &a);
	if (!e->collect && frame->scope == SCOPE_OUTSIDE)
		p->ignore = p->depth;
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct parser *p = user;

	if (p->stop || !p->depth)
		return;
	if (p->depth > PARSE_DEPTH_MAX) {
		p->depth--;
		return;
	}
	const struct frame *frame = &p->stack[p->depth];
	if (p->collect_depth && p->depth > p->collect_depth) {
		if (!p->ignore)
			collect_end(p, name, prefix, uri);
	} else if (frame->element) {
		struct str text = STR("");
		if (p->collect_depth) {
			text = str_trim(buf_view(&p->text));
			p->collect_depth = 0;
		}
		if (frame->element->end)
			frame->element->end(p, frame->element, text);
	}
	if (p->ignore == p->depth)
		p->ignore = 0;
	p->depth--;
	if (p->in_entry && p->depth < p->entry_depth)
		build_end_entry(p);
}

/* ---- entities, document type, errors ---- */

/* What an entity means, in p->entity_text; false if nobody knows. */
static bool entity_text(struct parser *p, struct str name)
{
	unsigned code;

	buf_clear(&p->entity_text);
	for (size_t i = 0; i < p->n_entities; i++)
		if (str_eq(p->entities[i].name, name)) {
			buf_str(&p->entity_text, p->entities[i].text);
			return true;
		}
	code = entity_find(name);
	if (code)
		buf_utf8(&p->entity_text, code);
	return code;
}

void parser_decode(struct parser *p, struct buf *out, struct str s)
{
	while (s.n) {
		size_t plain = str_chr(s, '&');
		buf_add(out, s.p, plain);
		s = str_skip(s, plain);
		if (!s.n)
			break;
		size_t semicolon = str_chr(s, ';');
		struct str name = semicolon < s.n && semicolon > 1
					  ? str_make(s.p + 1, semicolon - 1)
					  : STR_NONE;
		if (name.n && name.n < 32 && name.p[0] != '#' && p->n_entities &&
			entity_text(p, name)) {
			buf_str(out, buf_view(&p->entity_text));
			s = str_skip(s, semicolon + 1);
		} else {
			s = str_skip(s, entity_decode_one(out, s));
		}
	}
}

static xmlEntityPtr on_get_entity(void *user, const xmlChar *name)
{
	struct parser *p = user;

	/* In a declaration libxml2 asks whether the name is taken, and would keep what it gets. */
	if (p->xml->inSubset)
		return NULL;
	/* Without a DOCTYPE that might declare it, using it is an error, understood or not. */
	bool known = entity_text(p, xml_str(name));
	if (!known || !p->doctype)
		p->document.flaws |= FLAW_NOT_WELL_FORMED;
	if (!known)
		buf_printf(&p->entity_text, "&%s;", (const char *)name);
	memset(&p->entity, 0, sizeof p->entity);
	p->entity.type = XML_ENTITY_DECL;
	p->entity.name = name;
	p->entity.checked = 2;
	if (p->xml->instate == XML_PARSER_ATTRIBUTE_VALUE) {
		/* libxml2 then writes "&name;", and xml_attribute() decodes it. */
		p->entity.etype = XML_INTERNAL_GENERAL_ENTITY;
		return &p->entity;
	}
	p->entity.etype = XML_INTERNAL_PREDEFINED_ENTITY;
	p->entity.content = (xmlChar *)(uintptr_t)buf_cstr(&p->entity_text);
	p->entity.length = (int)p->entity_text.n;
	return &p->entity;
}

static void on_entity_declaration(void *user, const xmlChar *name, int type,
	const xmlChar *public_id, const xmlChar *system_id, xmlChar *content)
{
	struct parser *p = user;
	struct str text = xml_str(content);

	(void)public_id;
	(void)system_id;
	if (type != XML_INTERNAL_GENERAL_ENTITY || !content)
		return;
	if (p->n_entities >= PARSE_ENTITIES_MAX || text.n > PARSE_ENTITY_BYTES_MAX) {
		p->document.flaws |= FLAW_LIMIT_REACHED;
		return;
	}
	struct declared_entity *e =
		ARENA_PUSH(&p->document_arena, p->entities, p->n_entities, p->cap_entities);
	e->name = arena_str(&p->document_arena, xml_str(name));
	buf_clear(&p->scratch);
	entity_decode(&p->scratch, text);
	e->text = arena_str(&p->document_arena, buf_view(&p->scratch));
}

static void on_doctype(
	void *user, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	struct parser *p = user;

	(void)name;
	(void)system_id;
	p->doctype = true;
	if (public_id && str_ifind(xml_str(public_id), STR("netscape")) < xml_str(public_id).n)
		p->netscape = true;
}

static void on_error(void *user, xmlErrorPtr error)
{
	struct parser *p = user;

	if (p->stop)
		return;
	if (error->domain == XML_FROM_NAMESPACE && error->code == XML_NS_ERR_UNDEFINED_NAMESPACE)
		p->document.flaws |= FLAW_UNDECLARED_NAMESPACE;
	if (error->level != XML_ERR_FATAL)
		return;
	p->broken = true;
	if (p->mending)
		return;
	/* libxml2's own limits, which are no faults of the document. */
	p->beyond |= p->depth > PARSE_DEPTH_MAX || error->code == XML_ERR_NAME_TOO_LONG;
	give_up(p);
}

static const xmlSAXHandler handler = {
	.initialized = XML_SAX2_MAGIC,
	.startElementNs = on_start,
	.endElementNs = on_end,
	.characters = collect_characters,
	.ignorableWhitespace = collect_characters,
	.cdataBlock = collect_characters,
	.getEntity = on_get_entity,
	.entityDecl = on_entity_declaration,
	.internalSubset = on_doctype,
	.serror = (xmlStructuredErrorFunc)on_error,
};

/* ---- runs ---- */

static void context_free(struct parser *p)
{
	if (!p->xml)
		return;
	/* libxml2 hangs declared entities on a document it does not free. */
	xmlFreeDoc(p->xml->myDoc);
	p->xml->myDoc = NULL;
	xmlFreeParserCtxt(p->xml);
	p->xml = NULL;
}

static int context_begin(struct parser *p)
{
	if (p->xml && xmlDictSize(p->xml->dict) > PARSE_NAMES_MAX)
		context_free(p);
	if (!p->xml) {
		xmlSAXHandler sax = handler;
		p->xml = xmlCreatePushParserCtxt(&sax, p, NULL, 0, NULL);
		if (!p->xml)
			return -ENOMEM;
		if (!p->names)
			p->names = mem_zalloc(NAME_CACHE_SIZE, sizeof *p->names);
		memset(p->names, 0, NAME_CACHE_SIZE * sizeof *p->names);
		p->n_names = 0;
	} else if (xmlCtxtResetPush(p->xml, NULL, 0, NULL, NULL)) {
		return -ENOMEM;
	}
	/* A new context would look for a byte order mark, a used one would not. */
	p->xml->charset = XML_CHAR_ENCODING_UTF8;
	xmlCtxtUseOptions(p->xml, XML_PARSE_NONET | XML_PARSE_RECOVER | XML_PARSE_IGNORE_ENC);
	return 0;
}

/* A tag that has all attributes there are is found out before libxml2 sees its end, and the time it
 * would take grows with the square of their number. */
static void watch_tag(struct parser *p, bool inside, const char *bytes, size_t n)
{
	if (p->stop || p->mending || !inside || p->xml->instate != XML_PARSER_START_TAG) {
		p->tag_attributes = 0;
		return;
	}
	for (const char *end = bytes + n; (bytes = memchr(bytes, '=', (size_t)(end - bytes)));
		bytes++)
		if (++p->tag_attributes > PARSE_TAG_ATTRIBUTES_MAX) {
			p->beyond = true;
			give_up(p);
			return;
		}
}

static void hand_on(struct parser *p, const char *bytes, size_t n)
{
	bool inside = p->xml->instate == XML_PARSER_START_TAG;

	xmlParseChunk(p->xml, bytes, (int)n, 0);
	watch_tag(p, inside, bytes, n);
}

/* Of a CDATA section that goes on, libxml2 takes 300 bytes of what it is given and looks through all
 * the rest each time. So there it gets as much at once as it has already, which makes that linear. */
static bool wants_more(const struct parser *p)
{
	size_t unread = (size_t)(p->xml->input->end - p->xml->input->cur);

	return p->xml->instate == XML_PARSER_CDATA_SECTION && p->held.n < unread &&
	       p->held.n < PARSE_HELD_MAX;
}

static void push_held(struct parser *p)
{
	if (p->held.n && !p->stop)
		hand_on(p, p->held.p, p->held.n);
	buf_clear(&p->held);
	buf_shrink(&p->held, PARSE_ATTRIBUTE_MAX);
}

void xml_push(struct parser *p, struct str s)
{
	while (s.n && !p->stop) {
		struct str part = str_head(s, PARSE_CHUNK);
		if (p->held.n || wants_more(p)) {
			buf_str(&p->held, part);
			if (!wants_more(p))
				push_held(p);
		} else {
			hand_on(p, part.p, part.n);
		}
		s = str_skip(s, part.n);
	}
}

static void push(struct parser *p, struct str piece)
{
	size_t taken = bypass_push(p, piece);

	if (taken < piece.n && (p->mending || !charset_again(&p->charset, piece.n - taken)))
		bypass_push(p, str_skip(piece, taken));
}

/* An empty piece is the end. */
static void push_mended(struct parser *p, struct str piece)
{
	bool last = !piece.n;

	do {
		struct str part = str_head(piece, PARSE_CHUNK);
		buf_clear(&p->mended);
		mender_feed(p->mender, part, last, &p->mended);
		p->truncated = mender_truncated(p->mender);
		push(p, buf_view(&p->mended));
		piece = str_skip(piece, part.n);
	} while (piece.n && !p->stop);
}

static int run_once(struct parser *p, bool mending, struct error *error)
{
	build_begin_document(p);
	p->mending = mending;
	if (context_begin(p))
		return error_set(error, ENOMEM, "libxml2 has no memory for a parser");
	buf_clear(&p->held);
	p->tag_attributes = 0;
	charset_rewind(&p->charset);
	if (mending)
		mender_reset(p->mender);
	while (!p->stop) {
		struct str piece;
		int r = charset_next(&p->charset, &piece);
		if (r < 0)
			return error_errno(error, -r, "cannot read the body");
		if (mending)
			push_mended(p, piece);
		else
			push(p, piece);
		if (!piece.n)
			break;
	}
	push_held(p);
	if (!p->stop)
		xmlParseChunk(p->xml, NULL, 0, 1);
	return 0;
}

/* Does a feed begin somewhere behind something else (a web page, a script's warning)? */
static bool hides_feed(struct parser *p)
{
	static const char *const roots[] = {"<rss", "<feed", "<rdf:RDF"};

	if (parser_read_beginning(p, PARSE_SNIFF_MAX) < 0)
		return false;
	struct str text = buf_view(&p->text);
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		if (str_find(text, str_of(roots[i])) < text.n)
			return true;
	return false;
}

int xml_run(struct parser *p, struct error *error)
{
	p->beyond = false;
	int r = run_once(p, false, error);

	if (r < 0 || p->error)
		return r;
	bool no_root = !p->root[0], not_feed = p->not_feed;
	if (!p->broken && !no_root && !(not_feed && hides_feed(p)))
		return 0;
	char root[sizeof p->root];
	memcpy(root, p->root, sizeof root);
	p->replay = p->document.entries;
	if (!p->mender)
		p->mender = mender_new();
	r = run_once(p, true, error);
	p->document.flaws |= p->beyond ? FLAW_LIMIT_REACHED : FLAW_NOT_WELL_FORMED;
	if (mender_limited(p->mender))
		p->document.flaws |= FLAW_LIMIT_REACHED;
	if (p->truncated)
		p->document.flaws |= FLAW_TRUNCATED;
	if (!p->root[0] || (not_feed && !p->document.entries && !p->document.title.value.n)) {
		p->not_feed = true;
		memcpy(p->root, root, sizeof root);
	}
	return r;
}

void xml_deinit(struct parser *p)
{
	context_free(p);
	free(p->names);
	buf_deinit(&p->entity_text);
	buf_deinit(&p->mended);
	buf_deinit(&p->held);
	p->mender = mender_free(p->mender);
}
