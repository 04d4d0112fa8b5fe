/* Nothing may be passed over unnoticed. Sequences have no holes, but for two reasons: retention
 * removed the oldest events, or data was lost and the journal went on above (in a new epoch). So a
 * slice that does not begin with the very next sequence is checked against the oldest one there is:
 * beyond it, the cursor is outdated. Checked after reading, as retention may come at any time. */
#include "bus/scan.h"

#include <errno.h>

#include "base/clock.h"

/* One read transaction (WIRE). */
#define SLICE_RECORDS 500
#define SLICE_US      (5 * MSEC_US)
/* Looked at for one reply; then it says `more`. 50 ms of reading, after which a client hears that
 * it gets on. */
#define ROWS_MAX 50000

struct scan {
	struct journal_visitor visitor;
	struct request *request;
	const struct journal_reader *names;
	uint64_t first;  /* the first record looked at; 0: none */
	uint64_t passed; /* the last one dealt with */
};

static bool want_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct scan *scan = container_of(visitor, struct scan, visitor);
	bool wanted = !scan->request->filter;

	if (!scan->first)
		scan->first = record->seq;
	for (size_t i = 0; i < record->n_views && !wanted; i++)
		wanted = filter_has(scan->request->filter, record->views[i].topic, scan->names);
	if (!wanted)
		scan->passed = record->seq;
	scan->request->rows++;
	return wanted;
}

static bool is_full(const struct request *request)
{
	/* Room for the largest event must be left, so that none is too large for an empty reply. */
	return request_events(request) >= request->question.max ||
	       request->bytes.n + EVENT_BYTES_MAX > SCAN_REPLY_BYTES;
}

static int take_record(struct journal_visitor *visitor, const struct journal_record *record)
{
	struct scan *scan = container_of(visitor, struct scan, visitor);

	request_add_event(scan->request, record->body);
	scan->passed = record->seq;
	return is_full(scan->request);
}

static enum scan_result check_gap(
	struct request *request, struct journal_reader *reader, uint64_t *ret_oldest)
{
	struct journal_extent extent;

	if (journal_extent(reader, &extent, NULL) < 0)
		return SCAN_FAILED;
	if (!extent.oldest || extent.oldest <= request->after + 1)
		return SCAN_ON;
	*ret_oldest = extent.oldest;
	return SCAN_OUTDATED;
}

static enum scan_result result_of(const struct request *request, uint64_t head)
{
	if (is_full(request) || (request->rows >= ROWS_MAX && request->after < head))
		return SCAN_FULL;
	return request->after >= head ? SCAN_HEAD : SCAN_ON;
}

enum scan_result scan_slice(struct request *request, struct journal_reader *reader, uint64_t head,
	uint64_t *ret_oldest, struct error *error)
{
	const struct journal_read_limits limits = {
		head, SLICE_RECORDS, SCAN_REPLY_BYTES - request->bytes.n, SLICE_US};
	struct scan scan = {{want_record, take_record}, request, reader, 0, request->after};
	size_t n = request->n_frames, bytes = request->bytes.n;
	uint64_t next = request->after;

	if (request->after >= head)
		return SCAN_HEAD;
	int r = journal_read(reader, request->after, &limits, &scan.visitor, &next, error);
	if (r < 0 && r != -EBADMSG) {
		request_truncate(request, n, bytes);
		return SCAN_FAILED;
	}
	if (r == -EBADMSG)
		next = scan.passed + 1;
	if (scan.first != request->after + 1 && next > request->after) {
		enum scan_result gap = check_gap(request, reader, ret_oldest);
		if (gap != SCAN_ON) {
			request_truncate(request, n, bytes);
			return gap;
		}
	}
	request->after = next;
	return result_of(request, head);
}
