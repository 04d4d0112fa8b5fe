/* Resolution by RFC 3986 § 5.2, ours and not libcurl's URL API: that one (7.88) reads "#s" against
 * http://a/b/c/d;p?q as http://a/b/c/#s, refuses "mailto:" and "tag:" without an authority, and
 * writes http://h?x as http://h/?x, where an identity may hang on the difference. What is absolute
 * stays as written but for characters that no URL may hold.
 *
 * Two readings of "is this a scheme" must agree with every browser, for safety: ours is the stricter.
 * Browsers take out tabs and line ends anywhere and controls and blanks at the ends, before they
 * look; we take out everything up to U+0020 and all that is not ASCII, and refuse what then
 * begins with a scheme that runs code. */
#include "normalize/url.h"

#include "base/scan.h"

struct parts {
	struct str scheme, authority, path, query, fragment; /* STR_NONE: undefined */
};

/* A scheme of more letters is none that we know. */
#define SCHEME_MAX 24

static bool is_scheme_char(unsigned char c)
{
	return ascii_is_alnum(c) || c == '+' || c == '-' || c == '.';
}

/* Length of a well-formed scheme, without its colon; 0: there is none. */
static size_t scheme_length(struct str url)
{
	size_t i = 0;

	if (!url.n || !ascii_is_alpha((unsigned char)url.p[0]))
		return 0;
	while (i < url.n && is_scheme_char((unsigned char)url.p[i]))
		i++;
	return i < url.n && url.p[i] == ':' ? i : 0;
}

SCAN_INLINE scan_bytes ends_path(scan_bytes v)
{
	return scan_is(v, '?') | scan_is(v, '#');
}

static struct parts split(struct str url)
{
	struct parts parts = {.path = url};
	size_t n = scheme_length(url), i;

	if (n) {
		parts.scheme = str_head(url, n);
		url = str_skip(url, n + 1);
	}
	parts.path = url;
	i = scan_find(url, 0, ends_path);
	if (i < url.n) {
		struct str rest = str_skip(url, i);
		size_t hash = rest.p[0] == '#' ? 0 : str_chr(rest, '#');
		if (hash < rest.n)
			parts.fragment = str_skip(rest, hash + 1);
		if (hash)
			parts.query = str_make(rest.p + 1, hash - 1);
		parts.path = str_head(url, i);
	}
	if (str_starts(parts.path, STR("//"))) {
		struct str rest = str_skip(parts.path, 2);
		i = str_chr(rest, '/');
		parts.authority = str_head(rest, i);
		parts.path = str_skip(rest, i);
	}
	return parts;
}

bool url_is_absolute(struct str url)
{
	return scheme_length(url) > 0;
}

bool url_is_web(struct str url)
{
	if (str_starts(url, STR("https://")) || str_starts(url, STR("http://"))) /* nearly all */
		return true;
	return url.n && ascii_lower(url.p[0]) == 'h' &&
	       (str_istarts(url, STR("http://")) || str_istarts(url, STR("https://")));
}

static bool in_list(struct str word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_is_i(word, list[i]))
			return true;
	return false;
}

/* The scheme that the most lenient reader could see; empty: none. */
static struct str disguised_scheme(struct str url, char out[SCHEME_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < url.n && n < SCHEME_MAX; i++) {
		unsigned char c = (unsigned char)url.p[i];
		if (c == ':')
			return str_make(out, n);
		if (c == '/' || c == '?' || c == '#')
			break;
		if (c > ' ' && c < 0x7F)
			out[n++] = (char)c;
	}
	return STR("");
}

/* They run code, or bring content of their own into the page. */
static bool is_dangerous(struct str url)
{
	static const char *const schemes[] = {"javascript", "vbscript", "data", "livescript",
		"mocha", "jscript", "jar", "blob", "filesystem", "view-source", "about", "res",
		"mhtml", "ms-its", "mk", "wyciwyg", "feed"};
	char buffer[SCHEME_MAX];

	if (url_is_web(url)) /* nine of ten */
		return false;
	struct str scheme = disguised_scheme(url, buffer);

	/* "feed:javascript:…": some readers unwrap it; a plain feed: is harmless. */
	if (str_is_i(scheme, "feed"))
		return is_dangerous(str_skip(url, str_chr(url, ':') + 1));
	return in_list(scheme, schemes, sizeof schemes / sizeof *schemes - 1);
}

bool url_is_safe(struct str url)
{
	static const char *const schemes[] = {"http", "https", "mailto", "tel", "ftp", "ftps",
		"sftp", "geo", "magnet", "sms", "xmpp", "sip", "sips", "irc", "ircs", "news",
		"nntp", "webcal", "feed", "callto", "gopher", "matrix", "whatsapp", "tg", "urn",
		"tag", "doi", "acap", "rtsp", "mms"};

	if (url_is_web(url))
		return true;
	if (is_dangerous(url))
		return false;
	size_t n = scheme_length(str_trim(url));
	return !n || in_list(str_head(str_trim(url), n), schemes, sizeof schemes / sizeof *schemes);
}

/* Controls and blanks at both ends are no part of a URL. */
static struct str trim(struct str s)
{
	while (s.n && ((unsigned char)s.p[0] <= ' ' || s.p[0] == 0x7F))
		s = str_skip(s, 1);
	while (s.n && ((unsigned char)s.p[s.n - 1] <= ' ' || s.p[s.n - 1] == 0x7F))
		s.n--;
	return s;
}

/* Bytes no URL may hold: controls, blank, DEL and " < > \\ ^ ` { | }. Beyond ASCII all stays: it is an IRI
 * then (RFC 3987). Two pairs differ in one bit. */
SCAN_INLINE scan_bytes is_unfit(scan_bytes v)
{
	scan_bytes v2 = v | 2;

	return scan_up_to(v, ' ') | scan_is(v, '"') | scan_is(v2, '>') | scan_is(v2, '^') |
	       scan_is(v, '`') | scan_in(v, '{', '}') | scan_is(v, 0x7F);
}

bool url_is_clean(struct str url)
{
	return url.n <= URL_BYTES_MAX && url_is_web(url) && scan_find(url, 0, is_unfit) == url.n;
}

/* Appends s, unfit bytes percent-encoded, tabs and line ends taken out. */
static void put(struct buf *out, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0, end;; i = end + 1) {
		end = scan_copy(buf_room(out, s.n - i + SCAN_SIZE), s, i, is_unfit);
		out->n += end - i;
		if (end == s.n)
			break;
		unsigned char c = (unsigned char)s.p[end];
		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		char escape[3] = {'%', hex[c >> 4], hex[c & 15]};
		buf_add(out, escape, sizeof escape);
	}
}

/* The path written to out from byte `from` on, without "." and ".." segments (§ 5.2.4), in place:
 * what is read is never before what is written. */
static void remove_dots(struct buf *out, size_t from)
{
	char *path = out->p + from;
	size_t n = out->n - from, in = 0, to = 0;

	while (in < n) {
		size_t end = in + 1; /* a segment with the slash before it */
		while (end < n && path[end] != '/')
			end++;
		struct str segment = str_make(path + in, end - in);
		bool last = end == n, up = str_is(segment, "/..");
		if (up || str_is(segment, "/.")) {
			while (up && to && path[--to] != '/')
				;
			if (last)
				path[to++] = '/';
		} else {
			memmove(path + to, path + in, segment.n);
			to += segment.n;
		}
		in = end;
	}
	out->n = from + to;
}

static void put_after(struct buf *out, char mark, struct str part)
{
	if (!str_is_none(part)) {
		buf_char(out, mark);
		put(out, part);
	}
}

/* § 5.2.3: the reference's path in the place of what is behind the base's last slash. */
static void put_merged(struct buf *out, const struct parts *base, struct str path)
{
	const char *slash = base->path.n ? memrchr(base->path.p, '/', base->path.n) : NULL;

	if (slash)
		put(out, str_head(base->path, (size_t)(slash - base->path.p) + 1));
	else
		buf_char(out, '/');
	put(out, path);
}

static void put_resolved(struct buf *out, const struct parts *base, const struct parts *ref)
{
	put(out, base->scheme);
	buf_char(out, ':');
	struct str authority = str_is_none(ref->authority) ? base->authority : ref->authority;
	if (!str_is_none(authority)) {
		buf_lit(out, "//");
		put(out, authority);
	}
	size_t from = out->n;
	if (!str_is_none(ref->authority) || str_starts(ref->path, STR("/")))
		put(out, ref->path);
	else if (ref->path.n)
		put_merged(out, base, ref->path);
	else
		put(out, base->path);
	if (ref->path.n)
		remove_dots(out, from);
	bool same = !ref->path.n && str_is_none(ref->query) && str_is_none(ref->authority);
	put_after(out, '?', same ? base->query : ref->query);
	put_after(out, '#', ref->fragment);
}

SCAN_INLINE scan_bytes is_break(scan_bytes v)
{
	return scan_is(v, '\n') | scan_is(v, '\r') | scan_is(v, '\t');
}

/* Takes tabs and line ends out, where there are any: they would hide a scheme or a slash. */
static struct str without_breaks(struct str s, char copy[URL_BYTES_MAX])
{
	size_t n = 0;

	if (scan_find(s, 0, is_break) == s.n)
		return s;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t')
			copy[n++] = s.p[i];
	return str_make(copy, n);
}

/* A base like "urn:x" or "mailto:x" has no place for a path; one that runs code would lend its scheme to
 * whatever is relative. */
static bool is_usable(struct str base, const struct parts *parts)
{
	return parts->scheme.n && !is_dangerous(base) &&
	       (!str_is_none(parts->authority) || str_starts(parts->path, STR("/")));
}

bool url_resolve_to(struct buf *out, struct str base, struct str ref)
{
	char copy[URL_BYTES_MAX];
	size_t from = out->n;

	ref = trim(ref);
	if (url_is_clean(ref)) {
		buf_str(out, ref);
		return true;
	}
	if (ref.n > URL_BYTES_MAX || base.n > URL_BYTES_MAX || is_dangerous(ref))
		return false;
	ref = without_breaks(ref, copy);
	struct parts base_parts = {0}, ref_parts = split(ref);
	if (!ref_parts.scheme.n)
		base_parts = split(trim(base));
	if (is_usable(base, &base_parts))
		put_resolved(out, &base_parts, &ref_parts);
	else
		put(out, ref);
	if (out->n - from <= URL_BYTES_MAX)
		return true;
	out->n = from;
	return false;
}

struct str url_resolve(struct arena *arena, struct str base, struct str ref)
{
	struct str trimmed = trim(ref);

	if (url_is_clean(trimmed))
		return trimmed;
	if (str_is_none(ref) || ref.n > URL_BYTES_MAX || base.n > URL_BYTES_MAX)
		return STR_NONE;
	/* A buffer over storage that is large enough never grows: each byte becomes three at most,
	 * some marks come between, and a scan writes beyond. */
	size_t cap = 3 * (base.n + trimmed.n) + 8 + 2 * SCAN_SIZE;
	struct buf out = {arena_alloc(arena, cap), 0, cap};

	if (!url_resolve_to(&out, base, trimmed))
		return STR_NONE;
	out.p[out.n] = '\0';
	return buf_view(&out);
}

/* Parameters that say how the reader came, not what is shown, by their first letter. A '*' at the end
 * stands for any rest. */
static const char *tracking_with(char first)
{
	switch (first) {
	case '_':
		return "_hsenc _hsmi _openstat _ga _gl __twitter_impression";
	case 'a':
		return "at_medium at_campaign at_custom*";
	case 'c':
		return "cmpid";
	case 'd':
		return "dclid";
	case 'f':
		return "fbclid";
	case 'g':
		return "gclid gclsrc gbraid guccounter guce_referrer*";
	case 'h':
		return "hsctatracking";
	case 'i':
		return "igshid igsh";
	case 'l':
		return "li_fat_id";
	case 'm':
		return "msclkid mc_cid mc_eid mkt_tok mtm_* matomo_*";
	case 'n':
		return "ns_mchannel ns_source ns_campaign ns_linkname ns_fee";
	case 'o':
		return "oly_anon_id oly_enc_id";
	case 'p':
		return "pk_campaign pk_kwd pk_source pk_medium piwik_campaign";
	case 'r':
		return "rss_id";
	case 's':
		return "s_cid sc_cid spm";
	case 't':
		return "twclid ttclid";
	case 'u':
		return "utm_*";
	case 'v':
		return "vero_id vero_conv";
	case 'w':
		return "wbraid wickedid wt_mc wt.mc_id";
	case 'x':
		return "xtor";
	case 'y':
		return "yclid ysclid";
	default:
		return "";
	}
}

static bool is_tracking(struct str parameter)
{
	struct str name = str_head(parameter, str_chr(parameter, '='));

	if (name.n < sizeof "_ga" - 1) /* the shortest of them */
		return false;
	struct str rest = str_of(tracking_with(ascii_lower(name.p[0]))), known;
	while (str_word(&rest, &known))
		if (known.p[known.n - 1] == '*' ? str_istarts(name, str_head(known, known.n - 1))
						: str_ieq(name, known))
			return true;
	return false;
}

/* The parameters that count, in their order, after `mark`. */
static void put_parameters(struct buf *out, char mark, struct str query)
{
	struct str parameter;

	while (str_split(&query, '&', &parameter)) {
		if (str_starts(parameter, STR("amp;"))) /* "&amp;" escaped once too often */
			parameter = str_skip(parameter, 4);
		if (!parameter.n || is_tracking(parameter))
			continue;
		buf_char(out, mark);
		buf_str(out, parameter);
		mark = '&';
	}
}

SCAN_INLINE scan_bytes is_percent(scan_bytes v)
{
	return scan_is(v, '%');
}

/* Percent-encoding in one spelling: hexadecimal digits in capitals, what needs none decoded. */
static void put_normal(struct buf *out, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	char *start = buf_room(out, s.n + SCAN_SIZE), *to = start;

	for (size_t i = 0;;) {
		int high = -1, low = -1;
		size_t run = scan_copy(to, s, i, is_percent) - i;
		i += run;
		to += run;
		if (i == s.n)
			break;
		if (s.n - i >= 3) {
			high = ascii_hex((unsigned char)s.p[i + 1]);
			low = ascii_hex((unsigned char)s.p[i + 2]);
		}
		i++;
		*to = '%';
		if (high < 0 || low < 0) {
			to++;
			continue;
		}
		unsigned char c = (unsigned char)(high * 16 + low);
		i += 2;
		if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
			*to++ = (char)c;
		} else {
			to[1] = hex[high];
			to[2] = hex[low];
			to += 3;
		}
	}
	out->n += (size_t)(to - start);
}

static void put_host(struct buf *out, struct str authority)
{
	size_t colon = authority.n;

	while (colon > 0 && ascii_is_digit((unsigned char)authority.p[colon - 1]))
		colon--;
	if (colon > 0 && authority.p[colon - 1] == ':') {
		struct str port = str_skip(authority, colon);
		if (!port.n || str_is(port, "80") || str_is(port, "443"))
			authority.n = colon - 1;
	}
	const char *at = authority.n ? memrchr(authority.p, '@', authority.n) : NULL;
	if (at) {
		size_t user = (size_t)(at - authority.p) + 1;
		buf_str(out, str_head(authority, user));
		authority = str_skip(authority, user);
	}
	if (str_istarts(authority, STR("www.")) && authority.n > 4)
		authority = str_skip(authority, 4);
	char *to = buf_room(out, authority.n + SCAN_SIZE);
	size_t i = 0;
	for (; authority.n - i >= SCAN_SIZE; i += SCAN_SIZE)
		scan_store(to + i, scan_lower(scan_load(authority.p + i)));
	if (i < authority.n)
		scan_store(to + i, scan_lower(scan_load_part(authority.p + i, authority.n - i)));
	out->n += authority.n;
}

void url_alias(struct buf *out, struct str url)
{
	url = trim(url);
	if (!url_is_web(url)) {
		buf_str(out, url);
		return;
	}
	struct parts parts = split(url);
	put_host(out, parts.authority);
	while (parts.path.n && parts.path.p[parts.path.n - 1] == '/')
		parts.path.n--;
	put_normal(out, parts.path);
	put_parameters(out, '?', parts.query);
	put_parameters(out, '#', parts.fragment);
}
