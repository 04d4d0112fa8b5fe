#include "digest/digest.h"

#include "base/cleanup.h"
#include "base/list.h"
#include "digest/digesting.h"

struct print {
	struct parse_sink parsed;
	struct digester *d;
	struct normalize_context context;
	struct json
		j; /* the items: the feed's own data stands before them, and is complete after */
};

static int on_entry(struct parse_sink *sink, const struct document *document, struct entry *entry)
{
	struct print *print = container_of(sink, struct print, parsed);
	struct item item;

	if (digest_entry(print->d, &print->context, document, entry, &item) && !item.withdrawn)
		json_raw(&print->j, buf_view(&print->d->json));
	return 0;
}

static void write_image(struct json *j, const struct feed_info *info)
{
	if (!info->image_url.n)
		return;
	json_key(j, "image");
	json_open(j, '{');
	json_member(j, "url", info->image_url);
	json_member(j, "title", info->image_title);
	json_member(j, "link", info->image_link);
	json_close(j, '}');
}

static void write_generator(struct json *j, const struct feed_info *info)
{
	if (!info->generator_name.n && !info->generator_url.n)
		return;
	json_key(j, "generator");
	json_open(j, '{');
	json_member(j, "name", info->generator_name);
	json_member(j, "url", info->generator_url);
	json_member(j, "version", info->generator_version);
	json_close(j, '}');
}

/* What JSON Feed has no word for. */
static void write_extension(
	struct json *j, const struct document *d, const struct feed_info *info, unsigned flaws)
{
	json_key(j, "_feed");
	json_open(j, '{');
	json_member(j, "format", str_of(document_format_names[d->format]));
	json_member(j, "encoding", d->encoding);
	json_member(j, "id", info->id);
	json_member_time(j, "updated", info->updated_s);
	json_member_time(j, "published", info->published_s);
	json_member(j, "subtitle", info->subtitle);
	json_member(j, "rights", info->rights);
	write_generator(j, info);
	write_image(j, info);
	json_member(j, "logo", info->logo);
	item_write_categories(j, "categories", info->categories, info->n_categories);
	item_write_links(j, "links", info->links, info->n_links);
	item_write_people(j, "contributors", info->contributors, info->n_contributors);
	item_write_geo(j, "geo", &info->geo);
	if (info->ttl_min >= 0)
		json_member_int(j, "ttl", info->ttl_min);
	json_member(j, "docs", info->docs);
	json_key(j, "flaws");
	flaws_write(j, flaws);
	json_close(j, '}');
}

static void write_feed(struct json *j, const struct document *d, const struct feed_info *info,
	unsigned flaws, struct str items)
{
	json_open(j, '{');
	json_member(j, "version", STR("https://jsonfeed.org/version/1.1"));
	json_member(j, "title", info->title.n ? info->title : STR(""));
	json_member(j, "home_page_url", info->home_page_url);
	json_member(j, "feed_url", info->feed_url);
	json_member(j, "description", info->description);
	json_member(j, "language", info->language);
	json_member(j, "icon", info->icon);
	item_write_people(j, "authors", info->authors, info->n_authors);
	write_extension(j, d, info, flaws);
	json_key(j, "items");
	json_raw(j, items);
	json_close(j, '}');
}

int digest_print(struct digester *digester, const struct body *body,
	const struct digest_print_options *options, struct buf *out, struct error *error)
{
	cleanup(buf_deinit) struct buf items = BUF_INIT;
	struct print print = {.parsed.entry = on_entry,
		.d = digester,
		.context = {.url = options->hints.url,
			.language = options->language,
			.emails = options->emails,
			.now_s = options->now_s}};
	const struct document *document;
	struct feed_info info;
	struct json j = json_to(out);
	int r;

	print.j = json_to(&items);
	repeats_begin(&digester->repeats);
	json_open(&print.j, '[');
	r = parse_run(digester->parser, body, &options->hints, &print.parsed, &document, error);
	if (r < 0)
		return r;
	json_close(&print.j, ']');
	arena_reset(&digester->arena);
	normalize_feed(digester->normalizer, &print.context, document, &digester->arena, &info);
	write_feed(&j, document, &info,
		document->flaws | (digester->repeats.guids_repeat ? FLAW_GUIDS_REPEAT : 0u),
		buf_view(&items));
	return 0;
}
