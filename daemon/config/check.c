#include "config/check.h"

#include "config/config.h"
#include "config/shape.h"

#include <stdlib.h>

static void check_city(
	struct binder *b, const struct place *place, const struct node *map, const void *out)
{
	const struct city_entry *city = out;

	if (!city->country || !city->entry.id)
		return;
	if (ascii_lower(city->country[0]) == city->entry.id[0] &&
		ascii_lower(city->country[1]) == city->entry.id[1])
		return;
	problem_add(b->problems, node_get(map, "country")->mark,
		"%scountry '%s' does not agree with the id, which begins with '%.2s'",
		place_text(b->problems, place), city->country, city->entry.id);
}

/* Exactly one way to log in, and all of it. */
static void check_auth(
	struct binder *b, const struct place *place, const struct node *map, void *out)
{
	struct auth_entry *auth = out;
	unsigned passwords = (auth->password_file != NULL) + (auth->password_credential != NULL);
	unsigned bearers = (auth->bearer_file != NULL) + (auth->bearer_credential != NULL);
	bool basic = auth->user || passwords,
	     certificate = auth->certificate_file || auth->key_file;
	const char *why = NULL;

	auth->given = true;
	if (basic + (bearers > 0) + certificate > 1)
		why = "names several ways to log in; keep one of user, bearer and certificate";
	else if (basic && (!auth->user || passwords != 1))
		why = "needs user and one of password_file and password_credential";
	else if (bearers > 1)
		why = "needs one of bearer_file and bearer_credential, not both";
	else if (certificate && (!auth->certificate_file || !auth->key_file))
		why = "needs both certificate_file and key_file";
	else if (!basic && !bearers && !certificate)
		why = "says nothing; give user and password_file, bearer_file, or "
		      "certificate_file and key_file";
	if (why && map->n)
		problem_add(b->problems, map->mark, "%s%s", place_text(b->problems, place), why);
}

static void check_rule(
	struct binder *b, const struct place *place, const struct node *map, const void *out)
{
	const struct rule_entry *rule = out;

	if (!node_get(map, "words") && !node_get(map, "categories"))
		problem_add(b->problems, map->mark, "%sadds nothing; give words or categories",
			place_text(b->problems, place));
	else if (rule->n_categories && rule->n_feeds)
		problem_add(b->problems, node_get(map, "feeds")->mark,
			"%s'feeds' narrows words only; put categories into a rule of their own",
			place_text(b->problems, place));
}

/* Without keys whoever reaches the address may read everything. */
static void check_endpoint(struct binder *b, const struct place *place, const struct node *map,
	const char *bind, const struct admission *admission)
{
	const struct node *clients = node_get(map, "clients");

	if (admission->curve == CURVE_REQUIRED || !bind)
		return;
	if (!shape_endpoint_is_local(bind))
		problem_add(b->problems, (node_get(map, "bind") ?: map)->mark,
			"%sbind '%s' can be reached from other machines; add 'curve: required' and "
			"make keys with `civicwire key server` and `civicwire key new`, or bind to "
			"127.0.0.1",
			place_text(b->problems, place), problem_shown(b->problems, str_of(bind)));
	else if (clients && !node_is_null(clients))
		problem_add(b->problems, clients->key_mark,
			"%s'clients' means nothing without 'curve: required'",
			place_text(b->problems, place));
}

void check_section(struct binder *b, const struct place *place, const struct node *map, void *out)
{
	struct live_endpoint *live = out;
	struct bus_settings *bus = &((struct config *)out)->bus;

	switch (place->section) {
	case SECTION_LIVE:
		check_endpoint(b, place, map, live->bind, &live->admission);
		break;
	case SECTION_REPLAY:
		check_endpoint(b, place, map, bus->replay_bind, &bus->replay_admission);
		break;
	case SECTION_CITY:
		check_city(b, place, map, out);
		break;
	case SECTION_AUTH:
		check_auth(b, place, map, out);
		break;
	case SECTION_RULE:
		check_rule(b, place, map, out);
		break;
	default:
		break;
	}
}
