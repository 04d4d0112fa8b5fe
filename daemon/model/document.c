#include "model/document.h"

const char *const document_format_names[FORMAT_COUNT] = {
	[FORMAT_UNKNOWN] = "",
	[FORMAT_RSS090] = "rss090",
	[FORMAT_RSS091N] = "rss091n",
	[FORMAT_RSS091U] = "rss091u",
	[FORMAT_RSS092] = "rss092",
	[FORMAT_RSS093] = "rss093",
	[FORMAT_RSS094] = "rss094",
	[FORMAT_RSS10] = "rss10",
	[FORMAT_RSS20] = "rss20",
	[FORMAT_RSS] = "rss",
	[FORMAT_ATOM03] = "atom03",
	[FORMAT_ATOM10] = "atom10",
	[FORMAT_ATOM] = "atom",
	[FORMAT_JSON1] = "json1",
	[FORMAT_JSON11] = "json11",
	[FORMAT_CAP11] = "cap11",
	[FORMAT_CAP12] = "cap12",
};
