#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/member.h"
#include "cli/print.h"
#include "cli/themes.h"

/* Feeds and words beyond these are summed up. */
#define LINES_MAX 15

struct counted {
	const char *name;
	long long n;
};

static int by_count(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void show_counts(const char *what, const json_t *counts)
{
	size_t n = json_object_size(counts), i = 0;
	struct counted *all = mem_zalloc(n + 1, sizeof *all);
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)counts, name, value) all[i++] =
		(struct counted){name, (long long)json_integer_value(value)};
	qsort(all, n, sizeof *all, by_count);
	for (i = 0; i < n && i < LINES_MAX; i++) {
		printf("  %-6s %7lld  ", i ? "" : what, all[i].n);
		print_text(stdout, all[i].name);
		putchar('\n');
	}
	if (n > LINES_MAX)
		printf("  %-6s %7s  and %zu more\n", "", "", n - LINES_MAX);
	free(all);
}

static void show_examples(const json_t *theme, const char *kind, const char *what)
{
	const json_t *list = json_object_get(json_object_get(theme, "examples"), kind), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		printf("  %-6s ", i ? "" : what);
		print_text(stdout, json_string_value(json_object_get(one, "title")));
		printf("  (%s)\n", json_string_value(json_object_get(one, "id")));
	}
}

void themes_show(const struct themes_found *found)
{
	const char *name;
	json_t *theme;

	printf("%llu event%s of items\n", found->events, found->events == 1 ? "" : "s");
	json_object_foreach(found->themes, name, theme)
	{
		printf("\n%s: %lld, %lld of them new; %lld would lose it\n", name,
			number_of(theme, "events"), number_of(theme, "added"),
			number_of(theme, "lost"));
		show_counts("words", json_object_get(theme, "words"));
		show_counts("feeds", json_object_get(theme, "feeds"));
		show_examples(theme, "added", "new");
		show_examples(theme, "lost", "lost");
		show_examples(theme, "kept", "as now");
	}
	if (!json_object_size(found->themes) && found->events)
		puts("\nnone of them would have a theme by these rules, and none had");
}
