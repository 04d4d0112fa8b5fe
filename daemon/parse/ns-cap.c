/* CAP 1.0, 1.1 and 1.2 (OASIS Common Alerting Protocol): its elements directly in an entry (as the
 * NWS and MeteoAlarm write them), an <alert> in an entry's content, or an <alert> as the whole
 * document. An alert says the same once per language, in an <info> each; all are kept, for only the
 * normalizer knows which language is wanted.
 *
 * A message of type Cancel is an entry like others (people must hear "all clear"), and withdraws
 * the messages that it names. */
#include "parse/format.h"

#include <stddef.h>

/* Infos of one alert: 40 languages of the European warnings are the most there could be. */
#define INFOS_MAX 64

static void start_alert(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	if (p->document.format)
		return;
	p->document.format = FORMAT_CAP12;
	for (int i = 0; i < p->n_root_namespaces; i++) {
		struct str uri = xml_str(p->root_namespaces[(ptrdiff_t)i * 2 + 1]);
		if (str_ends(uri, STR("cap:1.1")) || str_ends(uri, STR("cap/1.0")))
			p->document.format = FORMAT_CAP11;
	}
	build_begin_entry(p);
}

bool cap_is_alert(struct parser *p, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	return p->in_entry && uri && !strcmp((const char *)name, "alert") &&
	       xml_name(p, name, prefix, uri)->ns == NS_CAP;
}

static void start_info(struct parser *p, const struct element *e, const struct attributes *a)
{
	struct raw_alert *alert = &p->entry.alert;

	(void)e;
	(void)a;
	p->info = NULL;
	if (!p->in_entry)
		return;
	if (alert->n_infos >= INFOS_MAX) {
		p->document.flaws |= FLAW_LIMIT_REACHED;
		p->ignore = p->depth;
		return;
	}
	p->info = ARENA_PUSH(p->arena, alert->infos, alert->n_infos, alert->cap_infos);
}

static void end_info(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	(void)text;
	p->info = NULL;
}

/* Where CAP's elements stand in the entry itself they are of one info that nobody writes. */
static struct raw_info *info(struct parser *p)
{
	struct raw_alert *alert = &p->entry.alert;

	if (p->info || !p->in_entry)
		return p->info;
	if (!alert->n_infos)
		ARENA_PUSH(p->arena, alert->infos, alert->n_infos, alert->cap_infos);
	return &alert->infos[0];
}

/* ---- members of one value: the first counts ---- */

#define OF_ALERT(name, member) \
	{ \
		name, offsetof(struct raw_alert, member), true \
	}
#define OF_INFO(name, member) \
	{ \
		name, offsetof(struct raw_info, member), false \
	}

static const struct member {
	const char *name;
	size_t offset;
	bool of_alert;
} members[] = {
	OF_ALERT("identifier", identifier),
	OF_ALERT("sender", sender),
	OF_ALERT("sent", sent),
	OF_ALERT("status", status),
	OF_ALERT("msgType", msg_type),
	OF_ALERT("message_type", msg_type), /* MeteoAlarm's word */
	OF_ALERT("scope", scope),
	OF_ALERT("references", references),
	OF_INFO("language", language),
	OF_INFO("event", event),
	OF_INFO("urgency", urgency),
	OF_INFO("severity", severity),
	OF_INFO("certainty", certainty),
	OF_INFO("effective", effective),
	OF_INFO("onset", onset),
	OF_INFO("expires", expires),
	OF_INFO("senderName", sender_name),
	OF_INFO("headline", headline),
	OF_INFO("description", description),
	OF_INFO("instruction", instruction),
	OF_INFO("web", web),
};

static void end_member(struct parser *p, const struct element *e, struct str text)
{
	if (!text.n || !p->in_entry)
		return;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const struct member *m = &members[i];
		if (strcmp(m->name, e->name))
			continue;
		char *of = m->of_alert ? (char *)&p->entry.alert : (char *)info(p);
		struct str *at = (struct str *)(void *)(of + m->offset);
		if (at->p)
			return;
		*at = build_copy(p, text);
		if (e->slot && build_claim(p, e->slot, e->rank))
			*build_string(p, e->slot) = *at;
		return;
	}
}

/* ---- lists ---- */

static void end_category(struct parser *p, const struct element *e, struct str text)
{
	struct raw_info *i = text.n ? info(p) : NULL;

	(void)e;
	if (i && !build_list_full(p, i->n_categories))
		*ARENA_PUSH(p->arena, i->categories, i->n_categories, i->cap_categories) =
			build_copy(p, text);
}

static void end_response(struct parser *p, const struct element *e, struct str text)
{
	struct raw_info *i = text.n ? info(p) : NULL;

	(void)e;
	if (i && !build_list_full(p, i->n_response_types))
		*ARENA_PUSH(p->arena, i->response_types, i->n_response_types,
			i->cap_response_types) = build_copy(p, text);
}

static void end_area(struct parser *p, const struct element *e, struct str text)
{
	struct raw_info *i = text.n ? info(p) : NULL;

	(void)e;
	if (i && !build_list_full(p, i->n_areas))
		*ARENA_PUSH(p->arena, i->areas, i->n_areas, i->cap_areas) = build_copy(p, text);
}

static void end_shape(struct parser *p, const struct element *e, struct str text)
{
	/* "latitude,longitude …"; a circle is "latitude,longitude radius" in kilometres. */
	const struct raw_geo place = {
		.type = (enum geo_type)e->rank, .coordinates = text, .metres = 1000};

	build_add_place(p, &place, 3);
}

static void start_geocode(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	p->code_name = STR_NONE;
}

static void end_code_name(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	p->code_name = build_copy(p, text);
}

/* One name may have several values (the NWS writes pairs of elements, many in one geocode). */
static void end_code_value(struct parser *p, const struct element *e, struct str text)
{
	struct raw_info *i = text.n ? info(p) : NULL;

	(void)e;
	if (!i || build_list_full(p, i->n_geocodes))
		return;
	*ARENA_PUSH(p->arena, i->geocodes, i->n_geocodes, i->cap_geocodes) =
		(struct geocode){p->code_name, build_copy(p, text)};
}

/* ---- cap:resource: files that belong to the alert ---- */

static void start_resource(struct parser *p, const struct element *e, const struct attributes *a)
{
	(void)e;
	(void)a;
	p->resource = (struct enclosure){.base = xml_base(p)};
}

static void end_resource_member(struct parser *p, const struct element *e, struct str text)
{
	struct str *at = !strcmp(e->name, "uri")        ? &p->resource.url
			 : !strcmp(e->name, "mimeType") ? &p->resource.type
			 : !strcmp(e->name, "size")     ? &p->resource.length
							: &p->resource.title;

	if (text.n)
		*at = build_copy(p, text);
}

/* A relative address names what is inside the message. */
static void end_resource(struct parser *p, const struct element *e, struct str text)
{
	(void)e;
	(void)text;
	if (str_istarts(p->resource.url, STR("http")))
		build_add_enclosure(p, &p->resource);
}

/* ---- cancelled messages ---- */

/* The id that the entry of message `identifier` has in this feed: entries of one feed make theirs
 * of the message's in one way. */
static struct str entry_id(struct parser *p, struct str identifier)
{
	struct str id = p->entry.id, own = p->entry.alert.identifier;
	size_t at = own.n ? str_find(id, own) : id.n;

	if (at == id.n)
		return identifier;
	return arena_printf(&p->entry_arena, "%.*s%.*s%.*s", (int)at, id.p, STR_FMT(identifier),
		STR_FMT(str_skip(id, at + own.n)));
}

void cap_withdraw_cancelled(struct parser *p)
{
	struct str rest = p->entry.alert.references, reference, part;
	size_t n = 0;

	if (!str_is_i(p->entry.alert.msg_type, "Cancel") || p->entry.withdrawn)
		return;
	while (!p->stop && str_word(&rest, &reference)) {
		/* "sender,identifier,sent" */
		struct str identifier = STR_NONE;
		if (build_list_full(p, n++))
			return;
		if (str_split(&reference, ',', &part) && str_split(&reference, ',', &part))
			identifier = str_trim(part);
		if (!identifier.n || str_eq(identifier, p->entry.alert.identifier))
			continue;
		struct entry gone = {.withdrawn = true,
			.id = entry_id(p, identifier),
			.dates.updated = p->entry.alert.sent};
		build_hand_on(p, &gone);
	}
}

#define IN_ALERT IN_ENTRY | IN(ALERT)
#define TEXT     .collect = COLLECT_TEXT
#define MEMBER(name) \
	{ \
		NS_CAP, name, IN_ALERT, TEXT, .end = end_member \
	}
/* valueName and value have CAP's namespace only where it is the default one. */
#define CODE(ns) \
	{ns, "valueName", IN(CODE), TEXT, .end = end_code_name}, \
	{ \
		ns, "value", IN(CODE), TEXT, .end = end_code_value \
	}
#define RESOURCE(name) \
	{ \
		NS_CAP, name, IN(RESOURCE), TEXT, .end = end_resource_member \
	}

static const struct element rows[] = {
	{NS_CAP, "alert", IN(OUTSIDE) | IN_ENTRY, .inner = SCOPE_ALERT, .start = start_alert},
	{NS_CAP, "info", IN_ALERT, .inner = SCOPE_ALERT, .start = start_info, .end = end_info},
	{NS_CAP, "area", IN_ALERT, .inner = SCOPE_ALERT},
	{NS_CAP, "identifier", IN_ALERT, TEXT, .slot = SLOT_ID, .rank = 1, .end = end_member},
	{NS_CAP, "sent", IN_ALERT, TEXT, .slot = SLOT_PUBLISHED, .rank = 1, .end = end_member},
	MEMBER("sender"),
	MEMBER("status"),
	MEMBER("msgType"),
	MEMBER("message_type"),
	MEMBER("scope"),
	MEMBER("references"),
	MEMBER("language"),
	MEMBER("event"),
	MEMBER("urgency"),
	MEMBER("severity"),
	MEMBER("certainty"),
	MEMBER("effective"),
	MEMBER("onset"),
	MEMBER("expires"),
	MEMBER("senderName"),
	MEMBER("headline"),
	MEMBER("description"),
	MEMBER("instruction"),
	MEMBER("web"),
	{NS_CAP, "category", IN_ALERT, TEXT, .end = end_category},
	{NS_CAP, "responseType", IN_ALERT, TEXT, .end = end_response},
	{NS_CAP, "areaDesc", IN_ALERT, TEXT, .end = end_area},
	{NS_CAP, "polygon", IN_ALERT, TEXT, .rank = GEO_POLYGON, .end = end_shape},
	{NS_CAP, "circle", IN_ALERT, TEXT, .rank = GEO_CIRCLE, .end = end_shape},
	{NS_CAP, "geocode", IN_ALERT, .inner = SCOPE_CODE, .start = start_geocode},
	CODE(NS_CAP),
	CODE(NS_ATOM),
	CODE(NS_NONE),
	{NS_CAP, "resource", IN_ALERT, .inner = SCOPE_RESOURCE, .start = start_resource,
		.end = end_resource},
	RESOURCE("resourceDesc"),
	RESOURCE("mimeType"),
	RESOURCE("size"),
	RESOURCE("uri"),
	{0},
};

const struct vocabulary vocabulary_cap = VOCABULARY(rows);
