#include "ui/kit/form.h"
#include "ui/screens/screens.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Submitting a job: the form of job_kind, empty or with what another job was given. */

struct form_view {
	struct form form;
	uint64_t clone_id; /* request for the job to copy; 0: none */
	bool warned;       /* Esc was pressed once over a form with words in it */
};

/* The view's name is that of the job to begin with; "" none. */
static void form_start(struct app *a, struct view *v, struct cmds *out)
{
	struct form_view *f = mem_alloc(sizeof *f);

	v->state = f;
	form_init(&f->form, &job_kind);
	if (!*v->name)
		return;
	char *path = object_path(a, (struct object){&job_kind, NULL}, v->name, "");

	f->clone_id = app_get(a, path, out);
	app_notice(a, ROLE_DIM, T_CLONE_ASKING, v->name);
	free(path);
}

static void form_close(struct app *a, struct view *v, struct cmds *out)
{
	struct form_view *f = v->state;

	(void)a, (void)out;
	form_release(&f->form);
	free(f);
}

static void take_clone(struct app *a, struct form_view *f, const struct msg *m)
{
	struct arena text = ARENA_INIT;
	struct buf why = BUF_INIT;
	struct job j = {0};
	struct err e = ERR_INIT;

	f->clone_id = 0;
	if (m->status < 200 || m->status >= 300) {
		reply_error(m, &why);
		app_notice(a, ROLE_BAD, "%s", why.data);
	} else if (!record_decode(&job_kind, &j, &text, m->body, DECODE_SERVER, &e)) {
		app_notice(a, ROLE_BAD, "%s", e.text);
	} else {
		bool whole = form_fill(&f->form, &j);

		buf_addf(&why, "%s-2", j.job_name ? j.job_name : "job");
		form_set(&f->form, "job_name", why.data);
		app_notice(a, ROLE_NORMAL, "%s", whole ? T_CLONED : T_CLONED_BUT_MASKED);
	}
	buf_release(&why);
	arena_release(&text);
}

static void form_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct form_view *f = v->state;

	(void)out;
	if (m->type == MSG_REPLY && f->clone_id && m->id == f->clone_id)
		take_clone(a, f, m);
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

static void propose(struct app *a, const struct job *j)
{
	struct buf question = BUF_INIT;

	changes_release(&a->proposed);
	struct change *c = changes_add(&a->proposed);

	c->method = "POST";
	c->verb = action_info(ACT_SUBMIT)->name;
	c->path = mem_strdup(job_kind.path);
	c->name = mem_strdup(j->job_name ? j->job_name : "");
	c->body = record_encode_request(&job_kind, j);
	c->form = true;
	buf_addf(&question, T_ASK_SUBMIT, c->name);
	prompt_start(&a->prompt, PROMPT_CHANGES, question.data, T_ACCEPT_SUBMIT, NULL);
	stakes(a, j, &a->prompt.stakes);
	a->mode = MODE_PROMPT;
	buf_release(&question);
}

static void submit(struct app *a, struct form_view *f)
{
	struct arena text = ARENA_INIT;
	struct job *j = mem_alloc(sizeof *j);
	struct err e = ERR_INIT;

	if (!form_record(&f->form, j, &text, &e))
		app_notice(a, ROLE_BAD, "%s", e.text);
	else if (!app_connected(a))
		app_notice(a, ROLE_BAD, T_NOT_CONNECTED);
	else
		propose(a, j);
	free(j);
	arena_release(&text);
}

static void form_answered(struct app *a, struct view *v, const struct msg *m, const char *name,
	struct cmds *out)
{
	const char *field = json_string_value(json_object_get(m->body, "field"));
	struct buf why = BUF_INIT;

	if (m->status >= 200 && m->status < 300) {
		const char *uid = json_string_value(json_object_get(m->body, "uid"));

		stack_pop(a, out);
		app_notice(a, ROLE_GOOD, T_SUBMITTED, name);
		if (uid && !table_select_uid(&a->home, uid))
			app_set_text(&a->select_uid, uid);
		return;
	}
	reply_error(m, &why);
	if (field)
		form_mark(&((struct form_view *)v->state)->form, field, why.data);
	buf_release(&why);
}

static bool form_keys(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct form_view *f = v->state;
	int page = app_layout(a).body.height - 4;

	if (m->type == MSG_KEY && m->key == K_F1)
		return false;
	switch (form_input(&f->form, m, page > 1 ? page : 1)) {
	case FORM_SUBMITTED: submit(a, f); break;
	case FORM_LEFT:
		if (!f->warned && form_touched(&f->form)) {
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

const struct screen scr_form = {
	.name = "submit",
	.doc = T_SCREEN_FORM,
	.passing = true,
	.scopes = SCOPE_FORM,
	.kind = &job_kind,
	.open = form_start,
	.close = form_close,
	.message = form_message,
	.input = form_keys,
	.answered = form_answered,
	.draw = form_paint,
};
