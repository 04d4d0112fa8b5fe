/* The yardstick of parsing: libxml2's SAX2 push parser over files, keeping nothing, with one parser
 * context for all of them. One pass, so that the whole process can be measured from outside.
 *
 * Usage: bench-sax < list of files, one per line
 * Prints one JSON object: files, bytes, and how many elements are called item or entry. */
#include <fcntl.h>
#include <libxml/parser.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* libxml2 looks for the end of what it was given, again with each piece: 4 KiB cost 5 % more than this,
 * and more than this saves nothing. */
#define PIECE 65536

struct counts {
	size_t files, bytes, items;
};

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
	const xmlChar **attributes)
{
	struct counts *counts = ((xmlParserCtxt *)ctx)->_private;

	(void)prefix, (void)uri, (void)n_namespaces, (void)namespaces;
	(void)n_attributes, (void)n_defaulted, (void)attributes;
	counts->items +=
		!strcmp((const char *)name, "item") || !strcmp((const char *)name, "entry");
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	(void)ctx, (void)name, (void)prefix, (void)uri;
}

static void on_text(void *ctx, const xmlChar *text, int n)
{
	(void)ctx, (void)text, (void)n;
}

static void on_complaint(void *ctx, const char *format, ...)
{
	(void)ctx, (void)format;
}

static bool parse(xmlParserCtxt *ctxt, const char *name, struct counts *counts)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	char piece[PIECE];
	ssize_t n;

	if (fd < 0)
		return false;
	xmlCtxtResetPush(ctxt, NULL, 0, NULL, NULL);
	xmlCtxtUseOptions(ctxt, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
					XML_PARSE_NOWARNING | XML_PARSE_HUGE);
	while ((n = read(fd, piece, sizeof piece)) > 0) {
		xmlParseChunk(ctxt, piece, (int)n, 0);
		counts->bytes += (size_t)n;
	}
	xmlParseChunk(ctxt, NULL, 0, 1);
	counts->files++;
	close(fd);
	return n == 0;
}

int main(void)
{
	struct counts counts = {0};
	xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.ignorableWhitespace = on_text};
	xmlParserCtxt *ctxt;
	char line[4096];

	xmlSetGenericErrorFunc(NULL, on_complaint);
	ctxt = xmlCreatePushParserCtxt(&handler, NULL, NULL, 0, NULL);
	if (!ctxt)
		return 71;
	ctxt->_private = &counts;
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!parse(ctxt, line, &counts)) {
			perror(line);
			return 66;
		}
	}
	xmlFreeParserCtxt(ctxt);
	printf("{\"files\":%zu,\"bytes\":%zu,\"items\":%zu}\n", counts.files, counts.bytes,
		counts.items);
	return 0;
}
