/* The block to paste: a body of its own, which `check` takes as it is; where the agency belongs to a city,
 * a person moves the agency there. Ids are proposals, made of the host and of the feed's language. */
#include <string.h>

#include "base/json.h"
#include "cli/probe.h"

/* Of an id without "x-": 40 bytes are allowed with it. */
#define ID_MAX 36
/* A name is for people; a title can be a sentence. */
#define NAME_MAX_BYTES 120

static const char *text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "";
}

/* "www.medellin.gov.co" → "medellin": the label that people know the site by. What stands before a
 * country's own com, gov, edu … is meant, not that. */
static struct str host_word(struct str host)
{
	static const char *const shared[] = {"com", "co", "gov", "gob", "gouv", "edu", "ac", "org",
		"or", "net", "ne", "go", "gv", "muni", "int", "info"};
	struct str labels[8], label;
	size_t n = 0;

	host = str_head(host, str_chr(host, ':'));
	while (n < 8 && str_split(&host, '.', &label))
		labels[n++] = label;
	if (!n || labels[0].p[0] == '[' || ascii_is_digit((unsigned char)labels[n - 1].p[0]))
		return STR("feed"); /* an address is no name */
	if (n < 2)
		return labels[0];
	size_t at = n - 2;
	for (size_t i = 0; at > 0 && i < sizeof shared / sizeof *shared; i++)
		if (str_is_i(labels[at], shared[i]))
			return labels[at - 1];
	return labels[at];
}

/* Only what ids may have; '-' for the rest, none at the ends. */
static void write_id(struct buf *out, struct str word)
{
	size_t start = out->n;

	for (size_t i = 0; i < word.n && out->n - start < ID_MAX; i++) {
		char c = ascii_lower(word.p[i]);
		if (ascii_is_alnum((unsigned char)c))
			buf_char(out, c);
		else if (out->n > start && out->p[out->n - 1] != '-')
			buf_char(out, '-');
	}
	while (out->n > start && out->p[out->n - 1] == '-')
		out->n--;
	if (out->n == start)
		buf_lit(out, "feed");
}

static const char *feed_id(const char *language, bool is_alert)
{
	static const struct {
		const char *language, *news, *alerts;
	} words[] = {{"es", "noticias", "alertas"}, {"pt", "noticias", "alertas"},
		{"fr", "actualites", "alertes"}, {"de", "nachrichten", "warnungen"},
		{"it", "notizie", "allerte"}, {"ca", "noticies", "alertes"},
		{"nl", "nieuws", "meldingen"}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strncmp(language, words[i].language, 2) &&
			!ascii_is_alnum((unsigned char)language[2]))
			return is_alert ? words[i].alerts : words[i].news;
	return is_alert ? "alerts" : "news";
}

static void write_name(struct buf *out, const char *language, const char *title)
{
	struct str s = str_head(str_of(title), NAME_MAX_BYTES);
	size_t n = 0;

	s.n = utf8_valid_prefix(s);
	while (n < 3 && ascii_is_alpha((unsigned char)language[n]))
		n++;
	buf_printf(out, "{ %.*s: ", n >= 2 ? (int)n : 3, n >= 2 ? language : "und");
	json_quote(out, s);
	buf_lit(out, " }\n");
}

void probe_write_yaml(struct buf *out, const json_t *found)
{
	const json_t *feed = json_object_get(found, "feed");
	const char *moved = text(found, "permanent_url");
	struct str url = str_of(*moved ? moved : text(found, "url"));
	size_t start = str_find(url, STR("://"));
	struct str host = start < url.n ? str_skip(url, start + 3) : url;
	const char *language = text(feed, "language"), *format = text(feed, "format");
	const char *title = text(feed, "title");
	struct buf id = BUF_INIT;
	bool is_alert = !strncmp(format, "cap", 3);

	host = str_head(host, strcspn(host.p, "/?#"));
	write_id(&id, host_word(host));
	buf_printf(out,
		"bodies: # or, if it belongs to a city: below `agencies:` of that city\n"
		"  - id: x-%s\n    name: ",
		buf_cstr(&id));
	write_name(out, language, *title ? title : buf_cstr(&id));
	buf_printf(out, "    agencies:\n      - id: %s\n        name: ", buf_cstr(&id));
	write_name(out, language, *title ? title : buf_cstr(&id));
	buf_printf(out, "        feeds:\n          - id: %s\n            url: ",
		feed_id(language, is_alert));
	json_quote(out, url);
	buf_char(out, '\n');
	if (*language) {
		buf_lit(out, "            language: ");
		json_quote(out, str_of(language));
		buf_char(out, '\n');
	}
	if (is_alert)
		buf_lit(out, "            kind: alert\n");
	buf_deinit(&id);
}
