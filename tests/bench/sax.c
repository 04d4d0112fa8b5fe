/* The yardstick of parsing: libxml2's SAX2 push parser over files, in 4 KiB pieces, keeping nothing.
 * Counts the elements called item or entry.
 *
 * Usage: bench-sax ROUNDS < list of files, one per line
 * Prints one JSON object: items and bytes of one round, CPU seconds of each round. */
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"

#define PIECE 4096

struct file {
	char *name;
	struct buf bytes;
};

struct counts {
	size_t items, bytes;
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

static void parse(const struct file *file, struct counts *counts)
{
	xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.ignorableWhitespace = on_text};
	xmlParserCtxt *ctxt = xmlCreatePushParserCtxt(&handler, NULL, NULL, 0, NULL);

	ctxt->_private = counts;
	xmlCtxtUseOptions(ctxt, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
					XML_PARSE_NOWARNING | XML_PARSE_HUGE);
	for (size_t at = 0; at < file->bytes.n; at += PIECE) {
		size_t n = file->bytes.n - at < PIECE ? file->bytes.n - at : PIECE;
		xmlParseChunk(ctxt, file->bytes.p + at, (int)n, 0);
	}
	xmlParseChunk(ctxt, NULL, 0, 1);
	counts->bytes += file->bytes.n;
	if (ctxt->myDoc)
		xmlFreeDoc(ctxt->myDoc);
	xmlFreeParserCtxt(ctxt);
}

static bool load(struct file *file)
{
	FILE *f = fopen(file->name, "rb");
	char piece[65536];
	size_t n;

	if (!f) {
		perror(file->name);
		return false;
	}
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(&file->bytes, piece, n);
	fclose(f);
	return true;
}

static void on_complaint(void *ctx, const char *format, ...)
{
	(void)ctx, (void)format;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct file *files = NULL;
	size_t n = 0, cap = 0, rounds = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct counts counts = {0};
	char line[4096];

	if (!rounds) {
		fputs("usage: bench-sax ROUNDS < list\n", stderr);
		return 64;
	}
	while (fgets(line, sizeof line, stdin)) {
		MEM_GROW(files, cap, n + 1);
		files[n] = (struct file){mem_strndup(line, strcspn(line, "\n")), BUF_INIT};
		if (!load(&files[n++]))
			return 66;
	}
	xmlSetGenericErrorFunc(NULL, on_complaint);
	for (size_t i = 0; i < n; i++)
		parse(&files[i], &counts);
	printf("{\"items\":%zu,\"bytes\":%zu,\"cpu\":[", counts.items, counts.bytes);
	for (size_t round = 0; round < rounds; round++) {
		double start = cpu_seconds();
		for (size_t i = 0; i < n; i++)
			parse(&files[i], &counts);
		printf("%s%.6f", round ? "," : "", cpu_seconds() - start);
	}
	puts("]}");
	for (size_t i = 0; i < n; i++) {
		free(files[i].name);
		buf_deinit(&files[i].bytes);
	}
	free(files);
	return 0;
}
