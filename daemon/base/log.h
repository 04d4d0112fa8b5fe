/* What the operator reads. One sentence per line on stderr, with fields for machines: under
 * systemd they become journald fields, elsewhere they follow the sentence. Stages never log; the
 * I/O edges, the pipeline and main do. Any thread. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* `name` in lower case ("feed", "url", "http_status"); journald gets it as CIVICWIRE_FEED. */
struct log_field {
	const char *name, *value;
};

/* Who speaks ("civicwired", "civicwired-bus") and how much is said. Call once, before threads. */
void log_init(const char *identity, enum log_level least);
/* Fields end with one whose name is NULL; `fields` may be NULL. Fields with a NULL value are left
 * out. */
void log_write(enum log_level level, const struct log_field *fields, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Is what has this level written? For those who would only prepare it. */
bool log_is_on(enum log_level level);

/* LOG_FIELDS({"feed", id}, {"url", url}) */
#define LOG_FIELDS(...) ((const struct log_field[]){__VA_ARGS__, {0}})

#define log_error(...)   log_write(LOG_LEVEL_ERROR, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, NULL, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, NULL, __VA_ARGS__)
