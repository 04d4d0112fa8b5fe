/* HTML → tokens, by the states of the HTML standard (§ 13.2.5), without a copy: every text of a
 * token is a slice of the input, its character references still in it. One pass, no look-back.
 *
 * Where we leave the standard, on purpose:
 * - "<![CDATA[" is no comment: feeds wrap HTML in CDATA twice. Its content is read as HTML, and the
 *   "]]>" (or "]]&gt;") after it is taken out.
 * - <noframes/>, <title/>, … in XHTML's manner are empty when no end tag follows; the standard would
 *   read all the rest of an article as their content.
 * - A "<!" whose '>' is missing is text: nobody reads a title of nothing.
 * - What stands in an <iframe> is markup: it was written for those who see no frames, and nobody sees
 *   them here. */
#pragma once

#include "normalize/html-element.h"

enum html_token_type {
	HTML_TOKEN_TEXT,  /* text; references undecoded */
	HTML_TOKEN_START, /* tag, attrs, self_closing; text: content of an HTML_RAW element */
	HTML_TOKEN_END,   /* tag */
	HTML_TOKEN_OTHER, /* comment, doctype, processing instruction, or content we skipped */
};

struct html_attr {
	enum html_attr_id id;
	struct str value; /* undecoded; empty if there was none */
};

struct html_token {
	enum html_token_type type;
	enum html_tag tag; /* HTML_TAG_OTHER for what is no tag */
	bool self_closing;
	bool strangers; /* it had attributes we do not know, or one twice */
	struct str text;
	struct html_attr attrs[HTML_ATTR_COUNT]; /* known ones, each once, the first of its name */
	size_t n_attrs;
};

struct html_tokenizer {
	const char *p, *end;
	/* Set of HTML_RAW elements without an end tag from here on. */
	uint64_t unclosed[HTML_TAG_COUNT / 64 + 1];
	enum html_tag skipped; /* HTML_SKIP element we are in; HTML_TAG_OTHER: none */
	unsigned skip_depth, cdata;
	bool in_desc; /* of a skipped <svg> */
	struct html_recent tags, attrs;
	bool malformed; /* the input ended inside a tag or comment */
};

void html_tokenizer_init(struct html_tokenizer *t, struct str html);
/* False at the end of the input. */
bool html_token_next(struct html_tokenizer *t, struct html_token *token);
/* The value of an attribute; STR_NONE if the tag has none of this name. */
struct str html_token_attr(const struct html_token *token, enum html_attr_id id);
