#include "base/mem.h"
#include "ui/app/difference.h"

#include <stdlib.h>

/* The question to the person: which of the two holds, for each or for all. */

/* ---- What was chosen ---- */

/* From theirs to mine, where they still differ. */
static void propose_over(struct app *a, const struct conflict *one)
{
	const struct kind *k = one->mine.kind;
	struct difference d;
	struct sides s;

	if (sides_open(&s, &one->mine, one->theirs)) {
		difference_take(&d, a, k, s.theirs, s.mine);
		if (d.count > 0) {
			struct change *c = difference_propose(a, &d, k, mem_strdup(one->mine.path),
				one->mine.name, s.theirs, s.mine);

			c->form = one->mine.form;
			c->uid = one->mine.uid ? mem_strdup(one->mine.uid) : NULL;
		}
		difference_release(&d);
	}
	sides_release(&s);
}

/* a->proposed is what Enter would send. */
static void propose(struct app *a)
{
	changes_release(&a->proposed);
	for (size_t i = 0; i < a->conflicts.len; i++)
		if (a->conflicts.items[i].over)
			propose_over(a, &a->conflicts.items[i]);
}

static bool is_awaited(const struct app *a)
{
	for (size_t i = 0; i < a->changes.len; i++)
		for (size_t j = 0; j < a->conflicts.len; j++)
			if (a->changes.items[i].batch == a->conflicts.items[j].mine.batch)
				return true;
	return false;
}

/* Nobody is in the middle of something: a form that is filled in is not interrupted, but its own. */
static bool is_time(const struct app *a)
{
	const struct view *v = app_top(a);
	bool form = v && v->screen->scopes == SCOPE_FORM, own = false;

	for (size_t i = 0; i < a->conflicts.len; i++)
		own = own || a->conflicts.items[i].mine.form;
	return a->mode == MODE_NONE && a->conflicts.len > 0 && (!form || own) && !is_awaited(a);
}

void conflict_tick(struct app *a)
{
	if (is_time(a)) {
		app_notice_clear(a);
		foresee_clear(&a->foresee);
		a->conflicts.opened = a->mono;
		a->mode = MODE_CONFLICT;
		a->dirty = true;
	}
	if (a->mode != MODE_CONFLICT || !foresee_due(&a->foresee, a))
		return;
	foresee_clear(&a->foresee);
	propose(a);
	if (a->proposed.len > 0)
		foresee_about(&a->foresee, a, a->proposed.items[0].kind, &a->proposed);
	a->dirty = true;
}

/* ---- Keys ---- */

static size_t chosen(const struct conflicts *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->len; i++)
		n += c->items[i].over;
	return n;
}

static void choose(struct app *a, size_t from, size_t to, bool over)
{
	for (size_t i = from; i < to; i++)
		a->conflicts.items[i].over = over;
	foresee_touched(&a->foresee, a);
}

/* The forms whose changes are not to go over theirs are done with. */
static void leave_forms(struct app *a, const struct conflicts *c, struct cmds *out)
{
	for (size_t i = 0; i < c->len; i++)
		for (int j = a->depth; j-- > 0 && !c->items[i].over && c->items[i].mine.form;)
			if (a->stack[j].screen->answered &&
				a->stack[j].screen->answered(a, &a->stack[j], c->items[i].mine.form,
					NULL, out))
				break;
}

static void accept(struct app *a, struct cmds *out)
{
	struct conflicts done = a->conflicts;
	size_t over;

	if (!app_connected(a)) {
		app_notice(a, ROLE_BAD, T_NOT_CONNECTED);
		return;
	}
	propose(a);
	over = chosen(&done);
	a->conflicts = (struct conflicts){0};
	a->mode = MODE_NONE;
	foresee_clear(&a->foresee);
	if (a->proposed.len > 0)
		change_accept(a, out);
	else
		app_notice(a, ROLE_NORMAL, over ? T_CONFLICT_SAME : T_CONFLICT_LEFT);
	leave_forms(a, &done, out);
	conflicts_release(&done);
}

static void choice_key(struct app *a, uint32_t key)
{
	struct conflicts *c = &a->conflicts;
	bool over = c->items[c->at].over;

	switch (key) {
	case K_UP:
	case 'k': c->at -= c->at > 0; break;
	case K_DOWN:
	case 'j': c->at += c->at + 1 < c->len; break;
	case ' ':
	case K_TAB:
	case K_BACKTAB:
	case K_LEFT:
	case K_RIGHT: choose(a, c->at, c->at + 1, !over); break;
	case 't':
	case 'm': choose(a, c->at, c->at + 1, key == 'm'); break;
	case 'T':
	case 'M': choose(a, 0, c->len, key == 'M'); break;
	default: break;
	}
}

/* Enter decides only once the choice was seen that it is about. */
void conflict_input(struct app *a, const struct msg *m, struct cmds *out)
{
	if (m->type != MSG_KEY || a->mono < a->conflicts.opened + CONFLICT_CALM_MS)
		return;
	if (m->key == K_ESC) {
		mode_close(a);
		app_notice(a, ROLE_DIM, T_CONFLICT_LEFT);
	} else if (m->key != K_ENTER) {
		choice_key(a, m->key);
	} else if (a->seen) {
		accept(a, out);
	}
}

/* ---- Drawing ---- */

/* "> [mine]   vision: gpu: was 8, ..." and its further fields below. */
static void add_row(const struct conflicts *c, size_t i, struct buf *out)
{
	const struct conflict *one = &c->items[i];

	buf_addf(out, "%s [%s] %s: ", i == c->at ? ">" : " ",
		one->over ? T_CONFLICT_OVER : T_CONFLICT_STAYS, one->mine.name);
	for (const char *s = one->lines.data; *s; s++) {
		buf_addc(out, *s);
		if (*s == '\n')
			buf_adds(out, "      ");
	}
	buf_addc(out, '\n');
}

/* From the first row with which the one that keys are about is still seen whole. */
static size_t first_row(const int *heights, size_t at, int room)
{
	size_t first = at;
	int used = heights[at];

	while (first > 0 && used + heights[first - 1] <= room)
		used += heights[--first];
	return first;
}

static void draw_rows(const struct conflicts *c, struct grid *g, struct rect r, const int *heights)
{
	struct buf row = BUF_INIT;

	for (size_t i = first_row(heights, c->at, r.height); i < c->len && r.height > 0; i++) {
		buf_reset(&row);
		add_row(c, i, &row);
		lines_draw(g, r, 0, c->items[i].over ? ROLE_WARN : ROLE_NORMAL, row.data);
		r.y += heights[i];
		r.height -= heights[i];
	}
	buf_release(&row);
}

static int measure(const struct conflicts *c, struct rect r, int *heights)
{
	struct buf row = BUF_INIT;
	int all = 0;

	for (size_t i = 0; i < c->len; i++) {
		buf_reset(&row);
		add_row(c, i, &row);
		all += heights[i] = lines_draw(NULL, r, 0, ROLE_NORMAL, row.data);
	}
	buf_release(&row);
	return all;
}

static void say_title(const struct conflicts *c, struct buf *out)
{
	const struct change *first = &c->items[0].mine;

	if (c->len == 1)
		buf_addf(out, T_CONFLICT_ONE, first->kind->name, first->name);
	else
		buf_addf(out, T_CONFLICT_MANY, c->len, first->kind->plural);
}

void conflict_draw(const struct app *a, struct grid *g, struct rect body)
{
	const struct conflicts *c = &a->conflicts;
	int *heights = mem_alloc((c->len + 1) * sizeof *heights);
	struct rect r = {body.x + 2, 0, body.width - 4, 0}, rest = r;
	struct buf title = BUF_INIT, leads = BUF_INIT, does = BUF_INIT;

	foresee_lines(&a->foresee, &leads);
	if (c->len == 1)
		buf_adds(&does,
			chosen(c) ? T_CONFLICT_ENTER_MINE "\n" : T_CONFLICT_ENTER_THEIRS "\n");
	else
		buf_addf(&does, T_CONFLICT_ENTER "\n", c->len - chosen(c), chosen(c));
	rest.height = lines_draw(NULL, r, 0, ROLE_NORMAL, leads.data) +
		lines_draw(NULL, r, 0, ROLE_NORMAL, does.data);
	r.height = measure(c, r, heights);
	if (r.height + rest.height + 1 > body.height)
		r.height = body.height - rest.height - 1;
	if (r.height < 1) { /* what it is about, before what it leads to */
		r.height = 1;
		rest.height = body.height - 2;
	}
	r.y = body.y + body.height - r.height - rest.height;
	rest.y = r.y + r.height;
	say_title(c, &title);
	box_draw(g, (struct rect){body.x, r.y - 1, body.width, r.height + rest.height + 1},
		title.data);
	draw_rows(c, g, r, heights);
	int used = lines_draw(g, rest, 0, foresee_role(&a->foresee), leads.data);

	rest.y += used;
	rest.height -= used;
	lines_draw(g, rest, 0, ROLE_PROMPT, does.data);
	buf_release(&title);
	buf_release(&leads);
	buf_release(&does);
	free(heights);
}
