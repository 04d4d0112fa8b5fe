#include "bus/answer.h"

#include "base/json.h"

static void write_cursor(struct json *j, const char *name, const char *epoch, uint64_t seq)
{
	struct cw_cursor cursor = {.seq = seq};
	char text[CW_CURSOR_SIZE];

	memcpy(cursor.epoch, epoch, strlen(epoch));
	json_member(j, name, str_make(text, cw_cursor_format(&cursor, text)));
}

void answer_write(struct buf *out, struct str id, const struct answer *answer)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_member_int(&j, "v", 1);
	if (id.n) {
		json_key(&j, "id");
		json_raw(&j, id);
	}
	if (answer->code)
		json_member(&j, "error", str_of(answer->code));
	if (answer->message)
		json_member(&j, "message", str_of(answer->message));
	if (answer->has_next)
		write_cursor(&j, "next", answer->epoch, answer->next);
	if (answer->has_head)
		write_cursor(&j, "head", answer->epoch, answer->head);
	if (answer->has_oldest)
		write_cursor(&j, "oldest", answer->epoch, answer->oldest);
	if (answer->retry_after_s > 0) {
		json_key(&j, "retry_after");
		json_double(&j, answer->retry_after_s);
	}
	if (!answer->code) {
		json_member_int(&j, "count", (int64_t)answer->count);
		json_member_bool(&j, "more", answer->more);
	}
	json_close(&j, '}');
}
