#include "core/text/regex_parts.h"

#include "base/utf8.h"

#include <string.h>

/*
 * Where an expression fits, and what its parts took: the walk of regex.c with the ways in the order
 * of their preference, each with the places of its parts, as Rob Pike's sam did it.
 */

enum { MARKS = 2 * REGEX_PARTS_MAX }; /* begin and end of each part */

struct marks {
	uint16_t at[MARKS];
};

struct way {
	uint16_t step;
	struct marks marks;
};

struct ways {
	size_t count;
	struct way items[REGEX_STEPS_MAX];
};

struct finder {
	const struct regex *r;
	uint32_t before, next;
	uint16_t here;
	uint16_t place;
	uint16_t seen[REGEX_STEPS_MAX]; /* the place where a step was reached last */
	int64_t left;                   /* steps that may still be looked at */
	bool found;
	struct marks best;
};

struct waiting {
	uint16_t step;
	struct marks marks;
};

/* Adds the steps that are reached from `first` without a character, the preferred ones first. */
static void reach(struct finder *f, struct ways *to, uint16_t first, const struct marks *marks)
{
	struct waiting stack[2 * REGEX_STEPS_MAX + 2]; /* a step adds two at most, once */
	size_t n = 0;

	stack[n++] = (struct waiting){first, *marks};
	while (n > 0) {
		struct waiting w = stack[--n];
		const struct step *s = &f->r->steps[w.step];

		f->left--;
		if (f->seen[w.step] == f->place)
			continue;
		f->seen[w.step] = f->place;
		if (s->type == STEP_FOUND || s->type <= STEP_SET) {
			to->items[to->count++] = (struct way){w.step, w.marks};
			continue;
		}
		if (s->type == STEP_FORK) {
			stack[n++] = (struct waiting){s->other, w.marks};
			stack[n++] = (struct waiting){s->to, w.marks};
		} else if (regex_passes(s->type, f->before, f->next)) {
			if (s->type == STEP_OPEN)
				w.marks.at[2 * s->other] = f->here;
			else if (s->type == STEP_CLOSE)
				w.marks.at[2 * s->other + 1] = f->here;
			w.step = s->to;
			stack[n++] = w;
		}
	}
}

/* Walks the ways over one character. What comes behind one that has found is less preferred. */
static void walk(struct finder *f, const struct ways *from, struct ways *to, uint16_t here_after,
	uint32_t next_after)
{
	uint32_t c = f->next;

	f->before = c;
	f->next = next_after;
	f->here = here_after;
	f->place++;
	to->count = 0;
	for (size_t i = 0; i < from->count; i++) {
		const struct step *s = &f->r->steps[from->items[i].step];

		if (s->type == STEP_FOUND) {
			f->found = true;
			f->best = from->items[i].marks;
			return;
		}
		f->left--;
		if (s->type == STEP_SET && c >= 128)
			f->left -= (int64_t)s->set->count;
		if (c != NO_CHARACTER && regex_takes(f->r, s, c))
			reach(f, to, s->to, &from->items[i].marks);
	}
}

static uint32_t character_at(const char *text, size_t len, size_t at, size_t *bytes)
{
	uint32_t c = NO_CHARACTER;
	bool valid;

	*bytes = at < len ? utf8_decode(text + at, len - at, &c, &valid, NULL) : 0;
	return c;
}

static void spans(const struct finder *f, struct regex_span parts[REGEX_PARTS_MAX])
{
	for (size_t i = 0; i < REGEX_PARTS_MAX; i++) {
		uint16_t begin = f->best.at[2 * i], end = f->best.at[2 * i + 1];
		bool there = begin != REGEX_NOWHERE && end != REGEX_NOWHERE && end >= begin;

		parts[i].at = there ? begin : REGEX_NOWHERE;
		parts[i].len = there ? (uint16_t)(end - begin) : 0;
	}
}

bool regex_find_within(const struct regex *r, const char *text, size_t len,
	struct regex_span parts[REGEX_PARTS_MAX], int64_t *steps)
{
	struct finder f = {.r = r, .before = NO_CHARACTER, .place = 1, .left = *steps};
	struct ways lists[2], *from = &lists[0], *to = &lists[1];
	struct marks none;
	size_t at = 0, bytes;

	if (len > REGEX_FIND_MAX)
		len = REGEX_FIND_MAX;
	memset(&none, 0xff, sizeof none);
	f.next = character_at(text, len, 0, &bytes);
	from->count = 0;
	while (f.left >= 0) {
		size_t more;
		uint32_t next;
		struct ways *was = from;

		if (!f.found) /* it may begin here, after those that began before */
			reach(&f, from, 0, &none);
		if (from->count == 0)
			break;
		next = character_at(text, len, at + bytes, &more);
		walk(&f, from, to, (uint16_t)(at + bytes), next);
		from = to;
		to = was;
		if (bytes == 0)
			break;
		at += bytes;
		bytes = more;
	}
	spans(&f, parts);
	*steps = f.left;
	return f.found && f.left >= 0;
}
