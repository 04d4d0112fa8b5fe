/* A word or sign that people put into dates says something by where it stands. One that stands where
 * they do not has taken the place of a digit or a letter, and then this is no date any more: a slip
 * must not become another day. */
#include "normalize/date-fields.h"

static bool is_unit(const struct date_token *t)
{
	return date_token_has_role(t, DATE_ROLE_YEAR) || date_token_has_role(t, DATE_ROLE_MONTH) ||
	       date_token_has_role(t, DATE_ROLE_DAY);
}

/* Does a number stand right beside this word? In scripts that separate words. */
static bool is_stuck(const struct date_token *t, unsigned i)
{
	if (t->name && (unsigned char)t->name->name[0] >= 0xE3)
		return false;
	return (i && date_token_is_number(t - 1) && !t->spaced) ||
	       (date_token_is_number(t + 1) && !t[1].spaced);
}

/* Behind the time, with no date after it. */
static bool is_behind_time(const struct date_token *t, unsigned i)
{
	return i && t[-1].kind == DATE_TOKEN_TAKEN &&
	       (t[1].kind == DATE_TOKEN_END || t[1].kind == DATE_TOKEN_TAKEN);
}

/* Maybe with another word of the kind between, or a dot ("kl. 10"). */
static bool is_before_time(const struct date_token *t)
{
	while (date_token_has_role(t, DATE_ROLE_AT) || date_token_has_role(t, DATE_ROLE_FILLER) ||
		date_token_is_sign(t, '.'))
		t++;
	return t->kind == DATE_TOKEN_TAKEN;
}

/* A little word that sticks to a number is what is left of another one ("De7" of "Dez"), and one
 * behind the time with nothing after it may have been "am". */
static bool is_torn(const struct date_token *t, unsigned i)
{
	return is_stuck(t, i) || is_behind_time(t, i);
}

static bool is_part(const struct date_token *t)
{
	return t->kind == DATE_TOKEN_NUMBER || t->kind == DATE_TOKEN_WORD;
}

/* Does this sign stand where people put it? One where they do not has taken the place of a digit or
 * a letter: "1/ May", "Sat, .9 May", "3,, 1999". */
static bool is_in_place(const struct date_token *t, unsigned i)
{
	bool follows_sign = i && t[-1].kind == DATE_TOKEN_SIGN;
	bool is_glued = !t->spaced && !t[1].spaced;

	switch (t->sign) {
	case ',':
		if (follows_sign)
			return t[-1].sign == '.' && t[1].spaced;
		if (is_glued && i && date_token_is_number(t - 1) && date_token_is_number(t + 1))
			return t[1].digits == 4; /* "May 12,2017", but not "2,17" */
		return !(i && t->spaced && date_token_is_number(t + 1) && !t[1].spaced &&
			 t[1].digits == 1);
	case '.':
		if (!i || !is_part(t - 1) || t[1].spaced)
			return i && is_part(t - 1);
		return t->spaced ? date_token_is_number(t - 1) && date_token_is_number(t + 1)
				 : t[1].kind != DATE_TOKEN_TAKEN;
	case '-':
	case '/':
		if (!i || (t->spaced && t[1].spaced))
			return i; /* "12 May 2017 - 10:00" */
		return is_glued && is_part(t + 1) &&
		       (is_part(t - 1) || /* "12-janv.-2017" */
			       (i > 1 && date_token_is_sign(t - 1, '.') &&
				       t[-2].kind == DATE_TOKEN_WORD));
	default:
		return false; /* ':' and '+' belong to times and zones, which are out */
	}
}

/* "2017ko maiatzaren 12a": the little words of dates are endings of their numbers. */
static bool is_basque(const struct date_token *t, unsigned i)
{
	if (!i || !date_token_is_number(t - 1) || t->spaced)
		return false;
	if (t[-1].digits == 4 && t->name->role == DATE_ROLE_FILLER)
		return true;
	return t->letter == 'a' && i > 1 && t[-2].name && t[-2].name->months &&
	       str_ends(str_of(t[-2].name->name), STR("ren"));
}

static bool add_word(struct date_fields *f, const struct date_token *tokens, unsigned i)
{
	const struct date_token *t = &tokens[i];

	/* A word before a comma in front is where the weekday stands, in whatever language. */
	if (!i && date_token_is_sign(&tokens[1], ',')) {
		f->days = t->name ? t->name->days : 0;
		return true;
	}
	if (!t->name)
		return false;
	if (t->name->role == DATE_ROLE_ORDINAL && i && date_token_is_number(t - 1))
		/* One letter may have taken the place of a digit, except behind a whole year. */
		return (!t->letter || t[-1].digits == 4) &&
		       (!date_token_is_number(t + 1) || t[1].spaced);
	if (is_basque(t, i))
		return true;
	if (t->name->role == DATE_ROLE_AT)
		return !is_torn(t, i) && is_before_time(t + 1);
	if (t->name->role == DATE_ROLE_FILLER && (i || !t->name->days))
		return !is_torn(t, i);
	if (!t->name->months && (!t->name->days || is_stuck(t, i)))
		return false;
	/* "10:00 PT" is Pacific time, and no Polish Friday. */
	if (t->name->days && strlen(t->name->name) <= 3 && is_behind_time(t, i))
		return false;
	/* "01 mar9 2017" is no Tuesday, but "01mar2017" a day in March. */
	if (t->name->days && date_token_is_number(t + 1) && !t[1].spaced && t[1].digits != 4)
		return false;
	if (f->n_words == 2)
		return false;
	f->before[f->n_words] = f->n;
	f->words[f->n_words++] = t->name;
	return true;
}

static void add_separator(char *pending, char c)
{
	if (*pending == ' ')
		*pending = c;
	else if (*pending != c)
		*pending = 'x';
}

static bool add_number(struct date_fields *f, const struct date_token *t, char pending)
{
	if (f->n == 3 || t->digits > 8)
		return false;
	if (f->n == 1)
		f->separator = pending;
	else if (f->n && f->separator != pending)
		f->separator = 'x';
	f->number[f->n++] = (struct date_field){(unsigned)t->value, t->digits};
	return true;
}

static bool collect(struct date_fields *f, const struct date_tokens *tokens)
{
	const struct date_token *last = &tokens->at[tokens->n - 1];
	char pending = ' ';

	if (date_token_is_sign(last, '-') || date_token_is_sign(last, '/'))
		return false;
	for (unsigned i = 0; i < tokens->n; i++) {
		const struct date_token *t = &tokens->at[i];

		if (t->kind == DATE_TOKEN_NUMBER) {
			if (!add_number(f, t, pending))
				return false;
			pending = ' ';
		} else if (t->kind == DATE_TOKEN_SIGN) {
			if (!is_in_place(t, i))
				return false;
			if (t->sign != ',')
				add_separator(&pending, t->sign);
		} else if (date_token_has_role(t, DATE_ROLE_DAY_AHEAD)) {
			i += t[1].kind == DATE_TOKEN_WORD || t[1].digits == 1;
		} else if (date_token_has_role(t, DATE_ROLE_MONTH_AHEAD)) {
			if (f->n_words == 2 || t[1].digits > 2)
				return false;
			f->words[f->n_words] = date_name_of_month((unsigned)t[1].value);
			if (!f->words[f->n_words++])
				return false;
			i++;
		} else if (t->kind == DATE_TOKEN_WORD) {
			if (i && is_unit(t) && date_token_is_number(t - 1))
				add_separator(&pending, 'u');
			else if (!add_word(f, tokens->at, i))
				return false;
		}
	}
	return true;
}

/* Which of the words is the month and which the weekday, where one can be both ("mar", "maa"). */
static bool sort_words(struct date_fields *f)
{
	for (unsigned i = 0; i < f->n_words; i++) {
		const struct date_name *word = f->words[i];
		bool month = word->months;

		if (word->months && word->days) {
			const struct date_name *other = f->n_words == 2 ? f->words[!i] : NULL;

			/* The other one takes the month if it can be nothing else, or comes last. */
			month = f->n < 3 && !(other && other->months && (!other->days || !i));
		}
		/* No weekday stands among the numbers: "3 Mar 2,17" is not a Tuesday in February. */
		if (!month && f->before[i] && f->before[i] < f->n)
			return false;
		if (month ? f->months : f->days)
			return false;
		if (month) {
			f->months = word->months;
			f->month_name = word;
		} else {
			f->days = word->days;
		}
	}
	return true;
}

bool date_fields_read(struct date_fields *fields, const struct date_tokens *tokens)
{
	*fields = (struct date_fields){.separator = ' '};
	return collect(fields, tokens) && sort_words(fields);
}
