/* A terminal that is drawn on: raw, on its alternate screen, and left as it was. Signals come as events, so
 * that nothing of it is state of the process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "base/str.h"

struct terminal {
	int signals;           /* signalfd */
	bool drawn;            /* it is ours at the moment */
	struct termios before; /* how it was found */
	int rows, columns;
};

enum terminal_event {
	TERMINAL_TIME,   /* nothing came in the time given */
	TERMINAL_KEY,    /* *ret_key */
	TERMINAL_RESIZE, /* rows and columns have changed, or all must be drawn again */
	TERMINAL_END     /* a signal, or nobody is there any more */
};

/* Is standard output a terminal, and standard input as well? */
bool terminal_is_there(void);
/* 0 or -errno: then nothing was changed. */
int terminal_open(struct terminal *terminal);
/* Gives it back: cursor, screen, modes, the mask of signals. */
void terminal_close(struct terminal *terminal);
/* Waits. Ctrl-Z gives the terminal back while we are stopped. */
enum terminal_event terminal_wait(struct terminal *terminal, int64_t us, char *ret_key);
/* Writes lines, cut to the screen's width and height, over what is there. */
void terminal_draw(const struct terminal *terminal, struct str lines);
