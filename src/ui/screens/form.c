#include "ui/kit/form.h"
#include "ui/screens/screens.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/*
 * Making an object of a kind, from nothing or with what another was given, and changing what may be
 * changed of one: the form of its kind.
 */

struct form_view {
	struct form form;
	uint64_t clone_id; /* request for the object to copy or change; 0: none */
	char *id;          /* what requests call it */
	void *before;      /* what it was before it is changed; NULL: nothing is changed */
	struct arena text; /* of `before` */
	bool warned;       /* Esc was pressed once over a form with words in it */
};

static bool edits(const struct view *v)
{
	return v->screen == &scr_edit;
}

/* The view's name is that of the object to begin with, or to change; "" none. */
static void form_start(struct app *a, struct view *v, struct cmds *out)
{
	struct form_view *f = mem_alloc(sizeof *f);
	struct object o = {v->kind, NULL};

	v->state = f;
	form_init(&f->form, v->kind, edits(v) ? F_EDIT : F_NEW);
	f->id = mem_strdup(v->name);
	if (!*v->name) {
		form_set(&f->form, "work_dir", a->folder);
		return;
	}
	o.row = app_row(a, v->kind, v->name);
	char *path = object_path(a, o, object_id(o, v->name), "");

	f->clone_id = app_get(a, path, out);
	app_notice(a, ROLE_DIM, T_CLONE_ASKING, v->name);
	free(path);
}

static void form_close(struct app *a, struct view *v, struct cmds *out)
{
	struct form_view *f = v->state;

	(void)a, (void)out;
	form_release(&f->form);
	free(f->id);
	free(f->before);
	arena_release(&f->text);
	free(f);
}

/* How many values are hidden from everyone, and so cannot be copied here. */
static size_t hidden_values(const struct kind *k, const void *rec)
{
	size_t n = 0;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & F_MASKED) && !(f->flags & F_ALIAS) && record_knows(k, rec, f))
			n += f->type->storage == ST_LABELS
				? ((const struct labels *)record_member(rec, f))->len
				: 1;
	}
	return n;
}

static void fill_copy(struct app *a, struct view *v, const void *rec)
{
	struct form_view *f = v->state;
	size_t hidden = hidden_values(v->kind, rec);
	const char *name = record_key(v->kind, rec);
	struct buf copy = BUF_INIT;

	form_fill(&f->form, rec);
	free(f->id);
	f->id = mem_strdup(object_id((struct object){v->kind, rec}, name));
	if (edits(v)) {
		free(f->before);
		f->before = mem_alloc(v->kind->size);
		record_copy(v->kind, f->before, rec, &f->text);
		app_notice_clear(a);
		return;
	}
	buf_addf(&copy, "%s-2", *name ? name : v->kind->name);
	form_set(&f->form, kind_key(v->kind)->name, copy.data);
	form_set(&f->form, "clone_of", f->id);
	if (hidden && kind_field(v->kind, "clone_of"))
		app_notice(a, ROLE_NORMAL, T_CLONED_HIDDEN, hidden, hidden == 1 ? "" : "s");
	else if (hidden)
		app_notice(a, ROLE_WARN, T_CLONED_BUT_HIDDEN, hidden, hidden == 1 ? "" : "s");
	else
		app_notice(a, ROLE_NORMAL, T_CLONED);
	buf_release(&copy);
}

static void take_copy(struct app *a, struct view *v, const struct msg *m)
{
	struct form_view *f = v->state;
	struct arena text = ARENA_INIT;
	struct buf why = BUF_INIT;
	void *rec = mem_alloc(v->kind->size);
	struct err e = ERR_INIT;

	f->clone_id = 0;
	if (m->status < 200 || m->status >= 300) {
		reply_error(m, &why);
		app_notice(a, ROLE_BAD, "%s", why.data);
	} else if (!record_decode(v->kind, rec, &text, m->body, DECODE_SERVER, &e)) {
		app_notice(a, ROLE_BAD, "%s", e.text);
	} else {
		fill_copy(a, v, rec);
	}
	free(rec);
	buf_release(&why);
	arena_release(&text);
}

static void form_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct form_view *f = v->state;

	(void)out;
	if (m->type == MSG_REPLY && f->clone_id && m->id == f->clone_id)
		take_copy(a, v, m);
}

/* ---- Submitting ---- */

/* What happens if it is submitted now: GPUs before and after, and whether it will wait. */
static void stakes(const struct app *a, const struct job *j, struct buf *out)
{
	const struct rowset *rows = &a->quota.data.rows;
	const struct quota *q = NULL;
	struct buf what = BUF_INIT, clean = BUF_INIT;
	int64_t want = j->gpu_limit > 0 ? j->gpu_limit : 0;

	for (size_t i = 0; i < rows->len; i++)
		if (rows->len == 1 || strcmp(record_key(&quota_kind, rows->rows[i]), a->org) == 0)
			q = rows->rows[i];
	job_what(j, &what);
	sanitize_text(&clean, what.data, what.len);
	buf_addf(out, T_SUBMIT_RUNS "\n", clean.data);
	if (*a->tenant)
		buf_addf(out, T_SUBMIT_OWN "\n", a->org);
	if (want && q && q->total.gpu_quota >= 0 && record_has(quota, q, total.gpu_quota)) {
		buf_addf(out, T_SUBMIT_GPUS "\n", (long long)q->total.gpu_used,
			(long long)(q->total.gpu_used + want), (long long)q->total.gpu_quota);
		if (q->total.gpu_used + want > q->total.gpu_quota)
			buf_adds(out, T_SUBMIT_WAITS "\n");
	} else if (want) {
		buf_addf(out, T_SUBMIT_GPUS_ONLY "\n", (long long)want);
	}
	if (a->tally.wait)
		buf_addf(out, T_SUBMIT_BEHIND "\n", (long long)a->tally.wait);
	buf_release(&what);
	buf_release(&clean);
}

/* Takes out of `rec` what is as it was, and says of the rest what changes, a line each. */
static size_t edit_stakes(const struct app *a, const struct view *v, void *rec, struct buf *out)
{
	const void *before = ((const struct form_view *)v->state)->before;
	size_t n = 0;

	for (size_t i = 0; i < v->kind->field_count; i++) {
		const struct field *f = &v->kind->fields[i];

		if (!(f->flags & F_EDIT) || !record_knows(v->kind, rec, f))
			continue;
		if (before && record_knows(v->kind, before, f) &&
			f->type->compare(f, record_member(before, f), record_member(rec, f)) == 0) {
			record_forget(v->kind, rec, f->offset);
			continue;
		}
		buf_addf(out, "%s: ", f->name);
		if (before)
			record_cell(v->kind, before, f, a->now, out);
		else
			buf_addc(out, '-');
		buf_adds(out, " -> ");
		record_cell(v->kind, rec, f, a->now, out);
		buf_addc(out, '\n');
		n++;
	}
	return n;
}

static void ask_change(struct app *a, struct view *v, void *rec)
{
	struct form_view *f = v->state;
	struct buf question = BUF_INIT, lines = BUF_INIT;

	if (edit_stakes(a, v, rec, &lines) == 0) {
		app_notice(a, ROLE_WARN, T_NOTHING_CHANGED);
		buf_release(&lines);
		return;
	}
	changes_release(&a->proposed);
	struct change *c = changes_add(&a->proposed);

	c->kind = v->kind;
	c->form = true;
	c->method = "PUT";
	c->verb = "edit";
	c->doing = T_DOING_EDIT;
	c->path = object_path(a, (struct object){v->kind, NULL}, f->id, "");
	c->name = mem_strdup(v->name);
	c->body = record_encode_request(v->kind, rec);
	buf_addf(&question, T_ASK_EDIT, v->kind->name, c->name);
	prompt_start(&a->prompt, PROMPT_CHANGES, question.data, T_ACCEPT_EDIT, NULL);
	buf_adds(&a->prompt.stakes, lines.data);
	a->mode = MODE_PROMPT;
	buf_release(&question);
	buf_release(&lines);
}

static void ask_submit(struct app *a, const struct view *v, const void *rec)
{
	struct buf question = BUF_INIT;

	changes_release(&a->proposed);
	struct change *c = changes_add(&a->proposed);

	c->kind = v->kind;
	c->form = true;
	c->method = "POST";
	c->verb = "submit";
	c->doing = T_DOING_NEW;
	c->path = mem_strdup(v->kind->path);
	c->name = mem_strdup(record_key(v->kind, rec));
	c->body = record_encode_request(v->kind, rec);
	buf_addf(&question, T_ASK_SUBMIT, v->kind->name, c->name);
	prompt_start(&a->prompt, PROMPT_CHANGES, question.data, T_ACCEPT_SUBMIT, NULL);
	if (v->kind == &job_kind)
		stakes(a, rec, &a->prompt.stakes);
	a->mode = MODE_PROMPT;
	buf_release(&question);
}

static void submit(struct app *a, struct view *v)
{
	struct form_view *f = v->state;
	struct arena text = ARENA_INIT;
	void *rec = mem_alloc(v->kind->size);
	struct err e = ERR_INIT;

	if (!form_record(&f->form, rec, &text, &e))
		app_notice_clear(a); /* the field that is at fault says it */
	else if (!app_connected(a))
		app_notice(a, ROLE_BAD, T_NOT_CONNECTED);
	else if (edits(v))
		ask_change(a, v, rec);
	else
		ask_submit(a, v, rec);
	if (e.code != ERR_NONE && !*e.field)
		app_notice(a, ROLE_BAD, "%s", e.text);
	free(rec);
	arena_release(&text);
}

static void form_answered(struct app *a, struct view *v, const struct msg *m, const char *name,
	struct cmds *out)
{
	const char *field = json_string_value(json_object_get(m->body, "field"));
	struct buf why = BUF_INIT;

	if (m->status >= 200 && m->status < 300) {
		const char *uid = json_string_value(json_object_get(m->body, "uid"));

		bool made = !edits(v);

		stack_pop(a, out); /* the view is gone with it */
		if (made)
			app_notice(a, ROLE_GOOD, T_SUBMITTED, name);
		if (uid && !table_select_uid(&a->home, uid))
			app_set_text(&a->select_uid, uid);
		return;
	}
	reply_error(m, &why);
	if (field && form_mark(&((struct form_view *)v->state)->form, field, why.data))
		app_notice_clear(a); /* it stands at its field: once is enough */
	buf_release(&why);
}

static bool form_keys(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct form_view *f = v->state;
	int page = app_layout(a).body.height - 4;

	if (m->type == MSG_KEY && m->key == K_F1)
		return false;
	switch (form_input(&f->form, m, page > 1 ? page : 1)) {
	case FORM_SUBMITTED: submit(a, v); break;
	case FORM_LEFT:
		if (!f->warned && f->form.touched) {
			f->warned = true;
			app_notice(a, ROLE_WARN, T_FORM_LEAVE);
			return true;
		}
		stack_pop(a, out);
		return true;
	case FORM_OPEN: break;
	}
	f->warned = false;
	return true;
}

static void form_paint(const struct app *a, const struct view *v, struct grid *g, struct rect body)
{
	form_draw(&((struct form_view *)v->state)->form, g, body);
	if (a->mode != MODE_NONE) {
		g->cursor_x = -1;
		g->cursor_y = -1;
	}
}

#define FORM_SCREEN                                                                  \
	.passing = true, .any_kind = true, .scopes = SCOPE_FORM, .open = form_start, \
	.close = form_close, .message = form_message, .input = form_keys,            \
	.answered = form_answered, .draw = form_paint

const struct screen scr_form = {
	.name = "submit",
	.doc = T_SCREEN_FORM,
	FORM_SCREEN,
};

const struct screen scr_edit = {
	.name = "edit",
	.doc = T_SCREEN_EDIT,
	FORM_SCREEN,
};
