/* When has an item changed? When its words, its addresses or what it says of an event or an alert
 * have. Not when only the markup around them, white space, tracking parameters, dates, or counters
 * ("12 comments") are others: such a change is news to nobody, and some feeds make one at every
 * poll. So the hash runs over the words of the texts, and over the addresses in the HTML. */
#include "normalize/normalizing.h"

#include "normalize/html.h"
#include "normalize/text.h"
#include "normalize/url.h"

/* Words beside which a number counts readers, not things of the news. No word is here that stands
 * beside numbers in news itself ("votes", "visitors"). Folded; sorted for people. */
static const char *const counters[] = {
	"comentari",
	"comentario",
	"comentarios",
	"comentaris",
	"comment",
	"commentaire",
	"commentaires",
	"commenti",
	"commento",
	"comments",
	"kommentar",
	"kommentare",
	"kommentarer",
	"komentarz",
	"komentarze",
	"komentarzy",
	"lectura",
	"lecturas",
	"leituras",
	"likes",
	"pageviews",
	"reacties",
	"replies",
	"reply",
	"retweets",
	"shares",
	"views",
	"visualizacoes",
	"visualizaciones",
	"visualizzazioni",
	"vues",
};

static bool is_punctuation(char c)
{
	switch (c) {
	case '(':
	case ')':
	case '[':
	case ']':
	case '{':
	case '}':
	case ':':
	case ',':
	case '.':
	case ';':
	case '|':
	case '#':
	case '-':
		return true;
	default:
		return false;
	}
}

static struct str without_punctuation(struct str s)
{
	while (s.n && is_punctuation(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_punctuation(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool is_counter(struct normalizer *n, struct str word)
{
	word = without_punctuation(word);
	buf_clear(&n->scratch);
	text_fold_word(&n->scratch, word);
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		if (str_is(buf_view(&n->scratch), counters[i]))
			return true;
	return false;
}

static bool is_number(struct str word)
{
	if (!ascii_is_digit((unsigned char)word.p[0]) && !is_punctuation(word.p[0]))
		return false; /* nearly every word */
	word = without_punctuation(word);
	if (!word.n || !ascii_is_digit((unsigned char)word.p[0]))
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (!ascii_is_digit((unsigned char)word.p[i]) && !memchr(".,kKM", word.p[i], 5))
			return false;
	return true;
}

/* "Comments (12)", "Comments: 12": a number that its punctuation ties to the word before it. */
static bool counts_for_previous(struct normalizer *n, struct str previous, struct str word)
{
	return previous.n && (word.p[0] == '(' || previous.p[previous.n - 1] == ':') &&
	       is_counter(n, previous);
}

static struct str peek_word(struct str rest)
{
	struct str word;

	return str_word(&rest, &word) ? word : STR_NONE;
}

/* "Comments(12)" in one word: the part before the bracket, if that is all there is to it. */
static struct str without_own_count(struct normalizer *n, struct str word)
{
	if (word.p[word.n - 1] != ')')
		return word;
	size_t open = str_chr(word, '(');
	if (open == word.n || !open || !is_number(str_skip(word, open)))
		return word;
	return is_counter(n, str_head(word, open)) ? str_head(word, open) : word;
}

static void add_words(struct normalizer *n, struct buf *out, struct str text)
{
	struct str rest = text, word, previous = STR_NONE;

	while (str_word(&rest, &word)) {
		bool counted = is_number(word) && (counts_for_previous(n, previous, word) ||
							  is_counter(n, peek_word(rest)));
		previous = word;
		if (counted)
			continue;
		buf_str(out, without_own_count(n, word));
		buf_char(out, ' ');
	}
	buf_char(out, '\0');
}

static void add_url(struct buf *out, struct str url)
{
	if (url.n)
		url_alias(out, url);
	buf_char(out, '\0');
}

static void add_str(struct buf *out, struct str s)
{
	buf_str(out, s);
	buf_char(out, '\0');
}

static void add_number(struct buf *out, int64_t v)
{
	buf_add(out, &v, sizeof v);
}

/* The addresses in sanitised HTML, which writes every attribute as name="value". */
static void add_addresses(struct normalizer *n, struct buf *out, struct str html)
{
	while (html.n) {
		size_t at = str_find(html, STR("=\""));
		struct str before = str_head(html, at);
		bool address = str_ends(before, STR(" href")) || str_ends(before, STR(" src"));

		html = str_skip(html, at + 2);
		size_t end = str_chr(html, '"');
		if (address && end < html.n) {
			buf_clear(&n->scratch);
			html_decode(&n->scratch, str_head(html, end));
			add_url(out, buf_view(&n->scratch));
		}
		html = str_skip(html, end + 1);
	}
}

/* Categories in any order are the same categories. */
static void add_categories(struct buf *out, const struct item *item)
{
	struct hash all = {{0}};

	for (size_t i = 0; i < item->n_categories; i++) {
		struct hash_state state;
		struct hash one;
		hash_begin(&state);
		hash_add_str(&state, item->categories[i].scheme);
		hash_add_str(&state, item->categories[i].term);
		hash_add_str(&state, item->categories[i].label);
		hash_end(&state, &one);
		for (size_t k = 0; k < HASH_SIZE; k++)
			all.b[k] ^= one.b[k];
	}
	buf_add(out, all.b, HASH_SIZE);
}

static void add_event(struct buf *out, const struct item_event *event)
{
	add_number(out, event->start_s);
	add_number(out, event->end_s);
	add_str(out, event->location);
	add_str(out, event->organizer);
}

static void add_alert(struct buf *out, const struct item_alert *alert)
{
	add_str(out, alert->msg_type);
	add_str(out, alert->severity);
	add_str(out, alert->urgency);
	add_str(out, alert->certainty);
	add_str(out, alert->event);
	add_str(out, alert->area_desc);
	add_str(out, alert->references);
	add_number(out, alert->effective_s);
	add_number(out, alert->expires_s);
}

void change_hash(struct normalizer *n, const struct item *item, struct hash *ret)
{
	struct buf *b = &n->alias;

	buf_clear(b);
	add_words(n, b, item->title);
	add_words(n, b, item->summary);
	add_words(n, b, item->content_text);
	add_addresses(n, b, item->content_html);
	buf_char(b, '\0');
	add_url(b, item->url);
	add_url(b, item->image);
	for (size_t i = 0; i < item->n_attachments; i++)
		add_url(b, item->attachments[i].url);
	buf_char(b, '\0');
	add_categories(b, item);
	add_number(b, item->geo.type);
	buf_add(b, item->geo.points, item->geo.n * sizeof *item->geo.points);
	if (item->has_event)
		add_event(b, &item->event);
	buf_char(b, '\0');
	if (item->has_alert)
		add_alert(b, &item->alert);
	*ret = hash_of(buf_view(b));
}
