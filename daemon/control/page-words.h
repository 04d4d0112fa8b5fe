/* The status page's words. Inside control/ only. */
#pragma once

#include "base/buf.h"
#include "control/page.h"

enum word {
	W_LANGUAGE,
	W_OTHER_LANGUAGE,
	W_SKIP,
	W_NO_FEEDS,
	W_ALL_FINE,
	W_NEED_ATTENTION,
	W_NEEDS_ATTENTION,
	W_OF,
	W_JOURNAL_STUCK,
	W_NO_BUS,
	W_FEEDS,
	W_ITEMS_TODAY,
	W_ITEMS_FORTNIGHT,
	W_EVENTS,
	W_CONNECTIONS,
	W_SUBSCRIPTIONS,
	W_WAITING,
	W_SENT,
	W_TRANSFERS,
	W_POLLS,
	W_POLLS_FAILED,
	W_RUNNING_SINCE,
	W_VERSION,
	W_ALL,
	W_ATTENTION,
	W_SEARCH,
	W_SEARCH_BUTTON,
	W_LAST_ITEM,
	W_NEXT_POLL,
	W_POLLING,
	W_SINCE,
	W_FELL_SILENT,
	W_MOVED_TO,
	W_NEVER,
	W_AGO_BEFORE,
	W_AGO_AFTER,
	W_IN,
	W_NOW,
	W_DAYS,
	W_NOTHING_FOUND,
	W_PREVIOUS,
	W_NEXT,
	W_PAGE,
	W_AS_OF,
	W_LIVE,
	W_LOST,
	W_COUNT
};

struct str page_word(enum page_language language, enum word word);
struct str page_state_word(enum page_language language, enum page_state state);
