#include "config/schema.h"

#include "config/config.h"
#include "config/entry.h"
#include "base/clock.h"

#define SECONDS(n)   ((n)*SEC_US)
#define MINUTES(n)   ((n)*MIN_US)
#define DAYS(n)      ((n)*DAY_US)
#define KIBIBYTES(n) (INT64_C(n) << 10)
#define MEBIBYTES(n) (INT64_C(n) << 20)
#define GIBIBYTES(n) (INT64_C(n) << 30)

static const char *const sectors[] = {"public", "private", "civil-society", "academia", NULL};
/* In the order of enum curve. */
static const char *const curves[] = {"off", "required", NULL};
/* In the order of enum feed_kind. */
static const char *const kinds[] = {"news", "alert", "event", NULL};
_Static_assert(sizeof kinds / sizeof *kinds == FEED_KIND_COUNT + 1, "one word for each kind");

#define AT(type, member)   .offset = offsetof(type, member)
#define MANY(type, member) .offset = offsetof(type, member), .count = offsetof(type, n_##member)

/* What city, body, agency and feed may each say. */
#define INHERITED(SECTION, type) \
	{SECTION, "language", KEY_LANGUAGE, AT(type, own.language), .example = "es-MX", \
		.about = "language of the feeds (BCP 47), where they do not say"}, \
		{SECTION, "timezone", KEY_TIMEZONE, AT(type, own.timezone), \
			.example = "America/Mexico_City", \
			.about = "IANA time zone, for dates without one"}, \
		{SECTION, "licence", KEY_TEXT, AT(type, own.licence), .example = "CC-BY-4.0", \
			.about = "licence of the items: an SPDX id or a URL"}, \
		{SECTION, "contact", KEY_TEXT, AT(type, own.contact), \
			.example = "press@agency.example", \
			.about = "whom to ask about the feeds"}, \
		{SECTION, "interval", KEY_INTERVAL, AT(type, own.interval), .least = SECONDS(1), \
			.most = DAYS(31), .example = "30min", \
			.about = "time between polls; below 15min only with interval_agreed"}, \
		{SECTION, "interval_agreed", KEY_TRISTATE, AT(type, own.interval_agreed), \
			.fallback = "false", \
			.about = "the partner has agreed to an interval below 15min"}, \
		{SECTION, "adaptive", KEY_TRISTATE, AT(type, own.adaptive), .fallback = "false", \
			.about = "poll as often as the feed brings news, between interval and " \
				 "interval_max"}, \
		{SECTION, "interval_max", KEY_DURATION, AT(type, own.interval_max), \
			.least = MINUTES(15), .most = DAYS(31), .example = "12h", \
			.about = \
				"longest time between polls of an adaptive feed; without it, 1d"}, \
		{SECTION, "ignore_hints", KEY_TRISTATE, AT(type, own.ignore_hints), \
			.fallback = "false", \
			.about = "poll by interval alone, whatever the feed asks for (ttl, " \
				 "skipHours, " \
				 "Cache-Control)"}, \
		{SECTION, "themes", KEY_THEME_REF, KEY_LIST, .offset = offsetof(type, own.themes), \
			.count = offsetof(type, own.n_themes), \
			.example = "[international-relations]", \
			.about = "themes of all items; those of city, agency and feed add up"}, \
		{SECTION, "auth", KEY_SECTION, AT(type, own.auth), .child = SECTION_AUTH, \
			.about = "how to log in; secrets themselves are never in these files"}, \
		{SECTION, "proxy", KEY_PROXY, AT(type, own.proxy), \
			.example = "http://proxy.example:3128", \
			.about = "proxy to fetch through"}, \
		{SECTION, "allow_net", KEY_NETWORK_RANGE, KEY_LIST, \
			.offset = offsetof(type, own.allow_net), \
			.count = offsetof(type, own.n_allow_net), .example = "[10.1.0.0/16]", \
			.about = "private networks the feed may live in"}, \
		{SECTION, "max_body", KEY_SIZE, AT(type, own.max_body), .least = KIBIBYTES(1), \
			.most = MEBIBYTES(64), .example = "4MiB", \
			.about = "largest document accepted, decoded"}, \
		{SECTION, "emails", KEY_TRISTATE, AT(type, own.emails), .fallback = "false", \
			.about = "e-mail addresses of authors may be published"}, \
		{SECTION, "complete", KEY_TRISTATE, AT(type, own.complete), .fallback = "false", \
			.about = "the feed always lists everything: what is absent is withdrawn"}, \
		{SECTION, "websub", KEY_TRISTATE, AT(type, own.websub), .fallback = "true", \
			.about = "a hub that the feed names may push its items (WebSub)"}, \
	{ \
		SECTION, "enabled", KEY_TRISTATE, AT(type, own.enabled), \
			.fallback = "true", .about = "false: known, but not polled" \
	}

/* What cities and bodies have in common. */
#define PLACE(SECTION, id_type) \
	{SECTION, "id", id_type, KEY_REQUIRED, AT(struct city_entry, entry.id), \
		.about = "country and code as in UN/LOCODE (co-mde); of a body x-…"}, \
		{SECTION, "name", KEY_NAMES, KEY_REQUIRED, AT(struct city_entry, name), \
			.example = "{ es: Medellín }", .about = "name by language"}, \
		{SECTION, "country", KEY_COUNTRY, AT(struct city_entry, country), .example = "CO", \
			.about = "ISO 3166-1 code of two letters"}, \
		{SECTION, "point", KEY_POINT, AT(struct city_entry, point), \
			.example = "[6.2442, -75.5812]", \
			.about = "latitude and longitude in degrees"}, \
		{SECTION, "same_as", KEY_URL, KEY_LIST, MANY(struct city_entry, same_as), \
			.example = "[\"http://www.wikidata.org/entity/Q48278\"]", \
			.about = "URLs that mean the same place elsewhere"}, \
		{SECTION, "agencies", KEY_SECTIONS, MANY(struct city_entry, agencies), \
			.child = SECTION_AGENCY, .about = "who publishes there"}, \
		INHERITED(SECTION, struct city_entry)

/* Who may connect. */
#define ADMISSION(SECTION, type, member) \
	{SECTION, "curve", KEY_CHOICE, AT(type, member.curve), .choices = curves, \
		.fallback = "off", \
		.about = "required: encrypted, and only for clients with a key of clients.d/"}, \
	{ \
		SECTION, "clients", KEY_CLIENT_REF, KEY_LIST, \
			.offset = offsetof(type, member.clients), \
			.count = offsetof(type, member.n_clients), .example = "[archive]", \
			.about = "which of them; without it, all whose topics suffice" \
	}

#define FETCH(member)  AT(struct config, fetch.member)
#define WEBSUB(member) AT(struct config, websub.member)

const struct schema_key schema_keys[] = {
	{SECTION_DAEMON, "publisher", KEY_PREFIX, AT(struct config, publisher),
		.fallback = "http://localhost", .example = "https://wire.example.org",
		.about = "URL that begins the source of each event: who publishes"},
	{SECTION_DAEMON, "contact", KEY_URL, KEY_NONE, FETCH(contact), .fallback = "none",
		.example = "https://wire.example.org/about",
		.about = "URL told to every server polled (User-Agent): whom to ask about us"},
	{SECTION_DAEMON, "control", KEY_SECTION, .child = SECTION_CONTROL,
		.about = "what the command line tool talks to"},
	{SECTION_DAEMON, "journal", KEY_SECTION, .child = SECTION_JOURNAL,
		.about = "where events are kept, and for how long"},
	{SECTION_DAEMON, "live", KEY_SECTIONS, .offset = offsetof(struct config, bus.live),
		.count = offsetof(struct config, bus.n_live), .child = SECTION_LIVE,
		.fallback = "[{ bind: \"tcp://127.0.0.1:5570\" }]",
		.about = "ZeroMQ endpoints that publish events as they come"},
	{SECTION_DAEMON, "replay", KEY_SECTION, .child = SECTION_REPLAY,
		.about = "the ZeroMQ endpoint that answers questions about the past"},
	{SECTION_DAEMON, "server_key", KEY_PATH, AT(struct config, bus.server_key),
		.fallback = "server.key",
		.about = "the server's key, made by `civicwire key server`; a systemd credential "
			 "civicwire-server-key goes before"},
	{SECTION_DAEMON, "connections", KEY_SECTION, .child = SECTION_CONNECTIONS,
		.about = "how many connections live and replay take"},
	{SECTION_DAEMON, "status", KEY_SECTION, .child = SECTION_STATUS,
		.about = "HTTP port for metrics and health"},
	{SECTION_DAEMON, "fetch", KEY_SECTION, .child = SECTION_FETCH,
		.about = "how feeds are polled"},
	{SECTION_DAEMON, "hosts", KEY_SECTIONS, .offset = offsetof(struct config, fetch.hosts),
		.count = offsetof(struct config, fetch.n_hosts), .child = SECTION_HOST,
		.fallback = "[]", .example = "[{ host: cgai.example, gap: 500ms, parallel: 2 }]",
		.about = "servers whose operators have agreed to more than the defaults of fetch"},
	{SECTION_DAEMON, "websub", KEY_SECTION, .child = SECTION_WEBSUB,
		.about = "how hubs push what is new (WebSub)"},

	{SECTION_CONTROL, "socket", KEY_PATH, AT(struct config, control.socket),
		.fallback = "/run/civicwire/control.sock", .about = "path of the control socket"},

	{SECTION_JOURNAL, "path", KEY_PATH, AT(struct config, journal.path),
		.fallback = "/var/lib/civicwire/journal.db", .about = "the database file"},
	{SECTION_JOURNAL, "keep", KEY_DURATION, AT(struct config, journal.keep_us),
		.least = HOUR_US, .most = DAYS(36500), .fallback = "90d",
		.about = "older events leave, from the oldest end"},
	{SECTION_JOURNAL, "max_size", KEY_SIZE, KEY_NONE, AT(struct config, journal.max_size),
		.least = MEBIBYTES(16), .most = INT64_MAX, .fallback = "20GiB",
		.about = "above this size the oldest events leave; none: no bound"},

	{SECTION_LIVE, "bind", KEY_ENDPOINT, KEY_REQUIRED, AT(struct live_endpoint, bind),
		.example = "\"tcp://127.0.0.1:5570\"",
		.about = "ZeroMQ endpoint: tcp:// or ipc://; beyond this machine only with curve"},
	{SECTION_LIVE, "audience", KEY_SECTION, AT(struct live_endpoint, audience),
		.child = SECTION_AUDIENCE, .about = "what this endpoint carries; without it, all"},
	ADMISSION(SECTION_LIVE, struct live_endpoint, admission),

	{SECTION_AUDIENCE, "networks", KEY_NETWORK_REF, KEY_LIST, MANY(struct audience, networks),
		.example = "[al-las]", .about = "events of these networks"},
	{SECTION_AUDIENCE, "topics", KEY_TOPIC, KEY_LIST, MANY(struct audience, topics),
		.example = "[theme/climate/]", .about = "events with topics that begin so"},

	{SECTION_REPLAY, "bind", KEY_ENDPOINT, AT(struct config, bus.replay_bind),
		.fallback = "\"tcp://127.0.0.1:5571\"",
		.about = "ZeroMQ endpoint: tcp:// or ipc://; beyond this machine only with curve"},
	ADMISSION(SECTION_REPLAY, struct config, bus.replay_admission),

	{SECTION_CONNECTIONS, "all", KEY_COUNT, AT(struct config, bus.limits.all), .least = 16,
		.most = 1000000, .fallback = "12000",
		.about = "subscribers and askers together; what comes above is cut"},
	{SECTION_CONNECTIONS, "per_address", KEY_COUNT, AT(struct config, bus.limits.per_address),
		.least = 1, .most = 1000000, .fallback = "256", .about = "of one address"},

	{SECTION_STATUS, "bind", KEY_HOST_PORT, KEY_NONE, AT(struct config, control.status_bind),
		.fallback = "none", .example = "\"127.0.0.1:8570\"",
		.about = "loopback address and port; none: no port"},

	{SECTION_FETCH, "interval", KEY_DURATION, FETCH(interval_us), .least = MINUTES(15),
		.most = DAYS(31), .fallback = "60min",
		.about = "time between polls of feeds that do not say"},
	{SECTION_FETCH, "parallel", KEY_COUNT, FETCH(parallel), .least = 1,
		.most = FETCH_PARALLEL_MAX, .fallback = "100",
		.about = "transfers at a time, over all hosts"},
	{SECTION_FETCH, "gap", KEY_DURATION, FETCH(host_default.gap_us), .least = 0,
		.most = HOUR_US, .fallback = "1s",
		.about = "pause between two requests to one host"},
	{SECTION_FETCH, "host_parallel", KEY_COUNT, FETCH(host_default.parallel), .least = 1,
		.most = 100, .fallback = "1", .about = "requests to one host at a time"},
	{SECTION_FETCH, "allow_file", KEY_BOOL, FETCH(allow_file), .fallback = "false",
		.about = "feeds may have file: URLs: for demonstrations only"},

	{SECTION_HOST, "host", KEY_HOST, KEY_REQUIRED, AT(struct host_settings, host),
		.example = "cgai.example",
		.about = "name of the server, as in the feeds' URLs, or its address"},
	{SECTION_HOST, "gap", KEY_DURATION, AT(struct host_settings, gap_us), .least = 0,
		.most = HOUR_US, .example = "500ms",
		.about = "pause between two requests to this host"},
	{SECTION_HOST, "parallel", KEY_COUNT, AT(struct host_settings, parallel), .least = 1,
		.most = 100, .example = "2", .about = "requests to this host at a time"},

	{SECTION_WEBSUB, "callback", KEY_CALLBACK, KEY_NONE, WEBSUB(callback), .fallback = "none",
		.example = "https://wire.example.org/websub",
		.about = "URL under which hubs reach the address below; none: no hub is asked"},
	{SECTION_WEBSUB, "bind", KEY_ADDRESS_PORT, WEBSUB(bind), .fallback = "\"127.0.0.1:8580\"",
		.about = "address and port that listens for hubs, where there is a callback"},
	{SECTION_WEBSUB, "lease", KEY_DURATION, WEBSUB(lease_us), .least = MINUTES(5),
		.most = DAYS(90), .fallback = "10d",
		.about = "how long a hub is asked to push, before it is asked again"},
	{SECTION_WEBSUB, "interval", KEY_DURATION, WEBSUB(interval_us), .least = MINUTES(15),
		.most = DAYS(31), .fallback = "6h",
		.about = "least time between polls of a feed whose hub delivers"},

	{SECTION_FEEDS, "networks", KEY_SECTIONS, MANY(struct feeds_file, networks),
		.child = SECTION_NETWORK, .about = "networks: sets of cities"},
	{SECTION_FEEDS, "cities", KEY_SECTIONS, MANY(struct feeds_file, cities),
		.child = SECTION_CITY, .about = "cities, their agencies and the agencies' feeds"},
	{SECTION_FEEDS, "bodies", KEY_SECTIONS, MANY(struct feeds_file, bodies),
		.child = SECTION_BODY, .about = "networks that publish themselves"},
	{SECTION_FEEDS, "rules", KEY_SECTIONS, MANY(struct feeds_file, rules),
		.child = SECTION_RULE, .about = "words that add themes to items"},

	{SECTION_NETWORK, "id", KEY_ID, KEY_REQUIRED, AT(struct network_entry, entry.id),
		.about = "a-z, 0-9 and -, at most 40 bytes"},
	{SECTION_NETWORK, "name", KEY_NAMES, KEY_REQUIRED, AT(struct network_entry, name),
		.about = "name by language"},
	{SECTION_NETWORK, "lead", KEY_AGENCY_REF, AT(struct network_entry, lead),
		.example = "mx-mex.cgai", .about = "the agency that leads the network"},
	{SECTION_NETWORK, "cities", KEY_CITY_REF, KEY_LIST, MANY(struct network_entry, cities),
		.example = "[mx-mex, co-mde]",
		.about = "its cities and bodies; the body x-<network> is one without being listed"},

	PLACE(SECTION_CITY, KEY_CITY_ID),
	PLACE(SECTION_BODY, KEY_BODY_ID),

	{SECTION_AGENCY, "id", KEY_ID, KEY_REQUIRED, AT(struct agency_entry, entry.id),
		.about = "a-z, 0-9 and -, at most 40 bytes"},
	{SECTION_AGENCY, "name", KEY_NAMES, KEY_REQUIRED, AT(struct agency_entry, name),
		.about = "name by language"},
	{SECTION_AGENCY, "sector", KEY_CHOICE, AT(struct agency_entry, sector), .choices = sectors,
		.fallback = "public", .about = "what kind of agency it is"},
	{SECTION_AGENCY, "feeds", KEY_SECTIONS, MANY(struct agency_entry, feeds),
		.child = SECTION_FEED, .about = "what it publishes"},
	INHERITED(SECTION_AGENCY, struct agency_entry),

	{SECTION_FEED, "id", KEY_ID, KEY_REQUIRED, AT(struct feed_entry, entry.id),
		.about = "a-z, 0-9 and -, at most 40 bytes"},
	{SECTION_FEED, "url", KEY_FEED_URL, KEY_REQUIRED, AT(struct feed_entry, url),
		.about = "where the feed is: http, https, or file where fetch.allow_file is true"},
	{SECTION_FEED, "name", KEY_NAMES, AT(struct feed_entry, name), .about = "name by language"},
	{SECTION_FEED, "kind", KEY_CHOICE, AT(struct feed_entry, kind), .choices = kinds,
		.fallback = "news", .about = "what its items are"},
	{SECTION_FEED, "translates", KEY_FEED_REF, AT(struct feed_entry, translates),
		.example = "co-mde.aci.noticias", .about = "the feed this one translates"},
	{SECTION_FEED, "formerly", KEY_FORMER_FEED, KEY_LIST, MANY(struct feed_entry, formerly),
		.example = "[co-mde.aci.news]",
		.about = "full ids this feed had before: nothing is published again"},
	INHERITED(SECTION_FEED, struct feed_entry),

	{SECTION_AUTH, "user", KEY_TEXT, AT(struct auth_entry, user), .example = "civicwire",
		.about = "user name, for basic authentication"},
	{SECTION_AUTH, "password_file", KEY_PATH, AT(struct auth_entry, password_file),
		.about = "file that holds the user's password"},
	{SECTION_AUTH, "password_credential", KEY_CREDENTIAL,
		AT(struct auth_entry, password_credential),
		.about = "systemd credential that holds the user's password"},
	{SECTION_AUTH, "bearer_file", KEY_PATH, AT(struct auth_entry, bearer_file),
		.about = "file that holds a bearer token"},
	{SECTION_AUTH, "bearer_credential", KEY_CREDENTIAL,
		AT(struct auth_entry, bearer_credential),
		.about = "systemd credential that holds a bearer token"},
	{SECTION_AUTH, "certificate_file", KEY_PATH, AT(struct auth_entry, certificate_file),
		.about = "TLS client certificate (PEM)"},
	{SECTION_AUTH, "key_file", KEY_PATH, AT(struct auth_entry, key_file),
		.about = "its private key (PEM)"},

	{SECTION_RULE, "theme", KEY_THEME_REF, KEY_REQUIRED, AT(struct rule_entry, theme),
		.about = "the theme added"},
	{SECTION_RULE, "feeds", KEY_FEED_PATTERN, KEY_LIST, MANY(struct rule_entry, feeds),
		.example = "[\"co-mde.*\"]", .about = "for which feeds; without it, all"},
	{SECTION_RULE, "words", KEY_WORDS, AT(struct rule_entry, words),
		.example = "{ es: [premio, galardón] }",
		.about = "whole words or phrases by language; case and accents do not matter"},
	{SECTION_RULE, "categories", KEY_TEXT, KEY_LIST, MANY(struct rule_entry, categories),
		.about = "names of the feeds' own categories"},

	{SECTION_CLIENT, "key", KEY_PUBLIC_KEY, KEY_REQUIRED, AT(struct client_settings, key),
		.about = "its public CURVE key; the secret half is with the client alone"},
	{SECTION_CLIENT, "topics", KEY_TOPIC, KEY_LIST | KEY_REQUIRED,
		MANY(struct client_settings, topics), .example = "[feed/, theme/climate/]",
		.about = "what it may read: topics that begin so"},
	{SECTION_CLIENT, "expires", KEY_TIME, KEY_NONE, AT(struct client_settings, expires_us),
		.fallback = "none", .example = "2027-01-31",
		.about = "refused from then on: a date (its beginning, UTC) or a time (RFC 3339)"},
	{SECTION_CLIENT, "revoked", KEY_BOOL, AT(struct client_settings, revoked),
		.fallback = "false", .about = "true: refused from now on"},
	{SECTION_CLIENT, "connections", KEY_COUNT, AT(struct client_settings, connections),
		.least = 1, .most = 10000, .fallback = "16",
		.about = "connections it may have at a time"},

	{SECTION_THEMES, "themes", KEY_SECTIONS, MANY(struct themes_file, themes),
		.child = SECTION_THEME, .about = "themes"},
	{SECTION_THEME, "id", KEY_ID, KEY_REQUIRED, AT(struct theme_entry, entry.id),
		.about = "a-z, 0-9 and -, at most 40 bytes"},
	{SECTION_THEME, "name", KEY_NAMES, KEY_REQUIRED, AT(struct theme_entry, name),
		.about = "name by language"},
	{SECTION_THEME, "media_topic", KEY_MEDIA_TOPIC, AT(struct theme_entry, media_topic),
		.example = "medtop:20000418", .about = "the same in IPTC Media Topics"},
	{SECTION_THEME, "sdg", KEY_COUNT, KEY_LIST, MANY(struct theme_entry, sdg), .least = 1,
		.most = 17, .example = "[13]",
		.about = "Sustainable Development Goals it belongs to"},
	{SECTION_THEME, "words", KEY_WORDS, AT(struct theme_entry, words),
		.about = "whole words or phrases by language; case and accents do not matter"},
	{SECTION_THEME, "categories", KEY_TEXT, KEY_LIST, MANY(struct theme_entry, categories),
		.about = "names of the feeds' own categories"},
};

const size_t schema_n_keys = sizeof schema_keys / sizeof *schema_keys;

static const struct host_settings blank_host = {NULL, -1, 0};
static const struct client_settings blank_client = {.connections = 16};

const struct schema_section schema_sections[SECTION_COUNT] = {
	[SECTION_DAEMON] = {.name = "civicwired.yaml", .size = sizeof(struct config)},
	[SECTION_FEEDS] = {.name = "feeds.d", .size = sizeof(struct feeds_file)},
	[SECTION_THEMES] = {.name = "themes.d", .size = sizeof(struct themes_file)},
	[SECTION_CLIENT] = {.name = "clients.d",
		.size = sizeof(struct client_settings),
		.blank = &blank_client},
	[SECTION_CONTROL] = {.name = "control"},
	[SECTION_JOURNAL] = {.name = "journal"},
	[SECTION_LIVE] = {.name = "live", .size = sizeof(struct live_endpoint)},
	[SECTION_AUDIENCE] = {.name = "audience", .size = sizeof(struct audience)},
	[SECTION_REPLAY] = {.name = "replay"},
	[SECTION_CONNECTIONS] = {.name = "connections"},
	[SECTION_STATUS] = {.name = "status"},
	[SECTION_FETCH] = {.name = "fetch"},
	[SECTION_HOST] = {.name = "hosts",
		.size = sizeof(struct host_settings),
		.blank = &blank_host},
	[SECTION_WEBSUB] = {.name = "websub"},
	[SECTION_NETWORK] = {.name = "network",
		.size = sizeof(struct network_entry),
		.named = true},
	[SECTION_CITY] = {.name = "city",
		.size = sizeof(struct city_entry),
		.named = true,
		.in_path = true},
	[SECTION_BODY] = {.name = "body",
		.size = sizeof(struct city_entry),
		.named = true,
		.in_path = true},
	[SECTION_AGENCY] = {.name = "agency",
		.size = sizeof(struct agency_entry),
		.named = true,
		.in_path = true},
	[SECTION_FEED] = {.name = "feed",
		.size = sizeof(struct feed_entry),
		.named = true,
		.in_path = true},
	[SECTION_AUTH] = {.name = "auth", .size = sizeof(struct auth_entry)},
	[SECTION_RULE] = {.name = "rule", .size = sizeof(struct rule_entry)},
	[SECTION_THEME] = {.name = "theme", .size = sizeof(struct theme_entry), .named = true},
};

const struct schema_key *schema_of(enum section section, size_t *ret_n)
{
	const struct schema_key *end = schema_keys + schema_n_keys, *first = schema_keys, *last;

	while (first < end && first->section != section)
		first++;
	for (last = first; last < end && last->section == section; last++)
		;
	*ret_n = (size_t)(last - first);
	return first;
}

const struct schema_key *schema_find(enum section section, struct str name)
{
	size_t n;
	const struct schema_key *rows = schema_of(section, &n);

	for (size_t i = 0; i < n; i++)
		if (str_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}
