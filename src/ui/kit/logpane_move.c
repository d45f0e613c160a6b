/* How a person goes over a log: scrolling, following, other views, searching. */
#include "ui/kit/logpane_inside.h"

#include "base/mem.h"

#include <stdlib.h>

static void hold_still(struct logpane *p)
{
	logpane_place(p);
	if (p->follow)
		p->paused_at = p->lines;
	p->follow = false;
}

static void up(struct logpane *p)
{
	if (p->top_row > 0) {
		p->top_row--;
	} else if (p->top > 0) {
		p->top--;
		p->top_row = logpane_rows(p, p->top) - 1;
	}
}

static void down(struct logpane *p)
{
	if (p->top_row + 1 < logpane_rows(p, p->top)) {
		p->top_row++;
	} else if (p->top + 1 < p->lines) {
		p->top++;
		p->top_row = 0;
	}
}

void logpane_scroll(struct logpane *p, int64_t rows, struct cmds *out)
{
	hold_still(p);
	for (; rows < 0; rows++)
		up(p);
	for (; rows > 0; rows--)
		down(p);
	logpane_place(p);
	logpane_ask(p, out);
}

int64_t logpane_new_lines(const struct logpane *p)
{
	return p->follow ? 0 : p->lines - p->paused_at;
}

static void look_again(struct logpane *p)
{
	p->top_row = 0;
	p->tail_stale = true;
}

/* Lines are others then; what stands at the top shall stay there. */
static void toggle_raw(struct logpane *p, struct cmds *out)
{
	const struct logrow *top = logpane_row(p, p->top);
	uint64_t offset = top ? top->offset : 0;

	p->raw = !p->raw;
	p->hit = -1;
	look_again(p);
	logpane_forget(p);
	if (p->sub)
		logpane_ask_at(p, offset, out);
}

static bool toggles(struct logpane *p, enum action act, struct cmds *out)
{
	switch (act) {
	case ACT_FOLLOW:
		if (p->follow)
			hold_still(p);
		else
			p->follow = true;
		return true;
	case ACT_WRAP:
		p->wrap = !p->wrap;
		p->left = 0;
		look_again(p);
		return true;
	case ACT_RAW: toggle_raw(p, out); return true;
	case ACT_TOP:
		hold_still(p);
		p->top = 0;
		p->top_row = 0;
		return true;
	case ACT_BOTTOM: p->follow = true; return true;
	case ACT_LEFT:
	case ACT_RIGHT:
		p->left += act == ACT_RIGHT ? (p->left < LOG_LINE_WINDOW ? 16 : 0) : -16;
		p->left = p->left < 0 || p->wrap ? 0 : p->left;
		return true;
	default: return false;
	}
}

bool logpane_action(struct logpane *p, enum action act, struct cmds *out)
{
	int page = p->height > 1 ? p->height - 1 : 1;

	switch (act) {
	case ACT_UP:
	case ACT_DOWN: logpane_scroll(p, act == ACT_UP ? -1 : 1, out); return true;
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN: logpane_scroll(p, act == ACT_PAGE_UP ? -page : page, out); return true;
	case ACT_HALF_UP:
	case ACT_HALF_DOWN:
		logpane_scroll(p, act == ACT_HALF_UP ? -(page + 1) / 2 : (page + 1) / 2, out);
		return true;
	case ACT_NEXT:
	case ACT_PREVIOUS:
		if (p->pattern)
			logpane_find(p, NULL, act == ACT_PREVIOUS, out);
		return true;
	default:
		if (!toggles(p, act, out))
			return false;
		logpane_ask(p, out);
		return true;
	}
}

void logpane_find(struct logpane *p, const char *pattern, bool backwards, struct cmds *out)
{
	if (pattern) {
		char *copy = mem_strdup(pattern);

		free(p->pattern);
		p->pattern = copy;
		p->hit = -1;
	}
	if (!p->pattern || !*p->pattern || !p->sub)
		return;
	logpane_place(p);
	p->wrapped = false;
	p->backwards = backwards;
	logpane_find_from(p, p->hit >= 0 ? p->hit : backwards ? p->lines : p->top - 1, out);
}
