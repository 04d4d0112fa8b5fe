#include "twice.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void fail(const char *property, const struct collector *a, const struct collector *b)
{
	fprintf(stderr, "%s:\n%.*s\n----\n%.*s\n", property, (int)a->out.n, a->out.p, (int)b->out.n,
		b->out.p);
	abort();
}

/* The bytes as a body that lies in a file. */
static void open_file(struct body *body, struct str bytes)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (body_open(body, path, bytes.n) < 0)
		abort();
	close(fd);
}

void twice_parse(struct twice *twice, struct str bytes)
{
	struct collector *first = &twice->first, again = {.out = BUF_INIT},
			 file = {.out = BUF_INIT};
	struct parser *parser = parser_new(), *fresh = parser_new();
	struct body body = BODY_INIT;
	struct error error;

	twice->result = collect_run(first, parser, bytes, twice->hints, &error);
	if (first->invalid)
		fail("not UTF-8", first, &again);
	int r = collect_run(&again, parser, bytes, twice->hints, &error);
	if (r != twice->result || !str_eq(buf_view(&first->out), buf_view(&again.out)))
		fail("the second run says something else", first, &again);
	open_file(&body, bytes);
	r = collect_body(&file, fresh, &body, twice->hints, &error);
	if (r != twice->result || !str_eq(buf_view(&first->out), buf_view(&file.out)))
		fail("from a file it says something else", first, &file);
	body_deinit(&body);
	collect_deinit(&again);
	collect_deinit(&file);
	parser_free(parser);
	parser_free(fresh);
}

void twice_deinit(struct twice *twice)
{
	collect_deinit(&twice->first);
}
