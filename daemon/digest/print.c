/* One document as one JSON Feed. What is written gathers in the digester's buffer and leaves it in
 * pieces; so a document of any size takes the memory of a small one, and what is found to be no feed
 * within the first piece has written nothing. */
#include "digest/digest.h"

#include "base/cleanup.h"
#include "base/list.h"
#include "digest/digesting.h"

/* What is gathered before it is handed on. */
#define PRINT_PIECE (8 * 1024)

struct print {
	struct parse_sink parsed;
	struct digester *d;
	struct normalize_context context;
	struct digest_out *out;
	struct json j;
	bool begun;  /* something has been handed on */
	int refused; /* what `out` said to that; 0: it took it */
};

static int hand_on(struct print *print)
{
	struct buf *json = &print->d->json;

	print->begun = true;
	print->refused = print->out->write(print->out, buf_view(json));
	buf_shrink(json, JSON_KEEP);
	return print->refused;
}

static int on_entry(struct parse_sink *sink, const struct document *document, struct entry *entry)
{
	struct print *print = container_of(sink, struct print, parsed);
	struct json before = print->j;
	size_t n = print->d->json.n;
	struct item item;

	if (digest_entry(print->d, &print->context, document, entry, &print->j, &item) &&
		item.withdrawn) {
		print->d->json.n = n;
		print->j = before;
	}
	return print->d->json.n < PRINT_PIECE ? 0 : hand_on(print);
}

static void begin(struct json *j)
{
	json_open(j, '{');
	json_member(j, "version", STR("https://jsonfeed.org/version/1.1"));
	json_key(j, "items");
	json_open(j, '[');
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
static void write_extension(struct json *j, const struct document *d, const struct feed_info *info,
	unsigned flaws, bool explain)
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
	if (explain) {
		json_key(j, "_explain");
		json_open(j, '{');
		json_member(j, "encoding_from", str_of(d->encoding_from));
		json_member(j, "language_raw", d->language);
		json_close(j, '}');
	}
	json_close(j, '}');
}

static void write_feed(struct json *j, const struct document *d, const struct feed_info *info,
	unsigned flaws, bool explain)
{
	json_member(j, "title", info->title.n ? info->title : STR(""));
	json_member(j, "home_page_url", info->home_page_url);
	json_member(j, "feed_url", info->feed_url);
	json_member(j, "description", info->description);
	json_member(j, "language", info->language);
	json_member(j, "icon", info->icon);
	item_write_people(j, "authors", info->authors, info->n_authors);
	write_extension(j, d, info, flaws, explain);
}

static void end(struct print *print, const struct document *document)
{
	struct digester *d = print->d;
	unsigned flaws = document->flaws | (d->repeats.guids_repeat ? FLAW_GUIDS_REPEAT : 0u);
	struct feed_info info;

	json_close(&print->j, ']');
	arena_reset(&d->arena);
	normalize_feed(d->normalizer, &print->context, document, &d->arena, &info);
	write_feed(&print->j, document, &info, flaws, print->context.explain);
	json_close(&print->j, '}');
}

/* What failed after something was handed on. */
static void end_early(struct print *print, const struct error *error)
{
	json_close(&print->j, ']');
	json_member(&print->j, "error", str_of(error->text));
	json_close(&print->j, '}');
}

int digest_print(struct digester *digester, const struct body *body,
	const struct digest_print_options *options, struct digest_out *out, struct error *error)
{
	struct print print = {.parsed.entry = on_entry,
		.d = digester,
		.context = {.url = options->hints.url,
			.language = options->language,
			.emails = options->emails,
			.explain = options->explain,
			.now_s = options->now_s},
		.out = out,
		.j = json_to(&digester->json)};
	const struct document *document;

	digester->explained = options->feed;
	repeats_begin(&digester->repeats);
	digester->guids_repeat = false; /* a file has no past */
	buf_shrink(&digester->json, JSON_KEEP);
	begin(&print.j);
	int r = parse_run(digester->parser, body, &options->hints, &print.parsed, &document, error);
	if (print.refused)
		return print.refused;
	if (r == 0) {
		end(&print, document);
		return hand_on(&print);
	}
	if (print.begun) {
		end_early(&print, error);
		hand_on(&print);
	}
	return r;
}
