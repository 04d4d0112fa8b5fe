#include "config/texts.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "config/standing.h"

struct config_text *config_text_new(const char *shown, struct buf *bytes)
{
	struct config_text *text = mem_zalloc(1, sizeof *text);

	atomic_init(&text->refs, 1);
	text->shown = mem_strdup(shown);
	text->bytes = *bytes;
	if (text->bytes.n) {
		text->bytes.p = mem_realloc(text->bytes.p, text->bytes.n, 1);
		text->bytes.cap = text->bytes.n;
	}
	*bytes = (struct buf)BUF_INIT;
	return text;
}

struct config_text *config_text_copy(const struct config_text *text)
{
	struct buf bytes = BUF_INIT;

	buf_str(&bytes, buf_view(&text->bytes));
	return config_text_new(text->shown, &bytes);
}

struct config_text *config_text_ref(struct config_text *text)
{
	atomic_fetch_add_explicit(&text->refs, 1, memory_order_relaxed);
	return text;
}

struct config_text *config_text_unref(struct config_text *text)
{
	if (text && atomic_fetch_sub_explicit(&text->refs, 1, memory_order_acq_rel) == 1) {
		free(text->shown);
		buf_deinit(&text->bytes);
		standing_free(text->standing);
		free(text);
	}
	return NULL;
}

void config_texts_init(struct config_texts *texts)
{
	*texts = (struct config_texts){0};
	map_init(&texts->by_name);
}

void config_texts_add(struct config_texts *texts, struct config_text *text)
{
	MEM_GROW(texts->items, texts->cap, texts->n + 1);
	texts->items[texts->n++] = text;
	map_add(&texts->by_name, str_of(text->shown), (void *)texts->n);
}

struct config_text *config_texts_find(
	const struct config_texts *texts, const char *shown, size_t *ret_index)
{
	/* The map has the index and one, as it cannot hold zero. */
	size_t n = texts ? (size_t)map_get(&texts->by_name, str_of(shown)) : 0;

	if (!n)
		return NULL;
	if (ret_index)
		*ret_index = n - 1;
	return texts->items[n - 1];
}

void config_texts_deinit(struct config_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		config_text_unref(texts->items[i]);
	free(texts->items);
	map_deinit(&texts->by_name);
	*texts = (struct config_texts){0};
}
