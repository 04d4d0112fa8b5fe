/* Which hub a feed names: Link headers as servers write them, and documents. */
#include "websub/discover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define URL "https://feed.example/news/feed.xml"

struct expected {
	const char *header, *topic, *hubs; /* hubs: separated by blanks; NULL: none */
};

static const struct expected headers[] = {
	{"<https://hub.example/>; rel=\"hub\"", NULL, "https://hub.example/"},
	{"<https://hub.example/>; rel=hub, <https://feed.example/a>; rel=self",
		"https://feed.example/a", "https://hub.example/"},
	{"<https://hub.example/>;rel=\"preload HUB\" ,</a?b=1>; REL=Self",
		"https://feed.example/a?b=1", "https://hub.example/"},
	{"<https://a.example/>; title=\"x, <b>; rel=hub\"; rel=next, <https://hub.example/>; "
	 "rel=hub",
		NULL, "https://hub.example/"},
	{"<https://a.example/>; title=\"\\\", <https://no.example/>; rel=hub\"; rel=next", NULL,
		NULL},
	{"<https://a.example/>; rel=next; rel=hub", NULL, NULL}, /* the first rel counts */
	{"<https://a.example/>; rel=hub; anchor=\"https://other.example/\"", NULL, NULL},
	{"<https://a.example/>; rel=hub; anchor=\"\"", NULL, "https://a.example/"},
	{"<hub>; rel=hub", NULL, "https://feed.example/news/hub"},
	{"<ftp://a.example/>; rel=hub, <javascript:x>; rel=hub", NULL, NULL},
	{"<https://a.example/#x>; rel=hub", NULL, "https://a.example/"},
	{"<https://a.example/>; rel=hub, <https://b.example/>; rel=hub, <https://a.example/>; "
	 "rel=hub",
		NULL, "https://a.example/ https://b.example/"},
	{"<https://a.example/>; rel=hub, <https://b.example/>; rel=hub, <https://c.example/>; "
	 "rel=hub"
	 ", <https://d.example/>; rel=hub, <https://e.example/>; rel=hub",
		NULL,
		"https://a.example/ https://b.example/ https://c.example/ https://d.example/"},
	{"<https://a.example/", NULL, NULL},
	{"https://a.example/; rel=hub", NULL, NULL},
	{"<https://a.example/>", NULL, NULL},
	{"<https://a.example/>; rel", NULL, NULL},
	{"<https://a.example/>; rel=\"hub", NULL, "https://a.example/"},
	{"<>; rel=hub", NULL, URL},
	{",,;; <https://a.example/> ; ; rel = hub ,", NULL, "https://a.example/"},
	{"", NULL, NULL},
};

static void assert_found(const struct discovery *d, const struct expected *e)
{
	struct buf hubs = BUF_INIT;

	for (size_t i = 0; i < d->n_hubs; i++)
		buf_printf(&hubs, "%s%.*s", i ? " " : "", STR_FMT(d->hubs[i]));
	if (strcmp(buf_cstr(&hubs), e->hubs ? e->hubs : "") != 0)
		fail_msg("%s: hubs '%s'", e->header, buf_cstr(&hubs));
	if (!str_is(d->topic.n ? d->topic : STR(""), e->topic ? e->topic : ""))
		fail_msg("%s: topic '%.*s'", e->header, STR_FMT(d->topic));
	buf_deinit(&hubs);
}

static void test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		struct arena arena = ARENA_INIT;
		struct discovery d = {.arena = &arena};
		discover_header(&d, str_of(headers[i].header), STR(URL));
		assert_found(&d, &headers[i]);
		arena_deinit(&arena);
	}
}

static void test_document(void **state)
{
	struct arena arena = ARENA_INIT;
	struct discovery d = {.arena = &arena};
	struct link links[] = {
		{.href = STR("https://news.example/"), .rel = STR("alternate")},
		{.href = STR("self.xml"), .rel = STR("self"), .base = STR("in/")},
		{.href = STR("https://hub.example/"), .rel = STR("hub")},
		{.href = STR("https://second.example/"), .rel = STR("HUB")},
		{.href = STR("https://late.example/"), .rel = STR("self")},
	};
	struct document document = {
		.links = links, .n_links = sizeof links / sizeof *links, .base = STR("/base/")};

	(void)state;
	discover_document(&d, &document, STR(URL));
	assert_int_equal(d.n_hubs, 2);
	assert_true(str_is(d.hubs[0], "https://hub.example/"));
	assert_true(str_is(d.hubs[1], "https://second.example/"));
	assert_true(str_is(d.topic, "https://feed.example/base/in/self.xml"));
	/* What a header has said goes before the document, each for itself. */
	d = (struct discovery){.arena = &arena};
	discover_header(&d, STR("<https://first.example/>; rel=hub"), STR(URL));
	discover_document(&d, &document, STR(URL));
	assert_int_equal(d.n_hubs, 1);
	assert_true(str_is(d.hubs[0], "https://first.example/"));
	assert_true(str_is(d.topic, "https://feed.example/base/in/self.xml"));
	arena_deinit(&arena);
}

static void test_remembered(void **state)
{
	struct arena arena = ARENA_INIT;
	struct discovery d = {.arena = &arena}, read;
	struct buf text = BUF_INIT;

	(void)state;
	discovery_write(&text, &d, STR(URL));
	assert_int_equal(text.n, 0);
	discover_header(
		&d, STR("<https://a.example/>; rel=hub, <https://b.example/>; rel=hub"), STR(URL));
	discovery_write(&text, &d, STR(URL "#top"));
	assert_string_equal(buf_cstr(&text), URL " " URL " https://a.example/ https://b.example/");
	assert_true(discovery_read(buf_view(&text), &read));
	assert_int_equal(read.n_hubs, 2);
	assert_true(str_is(read.topic, URL));
	assert_true(str_is(read.hubs[1], "https://b.example/"));
	assert_false(discovery_read(STR(URL), &read));
	assert_false(discovery_read(STR(""), &read));
	assert_false(discovery_read(STR_NONE, &read));
	/* A file has no topic that a hub could know. */
	buf_clear(&text);
	discovery_write(&text, &d, STR("file:///srv/feed.xml"));
	assert_int_equal(text.n, 0);
	buf_deinit(&text);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
