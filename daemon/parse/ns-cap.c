/* CAP 1.1 and 1.2 (OASIS Common Alerting Protocol): its elements directly in an entry (as the NWS
 * writes them), an <alert> in an entry's content, or an <alert> as the whole document. */
#include "parse/format.h"

#include <stddef.h>

static void start_alert(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	if (p->document.format)
		return;
	p->document.format = FORMAT_CAP12;
	for (int i = 0; i < p->n_root_namespaces; i++)
		if (str_ends(str_of((const char *)p->root_namespaces[(ptrdiff_t)i * 2 + 1]),
			    STR("cap:1.1")))
			p->document.format = FORMAT_CAP11;
	build_begin_entry(p);
}

/* The members of raw_alert by name; those a reader also knows as something of the entry. */
static const struct {
	const char *name;
	size_t offset;
	enum slot slot;
} members[] = {
	{"identifier", offsetof(struct raw_alert, identifier), SLOT_ID},
	{"sender", offsetof(struct raw_alert, sender), SLOT_NONE},
	{"sent", offsetof(struct raw_alert, sent), SLOT_PUBLISHED},
	{"status", offsetof(struct raw_alert, status), SLOT_NONE},
	{"msgType", offsetof(struct raw_alert, msg_type), SLOT_NONE},
	{"scope", offsetof(struct raw_alert, scope), SLOT_NONE},
	{"references", offsetof(struct raw_alert, references), SLOT_NONE},
	{"event", offsetof(struct raw_alert, event), SLOT_NONE},
	{"urgency", offsetof(struct raw_alert, urgency), SLOT_NONE},
	{"severity", offsetof(struct raw_alert, severity), SLOT_NONE},
	{"certainty", offsetof(struct raw_alert, certainty), SLOT_NONE},
	{"effective", offsetof(struct raw_alert, effective), SLOT_NONE},
	{"onset", offsetof(struct raw_alert, onset), SLOT_NONE},
	{"expires", offsetof(struct raw_alert, expires), SLOT_EXPIRES},
	{"headline", offsetof(struct raw_alert, headline), SLOT_NONE},
	{"areaDesc", offsetof(struct raw_alert, area_desc), SLOT_NONE},
	{"polygon", offsetof(struct raw_alert, polygon), SLOT_NONE},
	{"circle", offsetof(struct raw_alert, circle), SLOT_NONE},
	{"language", offsetof(struct raw_alert, language), SLOT_LANGUAGE},
};

static void end_member(struct parser *p, const struct element *e, struct str text)
{
	if (!text.n || !p->in_entry)
		return;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		if (strcmp(members[i].name, e->name))
			continue;
		struct str *at =
			(struct str *)(void *)((char *)&p->entry.alert + members[i].offset);
		if (at->p)
			return; /* the first <info> counts: others are translations */
		*at = build_copy(p, text);
		if (members[i].slot && build_claim(p, members[i].slot, 1))
			*build_string(p, members[i].slot) = *at;
	}
}

static void end_text(struct parser *p, const struct element *e, struct str text)
{
	if (!strcmp(e->name, "headline"))
		end_member(p, e, text);
	p->text_type = TEXT_PLAIN;
	build_end_text(p, e, text);
}

static void end_web(struct parser *p, const struct element *e, struct str text)
{
	build_end_string(p, e, text);
}

#define IN_ALERT (IN_ENTRY | IN(ALERT))
#define MEMBER(name) \
	{ \
		NS_CAP, name, IN_ALERT, .collect = COLLECT_TEXT, .end = end_member \
	}

static const struct element rows[] = {
	{NS_CAP, "alert", IN(OUTSIDE) | IN_ENTRY, .inner = SCOPE_ALERT, .start = start_alert},
	{NS_CAP, "info", IN_ALERT, .inner = SCOPE_ALERT},
	{NS_CAP, "area", IN_ALERT, .inner = SCOPE_ALERT},
	MEMBER("identifier"),
	MEMBER("sender"),
	MEMBER("sent"),
	MEMBER("status"),
	MEMBER("msgType"),
	MEMBER("scope"),
	MEMBER("references"),
	MEMBER("event"),
	MEMBER("urgency"),
	MEMBER("severity"),
	MEMBER("certainty"),
	MEMBER("effective"),
	MEMBER("onset"),
	MEMBER("expires"),
	MEMBER("areaDesc"),
	MEMBER("polygon"),
	MEMBER("circle"),
	MEMBER("language"),
	{NS_CAP, "headline", IN_ALERT, .collect = COLLECT_TEXT, .slot = SLOT_TITLE, .rank = 1,
		.end = end_text},
	{NS_CAP, "description", IN_ALERT, .collect = COLLECT_TEXT, .slot = SLOT_SUMMARY, .rank = 1,
		.end = end_text},
	{NS_CAP, "web", IN_ALERT, .collect = COLLECT_TEXT, .slot = SLOT_LINK, .rank = 1,
		.end = end_web},
	{0},
};

const struct vocabulary vocabulary_cap = VOCABULARY(rows);
