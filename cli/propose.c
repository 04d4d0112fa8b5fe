#include "cli/propose.h"

#include "base/json.h"
#include "normalize/text.h"

/* An id has 40 bytes (EVENT, "Rules"): "x-" before it and "-9" behind are within. */
#define ID_BYTES 36
/* A name is for people; a title can be a sentence. */
#define NAME_BYTES 120

void propose_id(struct buf *out, struct str text)
{
	size_t start = out->n;
	struct buf folded = BUF_INIT;

	text_fold_word(&folded, text);
	for (size_t i = 0; i < folded.n && out->n - start < ID_BYTES; i++) {
		char c = ascii_lower(folded.p[i]);
		if (ascii_is_alnum((unsigned char)c))
			buf_char(out, c);
		else if (out->n > start && out->p[out->n - 1] != '-')
			buf_char(out, '-');
	}
	while (out->n > start && out->p[out->n - 1] == '-')
		out->n--;
	if (out->n == start)
		buf_lit(out, "feed");
	buf_deinit(&folded);
}

/* What stands before a country's own com, gov, edu … is meant, not that. */
struct str propose_host(struct str url)
{
	static const char *const shared[] = {"com", "co", "gov", "gob", "gouv", "edu", "ac", "org",
		"or", "net", "ne", "go", "gv", "muni", "int", "info"};
	size_t start = str_find(url, STR("://")), n = 0, end = 0;
	struct str host = start < url.n ? str_skip(url, start + 3) : url, labels[8], label;

	while (end < host.n && !memchr("/?#:", host.p[end], 4))
		end++;
	host = str_head(host, end);
	while (n < 8 && str_split(&host, '.', &label))
		labels[n++] = label;
	if (!n || !labels[0].n || labels[0].p[0] == '[' || !labels[n - 1].n ||
		ascii_is_digit((unsigned char)labels[n - 1].p[0]))
		return STR("feed");
	if (n < 2)
		return labels[0];
	size_t at = n - 2;
	for (size_t i = 0; at > 0 && i < sizeof shared / sizeof *shared; i++)
		if (str_is_i(labels[at], shared[i]))
			return labels[at - 1];
	return labels[at].n ? labels[at] : STR("feed");
}

void propose_name(struct buf *out, struct str language, struct str text)
{
	struct str name = str_head(text, NAME_BYTES);
	struct buf line = BUF_INIT;
	size_t n = 0;

	while (n < language.n && n < 3 && ascii_is_alpha((unsigned char)language.p[n]))
		n++;
	name.n = utf8_valid_prefix(name);
	text_fold(&line, name);
	buf_printf(out, "{ %.*s: ", n >= 2 ? (int)n : 3, n >= 2 ? language.p : "und");
	json_quote(out, buf_view(&line));
	buf_lit(out, " }");
	buf_deinit(&line);
}
