/* When has an item changed? When its words, its addresses or what it says of an event or an alert
 * have. Not when only the markup around them, white space, tracking parameters, dates, or counters
 * ("12 comments") are others: such a change is news to nobody, and some feeds make one at every
 * poll. So the hash runs over the words of the texts, and over the addresses in the HTML. */
#include "normalize/normalizing.h"

#include "base/scan.h"
#include "normalize/text.h"
#include "normalize/url.h"

/* Words beside which a number counts readers, not things of the news. No word is here that stands
 * beside numbers in news itself ("votes", "visitors"). Folded; sorted for people. */
static const struct str counters[] = {
	STR("comentari"),
	STR("comentario"),
	STR("comentarios"),
	STR("comentaris"),
	STR("comment"),
	STR("commentaire"),
	STR("commentaires"),
	STR("commenti"),
	STR("commento"),
	STR("comments"),
	STR("kommentar"),
	STR("kommentare"),
	STR("kommentarer"),
	STR("komentarz"),
	STR("komentarze"),
	STR("komentarzy"),
	STR("lectura"),
	STR("lecturas"),
	STR("leituras"),
	STR("likes"),
	STR("pageviews"),
	STR("reacties"),
	STR("replies"),
	STR("reply"),
	STR("retweets"),
	STR("shares"),
	STR("views"),
	STR("visualizacoes"),
	STR("visualizaciones"),
	STR("visualizzazioni"),
	STR("vues"),
};

/* Of these as people write them, with accents. */
#define COUNTER_BYTES_MIN 4
#define COUNTER_BYTES_MAX 40

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
	if (word.n < COUNTER_BYTES_MIN || word.n > COUNTER_BYTES_MAX)
		return false;
	buf_clear(&n->scratch);
	text_fold_word(&n->scratch, word);
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		if (str_eq(buf_view(&n->scratch), counters[i]))
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

/* White space at i: its length, 0 if there is none. */
static size_t blank_at(struct str text, size_t i)
{
	unsigned char c = (unsigned char)text.p[i];

	return ascii_is_space(c) ? 1 : c < 0x80 ? 0 : text_wide(str_skip(text, i));
}

/* Where the word at i ends. */
static size_t word_end(struct str text, size_t i)
{
	while (i < text.n && !blank_at(text, i))
		i++;
	return i;
}

static struct str next_word(struct str text, size_t i)
{
	for (size_t n; i < text.n && (n = blank_at(text, i));)
		i += n;
	return str_make(text.p + i, word_end(text, i) - i);
}

/* Of words that are one blank apart. */
static struct str last_word(struct str words)
{
	words = str_trim(words);
	const char *blank = words.n ? memrchr(words.p, ' ', words.n) : NULL;

	return blank ? str_skip(words, (size_t)(blank - words.p) + 1) : words;
}

/* "Comments (12)", "Comments: 12": a number that its punctuation ties to the word before it. */
static bool counts_for(struct normalizer *n, struct str previous, struct str word)
{
	return previous.n && (word.p[0] == '(' || previous.p[previous.n - 1] == ':') &&
	       is_counter(n, previous);
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

/* What of a word with digits in it counts. */
static struct str without_count(
	struct normalizer *n, struct str previous, struct str word, struct str next)
{
	if (!is_number(word))
		return without_own_count(n, word);
	if (counts_for(n, previous, word) || is_counter(n, next))
		return str_head(word, 0);
	return word;
}

/* Where words may be apart by more than a blank, and what may count something. */
SCAN_INLINE scan_bytes breaks_words(scan_bytes v)
{
	return scan_in(v, '\t', '\r') | scan_in(v, '0', '9') | text_may_be_wide(v);
}

/* One blank, and none at the beginning. */
static void add_blank(struct buf *out, size_t start)
{
	if (out->n > start && out->p[out->n - 1] != ' ')
		buf_char(out, ' ');
}

/* The words of a folded text, one blank apart, without counts. Most of it is copied as it is: a blank
 * alone is looked at as little as a letter. */
static void add_words(struct normalizer *n, struct buf *out, struct str text)
{
	size_t i = 0, copied = 0, start = out->n;

	buf_room(out, text.n + 2);
	while ((i = scan_find(text, i, breaks_words)) < text.n) {
		size_t blank = blank_at(text, i);
		if (!blank && !ascii_is_digit((unsigned char)text.p[i])) {
			i++; /* a quotation mark, a dash */
			continue;
		}
		size_t word = i;
		while (!blank && word > copied && text.p[word - 1] != ' ')
			word--;
		buf_add(out, text.p + copied, word - copied);
		copied = word;
		if (blank) {
			add_blank(out, start);
			i += blank;
			i += i < text.n && text.p[i] == ' ';
			copied = i;
			continue;
		}
		i = word_end(text, word);
		struct str whole = str_make(text.p + word, i - word);
		struct str before = str_make(out->p + start, out->n - start);
		struct str kept = without_count(n, last_word(before), whole, next_word(text, i));
		if (kept.n == whole.n)
			continue;
		buf_str(out, kept);
		/* The blank before a word that goes does for the one behind it. */
		i += !kept.n && i < text.n && text.p[i] == ' ';
		copied = i;
	}
	buf_add(out, text.p + copied, text.n - copied);
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

/* Categories in any order are the same categories. */
static void add_categories(struct normalizer *n, struct buf *out, const struct item *item)
{
	struct hash all = {{0}};

	for (size_t i = 0; i < item->n_categories; i++) {
		buf_clear(&n->scratch);
		add_str(&n->scratch, item->categories[i].scheme);
		add_str(&n->scratch, item->categories[i].term);
		add_str(&n->scratch, item->categories[i].label);
		struct hash one = hash_mix(buf_view(&n->scratch));
		for (size_t k = 0; k < HASH_SIZE; k++)
			all.b[k] ^= one.b[k];
	}
	buf_add(out, all.b, HASH_SIZE);
}

static void add_time(struct buf *out, const struct item_time *time)
{
	add_number(out, time->s);
	add_number(out, time->day | time->is_local << 1);
}

static void add_event(struct buf *out, const struct item_event *event)
{
	add_time(out, &event->start);
	add_time(out, &event->end);
	add_str(out, event->time_zone);
	add_str(out, event->name);
	add_str(out, event->location);
	add_str(out, event->organizer);
	add_str(out, event->type);
	add_url(out, event->url);
}

/* What a reader acts on. Who sent it and when, and the areas' codes, say nothing that the rest
 * does not; a sender that repeats an alert every hour sends a new `sent` and nothing new. */
static void add_alert(struct buf *out, const struct item_alert *alert)
{
	add_str(out, alert->status);
	add_str(out, alert->msg_type);
	add_str(out, alert->scope);
	add_str(out, alert->severity);
	add_str(out, alert->urgency);
	add_str(out, alert->certainty);
	add_str(out, alert->event);
	add_str(out, alert->headline);
	add_str(out, alert->instruction);
	add_str(out, alert->area_desc);
	add_str(out, alert->references);
	add_number(out, alert->effective_s);
	add_number(out, alert->onset_s);
	add_number(out, alert->expires_s);
}

static void add_places(struct buf *out, const struct item_geo *geo)
{
	for (size_t i = 0; i < geo->n; i++) {
		const struct item_shape *shape = &geo->shapes[i];
		add_number(out, shape->type);
		buf_add(out, shape->points, shape->n * sizeof *shape->points);
		buf_add(out, &shape->radius, sizeof shape->radius);
	}
}

void change_hash(struct normalizer *n, const struct item *item, struct hash *ret)
{
	struct buf *b = &n->alias;

	buf_clear(b);
	add_words(n, b, item->title);
	add_words(n, b, item->summary);
	add_words(n, b, item->content_text);
	add_str(b, buf_view(&n->addresses));
	add_url(b, item->url);
	add_url(b, item->image);
	for (size_t i = 0; i < item->n_attachments; i++)
		add_url(b, item->attachments[i].url);
	buf_char(b, '\0');
	add_categories(n, b, item);
	add_places(b, &item->geo);
	buf_char(b, '\0');
	if (item->has_event)
		add_event(b, &item->event);
	buf_char(b, '\0');
	if (item->has_alert)
		add_alert(b, &item->alert);
	*ret = hash_mix(buf_view(b));
}
