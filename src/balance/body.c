#include "balance/inside.h"

void body_begin(struct body *b, enum body_kind kind, uint64_t length, bool as_chunks)
{
	*b = (struct body){.kind = kind, .left = length, .as_chunks = as_chunks};
	b->over = kind == BODY_NONE || (kind == BODY_LENGTH && length == 0);
}

static void add_data(struct body *b, const char *data, size_t len, struct buf *to)
{
	if (len == 0)
		return;
	if (b->as_chunks)
		buf_addf(to, "%zx\r\n", len);
	buf_add(to, data, len);
	if (b->as_chunks)
		buf_adds(to, "\r\n");
}

static void add_end(struct body *b, struct buf *to)
{
	b->over = true;
	if (b->as_chunks)
		buf_adds(to, "0\r\n\r\n");
}

static size_t pass_chunks(struct body *b, const char *bytes, size_t len, struct buf *to)
{
	size_t at = 0;

	while (at < len && !b->chunks.over && !b->chunks.wrong) {
		const char *data = NULL;
		size_t n;

		at += chunks_take(&b->chunks, bytes + at, len - at, &data, &n);
		add_data(b, data, n, to);
	}
	b->wrong = b->chunks.wrong;
	if (b->chunks.over)
		add_end(b, to);
	return at;
}

size_t body_pass(struct body *b, const char *bytes, size_t len, struct buf *to)
{
	if (b->over || b->wrong)
		return 0;
	if (b->kind == BODY_CHUNKED)
		return pass_chunks(b, bytes, len, to);
	if (b->kind == BODY_LENGTH && len > b->left)
		len = (size_t)b->left;
	add_data(b, bytes, len, to);
	if (b->kind != BODY_LENGTH)
		return len;
	b->left -= len;
	if (b->left == 0)
		add_end(b, to);
	return len;
}

void body_close(struct body *b, struct buf *to)
{
	if (!b->over)
		add_end(b, to);
}
