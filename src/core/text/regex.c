#include "core/text/regex.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/text/regex_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- From nodes to steps ---- */

struct regex_writer {
	struct regex *r;
	unsigned visits; /* of nodes: empty ones repeat without a step */
	bool full;
};

static struct step *step_add(struct regex_writer *w, enum step_type type)
{
	struct step *s = &w->r->steps[w->r->count];

	if (w->r->count == REGEX_STEPS_MAX - 1) { /* one is left for STEP_FOUND */
		w->full = true;
		return s;
	}
	w->r->count++;
	*s = (struct step){.type = type, .to = (uint16_t)w->r->count};
	return s;
}

static uint16_t here(const struct regex_writer *w)
{
	return (uint16_t)w->r->count;
}

static void write_node(struct regex_writer *w, const struct regex_node *n);

/* `n` at most `most` times, each time only after the one before. */
static void write_optional(struct regex_writer *w, const struct regex_node *n, int most)
{
	struct step *fork;

	if (most == 0 || w->full)
		return;
	fork = step_add(w, STEP_FORK);
	write_node(w, n);
	write_optional(w, n, most - 1);
	fork->other = here(w);
}

static void write_repeat(struct regex_writer *w, const struct regex_node *n)
{
	struct step *fork, *back;
	uint16_t start;

	for (int i = 0; i < n->min && !w->full; i++)
		write_node(w, n->a);
	if (n->max >= 0) {
		write_optional(w, n->a, n->max - n->min);
		return;
	}
	start = here(w);
	fork = step_add(w, STEP_FORK);
	write_node(w, n->a);
	back = step_add(w, STEP_FORK); /* one way: a jump */
	back->to = back->other = start;
	fork->other = here(w);
}

static void write_either(struct regex_writer *w, const struct regex_node *n)
{
	struct step *fork = step_add(w, STEP_FORK), *jump;

	write_node(w, n->a);
	jump = step_add(w, STEP_FORK);
	fork->other = here(w);
	write_node(w, n->b);
	jump->to = jump->other = here(w);
}

static uint32_t lower(uint32_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static void write_node(struct regex_writer *w, const struct regex_node *n)
{
	struct step *s;

	w->full |= ++w->visits > 16 * REGEX_STEPS_MAX;
	if (w->full)
		return;
	switch (n->type) {
	case NODE_EMPTY: break;
	case NODE_CHARACTER:
		s = step_add(w, STEP_CHARACTER);
		s->character = n->character;
		break;
	case NODE_ANY: step_add(w, STEP_ANY); break;
	case NODE_SET: step_add(w, STEP_SET)->set = n->set; break;
	case NODE_START: step_add(w, STEP_START); break;
	case NODE_END: step_add(w, STEP_END); break;
	case NODE_EDGE: step_add(w, STEP_EDGE); break;
	case NODE_JOIN:
		write_node(w, n->a);
		write_node(w, n->b);
		break;
	case NODE_EITHER: write_either(w, n); break;
	case NODE_REPEAT: write_repeat(w, n); break;
	case NODE_PART:
		step_add(w, STEP_OPEN)->other = (uint16_t)n->part;
		write_node(w, n->a);
		step_add(w, STEP_CLOSE)->other = (uint16_t)n->part;
		break;
	}
}

static bool regex_write(struct regex *r, const struct regex_node *n, struct err *e)
{
	struct regex_writer w = {.r = r};

	write_node(&w, n);
	if (w.full)
		return err_set(e, ERR_INVALID,
			"the regular expression is refused: it is too large with its counts in {} "
			"written out");
	r->steps[r->count++] = (struct step){.type = STEP_FOUND};
	return true;
}

/* Of letters that stand for themselves: not those behind a backslash. */
static bool has_capital(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (*text >= 'A' && *text <= 'Z')
			return true;
	}
	return false;
}

struct regex *regex_new(const char *text, struct err *e)
{
	struct regex *r;
	const struct regex_node *n;

	if (strlen(text) > REGEX_BYTES_MAX) {
		err_set(e, ERR_INVALID, "the regular expression has %zu bytes: it may have %d",
			strlen(text), REGEX_BYTES_MAX);
		return NULL;
	}
	r = mem_alloc(sizeof *r);
	r->fold = !has_capital(text);
	n = regex_parse(text, &r->arena, &r->names, e);
	if (n && regex_write(r, n, e))
		return r;
	regex_free(r);
	return NULL;
}

const char *regex_part(const struct regex *r, size_t i)
{
	return i < r->names.count ? r->names.names[i] : NULL;
}

void regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	arena_release(&r->arena);
	free(r);
}

/* ---- Matching ---- */

/* The steps that wait for the next character. */
struct regex_walk {
	const struct regex *r;
	uint32_t before, next; /* the characters around this place; NO_CHARACTER at the ends */
	unsigned place;
	unsigned seen[REGEX_STEPS_MAX]; /* the place where a step was reached last */
	uint16_t at[REGEX_STEPS_MAX];
	size_t count;
	int64_t looked; /* steps and ranges looked at for this character */
	bool found;
};

static bool set_has(const struct regex_set *s, uint32_t c)
{
	if (c < 128)
		return s->low[c / 64] >> (c % 64) & 1;
	for (size_t i = 0; i < s->count; i++)
		if (c >= s->ranges[i].first && c <= s->ranges[i].last)
			return true;
	return false;
}

static bool set_fits(const struct regex_set *s, uint32_t c, bool fold)
{
	bool letter = lower(c) >= 'a' && lower(c) <= 'z';
	bool has = set_has(s, c) || (fold && letter && set_has(s, c ^ ('a' ^ 'A')));

	return has != s->other;
}

static bool is_word(uint32_t c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' ||
		(c >= 128 && c != NO_CHARACTER);
}

bool regex_passes(enum step_type type, uint32_t before, uint32_t next)
{
	switch (type) {
	case STEP_START: return before == NO_CHARACTER;
	case STEP_END: return next == NO_CHARACTER;
	case STEP_EDGE: return is_word(before) != is_word(next);
	case STEP_OPEN:
	case STEP_CLOSE: return true;
	default: return false;
	}
}

/* Adds the steps that are reached from step `first` without a character. */
static void reach(struct regex_walk *w, uint16_t first)
{
	uint16_t waiting[2 * REGEX_STEPS_MAX];
	size_t n = 0;

	waiting[n++] = first;
	while (n > 0) {
		uint16_t i = waiting[--n];
		const struct step *s = &w->r->steps[i];

		w->looked++;
		if (w->seen[i] == w->place)
			continue;
		w->seen[i] = w->place;
		if (s->type == STEP_FOUND) {
			w->found = true;
		} else if (s->type == STEP_FORK) {
			waiting[n++] = s->to;
			waiting[n++] = s->other;
		} else if (s->type <= STEP_SET) {
			w->at[w->count++] = i;
			if (s->type == STEP_SET && w->next >= 128)
				w->looked += (int64_t)s->set->count;
		} else if (regex_passes(s->type, w->before, w->next)) {
			waiting[n++] = s->to;
		}
	}
}

bool regex_takes(const struct regex *r, const struct step *s, uint32_t c)
{
	switch (s->type) {
	case STEP_CHARACTER: return s->character == (r->fold ? lower(c) : c);
	case STEP_SET: return set_fits(s->set, c, r->fold);
	default: return true;
	}
}

bool regex_fits_within(const struct regex *r, const char *text, int64_t *steps)
{
	struct regex_walk w = {.r = r, .before = NO_CHARACTER};
	uint16_t reached[REGEX_STEPS_MAX];
	size_t count = 0, left = strlen(text);

	for (;;) {
		size_t len = 0;
		bool valid;

		w.next = NO_CHARACTER;
		if (left > 0)
			len = utf8_decode(text, left, &w.next, &valid, NULL);
		w.place++;
		w.count = 0;
		reach(&w, 0); /* it may begin anywhere */
		for (size_t i = 0; i < count; i++)
			reach(&w, reached[i]);
		*steps -= w.looked;
		w.looked = 0;
		if (w.found || left == 0 || *steps < 0)
			return w.found && *steps >= 0;
		count = 0;
		for (size_t i = 0; i < w.count; i++)
			if (regex_takes(r, &r->steps[w.at[i]], w.next))
				reached[count++] = r->steps[w.at[i]].to;
		w.before = w.next;
		text += len;
		left -= len;
	}
}
