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

/* Narrows *bytes to the last segment that is not empty; returns how many such stood before it. */
static size_t fold_segments(const char **bytes, size_t *len)
{
	const char *start = *bytes, *end = start + *len, *cr;
	size_t folded = 0;

	while (end > start && end[-1] == '\r')
		end--;
	cr = memrchr(start, '\r', (size_t)(end - start));
	*bytes = cr ? cr + 1 : start;
	*len = (size_t)(end - *bytes);
	if (cr == NULL)
		return 0;
	for (const char *at = start; at < cr;) {
		const char *next = memchr(at, '\r', (size_t)(cr - at));

		folded += next != at;
		at = (next ? next : cr) + 1;
	}
	return folded;
}

void sanitize_log_line(struct sanitized_line *line, const char *bytes, size_t len, bool fold)
{
	struct writer w = {
		.out = &line->text, .line = line, .style = SGR_NONE, .marks = MARKS_MAX + 1};

	buf_reset(&line->text);
	line->run_count = 0;
	line->folded = 0;
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	if (fold)
		line->folded = fold_segments(&bytes, &len);
	write_text(&w, bytes, len);
}
