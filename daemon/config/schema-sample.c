/* The shipped civicwired.yaml, from the table. Sentences are "# Text", settings that may be
 * uncommented "#key: value": taking the first # off every such line gives a file that says what
 * the daemon does without any file (a test does just that). */
#include "config/schema.h"

static void write_key(struct buf *out, const struct schema_key *row, const char *indent)
{
	buf_printf(out, "# %s%s\n", indent, row->about);
	if (row->example)
		buf_printf(out, "# %sFor example %s: %s\n", indent, row->name, row->example);
	if (row->type == KEY_SECTION || !row->fallback)
		buf_printf(out, "#%s%s:\n", indent, row->name);
	else
		buf_printf(out, "#%s%s: %s\n", indent, row->name, row->fallback);
}

static void write_section(struct buf *out, enum section section, const char *indent)
{
	size_t n;
	const struct schema_key *rows = schema_of(section, &n);

	for (size_t i = 0; i < n; i++) {
		if (!*indent)
			buf_char(out, '\n');
		write_key(out, &rows[i], indent);
		if (rows[i].type == KEY_SECTION)
			write_section(out, rows[i].child, "  ");
	}
}

void schema_write_sample(struct buf *out)
{
	buf_lit(out,
		"# civicwired.yaml: the settings of the civicwire daemon.\n"
		"#\n"
		"# Every key is here, commented out, with the default it has anyway: take the # "
		"off a line to change it\n"
		"# (and off the line of its section). What is polled stands in feeds.d/. Durations "
		"are written 500ms 30s\n"
		"# 15min 6h 90d, sizes 64KiB 20GiB, always with a unit. `civicwire check DIR` "
		"tells what is wrong.\n");
	write_section(out, SECTION_DAEMON, "");
}
