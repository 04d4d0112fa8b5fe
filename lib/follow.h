/* What messages and replies mean: see follow.c. */
#ifndef LIB_FOLLOW_H
#define LIB_FOLLOW_H

#include <stdbool.h>

struct cw_subscriber;

/* Something is missing (`loss`), or may be: replay is asked. */
void follow_doubt(struct cw_subscriber *s, bool loss);
/* Judges what was held back, if it is time to. 0 or -errno. */
int follow_judge_held(struct cw_subscriber *s);
/* Takes what has come on live, as long as the ready queue is short. 0 or -errno. */
int follow_take_live(struct cw_subscriber *s);
/* 1: a reply was taken; 0: none has come; or -errno. */
int follow_take_reply(struct cw_subscriber *s);
/* For the end. */
void follow_forget(struct cw_subscriber *s);

#endif
