/* Sockets and time: what is to be done now, and when next. */
#ifndef LIB_DRIVE_H
#define LIB_DRIVE_H

#include <stdint.h>

struct cw_subscriber;

/* Monotonic. */
int64_t drive_now_ms(void);
int drive_open(struct cw_subscriber *s);
void drive_close(struct cw_subscriber *s);
/* Does whatever can be done without waiting. When it is done, either there is something to hand out
 * or to tell, or the descriptor will become readable when there is something to do. */
int drive(struct cw_subscriber *s);
/* Waits until there may be something to do, at most until then. 0 or -errno. */
int drive_wait(struct cw_subscriber *s, int64_t until_ms);

#endif
