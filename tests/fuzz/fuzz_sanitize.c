/* links: base */
/*
 * Any bytes through every form of the sanitiser: the oracle must find nothing, and a stream's
 * output must not depend on where it was cut. The first byte chooses the cut and the colours.
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
	fprintf(stderr, "fuzz_sanitize: %s\n", what);
	abort();
}

static void judge(const struct buf *text, const char *const *allowed)
{
	struct pty_oracle o;

	pty_oracle_init(&o, allowed);
	pty_oracle_feed(&o, text->data, text->len);
	must(pty_oracle_end(&o), o.first);
	must(utf8_valid(text->data, text->len), "the result is not UTF-8");
}

static void stream(struct buf *out, const char *bytes, size_t len, size_t step, bool colour)
{
	struct paint p;

	paint_init(&p, PAINT_ENDED, colour);
	for (size_t at = 0; at < len; at += step)
		paint_add(&p, bytes + at, len - at < step ? len - at : step, out);
	paint_end(&p, out);
	paint_release(&p);
}

static void as_stream(const char *bytes, size_t len, size_t step, bool colour)
{
	struct buf whole = BUF_INIT, parts = BUF_INIT;

	stream(&whole, bytes, len, len + 1, colour);
	stream(&parts, bytes, len, step, colour);
	judge(&whole, colour ? pty_allow_text : pty_allow_plain);
	must(whole.len == parts.len && memcmp(whole.data, parts.data, whole.len) == 0,
		"the output depends on the cut");
	buf_release(&whole);
	buf_release(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const nothing[] = {NULL};
	const char *bytes = (const char *)data + 1;
	struct buf field = BUF_INIT;
	struct sanitized_line line;

	if (size < 1)
		return 0;
	size--;
	sanitize_text(&field, bytes, size);
	judge(&field, nothing);
	buf_release(&field);
	sanitized_line_init(&line);
	sanitize_log_line(&line, bytes, size, data[0] & 1);
	judge(&line.text, nothing);
	for (size_t i = 0; i < line.run_count; i++)
		must(line.runs[i].at <= line.text.len &&
				(i == 0 || line.runs[i].at > line.runs[i - 1].at),
			"runs are out of order");
	sanitized_line_release(&line);
	as_stream(bytes, size, 1 + data[0] / 4u, data[0] & 2);
	return 0;
}
