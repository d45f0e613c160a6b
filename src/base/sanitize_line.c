#include "base/fold.h"
#include "base/sanitize_parts.h"

#include <stdlib.h>
#include <string.h>

/* A whole log line. */

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

void sanitized_line_write(const struct sanitized_line *line, size_t len, bool colour,
	struct buf *out)
{
	struct sgr style = SGR_NONE;
	size_t at = 0;

	for (size_t i = 0; colour && i < line->run_count && line->runs[i].at < len; i++) {
		const struct sgr_run *run = &line->runs[i];

		buf_add(out, line->text.data + at, run->at - at);
		sgr_write(out, run->style);
		at = run->at;
		style = run->style;
	}
	buf_add(out, line->text.data + at, len - at);
	if (!sgr_equal(style, SGR_NONE))
		buf_adds(out, "\033[0m");
}

/* A line that draws over itself: the one row that is left of it. */
static void fold_line(struct sanitized_line *line, const char *bytes, size_t len)
{
	struct fold f;

	fold_init(&f, 1, false, NULL, NULL);
	fold_add(&f, bytes, len);
	fold_end(&f);
	fold_row_line(fold_row(&f, 0), line);
	fold_release(&f);
}

void sanitize_log_line(struct sanitized_line *line, const char *bytes, size_t len, bool fold)
{
	struct writer w = {.out = &line->text,
		.line = line,
		.style = SGR_NONE,
		.marks = MARKS_MAX + 1};

	if (fold && fold_acts(bytes, len) && !memchr(bytes, '\n', len)) {
		fold_line(line, bytes, len);
		return;
	}
	buf_reset(&line->text);
	line->run_count = 0;
	do /* without folding the others are shown */
		len -= len > 0 && bytes[len - 1] == '\r';
	while (fold && len > 0 && bytes[len - 1] == '\r');
	write_text(&w, bytes, len);
}
