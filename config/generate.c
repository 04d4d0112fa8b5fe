/* Writes what is made from the schema table: `generate NAME` prints civicwired.yaml or one of the
 * JSON Schemas. `ninja config-files` puts them where they are kept; a test compares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/schema.h"

static const struct {
	const char *name;
	enum section root;
} schemas[] = {
	{"civicwired.json", SECTION_DAEMON},
	{"feeds.json", SECTION_FEEDS},
	{"themes.json", SECTION_THEMES},
	{"clients.json", SECTION_CLIENT},
};

int main(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "";
	struct buf out = BUF_INIT;

	if (!strcmp(name, "civicwired.yaml"))
		schema_write_sample(&out);
	for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
		if (!strcmp(name, schemas[i].name))
			schema_write_json(&out, schemas[i].root);
	if (!out.n) {
		fputs("usage: generate civicwired.yaml|civicwired.json|feeds.json|themes.json|"
		      "clients.json\n",
			stderr);
		return 64;
	}
	fwrite(out.p, 1, out.n, stdout);
	buf_deinit(&out);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
