#include "ui/app/parts.h"

#include "base/mem.h"
#include "core/kinds/kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `:`: go to a kind, change tenant, context or theme, do an action by its name. */

static const struct {
	const char *word;
	bool argument;
} verbs[] = {
	{"tenant", true},
	{"context", true},
	{"theme", true},
	{"q", false},
};

void palette_open(struct app *a)
{
	line_open(a, MODE_PALETTE, "");
}

/* ---- Running ---- */

/* Divides "word rest"; the rest starts at its first letter. */
static const char *split(const char *text, char *word, size_t size)
{
	text += strspn(text, " :");
	size_t n = strcspn(text, " ");

	memcpy(word, text, n < size ? n : size - 1);
	word[n < size ? n : size - 1] = '\0';
	text += n;
	return text + strspn(text, " ");
}

/* The id of an org by its name or id; NULL: none that is known. */
static const char *tenant_id(const struct app *a, const char *name)
{
	const struct rowset *rows = &a->quota.data.rows;

	if (strcmp(name, "all") == 0 || strcmp(name, "0") == 0 || strcmp(name, "-1") == 0)
		return "-1";
	if (!*name || strcmp(name, a->org) == 0)
		return "";
	for (size_t i = 0; i < rows->len; i++) {
		const struct quota *q = rows->rows[i];

		if (q->org_id &&
			((q->org_name && strcmp(q->org_name, name) == 0) ||
				strcmp(q->org_id, name) == 0))
			return q->org_id;
	}
	return NULL;
}

static void tenant_ask(struct app *a, const char *name)
{
	char *asked = name ? mem_strdup(name) : NULL;

	free(a->tenant_asked);
	a->tenant_asked = asked;
}

static bool tenant_switch(struct app *a, const char *name, struct cmds *out, struct err *e)
{
	const char *id = tenant_id(a, name);

	if (!id && a->who_known && a->quota.data.synced)
		return err_set(e, ERR_NOT_FOUND, T_NO_TENANT, name);
	tenant_ask(a, id ? NULL : name);
	if (!id) {
		app_notice(a, ROLE_DIM, T_TENANT_WAITS, name);
		return true;
	}
	char *tenant = mem_strdup(id);

	free(a->tenant);
	a->tenant = tenant;
	const struct screen *root = a->depth ? a->stack[0].screen : a->options.screens[0];

	table_clear(&a->home);
	table_subscribe(a, &a->home, a->options.screens[0], true, out);
	stack_clear(a, out);
	stack_open(a, root, "", out);
	app_notice(a, ROLE_NORMAL, T_TENANT, root->name, *name ? app_tenant(a) : T_TENANT_OWN);
	return true;
}

void tenant_retry(struct app *a, struct cmds *out)
{
	struct err e = ERR_INIT;
	char *name = a->tenant_asked;

	if (!name || !a->who_known || !a->quota.data.synced)
		return;
	a->tenant_asked = NULL;
	if (!tenant_switch(a, name, out, &e))
		app_notice(a, ROLE_BAD, "%s", e.text);
	free(name);
}

/* The runner connects to it: it knows by the name remembered. Nothing of the old one stays. */
static void context_switch(struct app *a, const char *name, struct cmds *out)
{
	table_clear(&a->home);
	table_filter(&a->home, "", NULL);
	table_clear(&a->quota);
	a->link = a->link == LINK_GONE ? LINK_CONNECTING : a->link;
	a->refused = false;
	app_set_text(&a->link_text, NULL);
	stack_clear(a, out);
	stack_open(a, a->options.screens[0], "", out);
	app_remember(a, "", "context", name, out);
	cmds_add(out, CMD_REFRESH);
	app_notice(a, ROLE_NORMAL, T_CONTEXT, name);
}

static bool run_verb(struct app *a, const char *word, const char *rest, struct cmds *out,
	struct err *e)
{
	if (strcmp(word, "q") == 0 || strcmp(word, "quit") == 0) {
		app_quit(a, out);
		return true;
	}
	if (strcmp(word, "tenant") == 0)
		return tenant_switch(a, rest, out, e);
	bool theme = strcmp(word, "theme") == 0;

	if (!theme && strcmp(word, "context") != 0)
		return err_set(e, ERR_INVALID, T_NO_COMMAND, word);
	if (!*rest)
		return err_set(e, ERR_INVALID, T_NEEDS_NAME, word, word);
	/* What waits would be sent to the platform that is there when its time has come. */
	if (!theme && app_unsent(a))
		return err_set(e, ERR_CONFLICT, T_SWITCH_UNSENT);
	if (theme)
		cmds_add(out, CMD_THEME)->text = mem_strdup(rest);
	else
		context_switch(a, rest, out);
	return true;
}

/* ":describe quota vision": the kind, where it is named; else that of what is on the screen. */
static const struct kind *named_kind(const struct app *a, const char **rest)
{
	char word[32];
	const char *name = split(*rest, word, sizeof word);
	const struct kind *k = *name ? kinds_find(word) : NULL;

	if (k)
		*rest = name;
	return k ? k : app_object(a).kind;
}

/* ":outputs" alone is about what is selected or open. */
static void selected_name(const struct app *a, const struct kind *k, char *out, size_t size)
{
	struct object o = app_object(a);

	if (o.row && o.kind == k)
		snprintf(out, size, "%s", record_key(k, o.row));
}

static bool run_screen(struct app *a, const struct screen *s, const char *rest, struct cmds *out,
	struct err *e)
{
	char name[256];
	struct view *v;

	if (s->takes_name) {
		const struct kind *k = s->any_kind ? named_kind(a, &rest) : s->kind;

		split(rest, name, sizeof name);
		if (!*name)
			selected_name(a, s->names ? s->names : k, name, sizeof name);
		if (!*name || (s->any_kind && !k))
			return err_set(e, ERR_INVALID, T_NEEDS_NAME, s->name, s->name);
		stack_open_kind(a, s, k, name, out);
		return true;
	}
	stack_open(a, s, "", out);
	v = app_top(a);
	struct table *t = v && v->screen == s && s->table ? s->table(v) : NULL;

	if (t && *rest) {
		if (!table_filter(t, rest, e))
			return false;
		if (t->data.sub)
			table_subscribe(a, t, s, false, out);
	}
	return true;
}

bool palette_run(struct app *a, const char *text, struct cmds *out, struct err *e)
{
	char word[32];
	const char *rest = split(text, word, sizeof word);
	const struct screen *s = screen_find(a, word);

	if (!*word)
		return true;
	if (s)
		return run_screen(a, s, rest, out, e);
	const struct action_info *i = keymap_find(&a->keymap, word);

	if (i && strcmp(word, "quit") != 0 &&
		keymap_fits(&a->keymap, i, app_scopes(a), app_object(a).kind)) {
		app_action(a, i->action, out);
		return true;
	}
	return run_verb(a, word, rest, out, e);
}

/* ---- Completion ---- */

static void offer(struct app *a, const char *typed, const char *word, const char *more)
{
	if (*typed && fuzzy_score(typed, word) == 0)
		return;
	buf_adds(&a->options_text, word);
	buf_adds(&a->options_text, more);
	buf_addc(&a->options_text, '\0');
	a->option_count++;
}

/* Names of the rows on the screen, where they are of the kind, or else of home. */
static const struct dataset *rows_of(const struct app *a, const struct kind *k)
{
	const struct view *v = app_top(a);
	const struct table *t = v && v->screen->table ? v->screen->table(v) : NULL;

	return t && (!k || t->data.kind == k) ? &t->data : &a->home.data;
}

static void offer_names(struct app *a, const struct screen *s, const char *typed)
{
	const struct dataset *d = rows_of(a, s->names ? s->names : s->kind);

	for (size_t i = 0; i < d->len && a->option_count < 50; i++) {
		const void *row = d->all[i]->row;
		struct buf text = BUF_INIT;

		if (!row || (*typed && fuzzy_score(typed, record_key(d->kind, row)) == 0))
			continue;
		buf_addf(&text, "%s %s", s->name, record_key(d->kind, row));
		offer(a, "", text.data, "");
		buf_release(&text);
	}
}

static void offer_tenants(struct app *a, const char *typed)
{
	const struct rowset *rows = &a->quota.data.rows;

	for (size_t i = 0; i < rows->len && a->option_count < 50; i++) {
		struct buf text = BUF_INIT;
		const char *name = record_key(&quota_kind, rows->rows[i]);

		buf_addf(&text, "tenant %s", name);
		if (!*typed || fuzzy_score(typed, name))
			offer(a, "", text.data, "");
		buf_release(&text);
	}
}

static void offer_actions(struct app *a, const char *word)
{
	const struct kind *k = app_object(a).kind;
	const struct action_info *i;

	for (size_t n = 0; *word && (i = keymap_at(&a->keymap, n)) != NULL; n++)
		if (keymap_fits(&a->keymap, i, app_scopes(a), k) && i->action > ACT_PREV_TAB &&
			!screen_find(a, i->name) && i->action != ACT_HELP && i->action != ACT_QUIT)
			offer(a, word, i->name, "");
}

static void complete(struct app *a)
{
	char word[32];
	const char *text = a->line.text.data, *rest = split(text, word, sizeof word);
	const struct screen *named = screen_find(a, word);

	buf_reset(&a->options_text);
	a->option_count = 0;
	a->choice = -1;
	if (strchr(text, ' ')) {
		if (named && named->takes_name)
			offer_names(a, named, rest);
		if (strcmp(word, "tenant") == 0)
			offer_tenants(a, rest);
		return;
	}
	for (const struct screen *const *s = a->options.screens; *s; s++)
		offer(a, word, (*s)->name, (*s)->takes_name ? " " : "");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		offer(a, word, verbs[i].word, verbs[i].argument ? " " : "");
	offer_actions(a, word);
}

static void next_option(struct app *a, int by)
{
	int choice = a->choice;

	if (a->option_count == 0)
		complete(a);
	if (a->option_count == 0)
		return;
	choice = choice < 0 ? (by > 0 ? 0 : a->option_count - 1)
			    : (choice + by + a->option_count) % a->option_count;
	a->choice = choice;
	edit_set(&a->line, option_at(a, choice));
}

static void run_line(struct app *a, struct cmds *out)
{
	struct err e = ERR_INIT;
	char *text = mem_strdup(a->line.text.data);

	a->mode = MODE_NONE;
	if (!palette_run(a, text, out, &e)) {
		line_open(a, MODE_PALETTE, text);
		app_set_text(&a->line_error, e.text);
	}
	free(text);
}

void palette_input(struct app *a, const struct msg *m, struct cmds *out)
{
	if (m->type == MSG_PASTE) {
		edit_insert(&a->line, m->text, m->text_len);
		complete(a);
		return;
	}
	switch (m->key) {
	case K_ESC: a->mode = MODE_NONE; return;
	case K_ENTER: run_line(a, out); return;
	case K_TAB:
	case K_DOWN: next_option(a, 1); return;
	case K_BACKTAB:
	case K_UP: next_option(a, -1); return;
	default:
		if (!edit_key(&a->line, m->key))
			return;
		free(a->line_error);
		a->line_error = NULL;
		complete(a);
	}
}

void palette_draw(const struct app *a, struct grid *g, const struct layout *l)
{
	options_draw(a, g, l->body, l->status.y);
	line_draw(a, g, l->status, ":");
}
