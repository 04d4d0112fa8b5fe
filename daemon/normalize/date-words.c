/* Finding words in the table of names. Words are folded into a small buffer first: lower case,
 * accents off. Folding here is for the letters that occur in the names alone; it allocates
 * nothing. */
#include "normalize/date-names.h"

/* U+00C0–U+017F without their accents. */
static const char latin[] = "aaaaaaaceeeeiiiidnooooo*ouuuuyts"
			    "aaaaaaaceeeeiiiidnooooo*ouuuuyty"
			    "aaaaaaccccccccddddeeeeeeeeeegggg"
			    "gggghhhhiiiiiiiiiiiijjkkklllllll"
			    "lllnnnnnnnnnoooooooorrrrrrssssss"
			    "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* U+0386–U+03CE: Greek, lower case without tonos and dialytika, as offsets from U+03B1. */
static unsigned fold_greek(unsigned cp)
{
	static const struct {
		unsigned short from, to;
	} accented[] = {{0x386, 0x3B1}, {0x388, 0x3B5}, {0x389, 0x3B7}, {0x38A, 0x3B9},
		{0x38C, 0x3BF}, {0x38E, 0x3C5}, {0x38F, 0x3C9}, {0x390, 0x3B9}, {0x3AA, 0x3B9},
		{0x3AB, 0x3C5}, {0x3AC, 0x3B1}, {0x3AD, 0x3B5}, {0x3AE, 0x3B7}, {0x3AF, 0x3B9},
		{0x3B0, 0x3C5}, {0x3C2, 0x3C3}, {0x3CA, 0x3B9}, {0x3CB, 0x3C5}, {0x3CC, 0x3BF},
		{0x3CD, 0x3C5}, {0x3CE, 0x3C9}};

	for (size_t i = 0; i < sizeof accented / sizeof accented[0]; i++)
		if (accented[i].from == cp)
			return accented[i].to;
	return cp >= 0x391 && cp <= 0x3A9 ? cp + 0x20 : cp;
}

/* 0: a character that folds away. */
static unsigned fold(unsigned cp)
{
	if (cp < 0x80)
		return (unsigned char)ascii_lower((char)cp);
	if (cp >= 0xC0 && cp <= 0x17F)
		return (unsigned char)latin[cp - 0xC0];
	if (cp >= 0x218 && cp <= 0x21B) /* Romanian s and t with comma */
		return cp < 0x21A ? 's' : 't';
	if (cp >= 0x300 && cp <= 0x36F)
		return 0;
	if (cp >= 0x386 && cp <= 0x3CE)
		return fold_greek(cp);
	if (cp >= 0x410 && cp <= 0x42F)
		return cp + 0x20;
	if (cp == 0x401 || cp == 0x451) /* Cyrillic io */
		return 0x435;
	if (cp >= 0x400 && cp <= 0x40F)
		return cp + 0x50;
	return cp;
}

/* Folds into out; 0 if it does not fit. */
static size_t fold_word(struct str word, char out[DATE_NAME_MAX])
{
	size_t n = 0, length;

	for (; word.n; word = str_skip(word, length)) {
		unsigned cp = fold(utf8_decode(word, &length));

		if (n + 4 > DATE_NAME_MAX)
			return 0;
		if (cp)
			n += utf8_encode(cp, out + n);
	}
	return n;
}

static const struct date_name *find_folded(struct str word)
{
	size_t low = 0, high;
	const struct date_name *names = date_names(&high);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(word, str_of(names[middle].name));

		if (!order)
			return &names[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct date_name *date_name_find(struct str word)
{
	char folded[DATE_NAME_MAX];
	size_t n = word.n > 2 * DATE_NAME_MAX ? 0 : fold_word(word, folded);

	return n ? find_folded(str_make(folded, n)) : NULL;
}

const struct date_name *date_name_prefix(struct str text, size_t *ret_n)
{
	/* The longest of these scripts' names, a weekday, has three characters of three bytes. */
	for (size_t n = text.n < 9 ? text.n : 9; n >= 3; n -= 3) {
		const struct date_name *name = find_folded(str_head(text, n - n % 3));

		n -= n % 3;
		if (name) {
			*ret_n = n;
			return name;
		}
	}
	return NULL;
}

const struct date_name *date_name_of_month(unsigned month)
{
	static const char english[12][10] = {"january", "february", "march", "april", "may", "june",
		"july", "august", "september", "october", "november", "december"};

	return month >= 1 && month <= 12 ? find_folded(str_of(english[month - 1])) : NULL;
}

/* "es" is the language of "es", "es-MX", not of "est". */
static bool language_is(struct str language, const char *tag)
{
	struct str prefix = str_of(tag);

	return language.n >= prefix.n && str_ieq(str_head(language, prefix.n), prefix) &&
	       (language.n == prefix.n || language.p[prefix.n] == '-' ||
		       language.p[prefix.n] == '_');
}

static const struct {
	const char *name, *language;
	int month;
} month_in[] = {
	{"lip", "pl", 7},
	{"lip", "hr", 6},
	{"lip", "bs", 6},
	{"lis", "pl", 11},
	{"lis", "cs", 11},
	{"lis", "hr", 10},
	{"listopad", "pl", 11},
	{"listopad", "cs", 11},
	{"listopad", "hr", 10},
	{"listopad", "bs", 10},
	{"listopada", "pl", 11},
	{"listopada", "hr", 10},
	{"listopada", "bs", 10},
	{"srp", "cs", 8},
	{"srp", "hr", 7},
	{"srp", "bs", 7},
	{"paz", "pl", 10},
};

int date_name_month_in(const struct date_name *name, struct str language)
{
	for (size_t i = 0; i < sizeof month_in / sizeof month_in[0]; i++)
		if (!strcmp(month_in[i].name, name->name) &&
			language_is(language, month_in[i].language))
			return month_in[i].month;
	return 0;
}

/* India, Ireland and Israel; Britain and Bangladesh. */
static const struct {
	const char *name, *language;
	int minutes;
} zone_in[] = {
	{"bst", "bn", 360},
	{"bst", "cy", 60},
	{"bst", "en-GB", 60},
	{"bst", "gd", 60},
	{"ist", "bn-IN", 330},
	{"ist", "en-IE", 60},
	{"ist", "en-IL", 120},
	{"ist", "en-IN", 330},
	{"ist", "ga", 60},
	{"ist", "gu", 330},
	{"ist", "he", 120},
	{"ist", "hi", 330},
	{"ist", "kn", 330},
	{"ist", "ml", 330},
	{"ist", "mr", 330},
	{"ist", "ta", 330},
	{"ist", "te", 330},
};

bool date_name_zone_in(const struct date_name *name, struct str language, int *ret_minutes)
{
	for (size_t i = 0; i < sizeof zone_in / sizeof zone_in[0]; i++)
		if (!strcmp(zone_in[i].name, name->name) &&
			language_is(language, zone_in[i].language)) {
			*ret_minutes = zone_in[i].minutes;
			return true;
		}
	return false;
}

/* Russia's summer time of 2011 lasted until 2014, and MSK was +4; Chile's of 2014 until 2016, and
 * CLT was -3; Venezuela was half an hour behind VET from 2007 to 2016 (IANA's tz database). In local time. */
static const struct {
	const char *name;
	int64_t from_s, to_s;
	int minutes;
} zone_was[] = {
	{"msk", INT64_C(1301194800), INT64_C(1414288800), 240},
	{"clt", INT64_C(1430006400), INT64_C(1463270400), -180},
	{"vet", INT64_C(1197169200), INT64_C(1462069800), -270},
};

int date_name_zone_at(const struct date_name *name, int64_t local_s)
{
	for (size_t i = 0; i < sizeof zone_was / sizeof zone_was[0]; i++)
		if (!strcmp(zone_was[i].name, name->name) && local_s >= zone_was[i].from_s &&
			local_s < zone_was[i].to_s)
			return zone_was[i].minutes;
	return name->minutes;
}

/* The first row that fits counts, so a country goes before its language. Where a country writes
 * both ways (Canada, Puerto Rico, the Spanish of the United States) its row says so; plain
 * English has none. Source: the short date patterns of Unicode CLDR. */
static const struct {
	const char *language;
	enum date_order order;
} orders[] = {
	{"en-US", DATE_ORDER_MDY},
	{"en-PH", DATE_ORDER_MDY},
	{"en-GB", DATE_ORDER_DMY},
	{"en-AU", DATE_ORDER_DMY},
	{"en-IE", DATE_ORDER_DMY},
	{"en-IN", DATE_ORDER_DMY},
	{"en-NZ", DATE_ORDER_DMY},
	{"en-SG", DATE_ORDER_DMY},
	{"en-MT", DATE_ORDER_DMY},
	{"en-NG", DATE_ORDER_DMY},
	{"en-KE", DATE_ORDER_DMY},
	{"es-US", DATE_ORDER_UNKNOWN},
	{"es-PR", DATE_ORDER_UNKNOWN},
	{"es-PA", DATE_ORDER_UNKNOWN},
	{"es", DATE_ORDER_DMY},
	{"fr-CA", DATE_ORDER_UNKNOWN},
	{"fr", DATE_ORDER_DMY},
	{"pt", DATE_ORDER_DMY},
	{"it", DATE_ORDER_DMY},
	{"ca", DATE_ORDER_DMY},
	{"gl", DATE_ORDER_DMY},
	{"ast", DATE_ORDER_DMY},
	{"oc", DATE_ORDER_DMY},
	{"de", DATE_ORDER_DMY},
	{"nl", DATE_ORDER_DMY},
	{"da", DATE_ORDER_DMY},
	{"nb", DATE_ORDER_DMY},
	{"nn", DATE_ORDER_DMY},
	{"no", DATE_ORDER_DMY},
	{"fi", DATE_ORDER_DMY},
	{"et", DATE_ORDER_DMY},
	{"lv", DATE_ORDER_DMY},
	{"pl", DATE_ORDER_DMY},
	{"cs", DATE_ORDER_DMY},
	{"sk", DATE_ORDER_DMY},
	{"sl", DATE_ORDER_DMY},
	{"hr", DATE_ORDER_DMY},
	{"bs", DATE_ORDER_DMY},
	{"sr", DATE_ORDER_DMY},
	{"mk", DATE_ORDER_DMY},
	{"bg", DATE_ORDER_DMY},
	{"ro", DATE_ORDER_DMY},
	{"el", DATE_ORDER_DMY},
	{"tr", DATE_ORDER_DMY},
	{"ru", DATE_ORDER_DMY},
	{"uk", DATE_ORDER_DMY},
	{"be", DATE_ORDER_DMY},
	{"he", DATE_ORDER_DMY},
	{"ar", DATE_ORDER_DMY},
	{"hi", DATE_ORDER_DMY},
	{"id", DATE_ORDER_DMY},
	{"ms", DATE_ORDER_DMY},
	{"vi", DATE_ORDER_DMY},
	{"ga", DATE_ORDER_DMY},
	{"cy", DATE_ORDER_DMY},
	{"mt", DATE_ORDER_DMY},
	{"hu", DATE_ORDER_YMD},
	{"ja", DATE_ORDER_YMD},
	{"ko", DATE_ORDER_YMD},
	{"lt", DATE_ORDER_YMD},
	{"zh", DATE_ORDER_YMD},
};

enum date_order date_order_in(struct str language)
{
	for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
		if (language_is(language, orders[i].language))
			return orders[i].order;
	return DATE_ORDER_UNKNOWN;
}
