/* Reads events from standard input, one a line, by libcivicwire, and writes what each getter says:
 *
 *	name length:bytes      for each member that is there
 *	end                    after each event
 *
 * and with "header" as its argument, header lines: "epoch seq prev time". */
#include <civicwire/civicwire.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *(*get)(struct cw_event *event);
} getters[] = {
	{"id", cw_event_id},
	{"source", cw_event_source},
	{"type", cw_event_type},
	{"subject", cw_event_subject},
	{"time", cw_event_time},
	{"recordedtime", cw_event_recorded_time},
	{"cwfeed", cw_event_feed},
	{"cwcity", cw_event_city},
	{"cwnetworks", cw_event_networks},
	{"cwthemes", cw_event_themes},
	{"cwlang", cw_event_language},
	{"cwkind", cw_event_kind},
	{"data.title", cw_event_title},
	{"data.url", cw_event_url},
	{"data.summary", cw_event_summary},
	{"data.content_text", cw_event_content_text},
	{"data.content_html", cw_event_content_html},
	{"data.date_published", cw_event_published},
	{"data.date_modified", cw_event_modified},
};

static void show(const char *name, const char *value)
{
	if (value)
		printf("%s %zu:%s\n", name, strlen(value), value);
}

static int read_event(const char *line, size_t n)
{
	struct cw_event *event;
	size_t n_json;

	if (cw_event_parse(line, n, &event) < 0)
		return 1;
	for (size_t i = 0; i < sizeof getters / sizeof *getters; i++)
		show(getters[i].name, getters[i].get(event));
	show("pointer", cw_event_get(event, "/data/_event/location"));
	printf("seq %" PRIu64 "\nbackfill %d\n", cw_event_seq(event), cw_event_is_backfill(event));
	const char *json = cw_event_json(event, &n_json);
	printf("json %d\nend\n", n_json == n && !memcmp(json, line, n));
	cw_event_unref(event);
	return 0;
}

static int read_header(const char *line, size_t n)
{
	struct cw_header h;

	if (cw_header_parse(line, n, &h) < 0)
		return 1;
	printf("%s %" PRIu64 " %" PRIu64 " %" PRId64 "\n", h.epoch, h.seq, h.prev, h.time_us);
	return 0;
}

int main(int argc, char **argv)
{
	int headers = argc > 1 && !strcmp(argv[1], "header"), r = 0;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while (r == 0 && (n = getline(&line, &cap, stdin)) > 0) {
		n -= line[n - 1] == '\n';
		line[n] = 0;
		r = headers ? read_header(line, (size_t)n) : read_event(line, (size_t)n);
	}
	free(line);
	return r;
}
