/* A reload that parses only what has changed, and one that parses all: over many edits of many files, good
 * and bad ones, both must say the same and make the same. Which edits is decided by the seed alone. */
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/list.h"
#include "config/standing.h"
#include "config/texts.h"

#define SEEDS 40
#define STEPS 50
/* Else all would soon be broken. */
#define STEPS_TO_MEND 3
#define FILES         7

/* One of the two, over the same folder. */
struct chain {
	struct config *config;
	struct config_report report;
	struct buf messages;
	size_t stood; /* files that were not parsed */
};

struct run {
	struct folder folder;
	uint64_t random;
	struct chain whole, quick;
	size_t good; /* reloads without a problem */
};

static const char *const cities[FILES] = {
	"aa-aaa", "bb-bbb", "cc-ccc", "dd-ddd", "x-n0", "x-n1", "gg-ggg"};

/* Numerical Recipes' generator: enough to choose edits, and the same everywhere. */
static unsigned below(struct run *r, unsigned bound)
{
	r->random = r->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((r->random >> 33) % bound);
}

static bool one_in(struct run *r, unsigned n)
{
	return below(r, n) == 0;
}

/* Mostly the file's own city. */
static const char *city_of(struct run *r, unsigned file)
{
	return cities[one_in(r, 8) ? below(r, FILES) : file];
}

static void put_feed(struct run *r, struct buf *out, unsigned n)
{
	unsigned file = below(r, FILES);

	buf_printf(out, "          - id: f%u\n            url: https://example.org/%u\n", n,
		below(r, 3));
	if (one_in(r, 3))
		buf_printf(out, "            themes: [t%u]\n", one_in(r, 6) ? 2 : below(r, 2));
	if (one_in(r, 6))
		buf_printf(out, "            interval: %s\n", one_in(r, 6) ? "1min" : "3h");
	if (one_in(r, 6))
		buf_printf(out, "            translates: %s.a0.f0\n", city_of(r, file));
	if (one_in(r, 8))
		buf_printf(out, "            formerly: [%s.a%u.f%u]\n", city_of(r, file),
			below(r, 3), below(r, 9));
	if (one_in(r, 40))
		buf_lit(out, "            intervall: 3h\n");
}

static void put_city(struct run *r, struct buf *out, const char *city)
{
	bool is_body = city[0] == 'x';
	unsigned agencies = 1 + below(r, 2);

	buf_printf(out, "%s:\n  - id: %s\n    name: { en: City %u }\n    agencies:\n",
		is_body ? "bodies" : "cities", city, below(r, 3));
	for (unsigned i = 0; i < agencies; i++) {
		unsigned feeds = i ? below(r, 3) : 1 + below(r, 3);
		buf_printf(out, "      - id: a%u\n        name: { en: Agency }\n", i);
		buf_printf(out, "        feeds:%s\n", feeds ? "" : " []");
		for (unsigned k = 0; k < feeds; k++)
			put_feed(r, out, k);
	}
}

static void put_network(struct run *r, struct buf *out, unsigned n)
{
	buf_printf(out, "networks:\n  - id: n%u\n    name: { en: Network %u }\n", n, below(r, 9));
	if (one_in(r, 3))
		buf_printf(out, "    lead: %s.a%u\n", cities[below(r, FILES)], below(r, 2));
	buf_printf(out, "    cities: [%s, %s]\n", cities[below(r, 4)],
		one_in(r, 9) ? "zz-zzz" : cities[below(r, 4)]);
}

static void put_rule(struct run *r, struct buf *out)
{
	static const char *const patterns[] = {
		"*", "aa-aaa.*", "bb-bbb.a0.f0", "*.*.f2", "gg-ggg.*"};

	buf_printf(out, "rules:\n  - theme: t%u\n    feeds: [\"%s\"]\n    words: { en: [w%u] }\n",
		below(r, 2), patterns[below(r, 5)], below(r, 4));
}

static void put_file(struct run *r, struct buf *out, unsigned file)
{
	if (one_in(r, 12)) {
		buf_lit(out, "cities: [\n");
		return;
	}
	if (file >= 4 && one_in(r, 2))
		put_network(r, out, one_in(r, 8) ? below(r, 3) : file - 4);
	if (!one_in(r, 10))
		put_city(r, out, city_of(r, file));
	if (one_in(r, 4))
		put_rule(r, out);
}

static void edit_file(struct run *r)
{
	cleanup(buf_deinit) struct buf text = BUF_INIT;
	unsigned file = below(r, FILES);
	cleanup(free_p) char *name = mem_printf("feeds.d/%u.yaml", file);
	cleanup(free_p) char *path = mem_printf("%s/%s", r->folder.path, name);

	if (one_in(r, 15)) {
		unlink(path);
		return;
	}
	put_file(r, &text, file);
	folder_write(&r->folder, name, buf_cstr(&text));
}

static const char some_themes[] =
	"themes:\n  - { id: t0, name: { en: T } }\n  - { id: t1, name: { en: T } }\n";

/* A file in which nothing is wrong: two agencies, one of them without a feed. */
static void write_simple(struct run *r, unsigned file)
{
	cleanup(free_p) char *name = mem_printf("feeds.d/%u.yaml", file);
	cleanup(free_p) char *text =
		mem_printf("%s:\n  - id: %s\n    name: { en: A }\n    agencies:\n      - id: a0\n"
			   "        name: { en: A }\n        feeds:\n          - id: f0\n"
			   "            url: https://example.org/\n"
			   "      - { id: a1, name: { en: A } }\n",
			cities[file][0] == 'x' ? "bodies" : "cities", cities[file]);

	folder_write(&r->folder, name, text);
}

/* Whatever is wrong is taken out. */
static void mend(struct run *r)
{
	for (unsigned file = 0; file < FILES; file++) {
		cleanup(free_p) char *name = mem_printf("feeds.d/%u.yaml", file);
		if (strstr(buf_cstr(&r->whole.messages), name))
			write_simple(r, file);
	}
	folder_write(&r->folder, "civicwired.yaml", "fetch: { interval: 2h }\n");
	folder_write(&r->folder, "themes.d/t.yaml", some_themes);
}

static void edit_else(struct run *r)
{
	static const char *const settings[] = {"fetch: { interval: 2h }\n",
		"fetch: { interval: 5h }\n", "fetch: { interval: 5 }\n",
		"live: [ { bind: \"tcp://127.0.0.1:1\", audience: { networks: [n0] } } ]\n"};
	const char *const themes[] = {"themes: []\n", some_themes,
		"themes:\n  - { id: t0, name: { en: T } }\n  - { id: t2, name: { en: T } }\n"};

	if (one_in(r, 2))
		folder_write(&r->folder, "civicwired.yaml", settings[below(r, 4)]);
	else
		folder_write(&r->folder, "themes.d/t.yaml", themes[below(r, 3)]);
}

static void collect(struct config_report *report, const char *message)
{
	buf_printf(&container_of(report, struct chain, report)->messages, "%s\n", message);
}

/* Where each feed is among those before; n: it was made. */
static size_t *places_of(const struct config *now, const struct config *before)
{
	size_t *places = mem_zalloc(now->n_feeds + 1, sizeof *places);

	for (size_t i = 0; i < now->n_feeds; i++)
		while (places[i] < before->n_feeds && before->feeds[places[i]] != now->feeds[i])
			places[i]++;
	return places;
}

/* Reads again; where each feed was before. */
static size_t *reload(struct run *r, struct chain *chain)
{
	struct config *before = chain->config, *now = NULL;
	const struct config_again again = {
		.before = before, .clients = before->clients, .path = r->folder.path};
	struct error error = {0};

	buf_clear(&chain->messages);
	chain->report = (struct config_report){collect, 0};
	assert_int_equal(config_reload(&now, &again, &chain->report, &error), 0);
	for (size_t i = 0; i < now->texts->n; i++) {
		struct config_text *text = now->texts->items[i];
		chain->stood += text->standing &&
				config_texts_find(before->texts, text->shown, NULL) == text;
	}
	size_t *places = places_of(now, before);
	config_free(before);
	chain->config = now;
	return places;
}

static void forget_standing(struct config *config)
{
	for (size_t i = 0; i < config->texts->n; i++)
		config->texts->items[i]->standing =
			standing_free(config->texts->items[i]->standing);
}

static void assert_same_texts(const char **a, size_t n_a, const char **b, size_t n_b)
{
	assert_int_equal(n_a, n_b);
	for (size_t i = 0; i < n_a; i++)
		assert_string_equal(a[i], b[i]);
}

static void assert_same_rule(const struct config_rule *a, const struct config_rule *b)
{
	assert_string_equal(a->theme, b->theme);
	assert_string_equal(a->language ? a->language : "", b->language ? b->language : "");
	assert_same_texts(a->words, a->n_words, b->words, b->n_words);
	assert_same_texts(a->feeds, a->n_feeds, b->feeds, b->n_feeds);
	assert_same_texts(a->categories, a->n_categories, b->categories, b->n_categories);
}

static const char *source_of(const struct config *config, size_t i)
{
	assert_true(config->feed_texts[i] < config->texts->n);
	return config->texts->items[config->feed_texts[i]]->shown;
}

static void assert_same(const struct config *a, const struct config *b)
{
	assert_int_equal(a->n_feeds, b->n_feeds);
	for (size_t i = 0; i < a->n_feeds; i++) {
		assert_true(feed_equal(a->feeds[i], b->feeds[i]));
		assert_string_equal(source_of(a, i), source_of(b, i));
	}
	assert_int_equal(a->n_networks, b->n_networks);
	for (size_t i = 0; i < a->n_networks; i++) {
		const struct config_network *x = &a->networks[i], *y = &b->networks[i];
		assert_string_equal(x->id, y->id);
		assert_string_equal(x->name, y->name);
		assert_same_texts(x->cities, x->n_cities, y->cities, y->n_cities);
	}
	assert_int_equal(a->n_cities, b->n_cities);
	assert_int_equal(a->n_rules, b->n_rules);
	for (size_t i = 0; i < a->n_rules; i++)
		assert_same_rule(&a->rules[i], &b->rules[i]);
	assert_int_equal(a->texts->n, b->texts->n);
	for (size_t i = 0; i < a->texts->n; i++)
		assert_string_equal(a->texts->items[i]->shown, b->texts->items[i]->shown);
	assert_int_equal(a->fetch.interval_us, b->fetch.interval_us);
}

static void step(struct run *r, unsigned number)
{
	unsigned edits = below(r, 4);

	if (number % STEPS_TO_MEND == 0)
		mend(r);
	for (unsigned i = 0; i < edits; i++) {
		if (one_in(r, 8))
			edit_else(r);
		else
			edit_file(r);
	}
	forget_standing(r->whole.config);
	cleanup(free_p) size_t *whole = reload(r, &r->whole);
	cleanup(free_p) size_t *quick = reload(r, &r->quick);
	assert_string_equal(buf_cstr(&r->quick.messages), buf_cstr(&r->whole.messages));
	assert_same(r->quick.config, r->whole.config);
	assert_memory_equal(quick, whole, r->whole.config->n_feeds * sizeof *whole);
	if (r->whole.report.problems)
		return;
	r->good++;
	assert_string_equal(folder_load(&r->folder), "");
	assert_same(r->quick.config, r->folder.config);
}

static struct config *load(struct run *r)
{
	assert_string_equal(folder_load(&r->folder), "");
	struct config *config = r->folder.config;
	r->folder.config = NULL;
	return config;
}

/* The shipped vocabulary would take most of the time. */
static void make_vocabulary(struct run *r)
{
	cleanup(free_p) char *path = mem_printf("%s/themes", r->folder.path);

	assert_int_equal(mkdir(path, 0700), 0);
	folder_write(&r->folder, "themes/v.yaml", "themes:\n  - { id: v, name: { en: V } }\n");
	assert_int_equal(setenv("CIVICWIRE_DATADIR", r->folder.path, 1), 0);
}

static void run_seed(uint64_t seed, size_t *stood, size_t *good)
{
	struct run r = {.random = seed};

	folder_open(&r.folder);
	make_vocabulary(&r);
	folder_write(&r.folder, "civicwired.yaml", "fetch: { interval: 2h }\n");
	folder_write(&r.folder, "themes.d/t.yaml", some_themes);
	for (unsigned file = 0; file < FILES; file++)
		write_simple(&r, file);
	r.whole.config = load(&r);
	r.quick.config = load(&r);
	for (unsigned i = 0; i < STEPS; i++)
		step(&r, i);
	assert_int_equal(r.whole.stood, 0);
	*stood += r.quick.stood;
	*good += r.good;
	config_free(r.whole.config);
	config_free(r.quick.config);
	buf_deinit(&r.whole.messages);
	buf_deinit(&r.quick.messages);
	folder_close(&r.folder);
}

static void test_same_as_whole(void **state)
{
	size_t stood = 0, good = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run_seed(seed, &stood, &good);
	/* It was no comparison of a thing with itself, and not only of what is broken. */
	print_message("%zu files stood in %d reloads, %zu of them without a problem\n", stood,
		SEEDS * STEPS, good);
	assert_true(stood > SEEDS * STEPS);
	assert_true(good > 5 * SEEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_whole),
	};

	if (hash_global_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("config standing", tests, NULL, NULL);
}
