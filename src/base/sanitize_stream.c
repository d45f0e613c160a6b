#include "base/sanitize_parts.h"

#include "base/utf8.h"

#include <string.h>

void sanitize_stream_init(struct sanitize_stream *s, bool colour)
{
	buf_init(&s->pending, 0);
	s->colour = colour;
}

/* The line's text with its styles as bytes; the terminal is left as it was found. */
static void write_styled(struct buf *out, const struct sanitized_line *line)
{
	size_t at = 0;

	for (size_t i = 0; i < line->run_count; i++) {
		const struct sgr_run *run = &line->runs[i];

		buf_add(out, line->text.data + at, run->at - at);
		sgr_write(out, run->style);
		at = run->at;
	}
	buf_add(out, line->text.data + at, line->text.len - at);
	if (line->run_count > 0)
		buf_adds(out, "\033[0m");
}

static void write_line(struct sanitize_stream *s, struct sanitized_line *line, struct buf *out,
	const char *bytes, size_t len)
{
	sanitize_log_line(line, bytes, len, true);
	/* What a carriage return hid is not told, but that it did is. */
	if (line->folded > 0)
		buf_adds(out, s->colour ? "\033[0;7m^M\033[0m" : "^M");
	if (s->colour)
		write_styled(out, line);
	else
		buf_add(out, line->text.data, line->text.len);
}

/* Bytes of a full piece to write now: all but a character that the cut would part. */
static size_t whole_characters(const char *bytes, size_t len)
{
	for (size_t back = 1; back < UTF8_MAX && back < len; back++) {
		uint32_t cp;
		bool valid, more;

		if (((unsigned char)bytes[len - back] & 0xC0) == 0x80)
			continue;
		utf8_decode(bytes + len - back, back, &cp, &valid, &more);
		return more ? len - back : len;
	}
	return len;
}

/*
 * Adds bytes that hold no LF. A line of more than STREAM_PIECE bytes is written piece by piece, cut
 * at places that depend on the line alone, so that memory is bounded however long it is.
 */
static void add_part(struct sanitize_stream *s, struct sanitized_line *line, struct buf *out,
	const char *bytes, size_t len)
{
	while (len > 0) {
		size_t room = STREAM_PIECE - s->pending.len;
		size_t n = len < room ? len : room;

		buf_add(&s->pending, bytes, n);
		bytes += n;
		len -= n;
		if (s->pending.len == STREAM_PIECE) {
			size_t cut = whole_characters(s->pending.data, s->pending.len);

			write_line(s, line, out, s->pending.data, cut);
			buf_drop(&s->pending, cut);
		}
	}
}

void sanitize_stream_add(struct sanitize_stream *s, struct buf *out, const char *bytes, size_t len)
{
	struct sanitized_line line;
	const char *end = bytes + len, *lf;

	sanitized_line_init(&line);
	while (bytes < end && (lf = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
		size_t n = (size_t)(lf - bytes);

		if (s->pending.len == 0 && n < STREAM_PIECE) {
			write_line(s, &line, out, bytes, n);
		} else {
			add_part(s, &line, out, bytes, n);
			write_line(s, &line, out, s->pending.data, s->pending.len);
			buf_reset(&s->pending);
		}
		buf_addc(out, '\n');
		bytes = lf + 1;
	}
	add_part(s, &line, out, bytes, (size_t)(end - bytes));
	sanitized_line_release(&line);
}

void sanitize_stream_end(struct sanitize_stream *s, struct buf *out)
{
	struct sanitized_line line;

	sanitized_line_init(&line);
	if (s->pending.len > 0)
		write_line(s, &line, out, s->pending.data, s->pending.len);
	sanitized_line_release(&line);
	buf_release(&s->pending);
}
