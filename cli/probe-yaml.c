/* The block to paste: a body of its own, which `check` takes as it is; where the agency belongs to a city,
 * a person moves the agency there. Ids are proposals, made of the host and of the feed's language. */
#include <string.h>

#include "base/json.h"
#include "cli/probe.h"
#include "cli/propose.h"

static const char *text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "";
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

void probe_write_yaml(struct buf *out, const json_t *found)
{
	const json_t *feed = json_object_get(found, "feed");
	const char *moved = text(found, "permanent_url");
	struct str url = str_of(*moved ? moved : text(found, "url"));
	struct str language = str_of(text(feed, "language"));
	struct str title = str_of(text(feed, "title"));
	struct buf id = BUF_INIT;
	bool is_alert = !strncmp(text(feed, "format"), "cap", 3);

	propose_id(&id, propose_host(url));
	if (!title.n)
		title = buf_view(&id);
	buf_printf(out,
		"bodies: # or, if it belongs to a city: below `agencies:` of that city\n"
		"  - id: x-%s\n    name: ",
		buf_cstr(&id));
	propose_name(out, language, title);
	buf_printf(out, "\n    agencies:\n      - id: %s\n        name: ", buf_cstr(&id));
	propose_name(out, language, title);
	buf_printf(out, "\n        feeds:\n          - id: %s\n            url: ",
		feed_id(language.p, is_alert));
	json_quote(out, url);
	buf_char(out, '\n');
	if (language.n) {
		buf_lit(out, "            language: ");
		json_quote(out, language);
		buf_char(out, '\n');
	}
	if (is_alert)
		buf_lit(out, "            kind: alert\n");
	buf_deinit(&id);
}
