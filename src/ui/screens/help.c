#include "ui/screens/screens.h"
#include "ui/kit/textpane.h"

#include <stdlib.h>
#include <string.h>

/* Help, made from the key map itself: what the screen below can do comes first. */

/* From so many cells on in two columns, each a text of its own that scrolls with the other. */
enum { TWO_COLUMNS = 150, GUTTER = 2 };

struct help_view {
	struct textpane panes[2]; /* the second is empty in one column */
	int cols;                 /* of the frame that it is filled for */
	int hit;                  /* where the search goes on: its pane */
};

/* An action without a key may be what another's key means where that cannot be done. */
static void add_keys(const struct app *a, const struct action_info *i, const struct kind *k,
	struct buf *out)
{
	keymap_keys(&a->keymap, i->action, out);
	for (size_t n = 0; k && !out->len && n < k->action_count; n++)
		if (k->actions[n].other && strcmp(k->actions[n].other, i->name) == 0)
			keymap_keys(&a->keymap, keymap_find(&a->keymap, k->actions[n].name)->action,
				out);
}

static bool everywhere(const struct action_info *i)
{
	return (i->scopes & SCOPE_ANY) == SCOPE_ANY;
}

/* A sentence each: what can be done on the screen that help is about, or everywhere. */
static void add_actions(const struct app *a, struct textpane *p, unsigned scopes,
	const struct kind *k, bool all)
{
	const struct action_info *i;

	for (size_t n = 0; (i = keymap_at(&a->keymap, n)) != NULL; n++) {
		const struct kind_action
			*own; /* several kinds have a delete: each says what it does */
		struct buf keys = BUF_INIT;

		if (i->action <= ACT_HALF_DOWN || everywhere(i) != all ||
			!keymap_fits(&a->keymap, i, scopes, k))
			continue;
		add_keys(a, i, k, &keys);
		own = k ? kind_action_find(k, i->name) : NULL;
		textpane_add(p, ROLE_NORMAL, "  %s\t%s  (%s)", keys.data, own ? own->doc : i->doc,
			i->name);
		buf_release(&keys);
	}
}

enum { KEYS_WIDTH = 14, PAIR_WIDTH = 38 };

/* The rest by key and word, side by side: moves, or what other screens have. */
static void add_words(const struct app *a, struct textpane *p, int width, unsigned scopes,
	const struct kind *k, bool moves)
{
	int columns = width / PAIR_WIDTH > 1 ? width / PAIR_WIDTH : 1, at = 0;
	const struct action_info *i;
	struct buf line = BUF_INIT;

	for (size_t n = 0; (i = keymap_at(&a->keymap, n)) != NULL; n++) {
		struct buf keys = BUF_INIT;

		if ((i->action <= ACT_HALF_DOWN) != moves ||
			(!moves && keymap_fits(&a->keymap, i, scopes, k)))
			continue;
		keymap_keys(&a->keymap, i->action, &keys);
		buf_addf(&line, "  %-*s%-*s", KEYS_WIDTH, keys.data, PAIR_WIDTH - KEYS_WIDTH - 2,
			i->name);
		buf_release(&keys);
		if (++at % columns != 0)
			continue;
		textpane_add(p, ROLE_NORMAL, "%s", line.data);
		buf_reset(&line);
	}
	if (line.len)
		textpane_add(p, ROLE_NORMAL, "%s", line.data);
	buf_release(&line);
}

static void add_commands(const struct app *a, struct textpane *p)
{
	textpane_add(p, ROLE_HEADER, "\n" T_HELP_COMMANDS);
	for (const struct screen *const *s = a->options.screens; *s; s++)
		if ((*s)->root || (*s)->takes_name)
			textpane_add(p, ROLE_NORMAL, "  :%s%s\t%s", (*s)->name,
				(*s)->takes_name ? " NAME" : "", (*s)->doc);
	textpane_add(p, ROLE_NORMAL, "%s", T_HELP_COMMANDS_TEXT);
}

/* What the screen below can do, and how filters are written, before what is so everywhere. */
static void fill(const struct app *a, const struct view *v, int cols)
{
	struct help_view *h = v->state;
	const struct view *below = v > a->stack ? v - 1 : NULL;
	bool two = cols >= TWO_COLUMNS;
	struct textpane *p = &h->panes[0], *second = &h->panes[two];
	int width = two ? (cols - GUTTER) / 2 : cols;
	unsigned scopes = view_scopes(below);
	const struct kind *k = view_object(below).kind;

	h->cols = cols;
	for (int i = 0; i < 2; i++)
		textpane_clear(&h->panes[i]);
	if (below) {
		textpane_add(p, ROLE_HEADER, T_HELP_HERE, below->screen->name);
		textpane_add(p, ROLE_DIM, "  %s", below->screen->doc);
		add_actions(a, p, scopes, k, false);
	}
	textpane_add(p, ROLE_HEADER, "\n" T_HELP_MOVE);
	add_words(a, p, width, 0, NULL, true);
	textpane_add(second, ROLE_HEADER, two ? T_HELP_EVERYWHERE : "\n" T_HELP_EVERYWHERE);
	add_actions(a, second, SCOPE_ANY, NULL, true);
	textpane_add(p, ROLE_HEADER, "\n" T_HELP_FILTER);
	textpane_add(p, ROLE_NORMAL, "%s", T_HELP_FILTER_TEXT);
	add_commands(a, second);
	textpane_add(p, ROLE_HEADER, "\n" T_HELP_ELSEWHERE);
	add_words(a, p, width, scopes, k, false);
}

static void help_open(struct app *a, struct view *v, struct cmds *out)
{
	struct help_view *h = mem_alloc(sizeof *h);

	(void)out;
	v->state = h;
	for (int i = 0; i < 2; i++)
		textpane_init(&h->panes[i]);
	fill(a, v, a->cols);
}

static void help_close(struct app *a, struct view *v, struct cmds *out)
{
	(void)a, (void)out;
	for (int i = 0; i < 2; i++)
		textpane_release(&((struct help_view *)v->state)->panes[i]);
	free(v->state);
}

/*
 * The letter that quits elsewhere leaves help: who has just looked up a key means that. Keys that
 * no text field takes (Ctrl-C) quit here too.
 */
static bool help_input(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	(void)v;
	if (m->type != MSG_KEY || keymap_action(&a->keymap, m->key, SCOPE_TEXT, NULL) != ACT_QUIT)
		return false;
	stack_pop(a, out);
	return true;
}

static bool help_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	struct help_view *h = v->state;

	if (act == ACT_HELP) {
		stack_pop(a, out);
		return true;
	}
	if (act == ACT_NEXT || act == ACT_PREVIOUS) {
		textpane_next(&h->panes[h->hit], act == ACT_PREVIOUS);
		return true;
	}
	bool did = false;

	for (int i = 0; i < 2; i++)
		did |= textpane_action(&h->panes[i], act, app_layout(a).body.height);
	return did;
}

static void help_search(struct app *a, struct view *v, const char *text, struct cmds *out)
{
	struct help_view *h = v->state;

	(void)out;
	h->hit = 0;
	if (!textpane_search(&h->panes[0], text) && !textpane_search(&h->panes[h->hit = 1], text))
		app_notice(a, ROLE_WARN, T_NOT_FOUND, text);
}

static void help_mouse(struct app *a, struct view *v, const struct msg *m, struct rect body,
	struct cmds *out)
{
	(void)a, (void)out;
	for (int i = 0; i < 2 && (m->mouse == MOUSE_WHEEL_UP || m->mouse == MOUSE_WHEEL_DOWN); i++)
		textpane_scroll(&((struct help_view *)v->state)->panes[i],
			m->mouse == MOUSE_WHEEL_UP ? -3 : 3, body.height);
}

static void help_draw(const struct app *a, const struct view *v, struct grid *g, struct rect body)
{
	struct help_view *h = v->state;
	struct rect left = body, right = body;

	if (h->cols != g->cols)
		fill(a, v, g->cols);
	if (h->cols >= TWO_COLUMNS) {
		left.width = (body.width - GUTTER) / 2;
		right.x += left.width + GUTTER;
		right.width -= left.width + GUTTER;
		textpane_draw(&h->panes[1], g, right);
	}
	textpane_draw(&h->panes[0], g, left);
}

const struct screen scr_help = {
	.name = "help",
	.doc = T_SCREEN_HELP,
	.passing = true,
	.scopes = SCOPE_TEXT,
	.open = help_open,
	.close = help_close,
	.input = help_input,
	.action = help_action,
	.mouse = help_mouse,
	.draw = help_draw,
	.search = help_search,
};
