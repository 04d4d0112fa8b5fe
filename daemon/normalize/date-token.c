#include "normalize/date-token.h"

/* What one character is to a date. */
enum kind { BLANK, DIGIT, LETTER, IDEOGRAPH, SIGN, OPEN, CLOSE, FOREIGN };

struct mark {
	unsigned short cp;
	unsigned char kind;
	char sign;
};

/* Beyond ASCII; what is not here is a letter. Sorted by nothing: it is short. */
static const struct mark marks[] = {
	{0x00A0, BLANK, 0},
	{0x00B7, SIGN, ','},
	{0x200B, BLANK, 0},
	{0x200E, BLANK, 0},
	{0x200F, BLANK, 0},
	{0x060C, SIGN, ','},
	{0x2018, BLANK, 0},
	{0x2019, BLANK, 0},
	{0x2022, SIGN, ','},
	{0x202F, BLANK, 0},
	{0x2212, SIGN, '-'},
	{0x3000, BLANK, 0},
	{0x3001, SIGN, ','},
	{0xFEFF, BLANK, 0},
	{0xFF08, OPEN, 0},
	{0xFF09, CLOSE, 0},
	{0xFF0B, SIGN, '+'},
	{0xFF0C, SIGN, ','},
	{0xFF0D, SIGN, '-'},
	{0xFF0E, SIGN, '.'},
	{0xFF0F, SIGN, '/'},
	{0xFF1A, SIGN, ':'},
	{0xFFFD, FOREIGN, 0},
};

static enum kind classify_ascii(unsigned char c, char *ret_sign)
{
	*ret_sign = (char)c;
	if (ascii_is_digit(c))
		return DIGIT;
	if (ascii_is_alpha(c))
		return LETTER;
	if (ascii_is_space(c) || c == '\'' || c == '_')
		return BLANK;
	if (c == ';' || c == '|')
		*ret_sign = ',';
	if (strchr("-/.:+,;|", c) && c)
		return SIGN;
	return c == '(' ? OPEN : c == ')' ? CLOSE : FOREIGN;
}

/* *ret_sign: the sign, or the digit. */
static enum kind classify(unsigned cp, char *ret_sign)
{
	if (cp < 0x80)
		return classify_ascii((unsigned char)cp, ret_sign);
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (marks[i].cp == cp) {
			*ret_sign = marks[i].sign;
			return marks[i].kind;
		}
	if (cp >= 0x2000 && cp <= 0x200A)
		return BLANK;
	if (cp >= 0x2010 && cp <= 0x2015) {
		*ret_sign = '-';
		return SIGN;
	}
	if ((cp >= 0xFF10 && cp <= 0xFF19) || (cp >= 0x0660 && cp <= 0x0669)) {
		*ret_sign = (char)('0' + (cp & 0xF)); /* full width, Arabic */
		return DIGIT;
	}
	return cp >= 0x2E80 && cp <= 0xD7FF ? IDEOGRAPH : LETTER;
}

struct reader {
	struct str rest;
	struct date_tokens *to;
	bool spaced;
};

static enum kind peek(const struct reader *r, unsigned *ret_cp, size_t *ret_n, char *ret_sign)
{
	*ret_cp = utf8_decode(r->rest, ret_n);
	return classify(*ret_cp, ret_sign);
}

static void read_number(struct reader *r, struct date_token *t)
{
	unsigned cp;
	size_t n;
	char digit;

	t->kind = DATE_TOKEN_NUMBER;
	while (r->rest.n && peek(r, &cp, &n, &digit) == DIGIT) {
		if (++t->digits <= 18) /* more are no date, and would overflow */
			t->value = t->value * 10 + (uint64_t)(digit - '0');
		r->rest = str_skip(r->rest, n);
	}
}

static struct str take_word(struct reader *r)
{
	struct str word = r->rest;
	unsigned cp;
	size_t n;
	char sign;

	while (r->rest.n && peek(r, &cp, &n, &sign) == LETTER)
		r->rest = str_skip(r->rest, n);
	return str_head(word, word.n - r->rest.n);
}

static void read_word(struct reader *r, struct date_token *t)
{
	struct str word = take_word(r);

	t->kind = DATE_TOKEN_WORD;
	t->name = date_name_find(word);
	t->letter = word.n == 1 ? word.p[0] : 0;
}

static void read_ideographs(struct reader *r, struct date_token *t, unsigned cp, size_t n)
{
	t->kind = DATE_TOKEN_WORD;
	t->name = date_name_prefix(r->rest, &n);
	r->rest = str_skip(r->rest, n);
	r->to->korean |= cp >= 0xAC00;
}

/* Comments (RFC 822) nest; one that does not end goes to the end of the text. */
static void skip_comment(struct reader *r)
{
	unsigned depth = 0, cp;
	size_t n, words = 0;
	char sign;
	struct str word;

	r->to->comment = NULL;
	r->to->comment_at = r->to->n;
	do {
		switch (peek(r, &cp, &n, &sign)) {
		case OPEN:
			depth++;
			break;
		case CLOSE:
			depth--;
			break;
		case LETTER:
			word = take_word(r);
			r->to->comment = words++ ? NULL : date_name_find(word);
			n = 0;
			break;
		case DIGIT:
		case IDEOGRAPH:
			words++;
			r->to->comment = NULL;
			break;
		default:
			break;
		}
		r->rest = str_skip(r->rest, n);
	} while (r->rest.n && depth);
	r->spaced = true;
}

/* False: not of a date. */
static bool read_token(struct reader *r)
{
	unsigned cp;
	size_t n;
	char sign;
	enum kind kind = peek(r, &cp, &n, &sign);

	if (kind == BLANK || kind == OPEN) {
		if (kind == OPEN)
			skip_comment(r);
		else
			r->rest = str_skip(r->rest, n);
		r->spaced = true;
		return true;
	}
	if (kind == FOREIGN || kind == CLOSE || r->to->n == DATE_TOKENS_MAX)
		return false;

	struct date_token *t = &r->to->at[r->to->n++];

	t->spaced = r->spaced;
	r->spaced = false;
	if (kind == DIGIT) {
		read_number(r, t);
	} else if (kind == LETTER) {
		read_word(r, t);
	} else if (kind == IDEOGRAPH) {
		read_ideographs(r, t, cp, n);
	} else {
		t->kind = DATE_TOKEN_SIGN;
		t->sign = sign;
		r->rest = str_skip(r->rest, n);
	}
	return true;
}

bool date_tokens_read(struct date_tokens *tokens, struct str text)
{
	struct reader r = {.rest = text, .to = tokens};

	memset(tokens, 0, sizeof *tokens);
	if (text.n > DATE_BYTES_MAX)
		return false;
	while (r.rest.n)
		if (!read_token(&r))
			return false;
	return true;
}
