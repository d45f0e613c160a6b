/* links: base */
/*
 * Any bytes as redraws: rows do not depend on the cuts, and what is drawn on a terminal holds only
 * sequences of ours. The first bytes choose the cut, the width and how often it is drawn.
 */
#include "base/paint.h"
#include "base/utf8.h"

#include "pty_oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_fold: %s\n", what);
	abort();
}

static void row_left(void *ctx, const struct fold_row *row)
{
	fold_row_bytes(row, ctx);
	buf_adds(ctx, row->drawn ? "*\n" : "\n");
}

static void rows(struct buf *out, const char *bytes, size_t len, size_t step)
{
	struct fold f;

	fold_init(&f, FOLD_ROWS, false, row_left, out);
	for (size_t at = 0; at < len; at += step)
		fold_add(&f, bytes + at, len - at < step ? len - at : step);
	fold_flush(&f);
	fold_release(&f);
}

static void cuts(const char *bytes, size_t len, size_t step)
{
	struct buf whole = BUF_INIT, parts = BUF_INIT;

	rows(&whole, bytes, len, len + 1);
	rows(&parts, bytes, len, step);
	must(whole.len == parts.len && memcmp(whole.data, parts.data, whole.len) == 0,
		"the rows depend on the cut");
	buf_release(&whole);
	buf_release(&parts);
}

static void draw(const char *bytes, size_t len, size_t step, int width, int height)
{
	struct pty_oracle o;
	struct buf out = BUF_INIT;
	struct paint p;

	paint_init(&p, PAINT_LIVE, true);
	paint_size(&p, width, height);
	for (size_t at = 0; at < len; at += step) {
		paint_add(&p, bytes + at, len - at < step ? len - at : step, &out);
		if (bytes[at] & 1)
			paint_now(&p, &out);
		if ((bytes[at] & 0x1F) == 0x1F)
			paint_size(&p, width + (bytes[at] >> 5), height);
		if ((bytes[at] & 0x3F) == 0x2E)
			paint_aside(&p, &out);
	}
	paint_end(&p, &out);
	paint_release(&p);
	pty_oracle_init(&o, pty_allow_live);
	pty_oracle_feed(&o, out.data, out.len);
	must(pty_oracle_end(&o), o.first);
	must(utf8_valid(out.data, out.len), "what is drawn is not UTF-8");
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 3;

	if (size < 3)
		return 0;
	cuts(bytes, size - 3, 1 + data[0] / 8u);
	draw(bytes, size - 3, 1 + data[0] / 8u, data[1], data[2] & 0x3F);
	return 0;
}
