/* The words, numbers and signs of a date. */
#pragma once

#include "normalize/date-names.h"
#include "normalize/date.h"

enum date_token_kind {
	DATE_TOKEN_END,    /* behind the last one */
	DATE_TOKEN_NUMBER, /* decimal digits */
	DATE_TOKEN_WORD,
	DATE_TOKEN_SIGN,  /* one of "-/.:+," */
	DATE_TOKEN_TAKEN, /* already understood: a gap between what is left */
};

struct date_token {
	enum date_token_kind kind;
	bool spaced; /* white space stands before it */
	char sign;
	unsigned digits;              /* of a number */
	uint64_t value;               /* of a number */
	const struct date_name *name; /* of a word; NULL: unknown */
	char letter;                  /* of a word that is one ASCII letter, as written; else 0 */
};

/* The longest real one ("Fri, May 12, 2017, 10:00:00.000 p. m. GMT+02:00") has 25. */
#define DATE_TOKENS_MAX 40
/* The longest real one, with its zone spelt out in a comment, has 90 bytes. */
#define DATE_BYTES_MAX 256

struct date_tokens {
	struct date_token at[DATE_TOKENS_MAX + 3]; /* the rest is END: looking ahead is safe */
	unsigned n;
	const struct date_name *comment; /* the last one's word, if it is a single known one */
	unsigned comment_at;             /* tokens before the last comment */
	bool korean;                     /* has Hangul */
	struct date_reading reading;     /* what was found out of them so far */
};

/* False if the text holds anything no date holds. */
bool date_tokens_read(struct date_tokens *tokens, struct str text);

static inline bool date_token_is_number(const struct date_token *t)
{
	return t->kind == DATE_TOKEN_NUMBER;
}

static inline bool date_token_is_sign(const struct date_token *t, char sign)
{
	return t->kind == DATE_TOKEN_SIGN && t->sign == sign;
}

static inline bool date_token_has_role(const struct date_token *t, enum date_role role)
{
	return t->kind == DATE_TOKEN_WORD && t->name && t->name->role == role;
}

static inline void date_token_take(struct date_token *t)
{
	t->kind = DATE_TOKEN_TAKEN;
}
