#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"

/* What terminals of the last forty years understand: alternate screen, cursor off, and back. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
/* Of one that does not say. */
#define ROWS    24
#define COLUMNS 80

static void signals_of(sigset_t *set)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(set, numbers[i]);
}

bool terminal_is_there(void)
{
	return isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
}

static void measure(struct terminal *t)
{
	struct winsize size;

	t->rows = ROWS;
	t->columns = COLUMNS;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col) {
		t->rows = size.ws_row;
		t->columns = size.ws_col;
	}
}

static void take(struct terminal *t)
{
	struct termios raw = t->before;

	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	fputs(ENTER, stdout);
	fflush(stdout);
	measure(t);
	t->drawn = true;
}

static void give_back(struct terminal *t)
{
	if (!t->drawn)
		return;
	fputs(LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
	t->drawn = false;
}

int terminal_open(struct terminal *t)
{
	sigset_t set;

	*t = (struct terminal){.signals = -1};
	if (tcgetattr(STDIN_FILENO, &t->before) < 0)
		return -errno;
	signals_of(&set);
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signals < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, NULL);
	take(t);
	return 0;
}

void terminal_close(struct terminal *t)
{
	sigset_t set;

	give_back(t);
	close(t->signals);
	signals_of(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static enum terminal_event on_signal(struct terminal *t)
{
	struct signalfd_siginfo info;

	if (read(t->signals, &info, sizeof info) != sizeof info)
		return TERMINAL_TIME;
	if (info.ssi_signo == SIGTSTP) {
		give_back(t);
		raise(SIGSTOP); /* until somebody says fg */
		take(t);
		return TERMINAL_RESIZE;
	}
	if (info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT) {
		measure(t);
		return TERMINAL_RESIZE;
	}
	return TERMINAL_END;
}

enum terminal_event terminal_wait(struct terminal *t, int64_t us, char *ret_key)
{
	struct pollfd fds[] = {{t->signals, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
	int ms = us > 0 ? (int)(us / MSEC_US) : 0;
	int n = poll(fds, 2, ms);

	if (n <= 0)
		return TERMINAL_TIME;
	if (fds[0].revents)
		return on_signal(t);
	if (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL))
		return TERMINAL_END;
	return read(STDIN_FILENO, ret_key, 1) == 1 ? TERMINAL_KEY : TERMINAL_END;
}

/* As many characters as there are columns; a wide one may stand out, which the terminal cuts. */
static size_t cut(struct str line, int columns)
{
	size_t n = 0, step;

	for (int i = 0; i < columns && n < line.n; i++) {
		utf8_decode(str_skip(line, n), &step);
		n += step;
	}
	return n;
}

void terminal_draw(const struct terminal *t, struct str lines)
{
	struct str line;

	fputs("\033[H", stdout);
	for (int row = 0; row < t->rows && str_split(&lines, '\n', &line); row++) {
		if (row)
			putchar('\n');
		fwrite(line.p, 1, cut(line, t->columns), stdout);
		fputs("\033[K", stdout);
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}
