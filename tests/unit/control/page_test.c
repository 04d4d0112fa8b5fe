/* The status page: what it says of a snapshot, and that everything foreign in it is text. */
#include "control/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* 2017-05-12T09:00:00Z */
#define TIME_US (INT64_C(1494579600) * SEC_US)

static struct control_snapshot *snapshot_new(size_t n)
{
	struct control_snapshot *s = mem_zalloc(1, sizeof *s);

	s->version = "1.2.3";
	s->taken_us = TIME_US;
	s->started_us = TIME_US - 3 * DAY_US;
	s->bus_pid = 1;
	s->head = 1234567;
	s->feeds = mem_zalloc(n ? n : 1, sizeof *s->feeds);
	s->n_feeds = n;
	for (size_t i = 0; i < n; i++) {
		struct control_feed *f = &s->feeds[i];
		f->feed = feed_new();
		f->feed->id = arena_printf(&f->feed->arena, "co-mde.aci.feed-%04zu", i).p;
		f->feed->url = "https://aci.example/feed?a=\"b\"&c=<d>";
		f->feed->city = "co-mde";
		f->feed->agency = "aci";
		f->feed->city_name = "Medellín <b>";
		f->feed->name = "feed";
		f->feed->enabled = true;
		f->state.health = FEED_FINE;
		f->state.next_due_us = TIME_US + 15 * MIN_US;
	}
	return s;
}

static void fails(struct control_feed *feed, int http_status, const char *error)
{
	feed->state.health = FEED_FAILING;
	feed->state.http_status = http_status;
	feed->state.error = mem_strdup(error);
	feed->state.failing_since_us = TIME_US - 5 * HOUR_US;
}

/* The page of a request; the snapshot is given away. */
static struct str rendered(
	struct buf *out, struct control_snapshot *s, const struct page_request *request)
{
	page_render(out, s, request);
	control_snapshot_free(s);
	return buf_view(out);
}

static bool has(struct str page, const char *text)
{
	return str_find(page, str_of(text)) < page.n;
}

static size_t count(struct str page, const char *text)
{
	size_t n = 0;

	for (size_t i; (i = str_find(page, str_of(text))) < page.n; n++)
		page = str_skip(page, i + 1);
	return n;
}

static void says_what_is(void **state)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	struct control_snapshot *s = snapshot_new(6);

	(void)state;
	fails(&s->feeds[1], 500, "a <script>alert(1)</script> & \"more\"");
	fails(&s->feeds[2], 403, "forbidden");
	s->feeds[3].state.health = FEED_GONE;
	s->feeds[4].state.told_quiet = true;
	s->feeds[5].state.moved_url = mem_strdup("https://new.example/<feed>");
	activity_add(&s->feeds[0].state.activity, TIME_US - 2 * HOUR_US, 4);
	struct str page = rendered(&out, s, &(struct page_request){.page = 1});
	assert_true(has(page, "5 of 6 feeds need attention."));
	assert_true(has(page, "<title>(5) civicwire</title>"));
	assert_true(has(page, "1,234,567"));
	assert_true(has(page, "last item: <time datetime=\"2017-05-12T07:00:00Z\""));
	assert_true(has(page, ">2 h ago</time>"));
	assert_true(has(page, ">in 15 min</time>"));
	assert_true(has(page, ">3 d ago</time>"));
	assert_true(has(page, "4 items in 14 days, most on one day: 4"));
	assert_true(has(page, "a &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;"));
	assert_true(has(page, "href=\"https://aci.example/feed?a=&quot;b&quot;&amp;c=&lt;d&gt;\""));
	assert_true(has(page, "Medellín &lt;b&gt;"));
	assert_false(has(page, "<b>"));
	assert_int_equal(count(page, "<script"), 1);
	assert_int_equal(
		count(page, "class=\"state bad\">failing<"), 2); /* in front, and in its place */
	assert_int_equal(count(page, "class=\"state bad\">blocked<"), 2);
	assert_int_equal(count(page, "class=\"state warn\">gone<"), 2);
	assert_int_equal(count(page, "class=\"state warn\">quiet<"), 2);
	assert_true(has(page, "write this into feeds.d: https://new.example/&lt;feed&gt;"));
}

static void speaks_spanish(void **state)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	struct control_snapshot *s = snapshot_new(3);

	(void)state;
	s->feeds[2].feed->enabled = false;
	s->trouble = mem_strdup("disk full");
	s->bus_pid = 0;
	fails(&s->feeds[1], 0, "x");
	struct str page =
		rendered(&out, s, &(struct page_request){.language = PAGE_SPANISH, .page = 1});
	assert_true(has(page, "<html lang=\"es\">"));
	assert_true(has(page, "1 de 3 fuentes necesita atención."));
	assert_true(has(page, "no se puede escribir el registro: disk full"));
	assert_true(has(page, "el bus se está reiniciando"));
	assert_true(has(page, "class=\"state calm\">en pausa<"));
	assert_true(has(page, "1.234.567"));
	assert_true(has(page, ">hace 5 h</time>"));
	assert_true(has(page, "lang=en\" lang=\"en\">English</a>"));
}

static struct hub_subscription *hub(enum subscription_state state, const char *reason)
{
	struct hub_subscription *hub = mem_zalloc(1, sizeof *hub);

	hub->state = state;
	hub->feed_id = mem_strdup("co-mde.aci.feed");
	hub->hub = mem_strdup("https://hub.example:8443/?a=<b>");
	hub->topic = mem_strdup("https://aci.example/feed");
	hub->callback = mem_strdup("https://wire.example.org/websub");
	hub->reason = reason ? mem_strdup(reason) : NULL;
	hub->asked_us = TIME_US - 2 * MIN_US;
	return hub;
}

static struct control_snapshot *with_hubs(void)
{
	struct control_snapshot *s = snapshot_new(6);

	s->has_hubs = true;
	s->hubs[SUBSCRIPTION_ACTIVE] = 4321;
	s->feeds[0].hub = hub(SUBSCRIPTION_ACTIVE, NULL);
	s->feeds[0].hub->verified_us = TIME_US - 3 * DAY_US;
	s->feeds[0].hub->push_us = TIME_US - 5 * MIN_US;
	s->feeds[0].hub->lease_us = TIME_US + 7 * DAY_US;
	s->feeds[1].hub = hub(SUBSCRIPTION_ASKED, NULL);
	s->feeds[2].hub = hub(SUBSCRIPTION_DENIED, "not <you>");
	s->feeds[2].hub->failures = 1234;
	s->feeds[2].hub->failing_us = TIME_US - 4 * HOUR_US;
	s->feeds[3].hub = hub(SUBSCRIPTION_FAILING, "no answer");
	s->feeds[4].hub = hub(SUBSCRIPTION_ACTIVE, NULL);
	s->feeds[4].hub->distrusted = true;
	return s;
}

static void tells_of_hubs(void **state)
{
	static const char *const english[] = {"<dt>Feeds pushed by hubs</dt><dd>4,321</dd>",
		"<span>pushed by hub hub.example:8443</span> <span>since <time ",
		">3 d ago</time></span> <span>last push: <time ",
		">5 min ago</time></span> <span>lease ends: <time ", ">in 7 d</time></span></span>",
		"<span>asked to push by hub hub.example:8443</span> <span>since <time ",
		"<span>not pushed: denied by hub hub.example:8443</span> <span>since <time ",
		"<span>failed attempts: 1,234</span> <span>not &lt;you&gt;</span>",
		"<span>not pushed: no success with hub hub.example:8443</span> <span>no answer<",
		"<span>polled as ever: news was missed by hub hub.example:8443</span></span>"};
	static const char *const spanish[] = {"<dt>Fuentes con envíos de hubs</dt><dd>4.321</dd>",
		"<span>recibe las novedades del hub hub.example:8443</span> <span>desde <time ",
		"último envío: <time ", "vence: <time ", "sin envíos: lo deniega el hub hub.",
		"intentos fallidos: 1.234", "sin envíos: no responde bien el hub hub.",
		"se consulta como siempre: omitió novedades el hub hub.",
		"se ha pedido que envíe las novedades al hub hub."};
	cleanup(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	struct str page = rendered(&out, with_hubs(), &(struct page_request){.page = 1});
	for (size_t i = 0; i < sizeof english / sizeof *english; i++)
		if (!has(page, english[i]))
			fail_msg("it does not say '%s'", english[i]);
	assert_int_equal(count(page, "class=\"hub\""), 5);
	buf_clear(&out);
	page = rendered(
		&out, with_hubs(), &(struct page_request){.language = PAGE_SPANISH, .page = 1});
	for (size_t i = 0; i < sizeof spanish / sizeof *spanish; i++)
		if (!has(page, spanish[i]))
			fail_msg("it does not say '%s'", spanish[i]);
	buf_clear(&out);
	page = rendered(&out, snapshot_new(1), &(struct page_request){.page = 1});
	assert_false(has(page, "hub"));
}

static void filters_and_turns_pages(void **state)
{
	cleanup(buf_deinit) struct buf out = BUF_INIT;
	struct page_request request = {.page = 2};

	(void)state;
	struct str page = rendered(&out, snapshot_new(450), &request);
	assert_int_equal(count(page, "<li class=\"feed\">"), 200);
	assert_true(has(page, "feed-0200<") && has(page, "feed-0399<"));
	assert_false(has(page, "feed-0199<") || has(page, "feed-0400<"));
	assert_true(has(page, "2 / 3") && has(page, "page=3\""));
	buf_clear(&out);
	request.page = SIZE_MAX; /* beyond the end: the last */
	page = rendered(&out, snapshot_new(450), &request);
	assert_int_equal(count(page, "<li class=\"feed\">"), 50);
	buf_clear(&out);
	request = (struct page_request){.words = STR("FEED-004"), .page = 1};
	page = rendered(&out, snapshot_new(450), &request);
	assert_int_equal(count(page, "<li class=\"feed\">"), 10);
	assert_true(has(page, "value=\"FEED-004\""));
	buf_clear(&out);
	request = (struct page_request){
		.words = STR("\"><script>&"), .state = STR("gone"), .page = 1};
	page = rendered(&out, snapshot_new(3), &request);
	assert_int_equal(count(page, "<li class=\"feed\">"), 0);
	assert_int_equal(count(page, "<script"), 1);
	assert_true(has(page, "q=%22%3E%3Cscript%3E%26"));
	assert_true(has(page, "No feed is like that."));
	buf_clear(&out);
	page = rendered(&out, snapshot_new(0), &(struct page_request){.page = 1});
	assert_true(has(page, "No feed is configured yet."));
}

static void knows_the_readers_language(void **state)
{
	static const struct {
		const char *accept;
		enum page_language language;
	} cases[] = {
		{NULL, PAGE_ENGLISH},
		{"", PAGE_ENGLISH},
		{"es", PAGE_SPANISH},
		{"es-CO,es;q=0.9,en;q=0.8", PAGE_SPANISH},
		{"en-GB, es;q=0.9", PAGE_ENGLISH},
		{"pt-BR,pt;q=0.9,es;q=0.5,en;q=0.4", PAGE_SPANISH},
		{"es;q=0, en;q=0.1", PAGE_ENGLISH},
		{"es;q=0", PAGE_ENGLISH},
		{"fr;q=1.0, es;q=0.05 , en;q=0.049", PAGE_SPANISH},
		{"*", PAGE_ENGLISH},
		{";;;,,q=,es;q=", PAGE_ENGLISH},
		{"es;q=0.99999999999999999999", PAGE_SPANISH},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (page_language_of(cases[i].accept) != cases[i].language)
			fail_msg("'%s' is read wrong", cases[i].accept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is),
		cmocka_unit_test(speaks_spanish),
		cmocka_unit_test(tells_of_hubs),
		cmocka_unit_test(filters_and_turns_pages),
		cmocka_unit_test(knows_the_readers_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
