/* libcivicwire: subscribe to a civicwire from C and C++.
 *
 * C99; no function keeps a lock or a global; different subscribers may be used by different threads
 * at once, one subscriber or event by one thread at a time. Functions that can fail return a
 * negative errno. */
#ifndef CIVICWIRE_CIVICWIRE_H
#define CIVICWIRE_CIVICWIRE_H

#include <civicwire/event.h>
#include <civicwire/key.h>
#include <civicwire/subscriber.h>
#include <civicwire/version.h>
#include <civicwire/wire.h>

#endif
