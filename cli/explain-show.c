#include <string.h>

#include "cli/explain.h"
#include "cli/member.h"
#include "cli/print.h"

#define LABEL "  %-10s"

static void put(const char *s)
{
	print_text(stdout, s);
}

static void line(const char *label, const char *value)
{
	print_labelled(2, 10, label, value);
}

/* "org.civicwire.item.updated.v1" → "item.updated". */
static void put_type(const char *type)
{
	static const char ours[] = "org.civicwire.";
	size_t n;

	if (type && !strncmp(type, ours, sizeof ours - 1))
		type += sizeof ours - 1;
	n = type ? strlen(type) : 0;
	if (n > 3 && !strcmp(type + n - 3, ".v1"))
		n -= 3;
	printf("%.*s", (int)n, type ? type : "");
}

static bool has_word(const char *list, const char *word)
{
	struct str rest = str_of(list), each;

	while (list && str_word(&rest, &each))
		if (str_is(each, word))
			return true;
	return false;
}

static void put_reason(const json_t *why)
{
	const char *by = text_of(why, "by"), *what = text_of(why, "what"),
		   *where = text_of(why, "where");

	if (!strcmp(by, "configuration")) {
		fputs("the feed's configuration", stdout);
		return;
	}
	printf("the %s '", by);
	put(what);
	fputs("'", stdout);
	if (where)
		printf(" in %s", where);
}

/* Each theme that the event has, with its reasons; then what nearly gave one, and what would today. */
static void show_themes(const json_t *found, const char *assigned)
{
	const json_t *all = json_object_get(found, "themes"), *why;
	struct str rest = str_of(assigned), theme;
	const char *label = "themes";
	size_t i;

	while (assigned && str_word(&rest, &theme)) {
		const char *between = ": by ";
		printf(LABEL "%.*s", label, STR_FMT(theme));
		json_array_foreach(all, i, why)
		{
			if (!str_is(theme, text_of(why, "theme")))
				continue;
			fputs(between, stdout);
			put_reason(why);
			between = ", ";
		}
		puts(*between == ',' ? "" : ": by rules that are no longer in force");
		label = "";
	}
	json_array_foreach(all, i, why)
	{
		if (has_word(assigned, text_of(why, "theme")))
			continue;
		printf(LABEL "not %s: ", label, text_of(why, "theme"));
		put_reason(why);
		puts(json_is_true(json_object_get(why, "enough"))
				? " would give it today; the rule came later"
				: ", which is not enough: two in content_text, or one in title or "
				  "summary");
		label = "";
	}
	if (*label)
		printf(LABEL "none: no word, category or configuration gives one\n", label);
}

static void show_topics(const json_t *found)
{
	const json_t *views = json_object_get(found, "views"), *view;
	size_t i;

	json_array_foreach(views, i, view)
		printf(LABEL "%s\n", i ? "" : "topics", json_string_value(view));
}

static void show_endpoint(const json_t *one, const char *label)
{
	const json_t *clients = json_object_get(one, "clients"), *client;
	const char *topic = text_of(one, "topic");
	bool keys = json_is_true(json_object_get(one, "keys"));
	size_t i;

	printf(LABEL "%s %s: ", label, text_of(one, "socket"), text_of(one, "endpoint"));
	if (!topic)
		puts("not carried: none of the topics is of this endpoint's audience");
	else if (keys)
		puts("for clients with a key:");
	else
		printf("whoever reaches it, under %s%s\n", topic,
			strcmp(text_of(one, "socket"), "live") != 0 ? " and the others" : " …");
	if (!topic || !keys)
		return;
	json_array_foreach(clients, i, client)
	{
		bool may = json_is_true(json_object_get(client, "may"));
		printf("  %10s  %s: %s%s\n", "", text_of(client, "client"),
			may ? "yes, by " : "no: ", text_of(client, may ? "topic" : "why"));
	}
	if (!i)
		printf("  %10s  nobody: there is no client in clients.d\n", "");
}

static void show_event(const json_t *found)
{
	const json_t *event = json_object_get(found, "event"),
		     *data = json_object_get(event, "data");
	const json_t *readers = json_object_get(found, "readers"), *one;
	size_t i;

	printf("event %lld  ", (long long)json_integer_value(json_object_get(found, "sequence")));
	put_type(text_of(event, "type"));
	putchar('\n');
	line("id", text_of(event, "id"));
	line("title", text_of(data, "title"));
	line("url", text_of(data, "url"));
	line("error", text_of(data, "error"));
	line("dated", text_of(event, "time") ? text_of(event, "time")
					     : "the feed does not say, or says the future");
	line("journaled", text_of(event, "recordedtime"));
	if (json_is_true(json_object_get(event, "cwbackfill")))
		line("backfill",
			"it was there when the feed was first read; notifiers skip such events");
	line("language", text_of(event, "cwlang"));
	line("networks", text_of(event, "cwnetworks"));
	show_topics(found);
	if (text_of(event, "type") && strstr(text_of(event, "type"), ".item."))
		show_themes(found, text_of(event, "cwthemes"));
	json_array_foreach(readers, i, one) show_endpoint(one, i ? "" : "readers");
	putchar('\n');
}

/* The items by themselves: how they are remembered, whatever has become of their events. */
static bool show_seen(const struct explain_run *run, bool has_events)
{
	const json_t *seen = json_object_get(run->found, "seen"), *one;
	size_t i;

	json_array_foreach(seen, i, one)
	{
		printf("seen      %s/%s: last in its feed on %.10s; version %lld%s%s\n",
			text_of(one, "feed"), text_of(one, "item"), text_of(one, "last_seen"),
			(long long)json_integer_value(json_object_get(one, "version")),
			json_is_true(json_object_get(one, "withdrawn")) ? ", withdrawn" : "",
			has_events ? "" : "; its events have left the journal");
	}
	return i > 0;
}

static void show_nothing(const struct explain_run *run)
{
	long long oldest = (long long)json_integer_value(json_object_get(run->found, "oldest"));
	long long head = (long long)json_integer_value(json_object_get(run->found, "head"));
	const char *feed = text_of(run->found, "feed");

	fputs("no event of the journal is or tells of ", stdout);
	put(run->what);
	putchar('\n');
	if (head)
		printf("It holds events %lld to %lld; older ones were removed (journal.keep, "
		       "journal.max_size).\n",
			oldest, head);
	else
		puts("It holds no events at all.");
	for (size_t i = 0; feed && i < run->config->n_feeds; i++)
		if (!strcmp(run->config->feeds[i]->id, feed))
			feed = NULL;
	if (feed)
		printf("No feed of the configuration has the id %s.\n", feed);
	else
		puts("Whether its feed is read at all: civicwire feeds; what is in it now: "
		     "civicwire "
		     "probe.");
}

void explain_show(const struct explain_run *run)
{
	const json_t *events = json_object_get(run->found, "events"), *event;
	size_t i;

	json_array_foreach(events, i, event) show_event(event);
	if (!show_seen(run, i > 0) && !i)
		show_nothing(run);
}
