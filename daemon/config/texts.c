#include "config/texts.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/alloc.h"
#include "config/standing.h"

/* zlib's fastest: it takes three quarters of a second for the texts of a million feeds, and better ones save
 * no tenth more. */
#define LEVEL 1

static struct config_text *blank(const char *shown)
{
	struct config_text *text = mem_zalloc(1, sizeof *text);

	atomic_init(&text->refs, 1);
	text->shown = mem_strdup(shown);
	return text;
}

/* zlib fails for want of memory alone, which ends the program everywhere (base/alloc.h), or where a
 * buffer is too small, which none here is. */
static void must(int status)
{
	if (status != Z_OK)
		abort();
}

struct config_text *config_text_new(const char *shown, struct str bytes)
{
	struct config_text *text = blank(shown);
	uLongf n = compressBound(bytes.n);

	text->hash = hash_of(bytes);
	text->n = bytes.n;
	text->packed = mem_alloc(n);
	must(compress2(text->packed, &n, (const Bytef *)bytes.p, bytes.n, LEVEL));
	text->packed = mem_realloc(text->packed, n, 1);
	text->n_packed = n;
	return text;
}

bool config_text_is(const struct config_text *text, struct str bytes)
{
	if (text->n != bytes.n)
		return false;
	struct hash hash = hash_of(bytes);
	return hash_eq(&text->hash, &hash);
}

void config_text_unpack(const struct config_text *text, struct buf *ret)
{
	uLongf n = text->n;

	must(uncompress((Bytef *)buf_room(ret, n), &n, text->packed, text->n_packed));
	ret->n += n;
}

struct config_text *config_text_copy(const struct config_text *text)
{
	struct config_text *copy = blank(text->shown);

	copy->hash = text->hash;
	copy->n = text->n;
	copy->packed = memcpy(mem_alloc(text->n_packed), text->packed, text->n_packed);
	copy->n_packed = text->n_packed;
	return copy;
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
		free(text->packed);
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
