/* One HTML document, whole without the script: a sentence, the figures, the states as links, then the
 * feeds: those that want attention first, then all by city and agency, PAGE_FEEDS at a time, for a
 * hundred thousand feeds make no page. What feeds and the configuration say is text here, never markup. */
#include "control/page.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "control/page-put.h"
#include "control/page-words.h"
#include "schedule/host.h"

/* Feeds on a page: what a telephone still scrolls through. */
#define PAGE_FEEDS 200
/* Of those that want attention above the others: the state's own link has them all. */
#define PAGE_ATTENTION 30

const char *const page_state_words[PAGE_STATES] = {
	[PAGE_FAILING] = "failing",
	[PAGE_BLOCKED] = "blocked",
	[PAGE_GONE] = "gone",
	[PAGE_QUIET] = "quiet",
	[PAGE_MOVED] = "moved",
	[PAGE_FINE] = "fine",
	[PAGE_NEW] = "new",
	[PAGE_PAUSED] = "paused",
};

/* Classes of the style sheet. */
static const char *const tones[PAGE_STATES] = {
	[PAGE_FAILING] = "bad",
	[PAGE_BLOCKED] = "bad",
	[PAGE_GONE] = "warn",
	[PAGE_QUIET] = "warn",
	[PAGE_MOVED] = "warn",
	[PAGE_FINE] = "good",
	[PAGE_NEW] = "calm",
	[PAGE_PAUSED] = "calm",
};

struct page {
	struct buf *out;
	const struct control_snapshot *snapshot;
	const struct page_request *request;
	enum page_language language;
	enum page_state only; /* PAGE_STATES: all */
	size_t counts[PAGE_STATES];
};

static struct str word(const struct page *p, enum word w)
{
	return page_word(p->language, w);
}

static void put_word(const struct page *p, enum word w)
{
	buf_str(p->out, word(p, w));
}

enum page_state page_state_of(const struct control_feed *feed)
{
	const struct feed_state *state = &feed->state;

	if (!feed->feed->enabled)
		return PAGE_PAUSED;
	switch (state->health) {
	case FEED_GONE:
		return PAGE_GONE;
	case FEED_FAILING:
		/* It is not broken: we are not wanted, or want a password. */
		return state->http_status == 401 || state->http_status == 403 ||
				       state->http_status == 407 || state->http_status == 429 ||
				       state->http_status == 451
			       ? PAGE_BLOCKED
			       : PAGE_FAILING;
	case FEED_NEW:
		return PAGE_NEW;
	default:
		return state->told_quiet ? PAGE_QUIET : state->moved_url ? PAGE_MOVED : PAGE_FINE;
	}
}

static bool wants_attention(enum page_state state)
{
	return state < PAGE_FINE;
}

static size_t attention(const struct page *p)
{
	size_t n = 0;

	for (enum page_state s = 0; wants_attention(s); s++)
		n += p->counts[s];
	return n;
}

static void put_number(const struct page *p, uint64_t n)
{
	page_put_number(p->out, p->language, n);
}

static void put_time(const struct page *p, int64_t us)
{
	page_put_time(p->out, p->language, us, p->snapshot->taken_us);
}

/* ---- What stands above the feeds ---- */

static void put_say(const struct page *p, const char *tone, enum word w, struct str more)
{
	buf_printf(p->out, "<p class=\"say %s\">", tone);
	put_word(p, w);
	page_put_text(p->out, more);
	buf_lit(p->out, "</p>\n");
}

static void put_sentence(const struct page *p)
{
	const struct control_snapshot *s = p->snapshot;
	size_t n = attention(p);

	buf_lit(p->out, "<div id=\"say\" role=\"status\">\n");
	if (s->trouble)
		put_say(p, "bad", W_JOURNAL_STUCK, str_of(s->trouble));
	if (!s->bus_pid)
		put_say(p, "bad", W_NO_BUS, STR_NONE);
	if (!s->n_feeds) {
		put_say(p, "calm", W_NO_FEEDS, STR_NONE);
	} else if (!n) {
		put_say(p, "good", W_ALL_FINE, STR_NONE);
	} else {
		buf_lit(p->out, "<p class=\"say warn\">");
		put_number(p, n);
		buf_char(p->out, ' ');
		put_word(p, W_OF);
		buf_char(p->out, ' ');
		put_number(p, s->n_feeds);
		buf_char(p->out, ' ');
		put_word(p, n == 1 ? W_NEEDS_ATTENTION : W_NEED_ATTENTION);
		buf_lit(p->out, "</p>\n");
	}
	buf_lit(p->out, "</div>\n");
}

static void put_fact(const struct page *p, enum word w, uint64_t n)
{
	buf_lit(p->out, "<div><dt>");
	put_word(p, w);
	buf_lit(p->out, "</dt><dd>");
	put_number(p, n);
	buf_lit(p->out, "</dd></div>\n");
}

static void put_facts(const struct page *p)
{
	const struct control_snapshot *s = p->snapshot;
	uint64_t today = 0, fortnight = 0;

	for (size_t i = 0; i < s->n_feeds; i++) {
		const struct activity *a = &s->feeds[i].state.activity;
		today += activity_on(a, s->taken_us, 0);
		for (unsigned ago = 0; ago < ACTIVITY_DAYS; ago++)
			fortnight += activity_on(a, s->taken_us, ago);
	}
	buf_lit(p->out, "<dl class=\"facts\" id=\"facts\">\n");
	put_fact(p, W_FEEDS, s->n_feeds);
	put_fact(p, W_ITEMS_TODAY, today);
	put_fact(p, W_ITEMS_FORTNIGHT, fortnight);
	put_fact(p, W_EVENTS, s->head);
	put_fact(p, W_CONNECTIONS, s->bus.connections);
	put_fact(p, W_SUBSCRIPTIONS, s->bus.live_subscriptions);
	put_fact(p, W_WAITING, s->bus.replay_waiting);
	put_fact(p, W_SENT, s->bus.live_sent);
	if (s->has_hubs)
		put_fact(p, W_HUBS_PUSH, s->hubs[SUBSCRIPTION_ACTIVE]);
	put_fact(p, W_TRANSFERS, s->transfers);
	put_fact(p, W_POLLS, (uint64_t)metric_get(METRIC_civicwire_polls_total));
	put_fact(p, W_POLLS_FAILED, (uint64_t)metric_get(METRIC_civicwire_polls_failed_total));
	buf_lit(p->out, "<div><dt>");
	put_word(p, W_RUNNING_SINCE);
	buf_lit(p->out, "</dt><dd>");
	put_time(p, s->started_us);
	buf_lit(p->out, "</dd></div>\n</dl>\n");
}

/* The address of this page with another state or page number. */
static void put_address(const struct page *p, struct str state, size_t page)
{
	buf_lit(p->out, "/status?lang=");
	put_word(p, W_LANGUAGE);
	if (state.n) {
		buf_lit(p->out, "&amp;state=");
		page_put_query(p->out, state);
	}
	if (p->request->words.n) {
		buf_lit(p->out, "&amp;q=");
		page_put_query(p->out, p->request->words);
	}
	if (page > 1)
		buf_printf(p->out, "&amp;page=%zu", page);
}

static void put_state_link(
	const struct page *p, struct str state, struct str text, size_t count, bool current)
{
	buf_lit(p->out, "<li><a href=\"");
	put_address(p, state, 1);
	buf_printf(p->out, "\"%s>", current ? " aria-current=\"page\"" : "");
	buf_str(p->out, text);
	buf_lit(p->out, " <span class=\"soft\">");
	put_number(p, count);
	buf_lit(p->out, "</span></a></li>\n");
}

static void put_states(const struct page *p)
{
	buf_lit(p->out, "<nav id=\"states\" aria-label=\"");
	put_word(p, W_FEEDS);
	buf_lit(p->out, "\"><ul>\n");
	put_state_link(p, STR_NONE, word(p, W_ALL), p->snapshot->n_feeds, p->only == PAGE_STATES);
	for (enum page_state s = 0; s < PAGE_STATES; s++)
		if (p->counts[s] || p->only == s)
			put_state_link(p, str_of(page_state_words[s]),
				page_state_word(p->language, s), p->counts[s], p->only == s);
	buf_lit(p->out, "</ul></nav>\n");
}

static void put_search(const struct page *p)
{
	buf_lit(p->out, "<form action=\"/status\" role=\"search\"><input type=\"hidden\" "
			"name=\"lang\" value=\"");
	put_word(p, W_LANGUAGE);
	buf_lit(p->out, "\">");
	if (p->request->state.n) {
		buf_lit(p->out, "<input type=\"hidden\" name=\"state\" value=\"");
		page_put_text(p->out, p->request->state);
		buf_lit(p->out, "\">");
	}
	buf_lit(p->out, "<label class=\"hidden\" for=\"q\">");
	put_word(p, W_SEARCH);
	buf_lit(p->out, "</label><input type=\"search\" id=\"q\" name=\"q\" autocomplete=\"off\" "
			"placeholder=\"");
	put_word(p, W_SEARCH);
	buf_lit(p->out, "\" value=\"");
	page_put_text(p->out, p->request->words);
	buf_lit(p->out, "\"><button>");
	put_word(p, W_SEARCH_BUTTON);
	buf_lit(p->out, "</button></form>\n");
}

/* ---- The feeds ---- */

/* Fourteen bars, the oldest to the left; their height is relative to the feed's best day. */
static void put_sparkline(const struct page *p, const struct activity *activity)
{
	unsigned most = 0;
	uint64_t sum = 0;

	for (unsigned ago = 0; ago < ACTIVITY_DAYS; ago++) {
		unsigned n = activity_on(activity, p->snapshot->taken_us, ago);
		sum += n;
		most = n > most ? n : most;
	}
	buf_lit(p->out, "<svg class=\"spark\" viewBox=\"0 0 112 28\" role=\"img\" aria-label=\"");
	put_number(p, sum);
	buf_char(p->out, ' ');
	put_word(p, W_DAYS);
	buf_char(p->out, ' ');
	put_number(p, most);
	buf_lit(p->out, "\"><line x1=\"0\" x2=\"112\" y1=\"27.5\" y2=\"27.5\"/>");
	for (unsigned i = 0; i < ACTIVITY_DAYS; i++) {
		unsigned n = activity_on(activity, p->snapshot->taken_us, ACTIVITY_DAYS - 1 - i);
		unsigned height = n ? 1 + n * 25 / most : 0; /* one item is seen beside a hundred */
		if (n)
			buf_printf(p->out, "<rect x=\"%u\" y=\"%u\" width=\"6\" height=\"%u\"/>",
				i * 8 + 1, 27 - height, height);
	}
	buf_lit(p->out, "</svg>");
}

static void put_times(const struct page *p, const struct control_feed *f)
{
	buf_lit(p->out, "<span class=\"times\"><span>");
	put_word(p, W_LAST_ITEM);
	buf_lit(p->out, ": ");
	put_time(p, f->state.activity.last_us);
	buf_lit(p->out, "</span> <span>");
	if (!f->feed->enabled) {
		buf_lit(p->out, "</span></span>");
		return;
	}
	if (f->busy) {
		put_word(p, W_POLLING);
	} else {
		put_word(p, W_NEXT_POLL);
		buf_lit(p->out, ": ");
		/* What is due waits for its host: that is now. */
		put_time(p, f->state.next_due_us > p->snapshot->taken_us ? f->state.next_due_us
									 : p->snapshot->taken_us);
	}
	buf_lit(p->out, "</span></span>");
}

/* What is the matter with it, and since when. */
static void put_why(const struct page *p, const struct feed_state *state, enum page_state is)
{
	int64_t since = is == PAGE_QUIET ? state->activity.last_us : state->failing_since_us;
	const char *why = is == PAGE_MOVED ? state->moved_url : state->error;

	if (!wants_attention(is) || (!why && is != PAGE_QUIET))
		return;
	buf_printf(p->out, "<span class=\"why %s\">", tones[is]);
	if (is == PAGE_QUIET || is == PAGE_MOVED)
		put_word(p, is == PAGE_QUIET ? W_FELL_SILENT : W_MOVED_TO);
	page_put_text(p->out, str_of(why));
	if (since) {
		buf_lit(p->out, " <span class=\"soft\">(");
		put_word(p, W_SINCE);
		buf_char(p->out, ' ');
		put_time(p, since);
		buf_lit(p->out, ")</span>");
	}
	buf_lit(p->out, "</span>");
}

static enum word hub_word(const struct hub_subscription *hub)
{
	switch (hub_subscription_shown(hub)) {
	case SUBSCRIPTION_ACTIVE:
		return W_HUB_ACTIVE;
	case SUBSCRIPTION_DENIED:
		return W_HUB_DENIED;
	case SUBSCRIPTION_FAILING:
		return hub->distrusted ? W_HUB_DISTRUSTED : W_HUB_FAILING;
	default:
		return W_HUB_ASKED;
	}
}

static int64_t hub_since(const struct hub_subscription *hub)
{
	switch (hub_subscription_shown(hub)) {
	case SUBSCRIPTION_ACTIVE:
		return hub->verified_us;
	case SUBSCRIPTION_ASKED:
		return hub->asked_us;
	default:
		return hub->failing_us;
	}
}

static void put_hub_time(const struct page *p, enum word w, int64_t us)
{
	if (!us)
		return;
	buf_lit(p->out, " <span>");
	put_word(p, w);
	buf_str(p->out, w == W_SINCE ? STR(" ") : STR(": "));
	put_time(p, us);
	buf_lit(p->out, "</span>");
}

/* What its hub does for it, and why not. */
static void put_hub(const struct page *p, const struct hub_subscription *hub)
{
	struct buf host = BUF_INIT;

	if (!hub)
		return;
	host_of_url(&host, str_of(hub->hub));
	buf_lit(p->out, "<span class=\"hub\"><span>");
	put_word(p, hub_word(hub));
	buf_char(p->out, ' ');
	page_put_text(p->out, buf_view(&host));
	buf_lit(p->out, "</span>");
	put_hub_time(p, W_SINCE, hub_since(hub));
	put_hub_time(p, W_LAST_PUSH, hub->push_us);
	put_hub_time(p, W_LEASE_ENDS, hub->lease_us);
	if (hub->failures) {
		buf_lit(p->out, " <span>");
		put_word(p, W_HUB_FAILURES);
		buf_char(p->out, ' ');
		put_number(p, hub->failures);
		buf_lit(p->out, "</span>");
	}
	if (hub->reason) {
		buf_lit(p->out, " <span>");
		page_put_text(p->out, str_of(hub->reason));
		buf_lit(p->out, "</span>");
	}
	buf_lit(p->out, "</span>");
	buf_deinit(&host);
}

static void put_feed(const struct page *p, const struct control_feed *f)
{
	enum page_state state = page_state_of(f);

	buf_lit(p->out, "<li class=\"feed\"><span class=\"name\"><a rel=\"noreferrer\" href=\"");
	/* Only what a browser asks a server for: a file: of ours is no business of the reader's. */
	page_put_text(p->out, str_starts(str_of(f->feed->url), STR("http")) ? str_of(f->feed->url)
									    : STR("#list"));
	buf_lit(p->out, "\">");
	page_put_text(p->out, str_of(f->feed->name));
	buf_lit(p->out, "</a> <span class=\"id\">");
	page_put_text(p->out, str_of(f->feed->id));
	buf_printf(p->out, "</span></span><span class=\"state %s\">", tones[state]);
	buf_str(p->out, page_state_word(p->language, state));
	buf_lit(p->out, "</span>");
	put_times(p, f);
	put_sparkline(p, &f->state.activity);
	put_why(p, &f->state, state);
	put_hub(p, f->hub);
	buf_lit(p->out, "</li>\n");
}

static bool has_words(const struct feed *feed, struct str words)
{
	return str_ifind(str_of(feed->id), words) < strlen(feed->id) ||
	       (feed->city_name &&
		       str_ifind(str_of(feed->city_name), words) < strlen(feed->city_name)) ||
	       (feed->agency_name &&
		       str_ifind(str_of(feed->agency_name), words) < strlen(feed->agency_name));
}

static bool is_wanted(const struct page *p, const struct control_feed *f)
{
	if (p->only != PAGE_STATES && page_state_of(f) != p->only)
		return false;
	return !p->request->words.n || has_words(f->feed, p->request->words);
}

static void put_heading(const struct page *p, char level, const char *name, const char *id)
{
	buf_printf(p->out, "<h%c>", level);
	page_put_text(p->out, str_of(name ? name : id));
	buf_lit(p->out, " <small>");
	page_put_text(p->out, str_of(id));
	buf_printf(p->out, "</small></h%c>\n", level);
}

/* Headings where city or agency change; feeds come in the order of their ids. */
static void put_headings(const struct page *p, const struct feed *before, const struct feed *feed)
{
	bool city = !before || strcmp(before->city, feed->city) != 0;
	bool agency = city || strcmp(before->agency, feed->agency) != 0;

	if (before && agency)
		buf_lit(p->out, "</ul>\n");
	if (city)
		put_heading(p, '2', feed->city_name, feed->city);
	if (agency) {
		put_heading(p, '3', feed->agency_name, feed->agency);
		buf_lit(p->out, "<ul class=\"feeds\">\n");
	}
}

static void put_turn(const struct page *p, size_t page, enum word w)
{
	buf_lit(p->out, "<li><a href=\"");
	put_address(p, p->request->state, page);
	buf_lit(p->out, "\">");
	put_word(p, w);
	buf_lit(p->out, "</a></li>\n");
}

static void put_turns(const struct page *p, size_t page, size_t pages)
{
	if (pages <= 1)
		return;
	buf_lit(p->out, "<nav aria-label=\"");
	put_word(p, W_PAGE);
	buf_lit(p->out, "\"><ul>\n");
	if (page > 1)
		put_turn(p, page - 1, W_PREVIOUS);
	buf_lit(p->out, "<li>");
	put_word(p, W_PAGE);
	buf_printf(p->out, " %zu / %zu</li>\n", page, pages);
	if (page < pages)
		put_turn(p, page + 1, W_NEXT);
	buf_lit(p->out, "</ul></nav>\n");
}

static void put_attention(const struct page *p)
{
	const struct control_snapshot *s = p->snapshot;
	size_t shown = 0;

	if (!attention(p))
		return;
	buf_lit(p->out, "<h2>");
	put_word(p, W_ATTENTION);
	buf_lit(p->out, "</h2>\n<ul class=\"feeds\">\n");
	for (enum page_state state = 0; wants_attention(state); state++)
		for (size_t i = 0; i < s->n_feeds && shown < PAGE_ATTENTION; i++)
			if (page_state_of(&s->feeds[i]) == state) {
				put_feed(p, &s->feeds[i]);
				shown++;
			}
	buf_lit(p->out, "</ul>\n");
}

/* Those that are wanted, in their order; the caller frees the list. */
static const struct control_feed **choose(const struct page *p, size_t *ret_n)
{
	const struct control_snapshot *s = p->snapshot;
	const struct control_feed **chosen = mem_zalloc(s->n_feeds + 1, sizeof *chosen);
	size_t n = 0;

	for (size_t i = 0; i < s->n_feeds; i++)
		if (is_wanted(p, &s->feeds[i]))
			chosen[n++] = &s->feeds[i];
	*ret_n = n;
	return chosen;
}

static void put_feeds(const struct page *p)
{
	const struct feed *before = NULL;
	size_t n;
	cleanup(free_p) const struct control_feed **chosen = choose(p, &n);
	size_t pages = (n + PAGE_FEEDS - 1) / PAGE_FEEDS;
	size_t page = p->request->page > pages ? pages : p->request->page;

	page = page < 1 ? 1 : page;
	if (!n && p->snapshot->n_feeds) {
		buf_lit(p->out, "<p>");
		put_word(p, W_NOTHING_FOUND);
		buf_lit(p->out, "</p>\n");
	}
	put_turns(p, page, pages);
	for (size_t i = (page - 1) * PAGE_FEEDS; i < n && i < page * PAGE_FEEDS; i++) {
		put_headings(p, before, chosen[i]->feed);
		put_feed(p, chosen[i]);
		before = chosen[i]->feed;
	}
	if (before)
		buf_lit(p->out, "</ul>\n");
	put_turns(p, page, pages);
}

/* ---- The document ---- */

static void put_head(const struct page *p)
{
	size_t n = attention(p);

	buf_lit(p->out, "<!DOCTYPE html>\n<html lang=\"");
	put_word(p, W_LANGUAGE);
	buf_lit(p->out, "\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			"<title>");
	if (n)
		buf_printf(p->out, "(%zu) ", n);
	buf_lit(p->out, "civicwire</title>\n<link rel=\"icon\" href=\"data:,\">\n"
			"<link rel=\"stylesheet\" href=\"/status.css\">\n"
			"<script src=\"/status.js\" defer></script>\n</head>\n<body>\n"
			"<a class=\"skip\" href=\"#list\">");
	put_word(p, W_SKIP);
	buf_lit(p->out, "</a>\n<header><h1>civicwire <small class=\"soft\">");
	put_word(p, W_VERSION);
	buf_char(p->out, ' ');
	page_put_text(p->out, str_of(p->snapshot->version));
	buf_lit(p->out, "</small></h1>\n<a href=\"/status?lang=");
	buf_str(p->out, page_word(!p->language, W_LANGUAGE));
	buf_lit(p->out, "\" lang=\"");
	buf_str(p->out, page_word(!p->language, W_LANGUAGE));
	buf_lit(p->out, "\">");
	put_word(p, W_OTHER_LANGUAGE);
	buf_lit(p->out, "</a></header>\n<main>\n");
}

static void put_foot(const struct page *p)
{
	char text[TIME_TEXT_MAX];

	buf_lit(p->out, "</main>\n<footer><p><span>");
	put_word(p, W_AS_OF);
	buf_char(p->out, ' ');
	buf_add(p->out, text, time_format_s(p->snapshot->taken_us / SEC_US, text));
	buf_lit(p->out, "</span> <span id=\"age\" data-live=\"");
	put_word(p, W_LIVE);
	buf_lit(p->out, "\" data-lost=\"");
	put_word(p, W_LOST);
	buf_lit(p->out, "\"></span></p></footer>\n</body>\n</html>\n");
}

void page_render(struct buf *out, const struct control_snapshot *snapshot,
	const struct page_request *request)
{
	struct page p = {.out = out,
		.snapshot = snapshot,
		.request = request,
		.language = request->language,
		.only = PAGE_STATES};

	for (enum page_state state = 0; state < PAGE_STATES; state++)
		if (str_is(request->state, page_state_words[state]))
			p.only = state;
	for (size_t i = 0; i < snapshot->n_feeds; i++)
		p.counts[page_state_of(&snapshot->feeds[i])]++;
	put_head(&p);
	put_sentence(&p);
	put_facts(&p);
	put_states(&p);
	put_search(&p);
	buf_lit(out, "<div id=\"list\">\n");
	if (!request->state.n && !request->words.n && request->page <= 1)
		put_attention(&p);
	put_feeds(&p);
	buf_lit(out, "</div>\n");
	put_foot(&p);
}
