#include "config/shape.h"

#include "base/curve.h"
#include "model/event.h"
#include "model/rights.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/stat.h>

/* EVENT, "Rules": ids are 1–40 bytes. With it, the longest topic fits into its bound:
 * "network/" and four ids with their slashes are 8 + 4 × 41 = 172 bytes. */
#define ID_BYTES_MAX 40
_Static_assert(8 + 4 * (ID_BYTES_MAX + 1) <= TOPIC_BYTES_MAX, "every feed's topics fit");
/* What browsers and servers agree to take. */
#define URL_BYTES_MAX 2048
/* sun_path of a UNIX socket is 108 bytes with its NUL. */
#define SOCKET_PATH_MAX 107
#define TEXT_BYTES_MAX  1000

static bool is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || ascii_is_digit((unsigned char)c) || c == '-';
}

static bool is_id(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_id_char(text.p[i]))
			return false;
	return text.n && text.n <= ID_BYTES_MAX;
}

/* "mx-mex.cgai.noticias" has three parts. A part may be `*` in patterns. */
static bool is_path(struct str text, size_t least, size_t most, bool stars)
{
	struct str part;
	size_t n = 0;

	while (str_split(&text, '.', &part)) {
		if (!is_id(part) && !(stars && str_is(part, "*")))
			return false;
		n++;
	}
	return n >= least && n <= most;
}

static const char *refuse_text(struct arena *arena, struct str text)
{
	(void)arena;
	if (!text.n)
		return "is empty";
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return "must be a single line without control characters";
	return text.n > TEXT_BYTES_MAX ? "is longer than 1000 bytes" : NULL;
}

static const char *refuse_id(struct arena *arena, struct str text)
{
	(void)arena;
	return is_id(text) ? NULL : "is not an id; use a-z, 0-9 and -, at most 40 bytes";
}

static const char *refuse_city_id(struct arena *arena, struct str text)
{
	(void)arena;
	if (is_id(text) && text.n > 3 && ascii_is_alpha((unsigned char)text.p[0]) &&
		ascii_is_alpha((unsigned char)text.p[1]) && text.p[2] == '-')
		return NULL;
	return "is not the id of a city; write country and code in lower case, such as co-mde";
}

static const char *refuse_body_id(struct arena *arena, struct str text)
{
	(void)arena;
	if (is_id(text) && text.n > 2 && str_starts(text, STR("x-")))
		return NULL;
	return "is not the id of a body; it must begin with x-, such as x-al-las";
}

static const char *refuse_country(struct arena *arena, struct str text)
{
	(void)arena;
	if (text.n == 2 && text.p[0] >= 'A' && text.p[0] <= 'Z' && text.p[1] >= 'A' &&
		text.p[1] <= 'Z')
		return NULL;
	return "is not a country; write the two capital letters of ISO 3166-1, such as CO";
}

static const char *refuse_language(struct arena *arena, struct str text)
{
	struct str rest = text, part;
	bool good = text.n && text.n <= 35;

	(void)arena;
	for (size_t n = 0; good && str_split(&rest, '-', &part); n++) {
		good = part.n && part.n <= 8 && (n || (part.n >= 2 && part.n <= 3));
		for (size_t i = 0; i < part.n; i++)
			good = good && (n ? ascii_is_alnum((unsigned char)part.p[i])
					  : ascii_is_alpha((unsigned char)part.p[i]));
	}
	return good ? NULL : "is not a language tag (BCP 47), such as es or es-MX";
}

#define ZONES "/usr/share/zoneinfo"

static const char *refuse_timezone(struct arena *arena, struct str text)
{
	struct stat st;
	bool good = text.n && text.n <= 64 && ascii_is_alpha((unsigned char)text.p[0]);

	for (size_t i = 0; i < text.n; i++)
		good = good &&
		       (ascii_is_alnum((unsigned char)text.p[i]) || memchr("/_+-", text.p[i], 4));
	if (good && !stat(ZONES, &st)) /* a machine without the list can only look at the shape */
		good = !stat(arena_printf(arena, ZONES "/%.*s", STR_FMT(text)).p, &st) &&
		       S_ISREG(st.st_mode);
	return good ? NULL : "is not a time zone of the IANA list, such as America/Bogota";
}

struct url {
	struct str scheme, user, host, port;
	bool has_user;
};

/* scheme://[user@]host[:port]… */
static bool split_url(struct str text, struct url *ret)
{
	size_t colon = str_find(text, STR("://"));
	if (colon == text.n)
		return false;
	*ret = (struct url){.scheme = str_head(text, colon)};
	struct str rest = str_skip(text, colon + 3);
	size_t end = 0;
	while (end < rest.n && !memchr("/?#", rest.p[end], 3))
		end++;
	rest = str_head(rest, end);
	for (size_t at; (at = str_chr(rest, '@')) < rest.n; rest = str_skip(rest, at + 1))
		ret->has_user = true;
	size_t host = rest.n && rest.p[0] == '[' ? str_chr(rest, ']') + 1 : str_chr(rest, ':');
	ret->host = str_head(rest, host);
	ret->port = str_skip(rest, host);
	return true;
}

static bool is_port(struct str text)
{
	unsigned long long port;

	return str_u64(text, 65535, &port) && port;
}

static bool has_url_chars(struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c <= ' ' || c == 0x7f || strchr("\"<>\\^`{|}", c))
			return false;
	}
	return true;
}

static const char *refuse_remote(struct str text, const char *schemes)
{
	struct url url;

	if (text.n > URL_BYTES_MAX)
		return "is longer than 2048 bytes";
	if (!split_url(text, &url) || !url.scheme.n)
		return schemes;
	if (url.has_user)
		return "holds a user name or password; take it out and use auth: "
		       "{ user: …, password_file: … }";
	if (!url.host.n || !has_url_chars(text))
		return "is not a URL; encode blanks and special characters as %20 …";
	if (url.port.n && !is_port(str_skip(url.port, 1)))
		return "has no port between 1 and 65535 after the ':'";
	return NULL;
}

static bool is_web(struct str text)
{
	return str_istarts(text, STR("http://")) || str_istarts(text, STR("https://"));
}

static const char *refuse_url(struct arena *arena, struct str text)
{
	static const char schemes[] = "is not a URL; it must begin with https:// or http://";

	(void)arena;
	return is_web(text) ? refuse_remote(text, schemes) : schemes;
}

/* A token is put behind it. */
static const char *refuse_callback(struct arena *arena, struct str text)
{
	const char *why = refuse_url(arena, text);
	struct url url;

	if (split_url(text, &url) && url.has_user)
		return "holds a user name or password, which hubs do not send; take it out";
	if (!why && (str_chr(text, '?') < text.n || str_chr(text, '#') < text.n))
		return "must end with its path; take out what follows '?' or '#'";
	return why;
}

static const char *refuse_feed_url(struct arena *arena, struct str text)
{
	(void)arena;
	if (str_istarts(text, STR("file:")))
		return text.n > sizeof "file:" - 1 ? NULL : "names no file";
	return refuse_url(arena, text);
}

static const char *refuse_proxy(struct arena *arena, struct str text)
{
	static const char schemes[] =
		"is not a proxy; it must begin with http://, https:// or socks5h://";

	(void)arena;
	if (is_web(text) || str_istarts(text, STR("socks5h://")) ||
		str_istarts(text, STR("socks5://")))
		return refuse_remote(text, schemes);
	return schemes;
}

static const char *refuse_credential(struct arena *arena, struct str text)
{
	(void)arena;
	bool good = text.n && text.n <= 255 && text.p[0] != '.';

	for (size_t i = 0; i < text.n; i++)
		good = good &&
		       (ascii_is_alnum((unsigned char)text.p[i]) || memchr("._-", text.p[i], 3));
	return good ? NULL : "is not the name of a systemd credential";
}

/* AF_INET, AF_INET6, or 0: not an address. IPv6 stands in brackets. */
static int read_address(struct str host, struct in_addr *ret_v4, struct in6_addr *ret_v6)
{
	char text[INET6_ADDRSTRLEN];
	bool bracketed = host.n > 2 && host.p[0] == '[';

	if (bracketed)
		host = str_make(host.p + 1, host.n - 2);
	if (host.n >= sizeof text)
		return 0;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (!bracketed && inet_pton(AF_INET, text, ret_v4) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, ret_v6) == 1 ? AF_INET6 : 0;
}

static bool is_loopback(struct str host)
{
	struct in_addr v4;
	struct in6_addr v6;
	int family = read_address(host, &v4, &v6);

	return family == AF_INET ? ntohl(v4.s_addr) >> 24 == 127
				 : family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* One to bind; the star is ZeroMQ's for all of them. */
static bool is_address(struct str host)
{
	struct in_addr v4;
	struct in6_addr v6;

	return str_is(host, "*") || read_address(host, &v4, &v6);
}

static const char *refuse_endpoint(struct arena *arena, struct str text)
{
	static const char form[] =
		"is not an endpoint; write tcp://127.0.0.1:<port> or ipc:///<path>";
	struct url url;

	(void)arena;
	if (str_starts(text, STR("ipc://"))) {
		struct str path = str_skip(text, 6);
		if (!path.n || (path.p[0] != '/' && path.p[0] != '@'))
			return "must name an absolute path: ipc:///<path>";
		return path.n > SOCKET_PATH_MAX
			       ? "is longer than a socket's path may be (107 bytes)"
			       : NULL;
	}
	if (!str_starts(text, STR("tcp://")) || !split_url(text, &url) || !url.host.n)
		return form;
	if (str_is(url.host, "localhost"))
		return "must be an address, not a name; write tcp://127.0.0.1:<port>";
	if (!is_port(str_skip(url.port, 1)))
		return "has no port between 1 and 65535; write tcp://127.0.0.1:<port>";
	return is_address(url.host) ? NULL : "must be an address, not a name; write an IP address";
}

bool shape_endpoint_is_local(const char *endpoint)
{
	struct url url;

	return str_starts(str_of(endpoint), STR("ipc://")) ||
	       (split_url(str_of(endpoint), &url) && is_loopback(url.host));
}

/* The host before the last colon; false: no port follows it. */
static bool split_port(struct str text, struct str *ret_host)
{
	size_t colon = text.n;

	while (colon && text.p[colon - 1] != ':')
		colon--;
	*ret_host = str_head(text, colon ? colon - 1 : 0);
	return colon >= 2 && is_port(str_skip(text, colon));
}

static const char *refuse_address_port(struct arena *arena, struct str text)
{
	struct in_addr v4;
	struct in6_addr v6;
	struct str host;

	(void)arena;
	if (!split_port(text, &host))
		return "is not an address and port, such as 127.0.0.1:8580";
	/* An IPv6 address stands in brackets, or its end would be the port. */
	if (host.p[0] != '[' && str_chr(host, ':') < host.n)
		return "is not an address and port; write an IPv6 address in brackets";
	return read_address(host, &v4, &v6) ? NULL
					    : "must be an address, not a name; write an IP address";
}

static const char *refuse_host_port(struct arena *arena, struct str text)
{
	struct str host;

	(void)arena;
	if (!split_port(text, &host))
		return "is not an address and port, such as 127.0.0.1:8570";
	if (str_is(host, "localhost"))
		return "must be an address, not a name; write 127.0.0.1:<port>";
	if (!is_loopback(host))
		return "can be reached from other machines, where whoever comes may read it; "
		       "bind to 127.0.0.1 and put a web server with a login before it";
	return NULL;
}

static const char *refuse_host(struct arena *arena, struct str text)
{
	bool good = text.n && text.n <= 253;

	(void)arena;
	for (size_t i = 0; i < text.n; i++)
		good = good && ((unsigned char)text.p[i] >= 0x80 ||
				       ascii_is_alnum((unsigned char)text.p[i]) ||
				       memchr(".-_:[]", text.p[i], 6));
	return good ? NULL : "is not the name of a host; write it without scheme and path";
}

static const char *refuse_range(struct arena *arena, struct str text)
{
	unsigned char address[sizeof(struct in6_addr)];
	size_t slash = str_chr(text, '/');
	const char *host = arena_str(arena, str_head(text, slash)).p;
	unsigned long long bits;
	int family = str_chr(text, ':') < text.n ? AF_INET6 : AF_INET;

	if (slash < text.n && inet_pton(family, host, address) == 1 &&
		str_u64(str_skip(text, slash + 1), family == AF_INET ? 32 : 128, &bits))
		return NULL;
	return "is not a range of addresses, such as 10.1.0.0/16 or fd00::/8";
}

static const char *refuse_media_topic(struct arena *arena, struct str text)
{
	unsigned long long code;

	(void)arena;
	if (text.n == 15 && str_starts(text, STR("medtop:")) &&
		str_u64(str_skip(text, 7), 99999999, &code))
		return NULL;
	return "is not an IPTC Media Topic, such as medtop:20000418";
}

static const char *refuse_key(struct arena *arena, struct str text)
{
	(void)arena;
	return curve_is_key(text)
		       ? NULL
		       : "is not a public CURVE key: 40 characters of Z85, in quotes, as "
			 "`civicwire key new` writes it";
}

static const char *refuse_topic(struct arena *arena, struct str text)
{
	bool good = text.n && text.n <= TOPIC_BYTES_MAX && text.p[text.n - 1] == '/';
	bool known = false;

	(void)arena;
	for (const char *const *root = topic_roots; *root; root++)
		known = known || str_starts(text, str_of(*root));
	for (size_t i = 0; i < text.n; i++)
		good = good && (is_id_char(text.p[i]) || text.p[i] == '/');
	if (good && known && str_find(text, STR("//")) == text.n)
		return NULL;
	return "is not a topic: feed/…/, theme/…/, network/…/, kind/…/ or sys/…/, with a slash at "
	       "its end, at most 200 bytes";
}

static const char *refuse_agency(struct arena *arena, struct str text)
{
	(void)arena;
	return is_path(text, 2, 2, false) ? NULL
					  : "is not the full id of an agency, such as mx-mex.cgai";
}

static const char *refuse_feed(struct arena *arena, struct str text)
{
	(void)arena;
	return is_path(text, 3, 3, false)
		       ? NULL
		       : "is not the full id of a feed, such as mx-mex.cgai.noticias";
}

static const char *refuse_pattern(struct arena *arena, struct str text)
{
	(void)arena;
	return is_path(text, 1, 3, true)
		       ? NULL
		       : "is not a pattern over feed ids, such as co-mde.* or mx-mex.cgai.noticias";
}

#define ID       "[a-z0-9-]{1,40}"
#define WEB_URL  "^[Hh][Tt][Tt][Pp][Ss]?://[^@/]+(/.*)?$"
#define ENDPOINT "^(tcp://([0-9.]+|\\[[0-9A-Fa-f:.]+\\]|\\*):[0-9]+|ipc://[/@].+)$"

const struct shape shapes[KEY_TEXTS_END] = {
	[KEY_TEXT] = {refuse_text, NULL},
	[KEY_ID] = {refuse_id, "^" ID "$"},
	[KEY_CITY_ID] = {refuse_city_id, "^[a-z]{2}-[a-z0-9-]{1,37}$"},
	[KEY_BODY_ID] = {refuse_body_id, "^x-[a-z0-9-]{1,38}$"},
	[KEY_COUNTRY] = {refuse_country, "^[A-Z]{2}$"},
	[KEY_LANGUAGE] = {refuse_language, "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"},
	[KEY_TIMEZONE] = {refuse_timezone, "^[A-Za-z][A-Za-z0-9/_+-]*$"},
	[KEY_URL] = {refuse_url, WEB_URL},
	[KEY_PREFIX] = {refuse_url, WEB_URL},
	[KEY_CALLBACK] = {refuse_callback, "^[Hh][Tt][Tt][Pp][Ss]?://[^@/?#]+(/[^?#]*)?$"},
	[KEY_FEED_URL] = {refuse_feed_url, "^([Hh][Tt][Tt][Pp][Ss]?://[^@/]+|file:.+)"},
	[KEY_PROXY] = {refuse_proxy, "^(https?|socks5h?)://[^@/]+(/.*)?$"},
	[KEY_PATH] = {refuse_text, NULL},
	[KEY_CREDENTIAL] = {refuse_credential, "^[A-Za-z0-9_-][A-Za-z0-9._-]*$"},
	[KEY_ENDPOINT] = {refuse_endpoint, ENDPOINT},
	[KEY_HOST_PORT] = {refuse_host_port, "^(127\\.[0-9.]+|\\[::1\\]):[0-9]+$"},
	[KEY_ADDRESS_PORT] = {refuse_address_port, "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]+$"},
	[KEY_HOST] = {refuse_host, "^[^/@ ]+$"},
	[KEY_NETWORK_RANGE] = {refuse_range, "^[0-9A-Fa-f.:]+/[0-9]{1,3}$"},
	[KEY_MEDIA_TOPIC] = {refuse_media_topic, "^medtop:[0-9]{8}$"},
	[KEY_TOPIC] = {refuse_topic, "^(feed|theme|network|kind|sys)/([a-z0-9-]+/)*$"},
	[KEY_PUBLIC_KEY] = {refuse_key, "^[0-9a-zA-Z.:+=^!/*?&<>()\\[\\]{}@%$#-]{40}$"},
	[KEY_NETWORK_REF] = {refuse_id, "^" ID "$"},
	[KEY_CITY_REF] = {refuse_id, "^" ID "$"},
	[KEY_AGENCY_REF] = {refuse_agency, "^" ID "\\." ID "$"},
	[KEY_FEED_REF] = {refuse_feed, "^" ID "\\." ID "\\." ID "$"},
	[KEY_FORMER_FEED] = {refuse_feed, "^" ID "\\." ID "\\." ID "$"},
	[KEY_THEME_REF] = {refuse_id, "^" ID "$"},
	[KEY_CLIENT_REF] = {refuse_id, "^" ID "$"},
	[KEY_FEED_PATTERN] = {refuse_pattern, "^(" ID "|\\*)(\\.(" ID "|\\*)){0,2}$"},
};

struct str shape_url_host(struct arena *arena, const char *url)
{
	struct url parts;

	if (!is_web(str_of(url)) || !split_url(str_of(url), &parts))
		return STR_NONE;
	struct str host = arena_str(arena, parts.host);
	for (size_t i = 0; i < host.n; i++)
		((char *)host.p)[i] = ascii_lower(host.p[i]);
	return host;
}

/* Not strtod(), which reads the decimal point of the user's locale. */
bool shape_number(struct str text, double *ret)
{
	double value = 0, scale = 1;
	bool negative = text.n && text.p[0] == '-', point = false, digits = false;

	for (size_t i = negative; i < text.n; i++) {
		if (ascii_is_digit((unsigned char)text.p[i])) {
			digits = true;
			value = value * 10 + (text.p[i] - '0');
			scale *= point ? 10 : 1;
		} else if (text.p[i] == '.' && !point) {
			point = true;
		} else {
			return false;
		}
	}
	if (!digits || text.n > 20)
		return false;
	*ret = (negative ? -value : value) / scale;
	return true;
}
