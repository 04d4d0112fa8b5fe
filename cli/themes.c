/* civicwire themes test: what would these words find? A word that looks right may find half of all news; so
 * rules are tried on what has been, before the daemon has them. */
#include "cli/themes.h"

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/list.h"
#include "cli/past.h"
#include "cli/verb.h"
#include "config/config.h"
#include "digest/vocabulary.h"
#include "normalize/theme.h"

#define DEFAULT_FOLDER "/etc/civicwire"
#define EXAMPLES_MAX   1000

static const char usage[] =
	"Usage: civicwire themes test [OPTION]... [EVENTS]...\n"
	"Tries rules on past events: what would match, by which words, in which feeds, and how "
	"that\n"
	"differs from the themes that the events were given. The rules are those of the "
	"configuration,\n"
	"those of a file of themes.d, or words given here; the events those of the journal, or of "
	"files\n"
	"as replay and journal export print them ('-' is standard input). Changes nothing.\n"
	"\n"
	"  test                 try them\n"
	"\n"
	"      --file FILE      the themes of this file alone, in the form of themes.d\n"
	"  -t, --theme ID       with --words: the theme they would give; else: show this theme "
	"alone\n"
	"  -w, --words LIST     words and phrases, with commas between\n"
	"  -l, --language TAG   with --words: of items in this language (default any)\n"
	"      --feed PATTERN   only events of these feeds, such as 'co-mde.*'\n"
	"  -n, --examples N     show so many titles of each kind (default 5)\n"
	"  -c, --config DIR     the configuration (default " DEFAULT_FOLDER ", if it is needed)\n"
	"      --journal FILE   the journal's file (default: as the configuration says)\n"
	"  -j, --json           print all that was found as one JSON object\n"
	"  -h, --help           show this\n"
	"\n"
	"Exit status: 0; 64 wrong usage; 65 no events, or a damaged journal; 66 a file cannot be "
	"read; 74\n"
	"reading or writing failed; 77 not allowed; 78 the configuration or the themes are "
	"broken.\n";

struct test {
	struct past_sink sink;
	const char *folder, *file, *theme, *words, *language, *feed, *journal;
	bool json;
	struct config *config, *themes; /* themes: of --file */
	struct theme_rules *rules;
	struct themes_found found;
};

/* ---- counting ---- */

static json_t *member(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!value) {
		value = json_object();
		json_object_set_new(object, name, value);
	}
	return value;
}

static void count(json_t *object, struct str name)
{
	cleanup(free_p) char *key = mem_strndup(name.p ? name.p : "", name.n);
	json_t *n = json_object_get(object, key);

	json_object_set_new(object, key, json_integer(json_integer_value(n) + 1));
}

static void example(
	const struct test *test, json_t *theme, const char *kind, const struct past_event *event)
{
	const json_t *data = json_object_get(event->json, "data");
	json_t *examples = member(theme, "examples"), *list = json_object_get(examples, kind);
	struct str title = past_text(data, "title"), id = past_text(event->json, "id");

	if (!list) {
		list = json_array();
		json_object_set_new(examples, kind, list);
	}
	if (json_array_size(list) >= test->found.examples)
		return;
	json_t *one = json_object();
	json_object_set_new(one, "id", json_stringn(id.p ? id.p : "", id.n));
	json_object_set_new(one, "title", json_stringn(title.p ? title.p : "", title.n));
	json_array_append_new(list, one);
}

static bool has(const struct str *texts, size_t n, struct str text)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(texts[i], text))
			return true;
	return false;
}

static bool is_shown(const struct test *test, struct str theme)
{
	return !test->theme || str_is(theme, test->theme);
}

static json_t *tally_of(const struct test *test, struct str theme)
{
	cleanup(free_p) char *name = mem_strndup(theme.p, theme.n);
	json_t *tally = json_object_get(test->found.themes, name);

	if (tally)
		return tally;
	tally = json_pack("{s:i, s:i, s:i, s:{}, s:{}, s:{}}", "events", 0, "added", 0, "lost", 0,
		"feeds", "words", "examples");
	json_object_set_new(test->found.themes, name, tally);
	return tally;
}

/* Themes that the rules under test could give: only of those can be said that they would be lost. */
static bool is_tested(const struct test *test, struct str theme)
{
	const struct config *from = test->file ? test->themes : test->config;

	if (test->words)
		return str_is(theme, test->theme);
	for (size_t i = 0; i < from->n_rules; i++)
		if (str_is(theme, from->rules[i].theme))
			return true;
	return false;
}

static const struct feed *find_feed(const struct test *test, struct str id)
{
	for (size_t i = 0; test->config && i < test->config->n_feeds; i++)
		if (str_is(id, test->config->feeds[i]->id))
			return test->config->feeds[i];
	return NULL;
}

static bool is_configured(const struct feed *feed, struct str theme)
{
	for (size_t i = 0; feed && i < feed->n_themes; i++)
		if (str_is(theme, feed->themes[i]))
			return true;
	return false;
}

/* Each word once, however often the item has it. */
static void tally_words(const struct item *item, json_t *tally, struct str theme)
{
	const struct explain_theme *whys = item->explain->themes;

	for (size_t i = 0; i < item->explain->n_themes; i++) {
		bool again = !str_eq(whys[i].theme, theme);
		for (size_t k = 0; k < i && !again; k++)
			again = str_eq(whys[k].theme, theme) && str_eq(whys[k].what, whys[i].what);
		if (!again)
			count(json_object_get(tally, "words"), whys[i].what);
	}
}

static void judge(struct test *test, const struct past_event *event, struct arena *arena)
{
	struct str feed_id = past_text(event->json, "cwfeed"),
		   rest = past_text(event->json, "cwthemes");
	const struct feed *feed = find_feed(test, feed_id);
	struct str *found, was[64], theme;
	struct item item;
	size_t n_was = 0;

	past_item(event, arena, &item);
	while (n_was < 64 && str_word(&rest, &theme))
		was[n_was++] = theme;
	cleanup(free_p) char *id = mem_strndup(feed_id.p ? feed_id.p : "", feed_id.n);
	size_t n = theme_find(test->rules, arena, id, NULL, 0, &item, &found);
	for (size_t i = 0; i < n; i++) {
		if (!is_shown(test, found[i]))
			continue;
		json_t *tally = tally_of(test, found[i]);
		count(tally, STR("events"));
		count(json_object_get(tally, "feeds"), feed_id);
		tally_words(&item, tally, found[i]);
		bool is_new = !has(was, n_was, found[i]);
		if (is_new)
			count(tally, STR("added"));
		example(test, tally, is_new ? "added" : "kept", event);
	}
	for (size_t i = 0; i < n_was; i++) {
		if (has(found, n, was[i]) || !is_shown(test, was[i]) || !is_tested(test, was[i]) ||
			is_configured(feed, was[i]))
			continue;
		json_t *tally = tally_of(test, was[i]);
		count(tally, STR("lost"));
		example(test, tally, "lost", event);
	}
}

static int on_event(struct past_sink *sink, const struct past_event *event)
{
	struct test *test = container_of(sink, struct test, sink);
	cleanup(arena_deinit) struct arena arena = ARENA_INIT;
	struct str type = past_text(event->json, "type"), feed = past_text(event->json, "cwfeed");

	if (!str_is(type, "org.civicwire.item.published.v1") &&
		!str_is(type, "org.civicwire.item.updated.v1"))
		return 0;
	if (test->feed) {
		cleanup(free_p) char *id = mem_strndup(feed.p ? feed.p : "", feed.n);
		if (fnmatch(test->feed, id, 0) != 0)
			return 0;
	}
	test->found.events++;
	judge(test, event, &arena);
	return 0;
}

/* ---- rules and events ---- */

static void on_problem(struct config_report *report, const char *message)
{
	(void)report;
	fprintf(stderr, "%s\n", message);
}

static int refused(int r, const struct error *error)
{
	if (r != -EINVAL)
		fprintf(stderr, "civicwire themes: %s\n", error->text);
	return r == -ENOENT ? EX_NOINPUT : EX_CONFIG;
}

/* "premio, galardón" → a rule; the text is cut at the commas. */
static struct theme_rules *rules_of_words(const struct test *test)
{
	cleanup(arena_deinit) struct arena arena = ARENA_INIT;
	struct theme_rules *rules = theme_rules_new();
	struct str rest = str_of(test->words), word, *words = NULL;
	size_t n = 0, cap = 0;

	while (str_split(&rest, ',', &word))
		if (str_trim(word).n)
			*ARENA_PUSH(&arena, words, n, cap) = str_trim(word);
	theme_rules_add_words(
		rules, str_of(test->theme), str_of(test->language), words, n, NULL, 0);
	return rules;
}

static int load(struct test *test, bool needs_config)
{
	struct config_report report = {.problem = on_problem};
	struct error error = {0};
	int r = 0;

	if (test->folder || needs_config)
		r = config_load(&test->config, test->folder ? test->folder : DEFAULT_FOLDER,
			&report, &error);
	if (r == 0 && test->file)
		r = config_load_themes(&test->themes, test->file, &report, &error);
	if (r < 0)
		return refused(r, &error);
	test->rules = test->words ? rules_of_words(test)
				  : vocabulary_rules(test->file ? test->themes : test->config);
	return EX_OK;
}

static int run(struct test *test, char **files, int n)
{
	bool needs_path = n == 0 && !test->journal;
	struct error error = {0};
	int r = load(test, needs_path || (!test->words && !test->file));

	if (r != EX_OK)
		return r;
	test->sink.event = on_event;
	test->found.themes = json_object();
	if (n == 0)
		r = past_read_journal(test->journal ? test->journal : test->config->journal.path,
			NULL, &test->sink, NULL, &error);
	for (int i = 0; i < n && r >= 0; i++)
		r = past_read_lines(files[i], NULL, &test->sink, &error);
	if (r < 0) {
		fprintf(stderr, "civicwire themes: %s\n", error.text);
		return verb_exit_status(-r);
	}
	if (test->json) {
		json_t *all = json_pack("{s:I, s:O}", "events", (json_int_t)test->found.events,
			"themes", test->found.themes);
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else {
		themes_show(&test->found);
	}
	return verb_flush("themes");
}

/* -1: go on; else the exit status. */
static int parse(struct test *t, int argc, char **argv)
{
	enum { FILE_OF = 256, FEED, JOURNAL };
	static const struct option options[] = {
		{"file", required_argument, NULL, FILE_OF},
		{"theme", required_argument, NULL, 't'},
		{"words", required_argument, NULL, 'w'},
		{"language", required_argument, NULL, 'l'},
		{"feed", required_argument, NULL, FEED},
		{"examples", required_argument, NULL, 'n'},
		{"config", required_argument, NULL, 'c'},
		{"journal", required_argument, NULL, JOURNAL},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char **text;

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":t:w:l:n:c:jh", options, NULL)) >= 0;) {
		if (c == 'h') {
			fputs(usage, stdout);
			return verb_flush("themes");
		}
		if (c == ':' || c == '?')
			return verb_misused("themes",
				c == ':' ? "%s wants a value" : "unknown option '%s'",
				argv[optind - 1]);
		if (c == 'n' && !str_u64(str_of(optarg), EXAMPLES_MAX, &t->found.examples))
			return verb_misused("themes", "--examples is a number up to %d, not '%s'",
				EXAMPLES_MAX, optarg);
		text = c == FILE_OF   ? &t->file
		       : c == 't'     ? &t->theme
		       : c == 'w'     ? &t->words
		       : c == 'l'     ? &t->language
		       : c == FEED    ? &t->feed
		       : c == JOURNAL ? &t->journal
		       : c == 'c'     ? &t->folder
				      : NULL;
		if (text)
			*text = optarg;
		t->json = t->json || c == 'j';
	}
	return -1;
}

int verb_themes(int argc, char **argv)
{
	struct test test = {.found.examples = THEMES_EXAMPLES};
	int r = parse(&test, argc, argv);

	if (r >= 0)
		return r;
	if (optind == argc || strcmp(argv[optind], "test") != 0)
		return verb_misused("themes", "it is: themes test [EVENTS]...");
	if (test.words && (!test.theme || test.file))
		return verb_misused("themes", test.file
						      ? "--words and --file are two sets of rules; "
							"give one"
						      : "--words wants --theme: which theme would "
							"they give?");
	if (test.language && !test.words)
		return verb_misused("themes", "--language goes with --words");
	r = run(&test, argv + optind + 1, argc - optind - 1);
	json_decref(test.found.themes);
	theme_rules_free(test.rules);
	config_free(test.themes);
	config_free(test.config);
	return r;
}
