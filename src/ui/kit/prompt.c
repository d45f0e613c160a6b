#include "ui/kit/prompt.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "ui/kit/text.h"
#include "ui/kit/textpane.h"

#include <stdlib.h>
#include <string.h>

void prompt_init(struct prompt *p)
{
	*p = (struct prompt){0};
	buf_init(&p->stakes, 0);
	edit_init(&p->answer, 256);
}

void prompt_release(struct prompt *p)
{
	free(p->question);
	free(p->accept);
	free(p->typed);
	buf_release(&p->stakes);
	edit_release(&p->answer);
	prompt_init(p);
}

void prompt_start(struct prompt *p, enum prompt_about about, const char *question,
	const char *accept, const char *typed)
{
	prompt_release(p);
	p->about = about;
	p->question = mem_strdup(question);
	p->accept = mem_strdup(accept);
	p->typed = typed ? mem_strdup(typed) : NULL;
}

void prompt_asks(struct prompt *p, const struct field *f)
{
	p->asks = f;
	edit_release(&p->answer);
	edit_init(&p->answer, f && f->max > 0 ? (size_t)f->max : 0);
}

/* Keys are text, but for those that choose. */
static enum prompt_answer asking_key(struct prompt *p, uint32_t key)
{
	switch (key) {
	case K_ESC: return PROMPT_REFUSED;
	case K_TAB:
	case K_BACKTAB: p->yes = p->painted && !p->yes; return PROMPT_OPEN;
	case K_ENTER: return p->yes && p->painted ? PROMPT_ACCEPTED : PROMPT_REFUSED;
	default: edit_key(&p->answer, key); return PROMPT_OPEN;
	}
}

static enum prompt_answer typed_key(struct prompt *p, uint32_t key)
{
	if (key == K_ESC)
		return PROMPT_REFUSED;
	if (key != K_ENTER) {
		edit_key(&p->answer, key);
		return PROMPT_OPEN;
	}
	return p->painted && strcmp(p->answer.text.data, p->typed) == 0 ? PROMPT_ACCEPTED
									: PROMPT_REFUSED;
}

static enum prompt_answer choice_key(struct prompt *p, uint32_t key)
{
	switch (key) {
	case K_TAB:
	case K_BACKTAB:
	case K_LEFT:
	case K_RIGHT: p->yes = p->painted && !p->yes; return PROMPT_OPEN;
	case 'y': p->yes = p->painted; return PROMPT_OPEN;
	case K_ENTER: return p->yes && p->painted ? PROMPT_ACCEPTED : PROMPT_REFUSED;
	default: return PROMPT_REFUSED;
	}
}

enum prompt_answer prompt_input(struct prompt *p, const struct msg *m)
{
	if (m->type == MSG_PASTE) {
		if ((p->typed || p->asks) && p->painted)
			edit_insert(&p->answer, m->text, m->text_len);
		return PROMPT_OPEN;
	}
	if (p->typed)
		return typed_key(p, m->key);
	return p->asks ? asking_key(p, m->key) : choice_key(p, m->key);
}

/* The width of the widest line, or `most` where that is more. */
static int widest(const char *s, int most)
{
	while (*s) {
		size_t n = strcspn(s, "\n");
		char *line = strndup(s, n);
		int w = line ? utf8_width(line) : 0;

		most = w > most ? w : most;
		free(line);
		s += n + (s[n] == '\n');
	}
	return most;
}

/* What is at stake is never cut: lines that are too wide go on in the next. */
static int fold_lines(const char *s, int width, struct buf *out)
{
	int lines = 0;

	for (; *s; s += *s == '\n') {
		size_t n = strcspn(s, "\n");
		char *line = fold_piece(s, n), *rest = line;

		do {
			size_t fit = fold_text(rest, width);
			char *piece = fold_piece(rest, fit);

			buf_addf(out, "%s\n", piece);
			free(piece);
			rest += fit;
			lines++;
		} while (*rest);
		free(line);
		s += n;
	}
	return lines;
}

static void draw_answers(const struct prompt *p, struct grid *g, int x, int y, int width)
{
	if (p->typed) {
		/* Where it is narrow the words give way to the field. */
		int room = width > 24 ? width - 12 : width / 2;
		int used = grid_textf(g, x, y, room, ROLE_PROMPT, T_PROMPT_TYPE, p->typed,
			p->accept);

		edit_draw(&p->answer, g, x + used + 1, y, width - used - 1, ROLE_FIELD, true);
		return;
	}
	int used = grid_textf(g, x, y, width, p->yes ? ROLE_DIM : ROLE_PROMPT, "[ %s ]", T_NO);

	if (!p->yes)
		grid_select(g, x, y, used);
	int second = grid_textf(g, x + used + 2, y, width - used - 2,
		p->yes ? ROLE_PROMPT : ROLE_DIM, "[ %s ]", p->accept);

	if (p->yes)
		grid_select(g, x + used + 2, y, second);
	grid_clip(g, x + used + second + 4, y, width - used - second - 4, ROLE_DIM,
		p->yes            ? T_PROMPT_ENTER
			: p->asks ? T_PROMPT_TAB
				  : T_PROMPT_HOW);
}

/* "Note (may be empty): a new fan" */
static void draw_asked(const struct prompt *p, struct grid *g, int x, int y, int width)
{
	const char *label = p->asks->label ? p->asks->label : p->asks->name;
	int used = grid_textf(g, x, y, width / 2, ROLE_PROMPT, T_PROMPT_ASKS, label);

	edit_draw(&p->answer, g, x + used + 1, y, width - used - 1, ROLE_FIELD, true);
}

static void draw_lines(const char *s, struct grid *g, struct rect r, enum grid_role role)
{
	for (int i = 0; i < r.height && *s; i++) {
		size_t n = strcspn(s, "\n");
		char *line = fold_piece(s, n);

		grid_clip(g, r.x, r.y + i, r.width, role, line);
		free(line);
		s += n + (s[n] == '\n');
	}
}

/*
 * At the bottom of the body, over the rows: line, question, stakes, what it leads to, a blank,
 * answers. Where it is low, the line goes first, then the blank, then the lines from the end;
 * question and answers stay.
 */
void prompt_draw(const struct prompt *p, const char *leads, enum grid_role role, struct grid *g,
	struct rect body)
{
	struct buf stakes = BUF_INIT, more = BUF_INIT;
	int width = widest(leads, widest(p->stakes.data, widest(p->question, 44))) + 6;

	if (width > body.width)
		width = body.width;
	int first = fold_lines(p->stakes.data, width - 4, &stakes);
	int asked = p->asks ? 1 : 0;
	int height = first + fold_lines(leads, width - 4, &more) + 4 + asked;
	int border = height <= body.height;

	if (height > body.height)
		height = body.height;
	int y = body.y + body.height - height, x = body.x + (body.width - width) / 2;
	struct rect lines = {x + 2, y + border + 1, width - 4, height - border - 2 - asked};

	grid_fill(g, x, y, width, height, ROLE_PROMPT);
	for (int i = 0; i < width && border; i++)
		grid_text(g, x + i, y, 1, ROLE_BORDER, g->ascii ? "-" : "─");
	grid_clip(g, x + 2, y + border, width - 4, ROLE_PROMPT, p->question);
	draw_lines(stakes.data, g, lines, ROLE_NORMAL);
	lines.y += first;
	lines.height -= first;
	draw_lines(more.data, g, lines, role);
	if (p->asks)
		draw_asked(p, g, x + 2, y + height - 2, width - 4);
	draw_answers(p, g, x + 2, y + height - 1, width - 4);
	buf_release(&stakes);
	buf_release(&more);
}
