#include "config/config.h"

#include "base/clock.h"
#include "base/map.h"
#include "config/quantity.h"
#include "config/shape.h"

#include <stdlib.h>

/* What one host is asked for. */
struct budget {
	struct str host;
	double per_hour;
	size_t feeds;
};

static const struct host_settings *settings_of(const struct fetch_settings *fetch, struct str host)
{
	for (size_t i = 0; i < fetch->n_hosts; i++)
		if (str_is(host, fetch->hosts[i].host))
			return &fetch->hosts[i];
	return &fetch->host_default;
}

static void judge(const struct config *config, struct arena *arena, const struct budget *budget,
	struct config_report *report)
{
	const struct host_settings *host = settings_of(&config->fetch, budget->host);

	if (!host->gap_us)
		return;
	double allowed = (double)host->parallel * (double)HOUR_US / (double)host->gap_us;
	if (budget->per_hour <= allowed)
		return;
	report->problems++;
	report->problem(report,
		arena_printf(arena,
			"host %.*s: its %zu feed%s ask%s for %.0f requests an hour, but gap %s and "
			"parallel %lld allow %.0f; lengthen intervals, or agree on more with the "
			"partner and say so under hosts",
			STR_FMT(budget->host), budget->feeds, budget->feeds == 1 ? "" : "s",
			budget->feeds == 1 ? "s" : "", budget->per_hour,
			quantity_duration_text(arena, host->gap_us), (long long)host->parallel,
			allowed)
			.p);
}

void config_check_budgets(const struct config *config, struct config_report *report)
{
	struct arena arena = ARENA_INIT;
	struct budget **budgets = NULL;
	size_t n = 0, cap = 0;
	struct map by_host;

	map_init(&by_host);
	for (size_t i = 0; i < config->n_feeds; i++) {
		const struct feed *feed = config->feeds[i];
		struct str host = shape_url_host(&arena, feed->url);
		if (!host.p || !feed->enabled)
			continue;
		struct budget *budget = map_get(&by_host, host);
		if (!budget) {
			budget = ARENA_NEW(&arena, struct budget);
			budget->host = host;
			map_add(&by_host, host, budget);
			*ARENA_PUSH(&arena, budgets, n, cap) = budget;
		}
		budget->per_hour += (double)HOUR_US / (double)feed->interval_us;
		budget->feeds++;
	}
	for (size_t i = 0; i < n; i++)
		judge(config, &arena, budgets[i], report);
	map_deinit(&by_host);
	arena_deinit(&arena);
}
