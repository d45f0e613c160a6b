#include "core/text/ignore.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A pattern is a row of steps; comparing walks all ways through them at once. */
enum ignore_step_type {
	STEP_CHARACTER,
	STEP_ANY,     /* ? */
	STEP_SET,     /* [...] */
	STEP_STAR,    /* *: none or more, no slash */
	STEP_FOLDERS, /* ** at the end: none or more */
	STEP_PARENTS, /* **, then a slash: nothing, or folders up to a slash */
};

struct ignore_step {
	enum ignore_step_type type;
	uint32_t character;
	const char *set; /* into the rule's text, behind the bracket */
	size_t set_len;
};

struct rule {
	char *text;
	struct ignore_step *steps;
	size_t count;
	bool taken_back; /* ! */
	bool folders;    /* only them */
	bool whole;      /* compared with the whole path */
};

struct ignore {
	VEC(struct rule) rules;
};

struct ignore *ignore_new(void)
{
	return mem_alloc(sizeof(struct ignore));
}

static void rule_release(struct rule *r)
{
	free(r->text);
	free(r->steps);
}

static void rules_cut(struct ignore *g, size_t count)
{
	while (g->rules.len > count)
		rule_release(&g->rules.items[--g->rules.len]);
}

void ignore_free(struct ignore *g)
{
	if (g == NULL)
		return;
	rules_cut(g, 0);
	vec_release(&g->rules);
	free(g);
}

/* ---- Reading ---- */

/* Bytes of the set behind "[", up to "]"; 0: it has no end. "[]a]" and "[!]]" hold a bracket. */
static size_t set_length(const char *text)
{
	size_t n = 0;

	if (text[n] == '!' || text[n] == '^')
		n++;
	if (text[n] == ']')
		n++;
	while (text[n] && text[n] != ']')
		n += text[n] == '\\' && text[n + 1] ? 2 : 1;
	return text[n] == ']' ? n : 0;
}

/* One step at `text`; returns the bytes it took, 0 when a bracket has no end. */
static size_t step_read(struct ignore_step *s, const char *text, bool start)
{
	bool valid;
	size_t skip = 0;

	*s = (struct ignore_step){0};
	if (text[0] == '*' && text[1] == '*') {
		while (text[skip] == '*')
			skip++;
		/* Beside anything but slashes it is a plain star. */
		s->type = !start || (text[skip] && text[skip] != '/') ? STEP_STAR
			: text[skip] == '/'                           ? STEP_PARENTS
								      : STEP_FOLDERS;
		return skip + (s->type == STEP_PARENTS);
	}
	if (text[0] == '*' || text[0] == '?') {
		s->type = *text == '*' ? STEP_STAR : STEP_ANY;
		return 1;
	}
	if (text[0] == '[') {
		s->type = STEP_SET;
		s->set = text + 1;
		s->set_len = set_length(text + 1);
		return s->set_len ? s->set_len + 2 : 0;
	}
	s->type = STEP_CHARACTER;
	if (text[0] == '\\' && text[1])
		skip = 1;
	return skip + utf8_decode(text + skip, strlen(text + skip), &s->character, &valid, NULL);
}

static bool steps_read(struct rule *r, const char *text, const char *label, int line, struct err *e)
{
	bool start = true;

	r->steps = mem_alloc((strlen(text) + 1) * sizeof *r->steps);
	while (*text) {
		size_t took = 0;

		if (r->count == IGNORE_PATTERN_MAX)
			return err_set(e, ERR_INVALID,
				"%s: line %d: a pattern may have %d characters", label, line,
				IGNORE_PATTERN_MAX);
		took = step_read(&r->steps[r->count], text, start);
		if (took == 0)
			return err_set(e, ERR_INVALID,
				"%s: line %d: '[' has no ']'; write \\[ for the character itself",
				label, line);
		r->count++;
		start = text[took - 1] == '/';
		text += took;
	}
	return true;
}

/* Blanks at the end count only behind a backslash; files from elsewhere end lines with CR LF. */
static size_t line_length(const char *line, size_t len)
{
	if (len && line[len - 1] == '\r')
		len--;
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t') &&
		!(len > 1 && line[len - 2] == '\\'))
		len--;
	return len;
}

static bool rule_read(struct rule *r, const char *line, size_t len, const char *label, int number,
	struct err *e)
{
	const char *at;
	size_t n;

	*r = (struct rule){.taken_back = *line == '!'};
	line += r->taken_back;
	len -= r->taken_back;
	r->text = mem_alloc(len + 1);
	memcpy(r->text, line, len);
	n = strlen(r->text);
	if (n > 1 && r->text[n - 1] == '/') {
		r->folders = true;
		r->text[--n] = '\0';
	}
	r->whole = strchr(r->text, '/') != NULL;
	at = r->text + (r->text[0] == '/');
	if (steps_read(r, at, label, number, e))
		return true;
	rule_release(r);
	return false;
}

bool ignore_add(struct ignore *g, const char *text, size_t len, const char *label, struct err *e)
{
	size_t before = g->rules.len;
	int number = 0;

	if (len > IGNORE_BYTES_MAX)
		return err_set(e, ERR_INVALID, "%s: it may have %d bytes", label, IGNORE_BYTES_MAX);
	/* Read as patterns they would match nothing, and what they name would be packed. */
	if (memchr(text, '\0', len))
		return err_set(e, ERR_INVALID,
			"%s: it is no UTF-8 text (UTF-16, from an editor of another system?): save "
			"it as UTF-8",
			label);
	for (size_t at = utf8_mark(text, len), end; at < len; at = end + 1) {
		struct rule r;
		size_t size;

		end = at;
		while (end < len && text[end] != '\n')
			end++;
		number++;
		size = line_length(text + at, end - at);
		if (size == 0 || text[at] == '#' || (size == 1 && text[at] == '!'))
			continue;
		if (g->rules.len >= IGNORE_RULES_MAX)
			err_set(e, ERR_INVALID, "%s: line %d: there may be %d patterns", label,
				number, IGNORE_RULES_MAX);
		else if (rule_read(&r, text + at, size, label, number, e)) {
			vec_push(&g->rules, r);
			continue;
		}
		rules_cut(g, before);
		return false;
	}
	return true;
}

void ignore_add_standard(struct ignore *g)
{
	static const char lines[] = ".git/\n__pycache__/\n*.pyc\n";

	ignore_add(g, lines, sizeof lines - 1, "the standard patterns", NULL);
}

/* ---- Comparing ---- */

static size_t set_character(const char *text, size_t len, uint32_t *out)
{
	size_t skip = text[0] == '\\' && len > 1;
	bool valid;

	return skip + utf8_decode(text + skip, len - skip, out, &valid, NULL);
}

static bool set_holds(const char *set, size_t len, uint32_t c)
{
	bool other = *set == '!' || *set == '^', found = false;
	size_t at = other;

	while (at < len) {
		uint32_t first, last;

		at += set_character(set + at, len - at, &first);
		last = first;
		if (at + 1 < len && set[at] == '-') {
			at++;
			at += set_character(set + at, len - at, &last);
		}
		found |= first <= c && c <= last;
	}
	return found != other;
}

/* Which steps may come next, as a set; those that fit nothing are passed at once. */
struct ways {
	bool at[IGNORE_PATTERN_MAX + 1];
};

static void ways_add(const struct rule *r, struct ways *w, size_t step)
{
	while (!w->at[step]) {
		w->at[step] = true;
		if (step == r->count || r->steps[step].type < STEP_STAR)
			return;
		step++;
	}
}

/* From step i over the character c. */
static void ways_step(const struct rule *r, struct ways *next, size_t i, uint32_t c)
{
	const struct ignore_step *s = &r->steps[i];

	switch (s->type) {
	case STEP_CHARACTER:
		if (s->character == c)
			ways_add(r, next, i + 1);
		break;
	case STEP_ANY:
		if (c != '/')
			ways_add(r, next, i + 1);
		break;
	case STEP_SET:
		if (c != '/' && set_holds(s->set, s->set_len, c))
			ways_add(r, next, i + 1);
		break;
	case STEP_STAR:
		if (c != '/')
			ways_add(r, next, i);
		break;
	case STEP_FOLDERS: ways_add(r, next, i); break;
	case STEP_PARENTS:
		/* Amid a name only the way through it stays open. */
		next->at[i] = true;
		if (c == '/')
			ways_add(r, next, i + 1);
		break;
	}
}

static bool rule_fits(const struct rule *r, const char *text)
{
	struct ways now = {0};
	size_t len = strlen(text);

	ways_add(r, &now, 0);
	for (size_t at = 0; at < len;) {
		struct ways next = {0};
		bool valid;
		uint32_t c;

		at += utf8_decode(text + at, len - at, &c, &valid, NULL);
		for (size_t i = 0; i < r->count; i++)
			if (now.at[i])
				ways_step(r, &next, i, c);
		now = next;
	}
	return now.at[r->count];
}

bool ignore_match(const struct ignore *g, const char *path, bool folder)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = g->rules.len; i-- > 0;) {
		const struct rule *r = &g->rules.items[i];

		if ((folder || !r->folders) && rule_fits(r, r->whole ? path : name))
			return !r->taken_back;
	}
	return false;
}
