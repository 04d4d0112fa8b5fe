/* civicwire schema: the JSON Schemas of the files and of the events, for editors and for programs. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "cli/verb.h"
#include "config/schema.h"

static const char usage[] =
	"Usage: civicwire schema [OPTION]... [NAME]\n"
	"Prints a JSON Schema (draft 2020-12): of a file of the configuration, for editors that\n"
	"complete and check while one writes, or of what an event says, for programs that read "
	"them.\n"
	"Without NAME the names are listed.\n"
	"\n"
	"  civicwired   civicwired.yaml\n"
	"  feeds        a file of feeds.d\n"
	"  themes       a file of themes.d\n"
	"  clients      a file of clients.d\n"
	"  item         an event of an item: its data, and in $defs.event the envelope\n"
	"  feed         an event of a feed: what happened to it\n"
	"\n"
	"      --list   list the names\n"
	"  -h, --help   show this\n"
	"\n"
	"Exit status: 0; 64 wrong usage, or no such name; 66 the program's data are not installed; "
	"74 the\n"
	"output cannot be written.\n";

/* Those of the files are made from the table of keys; those of events are data. */
static const struct {
	const char *name, *file, *about;
	enum section root;
} schemas[] = {
	{"civicwired", NULL, "civicwired.yaml", SECTION_DAEMON},
	{"feeds", NULL, "a file of feeds.d", SECTION_FEEDS},
	{"themes", NULL, "a file of themes.d", SECTION_THEMES},
	{"clients", NULL, "a file of clients.d", SECTION_CLIENT},
	{"item", "item-1.json", "an event of an item", SECTION_COUNT},
	{"feed", "feed-1.json", "an event of a feed", SECTION_COUNT},
};
#define SCHEMAS (sizeof schemas / sizeof *schemas)

static int list(void)
{
	for (size_t i = 0; i < SCHEMAS; i++)
		printf("%-12s %s\n", schemas[i].name, schemas[i].about);
	return verb_flush("schema");
}

static int print_file(const char *name)
{
	const char *data = getenv("CIVICWIRE_DATADIR");
	cleanup(free_p) char *path =
		mem_printf("%s/schema/%s", data && *data ? data : CIVICWIRE_DATADIR, name);
	cleanup(fclose_p) FILE *file = fopen(path, "re");
	char piece[4096];
	size_t n;

	if (!file) {
		fprintf(stderr,
			"civicwire schema: %s: %s; install it, or set CIVICWIRE_DATADIR to the "
			"folder "
			"above schema/\n",
			path, strerror(errno));
		return EX_NOINPUT;
	}
	while ((n = fread(piece, 1, sizeof piece, file)) > 0)
		fwrite(piece, 1, n, stdout);
	return verb_flush("schema");
}

static int print(const char *name)
{
	for (size_t i = 0; i < SCHEMAS; i++) {
		if (strcmp(schemas[i].name, name) != 0)
			continue;
		if (schemas[i].file)
			return print_file(schemas[i].file);
		struct buf out = BUF_INIT;
		schema_write_json(&out, schemas[i].root);
		fwrite(out.p, 1, out.n, stdout);
		buf_deinit(&out);
		return verb_flush("schema");
	}
	return verb_misused("schema", "there is no schema '%s'; civicwire schema --list", name);
}

int verb_schema(int argc, char **argv)
{
	static const struct option options[] = {
		{"list", no_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'}, {0}};

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) >= 0;) {
		if (c == 'h') {
			fputs(usage, stdout);
			return verb_flush("schema");
		}
		if (c == 'l')
			return list();
		return verb_misused("schema", "unknown option '%s'", argv[optind - 1]);
	}
	if (argc - optind > 1)
		return verb_misused("schema", "one schema at a time");
	return optind < argc ? print(argv[optind]) : list();
}
