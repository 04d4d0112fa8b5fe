/* What the bytes of a body are, and the same as UTF-8.
 *
 * Labels lie more often than bytes do. So, in this order:
 *	1. a byte order mark, or '<' written in two or four bytes (or in EBCDIC), decides;
 *	2. valid UTF-8 beyond ASCII is UTF-8, whatever the label (in pure ASCII the label cannot be
 *	   wrong and is reported as it is);
 *	3. the label: of HTTP, then of the XML declaration, unless nearly all that is not ASCII is
 *	   UTF-8 (a site in UTF-8 with an old template, label and all). text/xml without charset
 *	   is us-ascii (RFC 3023); where that, or a charset of us-ascii, is refuted by the bytes,
 *	   the declaration counts (RFC 7303);
 *	4. mostly UTF-8 with stray bytes: UTF-8, the stray ones read as windows-1252;
 *	5. windows-1252.
 * Labels name what browsers take them for (gb2312 is GB18030, iso-8859-1 is windows-1252 …). To
 * know about 2, the whole body is looked at once before it is read: a few per cent of the cost of
 * parsing it. The XML declaration is not handed on, so libxml2 never sees a label. */
#include "parse/format.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>

/* The XML declaration ends within so much; more is none. */
#define DECLARATION_MAX 1024
/* So many good sequences of UTF-8 for one stray byte refute the label of a code of several bytes a
 * character: of GB 2312's pairs about every seventh looks like UTF-8, so eight in nine are never
 * chance. */
#define STRAY_SHARE 8
/* U+FEFF; some write it twice. */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

struct label_alias {
	const char *label, *iconv;
};

/* Labels, in lower case, whose meaning is wider than their name. */
static const struct label_alias aliases[] = {
	{"gb2312", "GB18030"},
	{"gbk", "GB18030"},
	{"x-gbk", "GB18030"},
	{"gb_2312", "GB18030"},
	{"gb_2312-80", "GB18030"},
	{"csgb2312", "GB18030"},
	{"csiso58gb231280", "GB18030"},
	{"iso-ir-58", "GB18030"},
	{"chinese", "GB18030"},
	{"euc-kr", "CP949"},
	{"euckr", "CP949"},
	{"cseuckr", "CP949"},
	{"ks_c_5601-1987", "CP949"},
	{"ks_c_5601-1989", "CP949"},
	{"csksc56011987", "CP949"},
	{"ksc5601", "CP949"},
	{"ksc_5601", "CP949"},
	{"iso-ir-149", "CP949"},
	{"korean", "CP949"},
	{"windows-949", "CP949"},
	{"x-windows-949", "CP949"},
	{"shift_jis", "CP932"},
	{"shift-jis", "CP932"},
	{"sjis", "CP932"},
	{"x-sjis", "CP932"},
	{"csshiftjis", "CP932"},
	{"ms932", "CP932"},
	{"ms_kanji", "CP932"},
	{"windows-31j", "CP932"},
	{"x-euc-jp", "EUC-JP"},
	{"big5", "BIG5-HKSCS"},
	{"cn-big5", "BIG5-HKSCS"},
	{"csbig5", "BIG5-HKSCS"},
	{"x-x-big5", "BIG5-HKSCS"},
	{"tis-620", "CP874"},
	{"dos-874", "CP874"},
	{"iso-8859-11", "CP874"},
	{"iso8859-11", "CP874"},
	{"iso885911", "CP874"},
	{"iso-8859-9", "CP1254"},
	{"iso8859-9", "CP1254"},
	{"iso88599", "CP1254"},
	{"iso_8859-9", "CP1254"},
	{"csisolatin5", "CP1254"},
	{"l5", "CP1254"},
	{"latin5", "CP1254"},
	{"csisolatin9", "ISO-8859-15"},
	{"l9", "ISO-8859-15"},
	{"csiso88596e", "ISO-8859-6"},
	{"csiso88596i", "ISO-8859-6"},
	{"iso-8859-6-e", "ISO-8859-6"},
	{"iso-8859-6-i", "ISO-8859-6"},
	{"sun_eu_greek", "ISO-8859-7"},
	{"csiso88598e", "ISO-8859-8"},
	{"csiso88598i", "ISO-8859-8"},
	{"iso-8859-8-e", "ISO-8859-8"},
	{"iso-8859-8-i", "ISO-8859-8"},
	{"logical", "ISO-8859-8"},
	{"visual", "ISO-8859-8"},
	{"koi", "KOI8-R"},
	{"koi8", "KOI8-R"},
	{"koi8_r", "KOI8-R"},
	{"koi8-ru", "KOI8-U"},
	{"x-mac-roman", "MACINTOSH"},
	{"x-mac-cyrillic", "MAC-CYRILLIC"},
	{"x-mac-ukrainian", "MAC-UK"},
	{"x-cp1250", "CP1250"},
	{"x-cp1251", "CP1251"},
	{"cp-1251", "CP1251"},
	{"win-1251", "CP1251"},
	{"win1251", "CP1251"},
	{"x-cp1253", "CP1253"},
	{"x-cp1254", "CP1254"},
	{"x-cp1255", "CP1255"},
	{"x-cp1256", "CP1256"},
	{"x-cp1257", "CP1257"},
	{"x-cp1258", "CP1258"},
	{"unicodefffe", "UTF-16BE"},
	{"unicodefeff", "UTF-16LE"},
};

static const char *const latin1_labels[] = {"iso-8859-1", "iso8859-1", "iso88591", "iso_8859-1",
	"iso_8859_1", "iso8859_1", "iso_8859-1:1987", "8859-1", "iso-latin-1", "iso-ir-100",
	"csisolatin1", "l1", "latin1", "latin-1", "cp819", "ibm819", "us-ascii", "ascii",
	"ansi_x3.4-1968", "ansi", "windows-1252", "cp1252", "cp-1252", "win-1252", "x-cp1252"};

static bool is_one_of(const char *label, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(label, list[i]))
			return true;
	return false;
}
#define IS_ONE_OF(label, list) is_one_of(label, list, sizeof(list) / sizeof *(list))

static const char *label_iconv(const char *label)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (!strcmp(label, aliases[i].label))
			return aliases[i].iconv;
	return label;
}

static bool is_utf8_label(const char *label)
{
	static const char *const labels[] = {
		"utf-8", "utf8", "utf_8", "unicode-1-1-utf-8", "unicode"};

	return IS_ONE_OF(label, labels);
}

static bool is_ascii_label(const char *label)
{
	return !strcmp(label, "us-ascii") || !strcmp(label, "ascii");
}

/* Codes whose bytes are ASCII and yet mean something else. */
static bool is_seven_bit(const char *label)
{
	return !strncmp(label, "iso-2022-", 9) || !strcmp(label, "hz-gb-2312") ||
	       !strcmp(label, "hz");
}

/* UTF-7 hides tags from whoever looks for them, and no feed needs it: nobody reads it. */
static bool is_refused(const char *label)
{
	static const char *const labels[] = {
		"utf-7", "utf7", "unicode-1-1-utf-7", "csunicode11utf7", "utf-7-imap"};

	return IS_ONE_OF(label, labels);
}

static iconv_t open_label(const char *label)
{
	return is_refused(label) ? (iconv_t)-1 : iconv_open("UTF-8", label_iconv(label));
}

static bool is_wide(const char *label)
{
	return !strncmp(label, "utf-16", 6) || !strncmp(label, "utf-32", 6) ||
	       !strncmp(label, "utf16", 5) || !strncmp(label, "utf32", 5) ||
	       !strncmp(label, "ucs-", 4) || !strncmp(label, "unicodef", 8) ||
	       !strncmp(label, "iso-10646-ucs", 13);
}

static void set_label(char label[static 48], struct str s)
{
	s = str_trim(s);
	if (s.n && (s.p[0] == '"' || s.p[0] == '\''))
		s = str_skip(s, 1);
	if (s.n && (s.p[s.n - 1] == '"' || s.p[s.n - 1] == '\''))
		s.n--;
	s = str_trim(s);
	label[0] = 0;
	if (s.n >= 48)
		return;
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] > '~')
			return; /* no label; what is in label[] so far is cut below */
		label[i] = ascii_lower(s.p[i]);
		label[i + 1] = 0;
	}
}

/* ---- the declaration ---- */

/* The value of encoding="…" in a declaration, or nothing. */
static struct str declared_encoding(struct str declaration)
{
	size_t at = str_find(declaration, STR("encoding"));
	struct str rest = str_trim(str_skip(declaration, at + 8));

	if (at == declaration.n || !rest.n || rest.p[0] != '=')
		return STR_NONE;
	rest = str_trim(str_skip(rest, 1));
	if (!rest.n || (rest.p[0] != '"' && rest.p[0] != '\''))
		return STR_NONE;
	size_t end = str_chr(str_skip(rest, 1), rest.p[0]);
	return end + 1 < rest.n ? str_make(rest.p + 1, end) : STR_NONE;
}

/* Length of an XML declaration at the beginning of ASCII-like text, white space before it
 * included; 0: there is none. */
static size_t declaration_length(struct str s)
{
	size_t space = 0;

	while (space < s.n && ascii_is_space((unsigned char)s.p[space]))
		space++;
	struct str rest = str_skip(s, space);
	if (!str_starts(rest, STR("<?xml")) || rest.n < 6 ||
		!ascii_is_space((unsigned char)rest.p[5]))
		return 0;
	size_t end = str_find(rest, STR("?>"));
	/* "<?xml version="1.0">": unfinished, it ends at the '>'. */
	size_t close = str_chr(rest, '>');
	if (close == rest.n)
		return 0;
	return space + (end < rest.n && end < close ? end + 2 : close + 1);
}

/* ---- signatures ---- */

static const struct signature {
	unsigned char bytes[4];
	size_t n, mark; /* length of the signature; how much of it is a mark and no text */
	const char *name;
} signatures[] = {
	{{0x00, 0x00, 0xFE, 0xFF}, 4, 4, "utf-32be"},
	{{0xFF, 0xFE, 0x00, 0x00}, 4, 4, "utf-32le"},
	{{0x00, 0x00, 0x00, '<'}, 4, 0, "utf-32be"},
	{{'<', 0x00, 0x00, 0x00}, 4, 0, "utf-32le"},
	{{0xEF, 0xBB, 0xBF}, 3, 3, "utf-8"},
	{{0xFE, 0xFF}, 2, 2, "utf-16be"},
	{{0xFF, 0xFE}, 2, 2, "utf-16le"},
	{{0x00, '<', 0x00}, 3, 0, "utf-16be"},
	{{'<', 0x00}, 2, 0, "utf-16le"},
	{{0x4C, 0x6F, 0xA7, 0x94}, 4, 0, "cp037"},
};

static const struct signature *find_signature(struct str s)
{
	for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
		if (s.n >= signatures[i].n && !memcmp(s.p, signatures[i].bytes, signatures[i].n))
			return &signatures[i];
	return NULL;
}

/* ---- bytes ---- */

/* Are they handed on as they are? */
static bool is_utf8(const struct charset *c)
{
	return !c->iconv && !c->mixed && !c->windows_1252;
}

/* Bytes of the body from `offset` on, at least `want` of them if there are so many: of a body in memory
 * all, of a file those that the buffer holds. A file that fits there is read once. 0 or -errno. */
static int window(struct charset *c, size_t offset, size_t want, struct str *ret)
{
	size_t room = sizeof c->buffer - (is_utf8(c) ? 0 : CHARSET_OUT_MAX);

	if (c->body->fd < 0) {
		*ret = str_skip(buf_view(&c->body->memory), offset);
		return 0;
	}
	if (offset < c->in_at || offset > c->in_at + c->n_in || c->n_in > room) {
		c->in_at = offset;
		c->n_in = 0;
	}
	if (c->in_at + c->n_in - offset < want && c->in_at + c->n_in < c->body->n) {
		size_t used = offset - c->in_at;
		memmove(c->buffer, c->buffer + used, c->n_in - used);
		c->in_at = offset;
		c->n_in -= used;
	}
	while (c->in_at + c->n_in - offset < want) {
		ssize_t n =
			body_read(c->body, c->in_at + c->n_in, c->buffer + c->n_in, room - c->n_in);
		if (n < 0)
			return (int)n;
		if (!n)
			break;
		c->n_in += (size_t)n;
	}
	*ret = str_make(c->buffer + (offset - c->in_at), c->in_at + c->n_in - offset);
	return 0;
}

/* ---- looking at the whole ---- */

/* Well-formed sequences of UTF-8 beyond ASCII, and bytes that are in none. */
struct census {
	size_t sequences, bad;
};

/* Counts what is in s; returns how many bytes at its end may belong to a sequence that goes on. */
static size_t count(struct census *census, struct str s)
{
	while (s.n) {
		s = str_skip(s, utf8_ascii_prefix(s));
		if (!s.n)
			break;
		int length = utf8_sequence(s);
		if (length < 0)
			return s.n;
		census->sequences += length > 0;
		census->bad += length == 0;
		s = str_skip(s, length > 0 ? (size_t)length : 1);
	}
	return 0;
}

/* The same of what is good, which most bodies are: it need not be counted, only known whether there is
 * any. At the first that is bad it says so and stops. */
static size_t check(struct census *census, struct str s)
{
	if (!census->sequences)
		s = str_skip(s, utf8_ascii_prefix(s));
	if (!s.n)
		return 0;
	census->sequences = 1;
	s = str_skip(s, utf8_valid_prefix(s));
	if (s.n && utf8_sequence(s) >= 0)
		census->bad = 1;
	return s.n;
}

static int look_through(struct charset *c, struct census *census,
	size_t (*look)(struct census *census, struct str s))
{
	size_t at = c->start, left = 0;
	bool sound = look == check;
	struct str bytes;

	*census = (struct census){0, 0};
	do {
		int r = window(c, at, left + 1, &bytes);
		if (r < 0)
			return r;
		if (bytes.n <= left) {
			c->cut = left; /* no proof of anything: the body is cut off here */
			return 0;
		}
		left = look(census, bytes);
		at += bytes.n - left;
	} while (!sound || !census->bad);
	return 0;
}

static int take_census(struct charset *c, struct census *census)
{
	int r = look_through(c, census, check);

	return r < 0 || !census->bad ? r : look_through(c, census, count);
}

/* ---- RFC 3023 ---- */

static void http_charset(struct str content_type, struct str *ret_type, char label[static 48])
{
	struct str rest = content_type, part;

	label[0] = 0;
	*ret_type = STR("");
	if (!rest.p || !str_split(&rest, ';', &part))
		return;
	*ret_type = str_trim(part);
	while (str_split(&rest, ';', &part)) {
		size_t equals = str_chr(part, '=');
		if (equals < part.n && str_is_i(str_trim(str_head(part, equals)), "charset")) {
			set_label(label, str_skip(part, equals + 1));
			return;
		}
	}
}

/* Is this media type one for XML (or JSON)? *ret_text: its default charset is us-ascii. */
static bool is_feed_type(struct str type, bool *ret_text)
{
	static const char *const types[] = {"application/xml", "application/xml-dtd",
		"application/xml-external-parsed-entity", "application/json",
		"application/feed+json"};
	bool plus_xml = type.n > 4 && str_is_i(str_skip(type, type.n - 4), "+xml");

	*ret_text = str_istarts(type, STR("text/"));
	if (*ret_text)
		return plus_xml || str_is_i(type, "text/xml") ||
		       str_is_i(type, "text/xml-external-parsed-entity");
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_is_i(type, types[i]))
			return true;
	return plus_xml && str_istarts(type, STR("application/"));
}

/* ---- deciding ---- */

static bool use_iconv(struct charset *c, const char *label)
{
	iconv_t converter = open_label(label);

	if (converter == (iconv_t)-1)
		return false;
	c->iconv = converter;
	return true;
}

static void set_name(struct charset *c, const char *name)
{
	snprintf(c->name, sizeof c->name, "%s", !strcmp(name, "gb2312") ? "gb18030" : name);
}

/* One stray byte among many good sequences is a slip; many are another code. */
static void decide_likely(struct charset *c, const struct census *census)
{
	if (census->sequences > census->bad) {
		c->mixed = true;
		set_name(c, "utf-8");
	} else {
		c->windows_1252 = true;
		set_name(c, "windows-1252");
	}
}

/* In western text a letter with an accent stands alone, so a pair of bytes that is good UTF-8 is
 * hardly ever anything else; in other codes it may be. */
static bool refutes_label(const struct census *census, const char *label)
{
	size_t share = IS_ONE_OF(label, latin1_labels) ? 1 : STRAY_SHARE;

	return census->sequences > census->bad * share;
}

/* Not UTF-8, no signature: the label, or what is likely. */
static void decide_bytes(
	struct charset *c, const struct census *census, const char *label, bool explicit_label)
{
	bool utf8 = !label[0] || is_utf8_label(label) || is_wide(label);

	if (!utf8 && !strcmp(label, "us-ascii") && !explicit_label)
		utf8 = true;
	if (!utf8 && refutes_label(census, label)) {
		c->flaws |= FLAW_ENCODING_OVERRIDE;
		decide_likely(c, census);
		return;
	}
	if (!utf8 && IS_ONE_OF(label, latin1_labels)) {
		c->windows_1252 = true;
		set_name(c, label);
		if (is_ascii_label(label)) {
			set_name(c, "windows-1252");
			c->flaws |= FLAW_ENCODING_OVERRIDE;
		}
		return;
	}
	if (!utf8) {
		if (use_iconv(c, label)) {
			set_name(c, label);
			return;
		}
		c->flaws |= FLAW_ENCODING_UNKNOWN;
	} else {
		c->flaws |= FLAW_ENCODING_OVERRIDE;
	}
	decide_likely(c, census);
}

/* `declared` stands in for a label of ASCII that cannot be. */
static int decide(struct charset *c, const char *label, bool explicit_label, const char *declared)
{
	struct census census;
	int r = take_census(c, &census);

	if (r < 0)
		return r;
	if ((census.bad || census.sequences) && is_ascii_label(label) && declared[0] &&
		!is_ascii_label(declared)) {
		if (explicit_label)
			c->flaws |= FLAW_ENCODING_OVERRIDE;
		label = declared;
		explicit_label = true;
	}
	if (census.bad) {
		decide_bytes(c, &census, label, explicit_label);
		return 0;
	}
	if (!census.sequences && is_seven_bit(label) && use_iconv(c, label)) {
		set_name(c, label);
		return 0;
	}
	set_name(c, "utf-8");
	if (!label[0] || is_utf8_label(label))
		return 0;
	if (is_wide(label) || census.sequences) {
		if (explicit_label)
			c->flaws |= FLAW_ENCODING_OVERRIDE;
		return 0;
	}
	/* Pure ASCII: whatever is said is right, if it is a code at all. */
	iconv_t probe = open_label(label);
	if (probe == (iconv_t)-1 && !IS_ONE_OF(label, latin1_labels)) {
		c->flaws |= FLAW_ENCODING_UNKNOWN;
		return 0;
	}
	if (probe != (iconv_t)-1)
		iconv_close(probe);
	set_name(c, label);
	return 0;
}

/* In UTF-16, UTF-32 and EBCDIC the declaration is found only once it is converted. */
static void skip_wide_declaration(struct charset *c)
{
	struct str text = STR("");
	char label[48];

	charset_rewind(c);
	charset_next(c, &text);
	size_t unit = !strncmp(c->name, "utf-16", 6) ? 2 : !strncmp(c->name, "utf-32", 6) ? 4 : 1;

	for (; str_starts(text, STR(BYTE_ORDER_MARK)); text = str_skip(text, 3))
		c->start += unit;
	size_t length = declaration_length(str_head(text, DECLARATION_MAX));
	set_label(label, declared_encoding(str_head(text, length)));
	if (unit > 1 && label[0] && !is_wide(label))
		c->flaws |= FLAW_ENCODING_OVERRIDE;
	if (unit == 1 && length) {
		/* EBCDIC comes in many: the declaration says which. */
		iconv_t before = c->iconv;
		if (label[0] && strcmp(label, c->name) && !is_utf8_label(label) &&
			use_iconv(c, label)) {
			iconv_close(before);
			set_name(c, label);
		}
	}
	c->start += length * unit;
	charset_rewind(c);
}

int charset_open(struct charset *c, const struct body *body, struct str content_type)
{
	char http[48], xml[48] = "";
	bool text = false;
	struct str type, head;

	charset_close(c);
	memset(c, 0, offsetof(struct charset, buffer));
	c->body = body;
	int r = window(c, 0, DECLARATION_MAX + 4, &head);
	if (r < 0)
		return r;
	http_charset(content_type, &type, http);
	if (content_type.p && !is_feed_type(type, &text))
		c->flaws |= FLAW_NON_XML_CONTENT_TYPE;

	const struct signature *signature = find_signature(head);
	if (signature)
		c->start = signature->mark;
	if (signature && strcmp(signature->name, "utf-8")) {
		set_name(c, signature->name);
		if (http[0] && strcmp(http, signature->name) && !is_wide(http))
			c->flaws |= FLAW_ENCODING_OVERRIDE;
		c->why = "byte order mark, or how its first characters are coded";
		if (!use_iconv(c, signature->name))
			return -EILSEQ;
		skip_wide_declaration(c);
		return 0;
	}
	struct str rest = str_skip(head, c->start);
	for (; signature && str_starts(rest, STR(BYTE_ORDER_MARK)); rest = str_skip(rest, 3))
		c->start += 3;
	rest = str_head(rest, DECLARATION_MAX);
	size_t length = declaration_length(rest);
	set_label(xml, declared_encoding(str_head(rest, length)));
	/* Nothing may stand before the declaration, not even a blank. */
	if (length && rest.p[0] != '<')
		c->flaws |= FLAW_NOT_WELL_FORMED;
	c->start += length;
	const char *label = http[0] ? http : text ? "us-ascii" : xml;
	bool explicit_label = http[0] || (!text && xml[0]);
	if (signature) { /* a UTF-8 mark is a label of its own, and the best one */
		r = decide(c, "utf-8", true, "");
		if (explicit_label && !is_utf8_label(label))
			c->flaws |= FLAW_ENCODING_OVERRIDE;
	} else {
		r = decide(c, label, explicit_label, xml);
	}
	if (c->flaws & (FLAW_ENCODING_OVERRIDE | FLAW_ENCODING_UNKNOWN))
		c->why = "the bytes, against the label";
	else
		c->why = signature ? "byte order mark"
			 : http[0] ? "Content-Type"
			 : xml[0]  ? "XML declaration"
				   : "the bytes, as nothing is said";
	charset_rewind(c);
	return r;
}

void charset_close(struct charset *c)
{
	if (c->iconv)
		iconv_close(c->iconv);
	c->iconv = NULL;
}

void charset_rewind(struct charset *c)
{
	c->offset = c->start;
	if (c->iconv)
		iconv(c->iconv, NULL, NULL, NULL, NULL);
}

/* ---- reading ---- */

/* Bytes of 1252, or UTF-8 with some among it, into out; returns how many were read. `last`: nothing
 * comes after them. */
static size_t convert_bytes(
	const struct charset *c, struct str in, bool last, char *out, size_t *ret_out)
{
	const unsigned char *s = (const unsigned char *)in.p;
	size_t i = 0, n = 0;

	while (i < in.n) {
		size_t ascii = i;
		while (i < in.n && s[i] < 0x80)
			i++;
		memcpy(out + n, s + ascii, i - ascii);
		n += i - ascii;
		if (i == in.n)
			break;
		int length = c->windows_1252 ? 0 : utf8_sequence(str_skip(in, i));
		if (length < 0 && !last)
			break;
		if (length > 0) {
			memcpy(out + n, s + i, (size_t)length);
			n += (size_t)length;
			i += (size_t)length;
		} else {
			n += utf8_encode(entity_windows_1252(s[i++]), out + n);
		}
	}
	*ret_out = n;
	return i;
}

static size_t convert_iconv(
	const struct charset *c, struct str bytes, bool last, char *out, size_t *ret_out)
{
	char *in = (char *)(uintptr_t)bytes.p, *to = out;
	size_t n_in = bytes.n, room = CHARSET_OUT_MAX;

	while (n_in) {
		if (iconv(c->iconv, &in, &n_in, &to, &room) != (size_t)-1)
			break;
		if (errno == E2BIG || (errno == EINVAL && !last))
			break;
		if (room < 3)
			break;
		/* No character of this code: U+FFFD for its first unit, on with the next. */
		size_t unit = !strncmp(c->name, "utf-16", 6)   ? 2
			      : !strncmp(c->name, "utf-32", 6) ? 4
							       : 1;
		unit = unit < n_in ? unit : n_in;
		memcpy(to, "\xEF\xBF\xBD", 3);
		to += 3;
		room -= 3;
		in += unit;
		n_in -= unit;
	}
	*ret_out = (size_t)(to - out);
	return bytes.n - n_in;
}

/* Bytes at the end of s that are the beginning of a character. */
static size_t begun(struct str s)
{
	size_t back = 1;

	while (back < 4 && back < s.n && ((unsigned char)s.p[s.n - back] & 0xC0) == 0x80)
		back++;
	return s.n && utf8_sequence(str_skip(s, s.n - back)) < 0 ? back : 0;
}

/* UTF-8 as it is, up to the end of a character; 0: it is none, for a file that is not read once only was
 * changed since it was looked at. */
static size_t whole_characters(const struct charset *c, struct str s)
{
	bool looked_at = c->body->fd < 0 || c->body->n <= sizeof c->buffer;
	size_t n = s.n - begun(s);

	return looked_at || utf8_valid_prefix(str_head(s, n)) == n ? n : 0;
}

int charset_next(struct charset *c, struct str *ret_piece)
{
	char *out = c->buffer + sizeof c->buffer - CHARSET_OUT_MAX;
	struct str in;
	size_t n = 0;

	do {
		int r = window(c, c->offset, sizeof c->buffer / 2, &in);
		if (r < 0)
			return r;
		in = str_head(in, is_utf8(c) ? sizeof c->buffer : PARSE_CHUNK);
		if (is_utf8(c) && c->offset + in.n == c->body->n)
			in.n -= c->cut < in.n ? c->cut : in.n;
		if (!in.n) {
			*ret_piece = STR("");
			return 0;
		}
		if (is_utf8(c)) {
			n = whole_characters(c, in);
			c->mixed = !n;
			c->offset += n;
			*ret_piece = str_head(in, n);
			continue;
		}
		bool last = c->offset + in.n >= c->body->n;
		size_t used = c->iconv ? convert_iconv(c, in, last, out, &n)
				       : convert_bytes(c, in, last, out, &n);
		c->offset += used;
		*ret_piece = str_make(out, n);
		if (last && !used)
			return 0;
	} while (!n);
	return 0;
}

bool charset_again(struct charset *c, size_t n)
{
	if (is_utf8(c))
		c->offset -= n;
	return is_utf8(c);
}
