#include "ui/app/parts.h"
#include "ui/kit/textpane.h"

#include <stdlib.h>
#include <string.h>

/* A box over the body: a text to read. */

void box_draw(struct grid *g, struct rect r, const char *title)
{
	grid_fill(g, r.x, r.y, r.width, r.height, ROLE_PROMPT);
	for (int i = 0; i < r.width; i++)
		grid_text(g, r.x + i, r.y, 1, ROLE_BORDER, g->ascii ? "-" : "─");
	grid_clip(g, r.x + 2, r.y, r.width - 4, ROLE_TITLE, title);
}

void popup_open(struct app *a, const char *title)
{
	app_set_text(&a->popup_title, title);
	buf_reset(&a->popup);
	a->popup_top = 0;
	a->mode = MODE_POPUP;
}

enum { POPUP_TEXT = 96 }; /* longer lines are hard to read */

int lines_draw(struct grid *g, struct rect r, int skip, enum grid_role role, const char *s)
{
	int n = 0;

	while (*s) {
		size_t len = strcspn(s, "\n");
		char *line = strndup(s, len);
		const char *rest = line;

		do {
			size_t fit = fold_text(rest, r.width);
			char *piece = fold_piece(rest, fit);

			if (g && n >= skip && n - skip < r.height)
				grid_text(g, r.x, r.y + n - skip, r.width, role, piece);
			free(piece);
			n++;
			rest += fit;
		} while (*rest);
		free(line);
		s += len + (s[len] == '\n');
	}
	return n;
}

static int popup_lines(const struct app *a, struct grid *g, struct rect r, int skip)
{
	return lines_draw(g, r, skip, ROLE_NORMAL, a->popup.data);
}

struct popup_place {
	struct rect box, text;
	int last; /* the furthest that it scrolls: its last line stands at the bottom */
};

static bool popup_place(const struct app *a, struct rect body, struct popup_place *out)
{
	struct rect box = {body.x, body.y, body.width, 0}, text = {box.x + 2, 0, box.width - 4, 0};
	int lines;

	text.width = text.width < POPUP_TEXT ? text.width : POPUP_TEXT;
	if (text.width < 1)
		return false;
	lines = popup_lines(a, NULL, text, 0);
	box.height = lines + 2 < body.height ? lines + 2 : body.height;
	box.y = body.y + body.height - box.height;
	text.y = box.y + 1;
	text.height = box.height - 1;
	*out = (struct popup_place){box, text, lines > text.height ? lines - text.height : 0};
	return true;
}

void popup_draw(const struct app *a, struct grid *g, struct rect body)
{
	struct popup_place p;

	if (!popup_place(a, body, &p))
		return;
	box_draw(g, p.box, a->popup_title);
	/* It may have been made larger since. */
	popup_lines(a, g, p.text, a->popup_top < p.last ? a->popup_top : p.last);
}

void popup_input(struct app *a, const struct msg *m, struct cmds *out)
{
	struct popup_place p = {.last = 0};

	(void)out;
	if (m->type != MSG_KEY)
		return;
	popup_place(a, app_layout(a).body, &p);
	if (a->popup_top > p.last)
		a->popup_top = p.last;
	if (m->key == K_UP || m->key == 'k')
		a->popup_top -= a->popup_top > 0;
	else if (m->key == K_DOWN || m->key == 'j')
		a->popup_top += a->popup_top < p.last;
	else
		a->mode = MODE_NONE;
}
