#include "cli/opml.h"

#include <string.h>

/* Everything that XML or an attribute in double quotes could misunderstand; controls are dropped. */
static void put(struct buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '&')
			buf_lit(out, "&amp;");
		else if (*c == '<')
			buf_lit(out, "&lt;");
		else if (*c == '>')
			buf_lit(out, "&gt;");
		else if (*c == '"')
			buf_lit(out, "&quot;");
		else if ((unsigned char)*c >= ' ')
			buf_char(out, *c);
	}
}

static void attribute(struct buf *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	buf_printf(out, " %s=\"", name);
	put(out, value);
	buf_char(out, '"');
}

static void open_folder(struct buf *out, const char *indent, const char *name)
{
	buf_printf(out, "%s<outline", indent);
	attribute(out, "text", name);
	buf_lit(out, ">\n");
}

/* Feeds come in the order of their ids, so those of a city and of an agency stand together. */
void opml_write(struct buf *out, const struct config *config)
{
	const struct feed *before = NULL;

	buf_lit(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<opml version=\"2.0\" xmlns:cw=\"urn:civicwire:opml\">\n"
		     "  <head><title>");
	put(out, config->publisher);
	buf_lit(out, "</title></head>\n  <body>\n");
	for (size_t i = 0; i < config->n_feeds; i++) {
		const struct feed *feed = config->feeds[i];
		bool new_city = !before || strcmp(before->city, feed->city) != 0;
		bool new_agency = new_city || strcmp(before->agency, feed->agency) != 0;
		if (before && new_agency)
			buf_lit(out, "      </outline>\n");
		if (before && new_city)
			buf_lit(out, "    </outline>\n");
		if (new_city)
			open_folder(out, "    ", feed->city_name);
		if (new_agency)
			open_folder(out, "      ", feed->agency_name);
		buf_lit(out, "        <outline type=\"rss\"");
		attribute(out, "text", feed->name);
		attribute(out, "xmlUrl", feed->url);
		attribute(out, "language", feed->language);
		attribute(out, "cw:id", feed->id);
		buf_lit(out, "/>\n");
		before = feed;
	}
	if (before)
		buf_lit(out, "      </outline>\n    </outline>\n");
	buf_lit(out, "  </body>\n</opml>\n");
}
