#include "ui/kit/form.h"
#include "ui/screens/form_foresee.h"
#include "ui/screens/form_send.h"
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
	uint64_t number;        /* by which changes know it */
	uint64_t clone_id;      /* request for the object to copy or change; 0: none */
	char *id;               /* what requests call it */
	void *before;           /* what it was before it is changed; NULL: nothing is changed */
	struct arena text;      /* of `before` */
	struct foresee foresee; /* what sending it would lead to */
	bool warned;            /* Esc was pressed once over a form with words in it */
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
	f->number = ++a->next_form;
	form_init(&f->form, v->kind, edits(v) ? F_EDIT : F_NEW);
	foresee_init(&f->foresee);
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
	foresee_clear(&f->foresee);
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
	if (foresee_answer(&f->foresee, m))
		return;
	if (m->type == MSG_REPLY && f->clone_id && m->id == f->clone_id)
		take_copy(a, v, m);
}

/* ---- Before it is sent ---- */

static void form_tick(struct app *a, struct view *v, struct cmds *out)
{
	struct form_view *f = v->state;

	form_foresee_tick(&f->foresee, a, &f->form, edits(v) ? f->id : NULL, out);
}

static int64_t form_wake(const struct view *v)
{
	return ((const struct form_view *)v->state)->foresee.due;
}

/* ---- Sending ---- */

static void submit(struct app *a, struct view *v, struct cmds *out)
{
	struct form_view *f = v->state;
	struct arena text = ARENA_INIT;
	void *rec = mem_alloc(v->kind->size);
	struct err e = ERR_INIT;

	if (!form_record(&f->form, rec, &text, &e))
		app_notice_clear(a); /* the field that is at fault says it */
	else if (!app_connected(a))
		app_notice(a, ROLE_BAD, T_NOT_CONNECTED);
	else if (change_of_form(a, f->number))
		app_notice(a, ROLE_DIM, T_FORM_SENT);
	else if (!a->seen)
		app_notice(a, ROLE_WARN, T_NOT_SEEN, T_ACCEPT_SUBMIT);
	else if (edits(v))
		form_send_edit(a, f->number, v->kind, f->id, v->name, f->before, rec, out);
	else
		form_send_new(a, f->number, v->kind, rec, out);
	if (e.code != ERR_NONE && !*e.field)
		app_notice(a, ROLE_BAD, "%s", e.text);
	free(rec);
	arena_wipe(&text);
}

/* What the person changed stands over what somebody else has made of it meanwhile. */
static void merge(const struct kind *k, const void *before, const void *mine, void *theirs)
{
	struct fieldset changed = {{0}};

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & F_EDIT) && record_knows(k, mine, f) &&
			(!record_knows(k, before, f) ||
				f->type->compare(f, record_member(before, f),
					record_member(mine, f)) != 0))
			fieldset_add(&changed, i);
	}
	record_overlay(k, theirs, mine, &changed);
}

/* The form goes on from what stands there now, with what the person wants of it. */
static void take_theirs(struct view *v, const json_t *now)
{
	struct form_view *f = v->state;
	const struct kind *k = v->kind;
	struct arena text = ARENA_INIT;
	void *mine = mem_alloc(k->size), *theirs = mem_alloc(k->size), *both = mem_alloc(k->size);

	if (f->before && form_record(&f->form, mine, &text, NULL) &&
		record_decode(k, theirs, &f->text, now, DECODE_SERVER, NULL)) {
		memcpy(both, theirs, k->size);
		merge(k, f->before, mine, both);
		form_fill(&f->form, both);
		memcpy(f->before, theirs, k->size);
	}
	free(mine);
	free(theirs);
	free(both);
	arena_wipe(&text);
}

static void form_over(struct app *a, const struct view *v, struct cmds *out)
{
	if (v == app_top(a))
		stack_pop(a, out); /* the view is gone with it */
}

/* What was accepted is done with, unless the person has gone on to another screen meanwhile. */
static bool form_answered(struct app *a, struct view *v, uint64_t form, const struct msg *m,
	struct cmds *out)
{
	struct form_view *f = v->state;
	struct buf why = BUF_INIT;

	if (form != f->number)
		return false;
	if (m == NULL) {
		form_over(a, v, out);
		return true;
	}
	const char *field = json_string_value(json_object_get(m->body, "field"));

	if (m->status >= 200 && m->status < 300) {
		const char *uid = json_string_value(
			json_object_get(m->body, kind_uid(v->kind)->name));

		if (uid)
			app_set_text(&a->select_uid, uid);
		form_over(a, v, out);
		return true;
	}
	if (m->status == 409 && field && strcmp(field, "version") == 0) {
		take_theirs(v, json_object_get(m->body, "now"));
		return true;
	}
	reply_error(m, &why);
	if (field && form_mark(&f->form, field, why.data))
		app_notice_clear(a); /* it stands at its field: once is enough */
	buf_release(&why);
	return true;
}

static bool form_keys(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct form_view *f = v->state;
	int page = app_layout(a).body.height - 4;

	if (m->type == MSG_KEY && m->key == K_F1)
		return false;
	switch (form_input(&f->form, m, page > 1 ? page : 1)) {
	case FORM_SUBMITTED: submit(a, v, out); break;
	case FORM_LEFT:
		if (!f->warned && f->form.touched) {
			f->warned = true;
			app_notice(a, ROLE_WARN, T_FORM_LEAVE);
			return true;
		}
		stack_pop(a, out);
		return true;
	case FORM_OPEN:
		if ((v->kind->can & CAN_WHAT_IF) && f->form.touched)
			foresee_touched(&f->foresee, a);
		break;
	}
	f->warned = false;
	return true;
}

static bool form_hides(const struct view *v)
{
	return form_hides_input(&((const struct form_view *)v->state)->form);
}

static void form_paint(const struct app *a, const struct view *v, struct grid *g, struct rect body)
{
	struct form_view *f = v->state;

	form_foresee_draw(&f->foresee, g, &body);
	form_draw(&f->form, g, body);
	if (a->mode != MODE_NONE) {
		g->cursor_x = -1;
		g->cursor_y = -1;
	}
}

#define FORM_SCREEN                                                                          \
	.passing = true, .any_kind = true, .scopes = SCOPE_FORM, .open = form_start,         \
	.close = form_close, .message = form_message, .input = form_keys, .tick = form_tick, \
	.wake = form_wake, .answered = form_answered, .draw = form_paint, .hides = form_hides

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
