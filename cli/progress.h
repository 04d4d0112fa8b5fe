/* How far a long piece of work has come: one line on stderr that is written over, for a person at a
 * terminal; nothing anywhere else, and nothing in the first second. */
#pragma once

#include <stdint.h>

/* `all` 0: nobody knows how much there is; then `done` is shown as it is. Call it as often as you
 * like. */
void progress(const char *what, uint64_t done, uint64_t all);
/* Takes the line away, if there is one: before anything else is printed. */
void progress_end(void);
