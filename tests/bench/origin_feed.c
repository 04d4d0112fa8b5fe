#include "origin_feed.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Widths of what is written into a prepared item: fixed, so that lengths are. */
#define FEED_DIGITS  5
#define ITEM_DIGITS  10
#define STAMP_DIGITS 16

/* Where a number stands in a prepared item. */
enum field { FIELD_FEED, FIELD_ITEM, FIELD_STAMP };
struct slot {
	size_t at;
	enum field field;
};
#define SLOTS_MAX 8

struct template
{
	struct buf text;
	struct slot slots[SLOTS_MAX];
	size_t n_slots;
};

struct feed_maker {
	struct template *items;
	size_t n;
	size_t length;
};

static const char head[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel>"
	"<title>Ayuntamiento de Ejemplo: noticias</title><link>http://city.example/</link>"
	"<description>Avisos y noticias</description><language>es</language>\n";
static const char tail[] = "</channel></rss>\n";

/* Enough of a city's vocabulary that no two texts are alike. */
static const char *const words[] = {"ciudad", "cooperación", "internacional", "plan", "acción",
	"alcaldía", "premio", "movilidad", "resiliencia", "agua", "cultura", "jóvenes", "barrio",
	"año", "región", "los", "las", "de", "del", "para", "con", "una", "en", "el", "proyecto",
	"red", "encuentro", "alcaldes", "clima", "educación", "transporte", "público", "espacio",
	"desarrollo", "sostenible", "programa", "inversión", "millones", "vecinos", "parque"};
#define WORDS (sizeof words / sizeof *words)

static void add_slot(struct template *t, enum field field)
{
	static const char digits[] = "0000000000000000";
	static const size_t widths[] = {FEED_DIGITS, ITEM_DIGITS, STAMP_DIGITS};

	t->slots[t->n_slots++] = (struct slot){t->text.n, field};
	buf_add(&t->text, digits, widths[field]);
}

/* A generator of our own: the same texts in every run. */
static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void add_paragraphs(struct buf *out, size_t bytes, uint64_t *state)
{
	size_t end = out->n + bytes, n = 0;

	buf_lit(out, "&lt;p&gt;");
	buf_lit(out, "&lt;img src=\"/media/foto.jpg\" alt=\"\" width=\"640\" height=\"480\"/&gt;");
	while (out->n < end) {
		if (n && n % 40 == 0)
			buf_lit(out, ".&lt;/p&gt;\n&lt;p&gt;");
		else if (n)
			buf_char(out, ' ');
		const char *word = words[next_random(state) % WORDS];
		buf_add(out, word, strlen(word));
		n++;
	}
	buf_lit(out, ".&lt;/p&gt;");
}

static void prepare(struct template *t, size_t text, uint64_t *state)
{
	buf_lit(&t->text, "<item><title>Noticia ");
	add_slot(t, FIELD_FEED);
	buf_char(&t->text, '-');
	add_slot(t, FIELD_ITEM);
	buf_lit(&t->text, ", sent@");
	add_slot(t, FIELD_STAMP);
	buf_lit(&t->text, "</title><link>http://city.example/n/");
	add_slot(t, FIELD_FEED);
	buf_char(&t->text, '/');
	add_slot(t, FIELD_ITEM);
	buf_lit(&t->text, "</link><guid isPermaLink=\"false\">urn:city:");
	add_slot(t, FIELD_FEED);
	buf_char(&t->text, ':');
	add_slot(t, FIELD_ITEM);
	buf_lit(&t->text, "</guid><pubDate>Tue, 02 Jan 2024 10:00:00 GMT</pubDate>"
			  "<category>noticias</category><description>");
	add_paragraphs(&t->text, text, state);
	buf_lit(&t->text, "</description></item>\n");
}

struct feed_maker *feed_maker_new(size_t items, size_t text)
{
	struct feed_maker *maker = mem_zalloc(1, sizeof *maker);
	uint64_t state = 20240102;

	maker->items = mem_zalloc(items, sizeof *maker->items);
	maker->n = items;
	maker->length = sizeof head - 1 + sizeof tail - 1;
	for (size_t i = 0; i < items; i++) {
		prepare(&maker->items[i], text, &state);
		maker->length += maker->items[i].text.n;
	}
	return maker;
}

struct feed_maker *feed_maker_free(struct feed_maker *maker)
{
	if (!maker)
		return NULL;
	for (size_t i = 0; i < maker->n; i++)
		buf_deinit(&maker->items[i].text);
	free(maker->items);
	free(maker);
	return NULL;
}

size_t feed_maker_length(const struct feed_maker *maker)
{
	return maker->length;
}

static void put_digits(char *to, size_t width, uint64_t value)
{
	while (width--) {
		to[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

static void write_item(
	const struct template *t, struct buf *out, uint32_t feed, uint64_t item, int64_t now_us)
{
	size_t start = out->n;

	buf_str(out, buf_view(&t->text));
	for (size_t i = 0; i < t->n_slots; i++) {
		char *to = out->p + start + t->slots[i].at;
		switch (t->slots[i].field) {
		case FIELD_FEED:
			put_digits(to, FEED_DIGITS, feed);
			break;
		case FIELD_ITEM:
			put_digits(to, ITEM_DIGITS, item);
			break;
		case FIELD_STAMP:
			put_digits(to, STAMP_DIGITS, (uint64_t)now_us);
			break;
		}
	}
}

void feed_maker_write(struct feed_maker *maker, struct buf *out, uint32_t feed, uint32_t generation,
	int64_t now_us)
{
	buf_room(out, maker->length);
	buf_add(out, head, sizeof head - 1);
	for (size_t i = 0; i < maker->n; i++)
		write_item(
			&maker->items[i], out, feed, (uint64_t)generation * maker->n + i, now_us);
	buf_add(out, tail, sizeof tail - 1);
}
