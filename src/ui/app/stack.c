#include "ui/app/parts.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Which screens are open above one another, and what was open before. */

static void view_close(struct app *a, struct view *v, struct cmds *out)
{
	if (v->screen->close)
		v->screen->close(a, v, out);
	free(v->name);
	free(v->org);
	*v = (struct view){0};
}

void stack_clear(struct app *a, struct cmds *out)
{
	while (a->depth > 0)
		view_close(a, &a->stack[--a->depth], out);
}

/* As the palette would say it: what history goes back to. */
static void record(struct app *a, const struct screen *s, const struct kind *k, const char *name)
{
	struct buf text = BUF_INIT;

	buf_adds(&text, s->name);
	if (s->any_kind)
		buf_addf(&text, " %s", k->name);
	buf_addf(&text, "%s%s", *name ? " " : "", name);
	while (a->history_len > a->history_at + 1)
		free(a->history[--a->history_len]);
	if (a->history_len && strcmp(a->history[a->history_len - 1], text.data) == 0) {
		buf_release(&text);
		return;
	}
	if (a->history_len == HISTORY_MAX) {
		free(a->history[0]);
		memmove(a->history, a->history + 1, (HISTORY_MAX - 1) * sizeof *a->history);
		a->history_len--;
	}
	a->history[a->history_len] = buf_detach(&text);
	a->history_at = a->history_len++;
}

static void push(struct app *a, const struct screen *s, const struct kind *k, const char *name,
	const char *org, struct cmds *out)
{
	if (a->depth == STACK_MAX) {
		view_close(a, &a->stack[1], out);
		memmove(&a->stack[1], &a->stack[2], (STACK_MAX - 2) * sizeof *a->stack);
		a->depth--;
	}
	struct view *v = &a->stack[a->depth++];

	*v = (struct view){.screen = s,
		.kind = k,
		.name = mem_strdup(name),
		.org = org ? mem_strdup(org) : NULL};
	if (s->open)
		s->open(a, v, out);
}

static bool is_open(const struct app *a, const struct screen *s, const struct kind *k,
	const char *name)
{
	const struct view *top = app_top(a);

	return top && top->screen == s && top->kind == k && strcmp(top->name, name) == 0;
}

void stack_open(struct app *a, const struct screen *s, const char *name, struct cmds *out)
{
	if (s)
		stack_open_kind(a, s, s->kind, name, out);
}

void stack_open_kind(struct app *a, const struct screen *s, const struct kind *k, const char *name,
	struct cmds *out)
{
	if (!s || (s->any_kind && !k))
		return;
	mode_close(a);
	if (s->root) {
		while (a->depth > 1)
			view_close(a, &a->stack[--a->depth], out);
		if (a->depth && a->stack[0].screen != s)
			push(a, s, k, name, NULL, out);
	}
	if (a->depth == 0 || (!s->root && !is_open(a, s, k, name)))
		push(a, s, k, name, app_org_open(a, k, name), out);
	if (!a->travelling && !s->passing)
		record(a, s, k, name);
}

/* Not in the history: its words name no org. */
void stack_open_of(struct app *a, const struct screen *s, const struct kind *k, const char *name,
	const char *org, struct cmds *out)
{
	if (s) {
		mode_close(a);
		push(a, s, k, name, org, out);
	}
}

void stack_pop(struct app *a, struct cmds *out)
{
	mode_close(a);
	if (a->depth > 1)
		view_close(a, &a->stack[--a->depth], out);
}

static void travel(struct app *a, int to, struct cmds *out)
{
	struct err e = ERR_INIT;

	a->travelling = true;
	a->history_at = to;
	if (!palette_run(a, a->history[to], out, &e))
		app_notice(a, ROLE_BAD, "%s", e.text);
	a->travelling = false;
}

void history_go(struct app *a, int by, struct cmds *out)
{
	int to = a->history_at + by;

	if (to < 0 || to >= a->history_len)
		app_notice(a, ROLE_DIM, "%s", by < 0 ? T_HISTORY_START : T_HISTORY_END);
	else
		travel(a, to, out);
}

/* Back to the screen before, and with the next press here again. */
void history_last(struct app *a, struct cmds *out)
{
	if (a->history_len < 2) {
		app_notice(a, ROLE_DIM, T_HISTORY_START);
		return;
	}
	travel(a, a->history_at > 0 ? a->history_at - 1 : a->history_at + 1, out);
}
