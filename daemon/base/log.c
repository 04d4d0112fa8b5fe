#include "base/log.h"

#include "base/buf.h"
#include "base/cleanup.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

/* A log line is a sentence: what is longer (a URL, an error with one in it) is cut. */
#define LOG_LINE_MAX 2048
/* Fields beyond this many are left out: no call has more than six. */
#define LOG_FIELDS_MAX 12

/* The one file-scope state of base besides metrics: set once before threads start. */
static struct {
	const char *identity;
	enum log_level least;
	bool journald;
} log_state = {"civicwire", LOG_LEVEL_INFO, false};

/* syslog's priorities, in the order of enum log_level. */
static const int priorities[] = {3, 4, 6, 7};
static const char *const level_names[] = {"error", "warning", "info", "debug"};

void log_init(const char *identity, enum log_level least)
{
	log_state.identity = identity;
	log_state.least = least;
	/* systemd sets this where stderr is connected to the journal. */
	log_state.journald = getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO);
}

static void add_field(struct buf *b, const struct log_field *f, bool upper)
{
	for (const char *c = f->name; *c; c++)
		buf_char(b, upper && *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
	buf_char(b, '=');
	buf_str(b, str_of(f->value));
}

static void to_journald(enum log_level level, const struct log_field *fields, const char *text)
{
	struct iovec iov[LOG_FIELDS_MAX + 3];
	struct buf parts[LOG_FIELDS_MAX + 3] = {0};
	size_t n = 0;

	buf_printf(&parts[n++], "MESSAGE=%s", text);
	buf_printf(&parts[n++], "PRIORITY=%d", priorities[level]);
	buf_printf(&parts[n++], "SYSLOG_IDENTIFIER=%s", log_state.identity);
	for (; fields && fields->name && n < LOG_FIELDS_MAX + 3; fields++) {
		if (!fields->value)
			continue;
		buf_lit(&parts[n], "CIVICWIRE_");
		add_field(&parts[n++], fields, true);
	}
	for (size_t i = 0; i < n; i++)
		iov[i] = (struct iovec){parts[i].p, parts[i].n};
	sd_journal_sendv(iov, (int)n);
	for (size_t i = 0; i < n; i++)
		buf_deinit(&parts[i]);
}

static void to_stderr(enum log_level level, const struct log_field *fields, const char *text)
{
	cleanup(buf_deinit) struct buf line = BUF_INIT;

	buf_printf(&line, "%s: %s%s%s", log_state.identity,
		level == LOG_LEVEL_INFO ? "" : level_names[level],
		level == LOG_LEVEL_INFO ? "" : ": ", text);
	for (; fields && fields->name; fields++) {
		if (!fields->value)
			continue;
		buf_char(&line, ' ');
		add_field(&line, fields, false);
	}
	/* A feed's text must not be able to forge a second line or move the cursor. */
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7F)
			line.p[i] = ' ';
	buf_char(&line, '\n');
	ssize_t ignored = write(STDERR_FILENO, line.p, line.n); /* one write: lines do not mix */
	(void)ignored;
}

bool log_is_on(enum log_level level)
{
	return level <= log_state.least;
}

void log_write(enum log_level level, const struct log_field *fields, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list args;

	if (!log_is_on(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (log_state.journald)
		to_journald(level, fields, text);
	else
		to_stderr(level, fields, text);
}
