/* civicwire-online: the verbs that talk to a daemon. `civicwire` becomes this program when it is asked for
 * one of them. They need libzmq and libcurl, which bring forty libraries: to load them costs 8 MiB and
 * more instructions than to parse ten feeds, and the other verbs should not pay for it. */
#include <string.h>
#include <sysexits.h>

#include "base/hash.h"
#include "cli/verb.h"

static const struct verb verbs[] = {
	{"tail", NULL, verb_tail},
	{"replay", NULL, verb_replay},
	{"status", NULL, verb_status},
	{"reload", NULL, verb_reload},
	{"feeds", NULL, verb_feeds},
	{"refresh", NULL, verb_refresh},
	{"top", NULL, verb_top},
	{"key", NULL, verb_key},
	{"redact", NULL, verb_redact}, /* for journal-write.c only */
	{"probe", NULL, verb_probe},
};

int main(int argc, char **argv)
{
	if (hash_global_init() < 0) {
		fputs("civicwire: cannot start libsodium\n", stderr);
		return EX_OSERR;
	}
	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		/* getopt_long() begins what it has to say with this. */
		char name[32];
		snprintf(name, sizeof name, "civicwire %s", verbs[i].name);
		argv[1] = name;
		return verbs[i].run(argc - 1, argv + 1);
	}
	fputs("civicwire-online: this is a part of civicwire; call that\n", stderr);
	return EX_USAGE;
}
