#include "config/problem.h"

#include "base/buf.h"
#include "config/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void problems_init(struct problems *problems)
{
	*problems = (struct problems){.arena = ARENA_INIT};
}

void problems_deinit(struct problems *problems)
{
	arena_deinit(&problems->arena);
	problems_init(problems);
}

const char *mark_text(struct arena *arena, struct mark mark)
{
	if (!mark.line)
		return mark.file->shown;
	return arena_printf(arena, "%s:%u:%u", mark.file->shown, mark.line, mark.column).p;
}

static void blame(const struct config_file *file)
{
	if (file->fresh && file->verdict)
		file->verdict->blamed = true;
}

void problem_want(const struct config_file *file)
{
	if (file->stands && file->verdict)
		file->verdict->wanted = true;
}

void problem_blame(struct mark mark, struct mark other)
{
	problem_want(other.file);
	if (!mark.file->fresh)
		blame(other.file);
}

void problem_add(struct problems *problems, struct mark mark, const char *format, ...)
{
	va_list args, again;

	blame(mark.file);
	problem_want(mark.file);
	if (mark.file->verdict)
		mark.file->verdict->troubled = true;
	if (problems->n == PROBLEMS_MAX) {
		problems->dropped++;
		return;
	}
	va_start(args, format);
	va_copy(again, args);
	size_t n = (size_t)vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = arena_alloc(&problems->arena, n + 1);
	vsnprintf(text, n + 1, format, again);
	va_end(again);

	unsigned order = (unsigned)problems->n;
	struct problem *problem =
		ARENA_PUSH(&problems->arena, problems->items, problems->n, problems->cap);
	*problem = (struct problem){mark, order, text};
}

/* No more of a wrong text is shown. */
#define SHOWN_MAX 100

const char *problem_shown(struct problems *problems, struct str text)
{
	size_t scheme = str_find(text, STR("://")), at = str_chr(text, '@'), plain = 0;

	while (plain < text.n && (unsigned char)text.p[plain] >= ' ' && text.p[plain] != 0x7f)
		plain++;
	if (plain == text.n && text.n <= SHOWN_MAX && at == text.n)
		return text.p;
	struct buf shown = BUF_INIT;
	struct str head = str_head(text, SHOWN_MAX);
	head.n = utf8_valid_prefix(head);
	for (size_t i = 0; i < head.n; i++)
		buf_char(&shown,
			(unsigned char)head.p[i] < ' ' || head.p[i] == 0x7f ? '?' : head.p[i]);
	if (head.n < text.n)
		buf_lit(&shown, "…");
	if (scheme < at && at < text.n) {
		buf_clear(&shown);
		buf_str(&shown, str_head(text, scheme));
		buf_lit(&shown, "://…");
	}
	const char *kept = arena_str(&problems->arena, buf_view(&shown)).p;
	buf_deinit(&shown);
	return kept;
}

static int three_way(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int compare(const void *left, const void *right)
{
	const struct problem *a = left, *b = right;
	int order = three_way(a->mark.file->order, b->mark.file->order);

	if (!order)
		order = three_way(a->mark.line, b->mark.line);
	if (!order)
		order = three_way(a->mark.column, b->mark.column);
	return order ? order : three_way(a->order, b->order);
}

void problems_tell(struct problems *problems, struct config_report *report)
{
	if (!report)
		return;
	if (problems->n)
		qsort(problems->items, problems->n, sizeof *problems->items, compare);
	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *problem = &problems->items[i];
		const char *place = mark_text(&problems->arena, problem->mark);
		if (report->problem)
			report->problem(report,
				arena_printf(&problems->arena, "%s: %s", place, problem->text).p);
	}
	if (problems->dropped && report->problem)
		report->problem(report,
			arena_printf(&problems->arena, "and %zu more problems", problems->dropped)
				.p);
	report->problems += problems->n + problems->dropped;
}
