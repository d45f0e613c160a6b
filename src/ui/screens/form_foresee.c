#include "ui/screens/form_foresee.h"

#include "base/mem.h"
#include "base/sanitize.h"
#include "core/kinds/forecast.h"

#include <stdlib.h>
#include <string.h>

static void forget(struct foresee *f)
{
	free(f->says);
	free(f->changes);
	f->says = f->changes = NULL;
	f->bad = false;
	f->id = 0;
}

void foresee_release(struct foresee *f)
{
	forget(f);
}

void foresee_touched(struct foresee *f, const struct app *a)
{
	forget(f);
	f->due = f->can == CAN_NOT ? 0 : a->mono + FORESEE_AFTER_MS;
}

/* ---- Asking ---- */

/* What was typed so far; false: it is not whole yet. */
static json_t *body_of(const struct form *form)
{
	struct arena text = ARENA_INIT;
	void *rec = mem_alloc(form->kind->size);
	struct err e = ERR_INIT;
	json_t *body = form_try(form, rec, &text, &e, NULL) ? record_encode_request(form->kind, rec)
							    : NULL;

	free(rec);
	arena_release(&text);
	return body;
}

static void ask(struct foresee *f, struct app *a, const struct form *form, const char *id,
	struct cmds *out)
{
	const struct kind *k = form->kind;
	json_t *body = body_of(form);
	struct buf path = BUF_INIT;
	char *one;

	if (body == NULL)
		return;
	one = id ? object_path(a, (struct object){k, NULL}, id, "") : mem_strdup(k->path);
	buf_addf(&path, "%s%cwhat_if=1", one, strchr(one, '?') ? '&' : '?');
	struct cmd *c = cmds_add(out, CMD_REQUEST);

	f->id = c->id = app_id(a);
	c->method = id ? "PUT" : "POST";
	c->path = buf_detach(&path);
	c->body = body;
	free(one);
}

void foresee_tick(struct foresee *f, struct app *a, const struct form *form, const char *id,
	struct cmds *out)
{
	if (f->due == 0 || a->mono < f->due || !app_connected(a))
		return;
	f->due = 0;
	if (f->can == CAN_UNASKED) {
		f->can = CAN_ASKED;
		f->id = app_get(a, "/version", out);
	} else if (f->can == CAN_DO) {
		ask(f, a, form, id, out);
	}
}

/* ---- Answers ---- */

static bool names_it(const json_t *version)
{
	json_t *word;
	size_t i;

	json_array_foreach(json_object_get(version, "capabilities"), i, word)
		if (strcmp(json_string_value(word) ?: "", "what_if") == 0)
			return true;
	return false;
}

static char *clean(struct buf *text)
{
	struct buf out = BUF_INIT;

	sanitize_text(&out, text->data, text->len);
	buf_release(text);
	return buf_detach(&out);
}

static char *changes_of(const struct forecast *fc)
{
	struct buf all = BUF_INIT, one = BUF_INIT;

	for (size_t i = 0; i < FORECAST_RESOURCES; i++) {
		buf_reset(&one);
		if (forecast_change(fc, i, &one))
			buf_addf(&all, "%s%s %s", all.len ? ", " : "", forecast_resources[i],
				one.data);
	}
	buf_release(&one);
	return clean(&all);
}

/* What of it matters before it is sent: of a change of limits who is over them. */
static char *says_of(const struct forecast *fc, bool new)
{
	struct buf text = BUF_INIT;

	if (new)
		forecast_say(fc, &text);
	for (size_t i = 0; i < fc->over.len; i++) {
		buf_adds(&text, i ? ", " : text.len ? "; " T_FORESEE_OVER : T_FORESEE_OVER);
		forecast_over(records_at(&overrun_kind, &fc->over, i), &text);
	}
	if (text.len == 0)
		buf_adds(&text, T_FORESEE_NOBODY);
	return clean(&text);
}

static void take(struct foresee *f, const struct kind *k, const struct msg *m)
{
	struct arena text = ARENA_INIT;
	struct forecast fc = {.behind = 0};
	struct err e = ERR_INIT;
	bool new = k->can &CAN_CREATE;

	if (record_decode(&forecast_kind, &fc, &text, m->body, DECODE_SERVER, &e)) {
		f->says = says_of(&fc, new);
		f->changes = changes_of(&fc);
		f->bad = fc.over.len > 0 || (new && !fc.starts_now);
	}
	arena_release(&text);
}

bool foresee_answer(struct foresee *f, const struct app *a, const struct kind *k,
	const struct msg *m)
{
	bool good = m->status >= 200 && m->status < 300;

	if (m->type != MSG_REPLY || f->id == 0 || m->id != f->id)
		return false;
	f->id = 0;
	if (f->can == CAN_ASKED) {
		f->can = good && names_it(m->body) ? CAN_DO : CAN_NOT;
		f->due = f->can == CAN_DO ? a->mono + 1 : 0;
	} else if (good) {
		take(f, k, m);
	}
	return true;
}

void foresee_draw(const struct foresee *f, struct grid *g, struct rect *r)
{
	int y = r->y + r->height - FORESEE_LINES;

	if (f->says == NULL || r->height < 8)
		return;
	r->height -= FORESEE_LINES;
	grid_clip(g, r->x + 1, y, r->width - 2, f->bad ? ROLE_WARN : ROLE_GOOD, f->says);
	grid_clip(g, r->x + 1, y + 1, r->width - 2, ROLE_DIM, f->changes);
}
