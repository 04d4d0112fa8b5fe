/* A feed's credentials, from the files that hold them to libcurl. They are read for each request,
 * so that a changed file counts at once, and wiped after it is told. Inside fetch/ only. */
#pragma once

#include <curl/curl.h>

#include "base/error.h"
#include "model/feed.h"

/* 0, or -errno with a sentence that names the file and never what is in it. */
int secret_apply(CURL *easy, const struct feed_access *access, struct error *error);
/* The next request goes elsewhere: without them. */
void secret_withdraw(CURL *easy);
