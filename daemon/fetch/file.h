/* file: URLs, for demonstrations: a file on this machine in place of a server. Inside fetch/
 * only. */
#pragma once

#include "fetch/limits.h"

/* Reads the file the reply's feed names and fills in the outcome: its time of change stands for
 * Last-Modified. */
void file_fetch(struct reply *reply, const struct fetch_limits *limits);
