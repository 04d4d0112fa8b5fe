#include "cli/verb.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sysexits.h>

int verb_misused(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "civicwire %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry 'civicwire %s --help'.\n", verb);
	return EX_USAGE;
}

int verb_exit_status(int code)
{
	switch (code) {
	case EBADMSG:
	case EINVAL:
	case EPROTONOSUPPORT:
		return EX_DATAERR;
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
		return EX_NOINPUT;
	case EEXIST:
		return EX_CANTCREAT;
	case EBUSY:
		return EX_TEMPFAIL;
	case EACCES:
	case EPERM:
	case EROFS:
		return EX_NOPERM;
	default:
		return EX_IOERR;
	}
}

int verb_flush(const char *verb)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EX_OK;
	if (errno != EPIPE)
		fprintf(stderr, "civicwire %s: cannot write: %s\n", verb, strerror(errno));
	return EX_IOERR;
}
