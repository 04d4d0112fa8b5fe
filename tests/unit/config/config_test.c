#include "folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"

static void check_broken(const struct broken *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct folder folder;
		folder_open(&folder);
		folder_write(&folder, cases[i].file, cases[i].text);
		const char *messages = folder_load(&folder);
		if (strcmp(messages, cases[i].messages) != 0)
			fail_msg("%s:\n%swanted:\n%s", cases[i].name, messages, cases[i].messages);
		assert_int_equal(folder.result, -EINVAL);
		assert_null(folder.config);
		folder_close(&folder);
	}
}

static void test_broken_settings(void **state)
{
	(void)state;
	check_broken(broken_settings, n_broken_settings);
}

static void test_broken_feeds(void **state)
{
	(void)state;
	check_broken(broken_feeds, n_broken_feeds);
}

static void test_defaults(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	assert_string_equal(folder_load(&f), "");
	assert_int_equal(f.result, 0);
	assert_string_equal(f.config->publisher, "http://localhost");
	assert_null(f.config->fetch.contact);
	assert_string_equal(f.config->journal.path, "/var/lib/civicwire/journal.db");
	assert_int_equal(f.config->journal.keep_us, 90 * DAY_US);
	assert_int_equal(f.config->journal.max_size, INT64_C(20) << 30);
	assert_string_equal(f.config->control.socket, "/run/civicwire/control.sock");
	assert_null(f.config->control.status_bind);
	assert_int_equal(f.config->bus.n_live, 1);
	assert_string_equal(f.config->bus.live[0].bind, "tcp://127.0.0.1:5570");
	assert_int_equal(f.config->bus.live[0].audience.n_networks, 0);
	assert_string_equal(f.config->bus.replay_bind, "tcp://127.0.0.1:5571");
	assert_int_equal(f.config->fetch.interval_us, 60 * MIN_US);
	assert_int_equal(f.config->fetch.parallel, 100);
	assert_int_equal(f.config->fetch.host_default.gap_us, SEC_US);
	assert_int_equal(f.config->fetch.host_default.parallel, 1);
	assert_false(f.config->fetch.allow_file);
	assert_int_equal(f.config->fetch.n_hosts, 0);
	assert_int_equal(f.config->n_feeds, 0);
	assert_true(f.config->n_rules >= 11 * 5); /* the shipped vocabulary */
	folder_close(&f);
}

static void test_settings(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "civicwired.yaml",
		"publisher: https://wire.example.org/\n"
		"contact: https://wire.example.org/about\n"
		"control: { socket: run/../control.sock }\n"
		"journal: { path: ./state/journal.db, keep: 30 d, max_size: none }\n"
		"live:\n"
		"  - { bind: \"tcp://127.0.0.1:5570\" }\n"
		"  - bind: \"ipc:///run/wire\"\n"
		"    audience: { networks: [al-las], topics: [theme/climate/, feed/] }\n"
		"replay: { bind: \"tcp://[::1]:5571\" }\n"
		"status: { bind: \"127.0.0.1:8570\" }\n"
		"fetch: { interval: 15min, parallel: 7, gap: 250ms, host_parallel: 2, "
		"allow_file: true }\n"
		"hosts:\n"
		"  - { host: CGAI.example, gap: 0s }\n"
		"  - { host: aci.example, parallel: 3 }\n");
	folder_write(&f, "feeds.d/n.yml", "networks: [{ id: al-las, name: { fr: L, en: A } }]\n");
	assert_string_equal(folder_load(&f), "");
	assert_string_equal(f.config->publisher, "https://wire.example.org");
	assert_string_equal(f.config->fetch.contact, "https://wire.example.org/about");
	cleanup(free_p) char *journal = mem_printf("%s/state/journal.db", f.path);
	assert_string_equal(f.config->journal.path, journal);
	assert_int_equal(f.config->journal.keep_us, 30 * DAY_US);
	assert_int_equal(f.config->journal.max_size, 0);
	assert_int_equal(f.config->bus.n_live, 2);
	assert_string_equal(f.config->bus.live[1].bind, "ipc:///run/wire");
	assert_int_equal(f.config->bus.live[1].audience.n_networks, 1);
	assert_string_equal(f.config->bus.live[1].audience.networks[0], "al-las");
	assert_int_equal(f.config->bus.live[1].audience.n_topics, 2);
	assert_string_equal(f.config->bus.live[1].audience.topics[1], "feed/");
	assert_string_equal(f.config->bus.replay_bind, "tcp://[::1]:5571");
	assert_string_equal(f.config->control.status_bind, "127.0.0.1:8570");
	assert_int_equal(f.config->fetch.interval_us, 15 * MIN_US);
	assert_true(f.config->fetch.allow_file);
	assert_int_equal(f.config->fetch.n_hosts, 2);
	assert_string_equal(f.config->fetch.hosts[0].host, "cgai.example");
	assert_int_equal(f.config->fetch.hosts[0].gap_us, 0);
	assert_int_equal(f.config->fetch.hosts[0].parallel, 2); /* fetch.host_parallel */
	assert_int_equal(f.config->fetch.hosts[1].gap_us, 250 * MSEC_US);
	assert_int_equal(f.config->fetch.hosts[1].parallel, 3);
	assert_string_equal(f.config->networks[0].name, "A");
	folder_close(&f);
}

static void test_example(void **state)
{
	struct buf text = BUF_INIT;
	struct folder f;

	(void)state;
	folder_open(&f);
	source_read("feeds.d/al-las.yaml.example", &text);
	folder_write(&f, "feeds.d/al-las.yaml", buf_cstr(&text));
	buf_deinit(&text);
	assert_string_equal(folder_load(&f), "");
	assert_int_equal(f.config->n_networks, 1);
	assert_int_equal(f.config->n_cities, 2);
	assert_int_equal(f.config->networks[0].n_cities, 2);
	static const char *const ids[] = {"co-mde.aci.news-en", "co-mde.aci.noticias",
		"mx-mex.cgai.alertas", "mx-mex.cgai.noticias", "x-al-las.secretariat.news"};
	assert_int_equal(f.config->n_feeds, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(f.config->feeds[i]->id, ids[i]);
		assert_int_equal(f.config->feeds[i]->n_networks, 1); /* the body's by its name */
	}
	const struct feed *feed = folder_feed(&f, "mx-mex.cgai.alertas");
	assert_string_equal(feed->path, "mx-mex/cgai/alertas");
	assert_string_equal(feed->city, "mx-mex");
	assert_string_equal(feed->agency, "cgai");
	assert_string_equal(feed->name, "alertas");
	assert_string_equal(feed->city_name, "Ciudad de México");
	assert_string_equal(feed->licence, "CC-BY-4.0");
	assert_string_equal(feed->contact, "prensa@cgai.example");
	assert_string_equal(feed->timezone, "America/Mexico_City");
	assert_string_equal(feed->language, "es-MX");
	assert_string_equal(feed->networks[0], "al-las");
	assert_int_equal(feed->kind, FEED_ALERT);
	assert_int_equal(feed->interval_us, 5 * MIN_US);
	assert_true(feed->has_point && feed->latitude == 19.4326 && feed->longitude == -99.1332);
	assert_true(feed->enabled && !feed->complete && !feed->emails);
	feed = folder_feed(&f, "co-mde.aci.news-en");
	assert_string_equal(feed->language, "en");
	assert_string_equal(feed->translates, "co-mde.aci.noticias");
	assert_int_equal(feed->interval_us, 60 * MIN_US);
	folder_close(&f);
}

/* What is said at three levels. */
static const char levels[] = "cities:\n"
			     "  - id: co-mde\n"
			     "    name: { fr: Médelline, es: Medellín, en: Medellin }\n"
			     "    language: es-CO\n"
			     "    timezone: America/Bogota\n"
			     "    licence: city\n"
			     "    contact: city\n"
			     "    interval: 5min\n"
			     "    max_body: 1MiB\n"
			     "    themes: [climate, health]\n"
			     "    allow_net: [10.0.0.0/8]\n"
			     "    auth: { bearer_file: token }\n"
			     "    emails: true\n"
			     "    agencies:\n"
			     "      - id: aci\n"
			     "        name: { en: Agency, es-CO: Agencia }\n"
			     "        licence: agency\n"
			     "        interval_agreed: true\n"
			     "        themes: [mobility, climate]\n"
			     "        proxy: http://proxy.example:3128\n"
			     "        complete: true\n"
			     "        enabled: false\n"
			     "        feeds:\n"
			     "          - { id: a, url: \"http://a.example/\" }\n"
			     "          - id: b\n"
			     "            url: HTTPS://b.example/ü\n"
			     "            language: en-GB\n"
			     "            licence: feed\n"
			     "            interval: 2h\n"
			     "            max_body: 2MiB\n"
			     "            themes: [awards]\n"
			     "            allow_net: [fd00::/8]\n"
			     "            auth: { user: me, password_credential: b-password }\n"
			     "            emails: false\n"
			     "            enabled: true\n"
			     "            formerly: [co-mde.aci.z, co-mde.aci.y, co-mde.aci.z]\n";

static void test_inheritance(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "feeds.d/a.yaml", levels);
	assert_string_equal(folder_load(&f), "feeds.d/a.yaml:36:52: feed co-mde.aci.b: former id "
					     "'co-mde.aci.z' is already claimed at "
					     "feeds.d/a.yaml:36:24\n");
	char text[sizeof levels];
	snprintf(text, sizeof text, "%.*s]\n", (int)(strstr(levels, ", co-mde.aci.z]") - levels),
		levels);
	folder_write(&f, "feeds.d/a.yaml", text);
	assert_string_equal(folder_load(&f), "");
	cleanup(free_p) char *token = mem_printf("%s/feeds.d/token", f.path);
	const struct feed *a = folder_feed(&f, "co-mde.aci.a");
	assert_string_equal(a->city_name, "Medellín");
	assert_string_equal(a->agency_name, "Agencia");
	assert_string_equal(a->licence, "agency");
	assert_string_equal(a->contact, "city");
	assert_int_equal(a->interval_us, 5 * MIN_US);
	assert_int_equal(a->max_body, 1 << 20);
	assert_int_equal(a->n_themes, 3);
	assert_string_equal(a->themes[0], "climate");
	assert_string_equal(a->themes[2], "mobility");
	assert_int_equal(a->access.n_allow_net, 1);
	assert_string_equal(a->access.allow_net[0], "10.0.0.0/8");
	assert_int_equal(a->access.auth, FEED_AUTH_BEARER);
	assert_string_equal(a->access.secret_file, token);
	assert_string_equal(a->access.proxy, "http://proxy.example:3128");
	assert_true(a->emails && a->complete && !a->enabled);

	const struct feed *b = folder_feed(&f, "co-mde.aci.b");
	assert_string_equal(b->city_name, "Medellin");
	assert_string_equal(b->agency_name, "Agency");
	assert_string_equal(b->licence, "feed");
	assert_string_equal(b->timezone, "America/Bogota");
	assert_int_equal(b->interval_us, 2 * HOUR_US);
	assert_int_equal(b->max_body, 2 << 20);
	assert_int_equal(b->n_themes, 4);
	assert_string_equal(b->themes[0], "awards");
	assert_string_equal(b->access.allow_net[0], "fd00::/8");
	assert_int_equal(b->access.auth, FEED_AUTH_BASIC);
	assert_string_equal(b->access.user, "me");
	assert_string_equal(
		b->access.secret_file, "/run/credentials/civicwired.service/b-password");
	assert_int_equal(b->n_formerly, 2);
	assert_string_equal(b->formerly[0], "co-mde.aci.y");
	assert_true(!b->emails && b->complete && b->enabled);
	folder_close(&f);
}

/* One problem for the interval of a city, however many feeds inherit it. */
static void test_inherited_interval(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "feeds.d/a.yaml",
		GOOD "          - { id: b, url: \"http://b.example/\" }\n"
		     "    interval: 1s\n");
	assert_string_equal(folder_load(&f),
		"feeds.d/a.yaml:11:15: interval '1s' of co-mde.aci.noticias is below 15min; ask "
		"the partner, then set interval_agreed: true\n");
	folder_close(&f);
}

static void test_file_urls(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "civicwired.yaml", "fetch: { allow_file: true }\n");
	folder_write(&f, "feeds.d/a.yaml",
		"bodies:\n"
		"  - id: x-b\n"
		"    name: { en: B }\n"
		"    agencies:\n"
		"      - id: a\n"
		"        name: { en: A }\n"
		"        feeds:\n"
		"          - { id: a, url: \"file:./a b.xml\" }\n"
		"          - { id: b, url: \"file:../b.xml\" }\n"
		"          - { id: c, url: \"file:///c.xml\" }\n"
		"          - { id: d, url: \"file://localhost/d.xml\" }\n"
		"          - { id: e, url: \"file:/é.xml\" }\n");
	assert_string_equal(folder_load(&f), "");
	cleanup(free_p) char *a = mem_printf("file://%s/feeds.d/a%%20b.xml", f.path);
	cleanup(free_p) char *b = mem_printf("file://%s/b.xml", f.path);
	assert_string_equal(folder_feed(&f, "x-b.a.a")->url, a);
	assert_string_equal(folder_feed(&f, "x-b.a.b")->url, b);
	assert_string_equal(folder_feed(&f, "x-b.a.c")->url, "file:///c.xml");
	assert_string_equal(folder_feed(&f, "x-b.a.d")->url, "file:///d.xml");
	assert_string_equal(folder_feed(&f, "x-b.a.e")->url, "file:///%C3%A9.xml");
	assert_null(folder_feed(&f, "x-b.a.e")->language);
	folder_close(&f);
}

/* The schema gives the types, not the YAML: Norway is no boolean, 0x10 no number. */
static void test_norway(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "feeds.d/a.yaml",
		"cities:\n"
		"  - { id: no-osl, name: { no: Oslo }, country: NO, language: no }\n"
		"  - id: co-010\n"
		"    name: { es: 2026-01-01 }\n"
		"    agencies:\n"
		"    same_as: ~\n"
		"networks:\n");
	assert_string_equal(folder_load(&f), "");
	assert_int_equal(f.config->n_cities, 2);
	folder_close(&f);
}

/* References may point into any file, whatever its name. */
static void test_many_files(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "feeds.d/z.yaml", GOOD "            themes: [bees]\n");
	folder_write(&f, "feeds.d/a.yaml",
		"networks: [{ id: n, name: { en: N }, lead: co-mde.aci, cities: [co-mde, co-mde] "
		"}]\n"
		"rules:\n"
		"  - theme: bees\n"
		"    feeds: [\"*\", \"co-mde.*\", \"*.aci.*\", co-mde.aci.noticias]\n"
		"    words: { es: [abeja, la abeja], en: [bee] }\n"
		"  - { theme: bees, categories: [Apicultura] }\n");
	folder_write(
		&f, "themes.d/t.yaml", "themes: [{ id: bees, name: { en: Bees }, sdg: [15] }]\n");
	folder_write(&f, "feeds.d/ignored.yaml.example", "nonsense: [\n");
	folder_write(&f, "feeds.d/.hidden.yaml", "nonsense: [\n");
	assert_string_equal(folder_load(&f), "");
	const struct config_rule *rules = f.config->rules + f.config->n_rules - 3;
	assert_string_equal(rules[0].theme, "bees");
	assert_string_equal(rules[0].language, "es");
	assert_int_equal(rules[0].n_words, 2);
	assert_string_equal(rules[0].words[1], "la abeja");
	assert_int_equal(rules[0].n_feeds, 4);
	assert_string_equal(rules[1].language, "en");
	assert_null(rules[2].language);
	assert_int_equal(rules[2].n_categories, 1);
	assert_int_equal(folder_feed(&f, "co-mde.aci.noticias")->n_networks, 1);
	folder_close(&f);
}

/* Problems come in the order of files; a file that cannot be read whole makes nobody's references
 * wrong. */
static void test_several_broken_files(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "civicwired.yaml", "live: []\nx: 1\n");
	folder_write(&f, "feeds.d/b.yaml", GOOD);
	folder_write(&f, "feeds.d/a.yaml", GOOD "colour: red\n");
	assert_string_equal(folder_load(&f),
		"civicwired.yaml:2:1: unknown key 'x'; known here: publisher, contact, control, "
		"journal, "
		"live, replay, server_key, connections, status, fetch, hosts, websub\n"
		"feeds.d/a.yaml:10:1: unknown key 'colour'; known here: networks, cities, bodies, "
		"rules\n"
		"feeds.d/b.yaml:2:9: city 'co-mde' is already defined at feeds.d/a.yaml:2:9\n"
		"feeds.d/b.yaml:5:13: agency 'co-mde.aci' is already defined at "
		"feeds.d/a.yaml:5:13\n"
		"feeds.d/b.yaml:8:17: feed 'co-mde.aci.noticias' is already defined at "
		"feeds.d/a.yaml:8:17\n");
	assert_int_equal(f.problems, 5);
	folder_write(&f, "civicwired.yaml", "");
	folder_write(
		&f, "feeds.d/b.yaml", "networks: [{ id: n, name: { en: N }, cities: [co-bog] }]");
	folder_write(&f, "feeds.d/a.yaml", "cities: [\n");
	assert_string_equal(folder_load(&f),
		"feeds.d/a.yaml:2:1: expected a value here; look whether every [ and { above is "
		"closed\n");
	folder_close(&f);
}

/* What is no readable file is a problem like others. */
static void test_unreadable_files(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	cleanup(free_p) char *folder = mem_printf("%s/feeds.d/a.yaml", f.path);
	cleanup(free_p) char *link = mem_printf("%s/civicwired.yaml", f.path);
	cleanup(free_p) char *large = mem_printf("%s/feeds.d/b.yaml", f.path);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(symlink("/nowhere/at/all", link), 0);
	folder_write(&f, "feeds.d/b.yaml", "");
	assert_int_equal(truncate(large, (64 << 20) + 1), 0);
	assert_string_equal(folder_load(&f),
		"civicwired.yaml: cannot be read: No such file or directory\n"
		"feeds.d/a.yaml: cannot be read: Is a directory\n"
		"feeds.d/b.yaml: is larger than 64 MiB; split it\n");
	folder_close(&f);
}

static void test_shipped_theme_again(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "themes.d/t.yaml", "themes: [{ id: climate, name: { en: C } }]\n");
	const char *messages = folder_load(&f);
	assert_int_equal(f.problems, 1);
	assert_ptr_equal(strstr(messages, "themes.d/t.yaml:1:16: theme 'climate' is already "
					  "defined at "),
		messages);
	assert_non_null(strstr(messages, "/themes/climate.yaml:"));
	folder_close(&f);
}

static void test_no_vocabulary(void **state)
{
	cleanup(free_p) char *folder = mem_strdup(source_folder());
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "feeds.d/a.yaml", GOOD "            themes: [climate]\n");
	setenv("CIVICWIRE_DATADIR", "/nowhere", 1);
	assert_string_equal(folder_load(&f),
		"/nowhere/themes: the shipped vocabulary of themes is not there; install it, or "
		"set CIVICWIRE_DATADIR to the folder above it\n");
	setenv("CIVICWIRE_DATADIR", folder, 1);
	folder_close(&f);
}

static void test_no_folder(void **state)
{
	struct config *config = NULL;
	struct error error = {0};

	(void)state;
	assert_int_equal(config_load(&config, "/nowhere/at/all", NULL, &error), -ENOENT);
	assert_string_equal(error.text, "configuration /nowhere/at/all: No such file or directory");
	assert_null(config);
}

static void test_single_file(void **state)
{
	struct config *config = NULL;
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "other.yaml", "journal: { keep: 1d }\n");
	folder_write(&f, "civicwired.yaml", "nonsense\n");
	folder_write(&f, "feeds.d/a.yaml", GOOD);
	cleanup(free_p) char *path = mem_printf("%s/other.yaml", f.path);
	assert_int_equal(config_load(&config, path, NULL, NULL), 0);
	assert_int_equal(config->journal.keep_us, DAY_US);
	assert_int_equal(config->n_feeds, 1);
	config_free(config);
	folder_close(&f);
}

/* A feed under way outlives the configuration it came with. */
static void test_feed_outlives(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "feeds.d/a.yaml", GOOD);
	folder_load(&f);
	cleanup(feed_unref_p) struct feed *feed = feed_ref(folder_feed(&f, "co-mde.aci.noticias"));
	folder_close(&f);
	assert_string_equal(feed->url, "https://aci.example/feed/");
	assert_string_equal(feed->city_name, "Medellín");
}

static void test_too_many_problems(void **state)
{
	struct buf text = BUF_INIT;
	struct folder f;

	(void)state;
	folder_open(&f);
	buf_lit(&text, "live:\n");
	for (int i = 0; i < 1500; i++)
		buf_lit(&text, "  - {}\n");
	folder_write(&f, "civicwired.yaml", buf_cstr(&text));
	const char *messages = folder_load(&f);
	assert_int_equal(f.problems, 1500);
	assert_non_null(strstr(messages, "civicwired.yaml:1001:5: live: 'bind' is missing; write "
					 "it, as in bind: \"tcp://127.0.0.1:5570\"\n"
					 "and 500 more problems\n"));
	buf_deinit(&text);
	folder_close(&f);
}

struct warnings {
	struct config_report report;
	char text[512];
};

static void keep_warning(struct config_report *report, const char *message)
{
	struct warnings *warnings = (struct warnings *)report;

	snprintf(warnings->text, sizeof warnings->text, "%s", message);
}

static void test_budgets(void **state)
{
	struct folder f;

	(void)state;
	folder_open(&f);
	folder_write(&f, "civicwired.yaml",
		"fetch: { gap: 20min }\nhosts: [{ host: fine.example, gap: 1s }]\n");
	folder_write(&f, "feeds.d/a.yaml",
		GOOD "            interval: 15min\n"
		     "          - { id: b, url: \"https://ACI.example:443/b\", interval: 30min }\n"
		     "          - { id: c, url: \"https://aci.example/c\", enabled: false }\n"
		     "          - { id: d, url: \"https://fine.example/\", interval: 15min }\n");
	assert_string_equal(folder_load(&f), "");
	struct warnings warnings = {{keep_warning, 0}, ""};
	config_check_budgets(f.config, &warnings.report);
	assert_string_equal(warnings.text,
		"host aci.example: its 2 feeds ask for 6 requests an hour, but gap 20min and "
		"parallel 1 allow 3; lengthen intervals, or agree on more with the partner and say "
		"so under hosts");
	assert_int_equal(warnings.report.problems, 1);
	folder_close(&f);
}

/* Of this process alone: other work on the machine must not decide a test. */
static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * SEC_US + t.tv_nsec / 1000;
}

/* 100,000 feeds load in time linear in their number: four times as many take less than ten times
 * as long. (A second on a plain machine; sanitizers cost some ten times more.) */
static int64_t time_load(int cities)
{
	struct buf text = BUF_INIT;
	struct folder f;

	folder_open(&f);
	buf_lit(&text, "cities:\n");
	for (int c = 0; c < cities; c++) {
		buf_printf(&text,
			"  - id: xx-c%d\n    name: { en: City %d }\n    agencies:\n"
			"      - id: a\n        name: { en: A }\n        feeds:\n",
			c, c);
		for (int i = 0; i < 100; i++)
			buf_printf(&text,
				"          - id: f%d\n"
				"            url: https://h%d.example/%d.xml\n"
				"            themes: [climate]\n",
				i, c, i);
	}
	folder_write(&f, "feeds.d/a.yaml", buf_cstr(&text));
	buf_deinit(&text);
	int64_t start = cpu_us();
	assert_string_equal(folder_load(&f), "");
	int64_t took = cpu_us() - start;
	assert_int_equal(f.config->n_feeds, cities * 100);
	folder_close(&f);
	return took;
}

static void test_many_feeds(void **state)
{
	(void)state;
	int64_t quarter = time_load(250), whole = time_load(1000);

	print_message("100,000 feeds: %lld ms\n", (long long)(whole / MSEC_US));
	assert_true(whole < 10 * quarter + SEC_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_settings),
		cmocka_unit_test(test_broken_feeds),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_inherited_interval),
		cmocka_unit_test(test_file_urls),
		cmocka_unit_test(test_norway),
		cmocka_unit_test(test_many_files),
		cmocka_unit_test(test_several_broken_files),
		cmocka_unit_test(test_unreadable_files),
		cmocka_unit_test(test_shipped_theme_again),
		cmocka_unit_test(test_no_vocabulary),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_single_file),
		cmocka_unit_test(test_feed_outlives),
		cmocka_unit_test(test_too_many_problems),
		cmocka_unit_test(test_budgets),
		cmocka_unit_test(test_many_feeds),
	};

	if (hash_global_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
