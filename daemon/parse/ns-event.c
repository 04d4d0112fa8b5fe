/* Things that take place: the RSS 1.0 event module and xCal's properties. */
#include "parse/format.h"

#define STRING .collect = COLLECT_TEXT, .end = build_end_string

static const struct element rows[] = {
	{NS_EV, "startdate", IN_ENTRY, STRING, .slot = SLOT_EVENT_START, .rank = 2},
	{NS_EV, "enddate", IN_ENTRY, STRING, .slot = SLOT_EVENT_END, .rank = 2},
	{NS_EV, "location", IN_ENTRY, STRING, .slot = SLOT_EVENT_LOCATION, .rank = 2},
	{NS_EV, "organizer", IN_ENTRY, STRING, .slot = SLOT_EVENT_ORGANIZER, .rank = 2},
	{NS_EV, "type", IN_ENTRY, STRING, .slot = SLOT_EVENT_TYPE, .rank = 2},
	{NS_XCAL, "dtstart", IN_ENTRY, STRING, .slot = SLOT_EVENT_START, .rank = 1},
	{NS_XCAL, "dtend", IN_ENTRY, STRING, .slot = SLOT_EVENT_END, .rank = 1},
	{NS_XCAL, "location", IN_ENTRY, STRING, .slot = SLOT_EVENT_LOCATION, .rank = 1},
	{NS_XCAL, "organizer", IN_ENTRY, STRING, .slot = SLOT_EVENT_ORGANIZER, .rank = 1},
	{0},
};

const struct vocabulary vocabulary_event = VOCABULARY(rows);
