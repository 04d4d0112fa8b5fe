/* The event module of RSS 1.0: something takes place. Goes before xCal where a feed has both. */
#include "parse/format.h"

#define STRING IN_ENTRY, .collect = COLLECT_TEXT, .rank = 2, .end = build_end_string

static const struct element rows[] = {
	{NS_EV, "startdate", STRING, .slot = SLOT_EVENT_START},
	{NS_EV, "enddate", STRING, .slot = SLOT_EVENT_END},
	{NS_EV, "location", STRING, .slot = SLOT_EVENT_LOCATION},
	{NS_EV, "organizer", STRING, .slot = SLOT_EVENT_ORGANIZER},
	{NS_EV, "type", STRING, .slot = SLOT_EVENT_TYPE},
	{0},
};

const struct vocabulary vocabulary_ev = VOCABULARY(rows);
