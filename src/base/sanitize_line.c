#include "base/sanitize_parts.h"

#include <stdlib.h>
#include <string.h>

/* A whole log line, and a stream of them. */

void sanitized_line_init(struct sanitized_line *line)
{
	*line = (struct sanitized_line){.text = BUF_INIT};
}

void sanitized_line_release(struct sanitized_line *line)
{
	buf_release(&line->text);
	free(line->runs);
	sanitized_line_init(line);
}

/*
 * The segment without the "erase in line" that pip, cargo and docker write behind their CR: folding
 * has done what it asks for. Elsewhere it is shown as any other sequence.
 */
static const char *skip_erase(const char *at, const char *end)
{
	while (end - at >= 3 && at[0] == 0x1B && at[1] == '[') {
		const char *final = at + 2 + (at[2] >= '0' && at[2] <= '2');

		if (final == end || *final != 'K')
			break;
		at = final + 1;
	}
	return at;
}

/* How many segments between `start` and `end`, which both stand at a CR or an end, hold something.
 */
static size_t count_segments(const char *start, const char *end)
{
	size_t count = 0;

	for (const char *at = start; at < end;) {
		const char *cr = memchr(at, '\r', (size_t)(end - at));
		const char *stop = cr ? cr : end;

		count += (at == start ? at : skip_erase(at, stop)) != stop;
		at = stop + 1;
	}
	return count;
}

/* Narrows *bytes to the last segment that holds something; returns how many such stood before it.
 */
static size_t fold_segments(const char **bytes, size_t *len)
{
	const char *start = *bytes, *end = start + *len;

	for (;;) {
		const char *cr = memrchr(start, '\r', (size_t)(end - start));
		const char *segment = cr ? skip_erase(cr + 1, end) : start;

		if (segment < end || cr == NULL) {
			*bytes = segment;
			*len = (size_t)(end - segment);
			return cr ? count_segments(start, cr) : 0;
		}
		end = cr;
	}
}

void sanitize_log_line(struct sanitized_line *line, const char *bytes, size_t len, bool fold)
{
	struct writer w = {.out = &line->text,
		.line = line,
		.style = SGR_NONE,
		.marks = MARKS_MAX + 1};

	buf_reset(&line->text);
	line->run_count = 0;
	line->folded = 0;
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	if (fold && len > 0)
		line->folded = fold_segments(&bytes, &len);
	write_text(&w, bytes, len);
}
