#include "bus/confine.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/log.h"

static const struct {
	uint64_t bit;
	const char *name;
} layers[] = {
#define CONFINEMENT_ROW(bit, name) {(bit), (name)},
	CONFINEMENTS(CONFINEMENT_ROW)
#undef CONFINEMENT_ROW
};

struct str confine_folder(const char *endpoint)
{
	struct str s = str_of(endpoint);

	if (!str_starts(s, STR("ipc://")))
		return STR_NONE;
	s = str_skip(s, strlen("ipc://"));
	if (!s.n || s.p[0] == '@')
		return STR_NONE;
	size_t n = s.n;
	while (n && s.p[n - 1] != '/')
		n--;
	if (!n)
		return STR(".");
	return str_head(s, n > 1 ? n - 1 : 1);
}

int confine_port(const char *endpoint)
{
	struct str s = str_of(endpoint);
	unsigned long long port = 0;

	if (!str_starts(s, STR("tcp://")))
		return -1;
	size_t colon = s.n;
	while (colon && s.p[colon - 1] != ':')
		colon--;
	return str_u64(str_skip(s, colon), UINT16_MAX, &port) ? (int)port : 0;
}

/* The keys are in memory: no core, and nobody of the same user looks in (ptrace, /proc/PID/mem). The
 * limit alone would not do: a kernel that pipes cores to a program does not look at it. */
static void keep_memory(void)
{
	const struct rlimit none = {0, 0};

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
}

static uint64_t note(const char *what, int r, uint64_t layer, const struct error *error)
{
	if (r > 0)
		return layer;
	if (r < 0)
		log_warning("the bus is not confined by %s: %s", what, error->text);
	else
		log_info("this kernel has no %s: the bus is not confined by it", what);
	return 0;
}

uint64_t confine(const struct confine_need *need)
{
	struct error error = {0};
	struct buf names = BUF_INIT;
	uint64_t held = 0, by_landlock = 0;

	keep_memory();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		log_warning("the bus is not confined: %s", strerror(errno));
		return 0;
	}
	int r = confine_files(need, &by_landlock, &error);
	held |= note("Landlock", r, by_landlock, &error);
	r = confine_calls(&error);
	held |= note("seccomp", r, CONFINED_CALLS, &error);
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
		if (held & layers[i].bit)
			buf_printf(&names, "%s%s", names.n ? ", " : "", layers[i].name);
	/* Always a line: a log that goes to journald makes its socket with it, while it may. */
	log_info("the bus is confined: %s", names.n ? buf_cstr(&names) : "not at all");
	buf_deinit(&names);
	return held;
}

uint64_t confine_seal(void)
{
	struct error error = {0};
	int r = confine_calls_seal(&error);

	if (r < 0)
		log_warning("the bus can still open sockets and files: %s", error.text);
	return r > 0 ? CONFINED_SEALED : 0;
}
