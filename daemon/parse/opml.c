/* The outline is walked by SAX, so that nothing is built of what is refused: a declared entity ends it at
 * its declaration, before anything can refer to it. */
#include "parse/opml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <stdlib.h>

#include "base/buf.h"

/* The attribute of our own exports. */
#define OWN_NAMESPACE "urn:civicwire:opml"

struct reading {
	xmlParserCtxt *parser;
	struct opml *opml;
	size_t cap_feeds, outlines;
	struct str folders[OPML_DEPTH_MAX];
	unsigned depth; /* of outlines that are open */
	unsigned elements;
	bool is_opml, in_title;
	const char *refused;
	int refused_line;
};

static void refuse(struct reading *r, const char *why)
{
	if (!r->refused) {
		r->refused = why;
		r->refused_line = xmlSAX2GetLineNumber(r->parser);
	}
	xmlStopParser(r->parser);
}

static struct str name_of(const xmlChar *name)
{
	return str_of((const char *)name);
}

/* SAX2 hands attributes over as (name, prefix, namespace, value, end of value). */
static struct str attribute(
	struct reading *r, const xmlChar **attributes, int n, const char *uri, const char *wanted)
{
	for (int i = 0; i < n; i++, attributes += 5) {
		struct str space = name_of(attributes[2]);
		const char *value = (const char *)attributes[3], *end = (const char *)attributes[4];
		if (!str_is_i(name_of(attributes[0]), wanted) || !str_is(space, uri ? uri : ""))
			continue;
		struct str text = str_trim(str_make(value, (size_t)(end - value)));
		/* "&amp;" comes as "&#38;" from a parser that does not replace entities. */
		struct buf out = BUF_INIT;
		while (text.n) {
			size_t at = str_find(text, STR("&#38;"));
			buf_str(&out, str_head(text, at));
			text = str_skip(text, at);
			if (text.n) {
				buf_char(&out, '&');
				text = str_skip(text, strlen("&#38;"));
			}
		}
		struct str kept = arena_str(&r->opml->arena, buf_view(&out));
		buf_deinit(&out);
		return kept;
	}
	return STR_NONE;
}

static void on_outline(struct reading *r, const xmlChar **attributes, int n)
{
	struct opml *opml = r->opml;
	struct str text = attribute(r, attributes, n, NULL, "text");
	struct str url = attribute(r, attributes, n, NULL, "xmlUrl");

	if (++r->outlines > OPML_OUTLINES_MAX) {
		refuse(r, "there are more outlines than feeds can be configured");
		return;
	}
	if (r->depth == OPML_DEPTH_MAX) {
		refuse(r, "folders are nested too deep");
		return;
	}
	if (!text.n)
		text = attribute(r, attributes, n, NULL, "title");
	if (url.n) {
		struct opml_feed *feed =
			ARENA_PUSH(&opml->arena, opml->feeds, opml->n_feeds, r->cap_feeds);
		struct str *folders = arena_alloc(&opml->arena, (r->depth + 1) * sizeof *folders);
		memcpy(folders, r->folders, r->depth * sizeof *folders);
		*feed = (struct opml_feed){.text = text,
			.url = url,
			.page_url = attribute(r, attributes, n, NULL, "htmlUrl"),
			.language = attribute(r, attributes, n, NULL, "language"),
			.id = attribute(r, attributes, n, OWN_NAMESPACE, "id"),
			.folders = folders,
			.n_folders = r->depth};
	} else if (attribute(r, attributes, n, NULL, "type").n) {
		opml->n_other++;
	}
	r->folders[r->depth++] = text.n ? text : STR("");
}

static void on_start(void *userp, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int n_namespaces, const xmlChar **namespaces, int n, int n_defaulted,
	const xmlChar **attributes)
{
	struct reading *r = userp;

	(void)prefix, (void)uri, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
	if (r->elements++ == 0)
		r->is_opml = str_is_i(name_of(name), "opml");
	if (!r->is_opml) {
		refuse(r, "its root is not <opml>");
		return;
	}
	r->in_title = str_is_i(name_of(name), "title") && !r->opml->title.p;
	if (str_is_i(name_of(name), "outline"))
		on_outline(r, attributes, n);
}

static void on_end(void *userp, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reading *r = userp;

	(void)prefix, (void)uri;
	r->in_title = false;
	if (str_is_i(name_of(name), "outline") && r->depth)
		r->depth--;
}

static void on_text(void *userp, const xmlChar *text, int n)
{
	struct reading *r = userp;

	if (r->in_title)
		r->opml->title = arena_printf(&r->opml->arena, "%.*s%.*s", STR_FMT(r->opml->title),
			n, (const char *)text);
}

static void on_entity(void *userp, const xmlChar *name, int type, const xmlChar *public_id,
	const xmlChar *system_id, xmlChar *content)
{
	(void)name, (void)type, (void)public_id, (void)system_id, (void)content;
	refuse(userp, "it declares entities, which no list of feeds needs");
}

static void quiet(void *userp, const char *format, ...)
{
	(void)userp, (void)format;
}

static int judge(struct reading *r, int code, struct error *error)
{
	const xmlError *why = xmlCtxtGetLastError(r->parser);

	if (r->refused)
		return error_set(error, EBADMSG, "line %d: %s", r->refused_line, r->refused);
	if (code == 0 && r->is_opml)
		return 0;
	if (!why || !why->message)
		return error_set(error, EBADMSG, "this is no XML");
	struct str words = str_trim(str_of(why->message));
	return error_set(error, EBADMSG, "line %d: %.*s", why->line, STR_FMT(words));
}

int opml_read(struct opml *ret, struct str bytes, struct error *error)
{
	xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.entityDecl = on_entity,
		.warning = quiet,
		.error = quiet};
	struct opml opml = {.arena = ARENA_INIT};
	struct reading r = {.opml = &opml};

	if (bytes.n > OPML_BYTES_MAX)
		return error_set(error, EFBIG, "it is longer than %d MiB", OPML_BYTES_MAX >> 20);
	r.parser = xmlCreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
	if (!r.parser)
		return error_set(error, ENOMEM, "libxml2 has no memory");
	xmlCtxtUseOptions(r.parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	int code = xmlParseChunk(r.parser, bytes.p, (int)bytes.n, 1);
	int result = judge(&r, code, error);
	/* A declaration of an entity makes libxml2 begin a document for it, SAX or not. */
	xmlFreeDoc(r.parser->myDoc);
	r.parser->myDoc = NULL;
	xmlFreeParserCtxt(r.parser);
	if (result < 0)
		opml_deinit(&opml);
	else
		*ret = opml;
	return result;
}

void opml_deinit(struct opml *opml)
{
	arena_deinit(&opml->arena);
	*opml = (struct opml){.arena = ARENA_INIT};
}
