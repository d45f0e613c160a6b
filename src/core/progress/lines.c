#include "core/progress/reading.h"

#include "core/progress/filter.h"

enum {
	WINDOW_MS = 1000,
	TRIED_A_SECOND = 1000, /* lines that look like progress at first, and are none */
};

static bool worth_holding(const char *raw, size_t len)
{
	static const char *const words[] = {"loss", "step", "epoch", "iter", "Epoch", "Step"};

	if (memchr(raw, '%', len) || memchr(raw, '|', len))
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (memmem(raw, len, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool read_whole(struct progress *p, const char *raw, size_t len, uint64_t line)
{
	struct reading r = {.s = &p->state,
		.rules = p->rules,
		.watched = p,
		.line = line,
		.steps = PROGRESS_STEPS_A_LINE};

	reading_raw(&r, raw, len, true);
	p->steps += (int32_t)(PROGRESS_STEPS_A_LINE - r.steps);
	return r.any;
}

static void held_read(struct progress *p)
{
	if (!p->holds)
		return;
	p->holds = false;
	track_gap(&p->state.track);
	read_whole(p, p->held, p->held_len, p->held_line);
	if (p->tail_len > 0)
		read_whole(p, p->held + p->held_len, p->tail_len, p->tail_line);
}

static void line_passed(struct progress *p, const char *raw, size_t len, uint64_t line)
{
	struct progress_line out = {.line = line, .phase = "", .rank = -1, .passed = true};
	char text[PROGRESS_LINE_MAX + 1];

	p->passed++;
	if (p->line_read == NULL)
		return;
	memcpy(text, raw, len);
	text[len] = '\0';
	out.text = text;
	p->line_read(p->ctx, &out);
}

/*
 * The newest takes the place of the one before. A line of its own behind a redraw stands beside it: the
 * summary of an epoch says no step, the bar above it does.
 */
static void line_hold(struct progress *p, const char *raw, size_t len, bool redraw)
{
	bool beside = p->holds && p->held_redraw && !redraw &&
		p->held_len + len <= PROGRESS_LINE_MAX;

	if (p->holds && !beside)
		line_passed(p, p->held, p->held_len, p->held_line);
	if (p->holds && p->tail_len > 0)
		line_passed(p, p->held + p->held_len, p->tail_len, p->tail_line);
	p->tail_len = beside ? (uint16_t)len : 0;
	if (beside) {
		memcpy(p->held + p->held_len, raw, len);
		p->tail_line = p->lines + 1;
		return;
	}
	memcpy(p->held, raw, len);
	p->held_len = (uint16_t)len;
	p->held_line = p->lines + 1;
	p->held_redraw = redraw;
	p->holds = true;
}

bool lines_worth(const struct progress *p, const char *raw, size_t len)
{
	return rules_have_patterns(p->rules) ||
		filter_passes(raw, len, *p->state.track.head != '\0');
}

/* Who watches is told of every line, also of one that nobody looks at. */
static void line_unread(const struct progress *p, const char *raw, size_t len)
{
	struct progress_line out = {.line = p->lines + 1, .phase = "", .rank = -1};
	char text[PROGRESS_LINE_MAX + 1];
	struct piece piece;
	size_t at = 0;

	while (p->line_read && piece_next(raw, len, &at, text, &piece)) {
		out.text = text;
		if (*skip_blanks(text))
			p->line_read(p->ctx, &out);
	}
}

static void line_take(struct progress *p, const char *raw, size_t len, bool redraw)
{
	if (len == 0)
		return;
	if (!lines_worth(p, raw, len)) {
		line_unread(p, raw, len);
		return;
	}
	if (p->read < PROGRESS_LINES_A_SECOND && p->tried < TRIED_A_SECOND &&
		p->steps < PROGRESS_STEPS_A_SECOND) {
		bool any = read_whole(p, raw, len, p->lines + 1);

		p->read = (uint16_t)(p->read + any);
		p->tried = (uint16_t)(p->tried + !any);
		return;
	}
	if (!rules_have_patterns(p->rules) && !worth_holding(raw, len)) {
		line_unread(p, raw, len);
		return;
	}
	line_hold(p, raw, len, redraw);
}

void lines_add(struct progress *p, const char *bytes, size_t len)
{
	size_t room = PROGRESS_LINE_MAX - p->line_len;
	size_t n = len < room ? len : room;

	if (p->line_long)
		return;
	memcpy(p->line + p->line_len, bytes, n);
	p->line_len = (uint16_t)(p->line_len + n);
	p->line_long = n < len;
}

void lines_end(struct progress *p, const char *bytes, size_t len, char end)
{
	if (p->line_len > 0 || p->line_long) {
		lines_add(p, bytes, len);
		line_take(p, p->line, p->line_len, end != '\n');
	} else {
		line_take(p, bytes, len < PROGRESS_LINE_MAX ? len : PROGRESS_LINE_MAX, end != '\n');
	}
	p->line_len = 0;
	p->line_long = false;
	if (end == '\n') {
		p->state.line_rank = -1;
		p->lines++;
	}
}

void lines_turn(struct progress *p, int64_t now_ms)
{
	if (p->timed && now_ms - p->window_ms < WINDOW_MS && now_ms >= p->window_ms)
		return;
	p->timed = true;
	p->window_ms = now_ms;
	p->read = p->tried = 0;
	p->steps = 0;
	held_read(p);
}
