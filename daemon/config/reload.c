/* Reading the files again while their last good version is in force.
 *
 * A file is fresh if its bytes are not those that the configuration in force was made of. A problem
 * is the doing of a fresh file: the one it stands in, or, for an id that is defined twice, the other.
 * Such files are read again as they were, those that are new are left out, and all begins anew, for
 * what they defined is different now. Each round takes at least one fresh file back, so it ends; at
 * worst with nothing changed. Files of feeds.d/ that have not changed are not parsed (standing.h), but
 * for those that a round has found to be wanted, which makes it void.
 *
 * Problems that are left stand in files that have not changed: something they name is no longer
 * defined, by the will of whoever took it out. They are told, and their entries stay as they are:
 * a name of nothing harms nobody (a theme without rules, a city without feeds). */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "config/load.h"

struct reloader {
	struct config_report report; /* tells each message once, whatever the rounds */
	struct config_report *out;
	const struct config_again *again;
	struct arena arena;
	struct map kept, wanted, told;
};

static void tell_once(struct config_report *report, const char *message)
{
	struct reloader *r = (struct reloader *)report;
	const char *copy = arena_strdup(&r->arena, message);

	if (map_add(&r->told, str_of(copy), r))
		return;
	r->out->problems++;
	if (r->out->problem)
		r->out->problem(r->out, copy);
}

static void note(struct reloader *r, struct map *files, const struct config_file *file)
{
	map_add(files, str_of(arena_strdup(&r->arena, file->shown)), r);
}

/* Files that must be parsed after all: their number. */
static size_t note_wanted(struct reloader *r, const struct loader *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->sources.n_feeds; i++) {
		const struct config_file *file = l->sources.feeds[i].file;
		if (!file || !file->verdict->wanted)
			continue;
		note(r, &r->wanted, file);
		n++;
	}
	return n;
}

/* One round. 1: another one is needed. */
static int attempt(struct reloader *r, struct loader *l, struct error *error)
{
	const struct config_again *again = r->again;

	l->files.before = again->before->texts;
	l->files.kept = &r->kept;
	l->files.wanted = &r->wanted;
	l->sources.before = again->before;
	l->files.given_up = again->given_up;
	int err = loader_run(l, again->path, again->clients, error);
	if (err)
		return err;
	if (again->given_up && atomic_load(again->given_up))
		return error_set(error, ECANCELED, "nobody waits for it");
	if (note_wanted(r, l))
		return 1;
	problems_tell(&l->problems, &r->report);
	for (size_t i = 0; i < l->files.n_fresh; i++) {
		const struct config_file *file = l->files.fresh[i];
		if (file->verdict->blamed) {
			note(r, &r->kept, file);
			err = 1;
		}
	}
	return err;
}

int config_reload(struct config **ret, const struct config_again *again,
	struct config_report *report, struct error *error)
{
	struct reloader r = {
		.report.problem = tell_once, .out = report, .again = again, .arena = ARENA_INIT};
	struct loader l;
	int err;

	map_init(&r.kept);
	map_init(&r.wanted);
	map_init(&r.told);
	loader_init(&l);
	while ((err = attempt(&r, &l, error)) > 0) {
		loader_deinit(&l);
		loader_init(&l);
	}
	if (!err) {
		*ret = l.config;
		l.config = NULL;
	}
	loader_deinit(&l);
	map_deinit(&r.kept);
	map_deinit(&r.wanted);
	map_deinit(&r.told);
	arena_deinit(&r.arena);
	return err;
}

/* ---- what a running daemon cannot change ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_texts(const char **a, size_t n_a, const char **b, size_t n_b)
{
	if (n_a != n_b || !a != !b)
		return false;
	for (size_t i = 0; i < n_a; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool same_admission(const struct admission *a, const struct admission *b)
{
	return a->curve == b->curve &&
	       same_texts(a->clients, a->n_clients, b->clients, b->n_clients);
}

static bool same_live(const struct bus_settings *a, const struct bus_settings *b)
{
	if (a->n_live != b->n_live)
		return false;
	for (size_t i = 0; i < a->n_live; i++) {
		const struct live_endpoint *x = &a->live[i], *y = &b->live[i];
		const struct audience *p = &x->audience, *q = &y->audience;
		if (!same_text(x->bind, y->bind) || !same_admission(&x->admission, &y->admission) ||
			!same_texts(p->networks, p->n_networks, q->networks, q->n_networks) ||
			!same_texts(p->topics, p->n_topics, q->topics, q->n_topics))
			return false;
	}
	return true;
}

void config_compare_fixed(
	const struct config *running, const struct config *wanted, struct config_report *report)
{
	const struct bus_settings *a = &running->bus, *b = &wanted->bus;
	const struct {
		bool same;
		const char *key;
	} settings[] = {
		{same_text(running->publisher, wanted->publisher), "publisher"},
		{same_text(running->journal.path, wanted->journal.path), "journal.path"},
		{same_text(running->control.socket, wanted->control.socket), "control.socket"},
		{same_text(running->control.status_bind, wanted->control.status_bind),
			"status.bind"},
		{same_live(a, b), "live"},
		{same_text(a->replay_bind, b->replay_bind) &&
				same_admission(&a->replay_admission, &b->replay_admission),
			"replay"},
		{same_text(a->server_key, b->server_key), "server_key"},
		{a->limits.all == b->limits.all && a->limits.per_address == b->limits.per_address,
			"connections"},
		{same_text(running->websub.callback, wanted->websub.callback), "websub.callback"},
		{same_text(running->websub.bind, wanted->websub.bind), "websub.bind"},
	};

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		if (settings[i].same)
			continue;
		report->problems++;
		if (report->problem)
			report->problem(report, settings[i].key);
	}
}
