#include <string.h>

#include "cli/member.h"
#include "cli/print.h"
#include "cli/probe.h"
#include "cli/since.h"

#define LABEL "%-11s"

static void put(const char *s)
{
	print_text(stdout, s);
}

static void line(const char *label, const char *value)
{
	print_labelled(0, 11, label, value);
}

static void put_size(long long bytes)
{
	if (bytes < 1024)
		printf("%lld bytes", bytes);
	else
		printf("%lld KiB", bytes / 1024);
}

static void show_request(const json_t *request, size_t i)
{
	const char *location = text_of(request, "location"), *refused = text_of(request, "refused");
	long long status = number_of(request, "status"),
		  version = number_of(request, "http_version");

	printf(i ? "%11s" : LABEL, i ? "" : "requests");
	put(text_of(request, "url"));
	fputs(json_is_true(json_object_get(request, "conditional")) ? " (conditional)\n" : "\n",
		stdout);
	printf("%11s", "");
	if (status) {
		printf("→ %lld ", status);
		put(text_of(request, "reason"));
		if (version)
			printf(version % 10 ? ", HTTP/%lld.%lld" : ", HTTP/%lld", version / 10,
				version % 10);
		fputs(", ", stdout);
		put_size(number_of(request, "bytes"));
		printf(", %lld ms", number_of(request, "took_ms"));
		fputs(text_of(request, "address") ? ", from " : "", stdout);
		put(text_of(request, "address"));
		if (location && status >= 300 && status < 400) {
			fputs(", leads to ", stdout);
			put(location);
		}
	} else {
		printf("→ no answer");
	}
	if (refused)
		printf("; %s was not tried", refused);
	putchar('\n');
}

static void show_requests(const json_t *found)
{
	const json_t *requests = json_object_get(found, "requests"), *request;
	const json_t *certificate = NULL;
	size_t i;

	json_array_foreach(requests, i, request)
	{
		show_request(request, i);
		if (json_object_get(request, "certificate"))
			certificate = json_object_get(request, "certificate");
	}
	if (certificate) {
		printf(LABEL, "tls");
		put(text_of(certificate, "subject"));
		fputs(", by ", stdout);
		put(text_of(certificate, "issuer"));
		fputs(", good until ", stdout);
		put(text_of(certificate, "expires"));
		putchar('\n');
	}
	if (text_of(found, "permanent_url")) {
		printf(LABEL, "moved");
		fputs("for good; configure ", stdout);
		put(text_of(found, "permanent_url"));
		putchar('\n');
	}
}

static void show_validators(const json_t *found)
{
	const char *etag = text_of(found, "etag"), *modified = text_of(found, "last_modified");
	const char *again = text_of(found, "again");

	printf(LABEL, "validators");
	if (!etag && !modified) {
		puts("none: the whole will be sent with each poll");
		return;
	}
	put(etag ? "ETag " : "");
	put(etag);
	put(etag && modified ? ", " : "");
	put(modified ? "Last-Modified " : "");
	put(modified);
	if (again && !strcmp(again, "honoured"))
		fputs("; honoured: 304 when asked again", stdout);
	else if (again && !strcmp(again, "ignored"))
		fputs("; ignored: the same came again, whole", stdout);
	else if (again && !strcmp(again, "changed"))
		fputs("; ignored: another body came a second later", stdout);
	else if (again) {
		fputs("; the second request failed: ", stdout);
		put(text_of(found, "again_error"));
	}
	putchar('\n');
}

static void show_hints(const json_t *found)
{
	char span[SINCE_TEXT_MAX];
	const char *after = "";

	printf(LABEL, "hints");
	if (number_of(found, "asks_for_s") > 0) {
		since_span(number_of(found, "asks_for_s"), span);
		printf("the feed asks to be polled every %s", span);
		after = ", ";
	}
	if (json_object_get(found, "fresh_s")) {
		since_span(number_of(found, "fresh_s"), span);
		printf("%sthe server calls it fresh for %s", after, span);
		after = ", ";
	}
	since_span(number_of(found, "next_poll_s"), span);
	printf("%s; the daemon would ask again after %s\n", *after ? "" : "none", span);
}

static void show_flaws(const json_t *found)
{
	const json_t *flaws = json_object_get(json_object_get(found, "feed"), "flaws"), *flaw;
	const char *label = "flaws", *name;
	long long events = number_of(found, "events");
	size_t i;

	json_array_foreach(flaws, i, flaw)
	{
		name = json_string_value(flaw);
		printf(LABEL "%s: %s\n", label, name, flaw_words(name));
		label = "";
	}
	json_object_foreach((json_t *)json_object_get(found, "item_flaws"), name, flaw)
	{
		printf(LABEL "%s, %lld of %lld items: %s\n", label, name,
			(long long)json_integer_value(flaw), events, flaw_words(name));
		label = "";
	}
	if (*label)
		printf(LABEL "none\n", label);
}

static void show_item(const json_t *item)
{
	const json_t *theme;
	const char *date = text_of(item, "date_modified");
	size_t i;

	if (!date)
		date = text_of(item, "date_published");
	printf("  %-20s  ", date ? date : "no date");
	put(text_of(item, "title") ? text_of(item, "title") : "(no title)");
	putchar('\n');
	if (text_of(item, "url")) {
		printf("  %20s  ", "");
		put(text_of(item, "url"));
		putchar('\n');
	}
	json_array_foreach(json_object_get(item, "_themes"), i, theme)
		printf(i ? ", %s" : "  %20s  themes: %s", i ? json_string_value(theme) : "",
			json_string_value(theme));
	if (i)
		putchar('\n');
}

static void show_items(const json_t *found)
{
	const json_t *items = json_object_get(found, "items"), *item;
	long long n = number_of(found, "events");
	size_t i;

	printf("\nwould publish %lld event%s, marked as found by the first poll%s\n", n,
		n == 1 ? "" : "s", json_array_size(items) ? ":" : "");
	json_array_foreach(items, i, item) show_item(item);
	if ((long long)json_array_size(items) < n)
		printf("  … and %lld more\n", n - (long long)json_array_size(items));
}

static void show_discovered(const json_t *found)
{
	const json_t *all = json_object_get(found, "discovered"), *one;
	size_t i;

	if (!all)
		return;
	if (!json_array_size(all)) {
		puts("           it names no feed, neither in its head nor by a link");
		return;
	}
	printf(LABEL "the page names %zu:\n", "feeds", json_array_size(all));
	json_array_foreach(all, i, one)
	{
		fputs("  ", stdout);
		put(text_of(one, "url"));
		if (text_of(one, "title")) {
			fputs("  ", stdout);
			put(text_of(one, "title"));
		}
		puts(json_is_true(json_object_get(one, "advertised"))
				? ""
				: "  (by a link in its text)");
	}
}

static void show_feed(const json_t *found)
{
	const json_t *feed = json_object_get(found, "feed");

	line("format", text_of(feed, "format"));
	line("title", text_of(feed, "title"));
	line("language", text_of(feed, "language") ? text_of(feed, "language")
						   : "not said; say it in the configuration");
	line("home page", text_of(feed, "home_page_url"));
	show_validators(found);
	show_hints(found);
	if (text_of(feed, "hub")) {
		printf(LABEL, "hub");
		put(text_of(feed, "hub"));
		puts(" (WebSub); asked to push where websub.callback is configured");
	}
	show_flaws(found);
	show_items(found);
	fputs("\nto poll it, put this into a file of feeds.d, with ids of your own:\n\n", stdout);
	fputs(text_of(found, "yaml"), stdout);
}

/* What can be done about it. */
static const char *advice(const json_t *found)
{
	const char *outcome = text_of(found, "outcome");

	if (!strcmp(outcome, "refused"))
		return "for an address in a network of yours: --allow-net RANGE here, allow_net: "
		       "[RANGE] of "
		       "the feed there";
	if (!strcmp(outcome, "busy"))
		return "the daemon would wait as long as the server asks";
	if (!strcmp(outcome, "gone"))
		return "the daemon would ask once more after an hour, then once a month";
	return NULL;
}

void probe_show(const struct probe *p)
{
	const json_t *found = p->found, *page = json_object_get(found, "page");

	if (page) {
		show_requests(page);
		line("no feed", text_of(page, "error"));
		show_discovered(page);
		fputs("\ngoing on with the first:\n\n", stdout);
	}
	show_requests(found);
	if (json_object_get(found, "feed")) {
		show_feed(found);
		return;
	}
	line(text_of(found, "outcome"), text_of(found, "error"));
	show_discovered(found);
	line("", advice(found));
}
