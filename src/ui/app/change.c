#include "ui/app/parts.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void change_release(struct change *c)
{
	free(c->path);
	free(c->name);
	free(c->uid);
	free(c->said);
	free(c->undo_path);
	free(c->version);
	json_decref(c->body);
	json_decref(c->back);
}

void changes_release(struct changes *c)
{
	for (size_t i = 0; i < c->len; i++)
		change_release(&c->items[i]);
	free(c->items);
	*c = (struct changes){0};
}

struct change *changes_add(struct changes *c)
{
	if (c->len == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 8;
		c->items = mem_realloc(c->items, c->cap * sizeof *c->items);
	}
	memset(&c->items[c->len], 0, sizeof *c->items);
	return &c->items[c->len++];
}

static size_t changes_waiting(const struct changes *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->len; i++)
		n += c->items[i].due != 0;
	return n;
}

static void changes_remove(struct changes *c, size_t at)
{
	change_release(&c->items[at]);
	memmove(&c->items[at], &c->items[at + 1], (c->len - at - 1) * sizeof *c->items);
	c->len--;
}

/* ---- Sending, undoing, replies ---- */

/* On its row, wherever rows of the kind are shown. */
static void badge(struct app *a, const struct change *c, uint64_t id)
{
	for (int i = 0; c->uid && i <= a->depth; i++) {
		const struct view *v = i < a->depth ? &a->stack[i] : NULL;
		struct table *t = !v ? &a->home : v->screen->table ? v->screen->table(v) : NULL;
		struct entry *e = t && t->data.kind == c->kind ? dataset_find(&t->data, c->uid)
							       : NULL;

		if (e)
			e->change = id;
	}
}

static void marks_clear(struct app *a)
{
	const struct view *v = app_top(a);
	struct table *t = v && v->screen->table ? v->screen->table(v) : NULL;

	if (t)
		table_mark_clear(t);
}

/* A version is a number. */
static char *sent_path(const struct change *c)
{
	struct buf path = BUF_INIT;

	buf_adds(&path, c->path);
	if (c->version)
		buf_addf(&path, "%cif_version=%s", strchr(c->path, '?') ? '&' : '?', c->version);
	return buf_detach(&path);
}

static void send(struct change *c, struct cmds *out)
{
	struct cmd *cmd = cmds_add(out, CMD_REQUEST);

	cmd->id = c->id;
	cmd->method = c->method;
	cmd->path = sent_path(c);
	cmd->body = json_incref(c->body);
	c->due = 0;
}

static void notice_waits(struct app *a, const struct change *c, size_t n)
{
	app_notice(a, ROLE_WARN, T_UNDO, c->verb, n, n == 1 ? c->kind->name : c->kind->plural,
		(int)((a->options.grace_ms + 999) / 1000));
}

void change_accept(struct app *a, struct cmds *out)
{
	uint64_t batch = ++a->next_batch;
	size_t n = a->proposed.len;
	bool waits = false;

	undo_release(&a->undo);
	for (size_t i = 0; i < n; i++) {
		struct change *c = changes_add(&a->changes);

		*c = a->proposed.items[i];
		c->id = app_id(a);
		c->batch = batch;
		c->due = a->mono + a->options.grace_ms + 1;
		badge(a, c, c->id);
		if (a->options.grace_ms <= 0 || c->form || c->at_once)
			send(c, out);
		else
			waits = true;
	}
	free(a->proposed.items);
	a->proposed = (struct changes){0};
	if (waits)
		notice_waits(a, &a->changes.items[a->changes.len - 1], n);
	if (n > 0)
		marks_clear(a);
}

void change_tick(struct app *a, struct cmds *out)
{
	for (size_t i = 0; i < a->changes.len; i++) {
		struct change *c = &a->changes.items[i];

		if (c->due == 0 || a->mono < c->due)
			continue;
		send(c, out);
		app_notice(a, ROLE_NORMAL, T_SENT, c->verb, c->name);
	}
}

int64_t change_wake(const struct app *a)
{
	int64_t at = 0;

	for (size_t i = 0; i < a->changes.len; i++) {
		int64_t due = a->changes.items[i].due;

		if (due && (at == 0 || due < at))
			at = due;
	}
	return at;
}

void change_undo(struct app *a, struct cmds *out)
{
	uint64_t batch = 0;
	size_t n = 0;

	for (size_t i = 0; i < a->changes.len; i++)
		if (a->changes.items[i].due && a->changes.items[i].batch > batch)
			batch = a->changes.items[i].batch;
	for (size_t i = a->changes.len; batch && i-- > 0;) {
		if (!a->changes.items[i].due || a->changes.items[i].batch != batch)
			continue;
		badge(a, &a->changes.items[i], 0);
		changes_remove(&a->changes, i);
		n++;
	}
	if (n)
		app_notice(a, ROLE_GOOD, T_UNDONE, n, n == 1 ? "" : "s");
	else if (!app_connected(a))
		app_notice(a, ROLE_BAD, T_NOT_CONNECTED);
	else if (!undo_take(a, out))
		app_notice(a, ROLE_DIM, T_NOTHING_TO_UNDO);
}

/* What is never shown again, such as the secret of a key that was just made. */
static void show_secrets(struct app *a, const struct change *c, const json_t *body)
{
	struct buf title = BUF_INIT, lines = BUF_INIT;

	for (size_t i = 0; c->kind && i < c->kind->field_count; i++) {
		const struct field *f = &c->kind->fields[i];
		const char *text = json_string_value(json_object_get(body, f->name));

		if (!(f->flags & (F_SECRET | F_UID)) || !text)
			continue;
		buf_addf(&lines, "%s: ", f->name);
		sanitize_text(&lines, text, strlen(text));
		buf_addc(&lines, '\n');
		if (f->flags & F_SECRET)
			buf_addf(&title, T_SECRET_TITLE, c->kind->name, c->name);
	}
	if (title.len) {
		popup_open(a, title.data);
		buf_adds(&a->popup, lines.data);
	}
	buf_release(&lines);
	buf_release(&title);
}

bool change_of_form(const struct app *a, uint64_t form)
{
	for (size_t i = 0; i < a->changes.len; i++)
		if (a->changes.items[i].form == form)
			return true;
	return false;
}

/* To the form that sent it, wherever it is by now. */
static void form_answered(struct app *a, uint64_t form, const struct msg *m, struct cmds *out)
{
	for (int i = a->depth; i-- > 0;)
		if (a->stack[i].screen->answered &&
			a->stack[i].screen->answered(a, &a->stack[i], form, m, out))
			return;
}

static void accepted(struct app *a, const struct change *c, const struct msg *m)
{
	bool back = undo_offer(a, c, m->body);

	if (c->said)
		app_notice(a, ROLE_GOOD, "%s%s", c->said, back ? T_CAN_UNDO : "");
	else
		app_notice(a, ROLE_GOOD, T_ACCEPTED "%s", c->name, c->doing ? c->doing : c->verb,
			back ? T_CAN_UNDO : "");
}

bool change_reply(struct app *a, const struct msg *m, struct cmds *out)
{
	size_t i = 0;

	while (i < a->changes.len && (a->changes.items[i].id != m->id || a->changes.items[i].due))
		i++;
	if (i == a->changes.len)
		return false;
	struct change *c = &a->changes.items[i];
	bool done = m->status >= 200 && m->status < 300;

	badge(a, c, 0);
	if (done) {
		accepted(a, c, m);
	} else if (conflict_take(a, c, m)) {
		const struct change *mine = &a->conflicts.items[a->conflicts.len - 1].mine;

		app_notice(a, ROLE_WARN, T_EDIT_CONFLICT, mine->kind->name, mine->name);
	} else {
		struct buf why = BUF_INIT;

		reply_error(m, &why);
		app_notice(a, ROLE_BAD, T_REFUSED, c->verb, c->name, why.data);
		buf_release(&why);
	}
	if (c->form)
		form_answered(a, c->form, m, out);
	if (done)
		show_secrets(a, c, m->body); /* the form is gone: with it went what stood over it */
	changes_remove(&a->changes, i);
	return true;
}

/* ---- Leaving ---- */

bool app_unsent(const struct app *a)
{
	return changes_waiting(&a->changes) > 0;
}

bool app_quit(struct app *a, struct cmds *out)
{
	size_t waiting = changes_waiting(&a->changes);

	if (waiting == 0 || a->ended) {
		a->ended = true;
		cmds_add(out, CMD_QUIT);
		return true;
	}
	struct buf question = BUF_INIT;

	buf_addf(&question, T_QUIT_QUESTION, waiting, waiting == 1 ? "" : "s");
	prompt_start(&a->prompt, PROMPT_QUIT, question.data, T_QUIT_ACCEPT, NULL);
	buf_adds(&a->prompt.stakes, T_QUIT_STAKES "\n");
	buf_release(&question);
	a->mode = MODE_PROMPT;
	return false;
}
