/* The words dates are made of, in every language we have met, and what each can mean. */
#pragma once

#include "base/str.h"

#include <stdint.h>

enum date_role {
	DATE_ROLE_NONE,
	DATE_ROLE_ZONE,
	DATE_ROLE_CONTESTED, /* a zone several countries use for different times */
	DATE_ROLE_AREA,      /* the "Etc" of Etc/GMT */
	DATE_ROLE_FILLER,    /* "de", "of", "Uhr": says nothing */
	DATE_ROLE_AT,        /* "a las", "um": says that the time follows */
	DATE_ROLE_AM,
	DATE_ROLE_PM,
	DATE_ROLE_ORDINAL, /* "th", "er", "r." of a year: right after a number */
	DATE_ROLE_YEAR,    /* these six follow a number and say what it counts */
	DATE_ROLE_MONTH,
	DATE_ROLE_DAY,
	DATE_ROLE_HOUR,
	DATE_ROLE_MINUTE,
	DATE_ROLE_SECOND,
	DATE_ROLE_MONTH_AHEAD, /* the number after it is a month: Vietnamese "12 tháng 5" */
	DATE_ROLE_DAY_AHEAD, /* the word or number after it is a weekday: "thứ sáu", "thứ 6" */
	DATE_ROLE_T,         /* between date and time in ISO 8601 */
	DATE_ROLE_WEEK,      /* the W of an ISO 8601 week */
};

/* One word has often several meanings (Spanish "mar" is a month and a weekday); the reader knows
 * by what stands around it. */
struct date_name {
	const char *name; /* folded: lower case, no accents */
	uint16_t months;  /* bit 0: January */
	uint8_t days;     /* bit 0: Sunday */
	uint8_t role;     /* enum date_role */
	int16_t minutes;  /* of a zone, east of UTC */
};

/* The longest name in bytes is Russian (22); a word that does not fit is none. */
#define DATE_NAME_MAX 32

/* A word of one script, in any case, with or without accents; NULL if it is not known. */
const struct date_name *date_name_find(struct str word);
/* The longest name that text starts with, for scripts that do not separate words; puts its length
 * into *ret_n. */
const struct date_name *date_name_prefix(struct str text, size_t *ret_n);

/* "May" for 5: what a number stands for that is said to be a month. */
const struct date_name *date_name_of_month(unsigned month);

/* Where a word means one month in one language and another one elsewhere ("listopad"): the month
 * in `language` (BCP 47), 1–12, or 0. */
int date_name_month_in(const struct date_name *name, struct str language);
/* The same for zones (IST, BST). False if the language does not decide. */
bool date_name_zone_in(const struct date_name *name, struct str language, int *ret_minutes);

/* What a zone's name meant at that time, if not what it means now (Moscow changed its mind twice):
 * minutes east of UTC. `local_s`: the time as written, as if it were UTC. */
int date_name_zone_at(const struct date_name *name, int64_t local_s);

enum date_order { DATE_ORDER_UNKNOWN, DATE_ORDER_DMY, DATE_ORDER_MDY, DATE_ORDER_YMD };

/* How people who write this language order a date in numbers; unknown where they do not agree. */
enum date_order date_order_in(struct str language);

/* The table itself, sorted by name in byte order, for tests. */
const struct date_name *date_names(size_t *ret_n);
