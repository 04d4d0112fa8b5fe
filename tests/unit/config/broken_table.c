/* Prints the mistakes that the loader knows as a table for people, in Markdown: what is written, and what is
 * said. Made of what the tests hold the loader to, so it is never stale. Fails where a message would leave a
 * person alone: without a place, or not a whole line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "folder.h"

/* Fewer distinct mistakes than this, and something was lost. */
#define MISTAKES_LEAST 50

struct table {
	struct map seen; /* messages */
	size_t n;
	int failures;
};

/* On one line and inside of a cell. */
static void put_cell(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n')
			fputs(i + 1 < text.n ? "<br>" : "", stdout);
		else if (text.p[i] == '|')
			fputs("\\|", stdout);
		else if (text.p[i] == '<' || text.p[i] == '>')
			fputs(text.p[i] == '<' ? "&lt;" : "&gt;", stdout);
		else
			putchar(text.p[i]);
	}
}

static void fail(struct table *table, const struct broken *broken, const char *why)
{
	fprintf(stderr, "%s: %s: %s", broken->name, why, broken->messages);
	table->failures++;
}

/* "feeds.d/a.yaml:10:13: …" or, for the file as a whole, "feeds.d/a.yaml: …". */
static void judge(struct table *table, const struct broken *broken)
{
	struct str message = str_of(broken->messages);
	size_t place = str_find(message, STR(": "));

	if (!str_starts(message, str_of(broken->file)) || place == message.n)
		fail(table, broken, "no place");
	if (!message.n || message.p[message.n - 1] != '\n')
		fail(table, broken, "no whole line");
	map_add(&table->seen, message, table);
}

/* The line of the file that the first message names. */
static struct str line_of(const struct broken *broken)
{
	const char *at = broken->messages + strlen(broken->file);
	unsigned long n = *at == ':' ? strtoul(at + 1, NULL, 10) : 0;
	struct str rest = str_of(broken->text), line = STR("");

	while (n && str_split(&rest, '\n', &line))
		n--;
	return str_trim(line);
}

static void print(struct table *table, const struct broken *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		judge(table, &all[i]);
		printf("| %s | `", all[i].name);
		put_cell(line_of(&all[i]));
		fputs("` | ", stdout);
		put_cell(str_of(all[i].messages));
		puts(" |");
	}
	table->n += n;
}

int main(void)
{
	struct table table = {.n = 0};

	if (hash_global_init() < 0)
		return EXIT_FAILURE;
	map_init(&table.seen);
	puts("| mistake | what is written | what is said |\n|---|---|---|");
	print(&table, broken_settings, n_broken_settings);
	print(&table, broken_feeds, n_broken_feeds);
	if (table.seen.n < MISTAKES_LEAST) {
		fprintf(stderr, "%zu different messages, %d are wanted\n", table.seen.n,
			MISTAKES_LEAST);
		table.failures++;
	}
	map_deinit(&table.seen);
	return table.failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
