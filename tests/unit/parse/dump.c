/* Prints what the parse stage reads in the files named on the command line. */
#include <stdio.h>

#include "collect.h"

int main(int argc, char **argv)
{
	struct collector c = {.out = BUF_INIT};
	struct parser *parser = parser_new();

	for (int i = 1; i < argc; i++) {
		struct body body = BODY_INIT;
		struct error error = {0, ""};
		const struct parse_hints hints = {.url = STR_NONE};
		int r = body_load(&body, argv[i], 64u << 20);
		if (!r)
			r = collect_body(&c, parser, &body, &hints, &error);
		printf("== %s: %d %s\n%.*s", argv[i], r, error.text, STR_FMT(buf_view(&c.out)));
		body_deinit(&body);
	}
	collect_deinit(&c);
	parser_free(parser);
	return 0;
}
