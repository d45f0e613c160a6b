#include "ui/app/foresee.h"

#include "base/mem.h"
#include "base/sanitize.h"
#include "core/kinds/forecast.h"
#include "ui/app/parts.h"

#include <stdlib.h>
#include <string.h>

void foresee_init(struct foresee *f)
{
	*f = (struct foresee){.says = BUF_INIT,
		.changed = BUF_INIT,
		.overs = BUF_INIT,
		.refusal = BUF_INIT};
}

void foresee_clear(struct foresee *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->asks[i].path);
		json_decref(f->asks[i].body);
	}
	buf_release(&f->says);
	buf_release(&f->changed);
	buf_release(&f->overs);
	buf_release(&f->refusal);
	foresee_init(f);
}

void foresee_touched(struct foresee *f, const struct app *a)
{
	foresee_clear(f);
	f->due = a->mono + FORESEE_AFTER_MS;
}

bool foresee_due(const struct foresee *f, const struct app *a)
{
	return f->due != 0 && a->mono >= f->due && app_connected(a);
}

/* ---- Asking ---- */

void foresee_add(struct foresee *f, const struct kind *k, const char *method, char *path,
	json_t *body)
{
	f->kind = k;
	f->changes++;
	if (f->count == FORESEE_ASKS) {
		free(path);
		json_decref(body);
		return;
	}
	f->asks[f->count++] = (struct foresee_ask){method, path, body, 0};
}

static bool is_about(const struct foresee *f, const struct changes *c)
{
	if (f->changes != c->len)
		return false;
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->asks[i].path, c->items[i].path) != 0 ||
			!json_equal(f->asks[i].body, c->items[i].body))
			return false;
	return true;
}

void foresee_about(struct foresee *f, const struct app *a, const struct kind *k,
	const struct changes *c)
{
	if (a->can_foresee == FORESEE_CANNOT || !(k->can & CAN_WHAT_IF) || is_about(f, c))
		return;
	foresee_clear(f);
	for (size_t i = 0; i < c->len; i++)
		foresee_add(f, k, c->items[i].method, mem_strdup(c->items[i].path),
			json_incref(c->items[i].body));
}

static void send_one(struct foresee_ask *ask, struct app *a, struct cmds *out)
{
	struct buf path = BUF_INIT;
	struct cmd *c = cmds_add(out, CMD_REQUEST);

	buf_addf(&path, "%s%cwhat_if=1", ask->path, strchr(ask->path, '?') ? '&' : '?');
	ask->id = c->id = app_id(a);
	c->method = ask->method;
	c->path = buf_detach(&path);
	c->body = json_incref(ask->body);
}

void foresee_send(struct foresee *f, struct app *a, struct cmds *out)
{
	if (f->sent == f->count || !app_connected(a))
		return;
	if (a->can_foresee == FORESEE_UNASKED && !f->tried) {
		f->tried = true;
		a->can_foresee = FORESEE_ASKED;
		a->can_foresee_id = app_get(a, "/version", out);
	}
	if (a->can_foresee == FORESEE_UNASKED || a->can_foresee == FORESEE_CANNOT)
		foresee_clear(f); /* not reached: with the next question again */
	while (a->can_foresee == FORESEE_CAN && f->sent < f->count &&
		f->sent - f->answered < FORESEE_AT_ONCE)
		send_one(&f->asks[f->sent++], a, out);
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

bool foresee_can_answer(struct app *a, const struct msg *m)
{
	if (a->can_foresee != FORESEE_ASKED || m->id != a->can_foresee_id)
		return false;
	if (m->status >= 200 && m->status < 300)
		a->can_foresee = names_it(m->body) ? FORESEE_CAN : FORESEE_CANNOT;
	else
		a->can_foresee = m->status ? FORESEE_CANNOT : FORESEE_UNASKED;
	return true;
}

static void add_clean(struct buf *out, struct buf *text)
{
	sanitize_text(out, text->data, text->len);
	buf_release(text);
}

static void take_changes(struct foresee *f, const struct forecast *fc)
{
	struct buf all = BUF_INIT, one = BUF_INIT;

	for (size_t i = 0; i < FORECAST_RESOURCES; i++) {
		buf_reset(&one);
		if (forecast_change(fc, i, &one))
			buf_addf(&all, "%s%s %s", all.len ? ", " : "", forecast_resources[i],
				one.data);
	}
	buf_release(&one);
	add_clean(&f->changed, &all);
}

/* The first few by name: of an org before the objects that make it so. */
static void take_overs(struct foresee *f, const struct forecast *fc)
{
	size_t most = f->changes == 1 ? FORESEE_OVER : f->over < FORESEE_OVER ? 1 : 0;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < fc->over.len && i < most; i++) {
		buf_adds(&text, i || f->overs.len ? ", " : "");
		forecast_over(records_at(&overrun_kind, &fc->over, i), &text);
	}
	if (fc->over.len > FORESEE_OVER && f->changes == 1)
		buf_addf(&text, T_AND_MORE, fc->over.len - FORESEE_OVER);
	add_clean(&f->overs, &text);
	f->over += fc->over.len > 0;
}

static void take(struct foresee *f, const struct forecast *fc)
{
	struct buf text = BUF_INIT;
	bool new = f->kind->can &CAN_CREATE;

	if (new)
		forecast_say(fc, &text);
	else
		forecast_say_limits(fc, &text);
	add_clean(&f->says, &text);
	take_changes(f, fc);
	take_overs(f, fc);
	f->starts += fc->starts;
	f->waits += fc->behind;
	f->bad = f->bad || fc->over.len > 0 || (new && !fc->starts_now);
}

static void take_refusal(struct foresee *f, const struct msg *m)
{
	bool refuses = m->status >= 400 && m->status < 500;

	if (f->refused++ == 0) {
		buf_adds(&f->refusal, refuses ? T_FORESEE_REFUSED : T_FORESEE_UNKNOWN);
		reply_error(m, &f->refusal);
	}
	f->bad = true;
}

bool foresee_answer(struct foresee *f, const struct msg *m)
{
	struct arena text = ARENA_INIT;
	struct forecast fc = {.behind = 0};
	size_t i = 0;

	while (i < f->sent && (m->id == 0 || f->asks[i].id != m->id))
		i++;
	if (m->type != MSG_REPLY || i == f->sent)
		return false;
	f->asks[i].id = 0;
	f->answered++;
	if (m->status < 200 || m->status >= 300)
		take_refusal(f, m);
	else if (record_decode(&forecast_kind, &fc, &text, m->body, DECODE_SERVER, NULL))
		take(f, &fc);
	arena_release(&text);
	return true;
}

/* ---- What is known of it ---- */

static void say_over(const struct foresee *f, struct buf *out)
{
	if (f->over > 0)
		buf_addf(out, "; " T_FORESEE_OVER "%s", f->overs.data);
	else if (!(f->kind->can & CAN_CREATE))
		buf_adds(out, "; " T_FORESEE_NOBODY);
}

static void say_one(const struct foresee *f, struct buf *out)
{
	if (f->refused > 0) {
		buf_adds(out, f->refusal.data);
		return;
	}
	buf_adds(out, f->says.data);
	say_over(f, out);
}

static void say_many(const struct foresee *f, struct buf *out)
{
	if (f->changes > f->count)
		buf_addf(out, T_FORESEE_FIRST, f->count, f->changes, f->kind->plural);
	else
		buf_addf(out, T_FORESEE_OF, f->changes, f->kind->plural);
	buf_addf(out, T_FORESEE_COUNTED, (long long)f->starts, (long long)f->waits);
	if (f->over > 0)
		buf_addf(out, T_FORESEE_OVER_IN, f->over, f->overs.data);
	else
		buf_adds(out, "; " T_FORESEE_NOBODY);
	if (f->refused > 0)
		buf_addf(out, T_FORESEE_REFUSED_OF, f->refused, f->refusal.data);
}

void foresee_says(const struct foresee *f, struct buf *out)
{
	if (f->sent == 0)
		return;
	if (f->answered < f->count && f->count == 1)
		buf_adds(out, T_FORESEE_ASKING);
	else if (f->answered < f->count)
		buf_addf(out, T_FORESEE_ASKING_OF, f->answered, f->count);
	else if (f->changes == 1)
		say_one(f, out);
	else
		say_many(f, out);
}

void foresee_changes(const struct foresee *f, struct buf *out)
{
	if (f->changes == 1)
		buf_adds(out, f->changed.data);
}

void foresee_lines(const struct foresee *f, struct buf *out)
{
	size_t at = out->len;

	foresee_says(f, out);
	buf_adds(out, out->len > at ? "\n" : "");
	at = out->len;
	foresee_changes(f, out);
	buf_adds(out, out->len > at ? "\n" : "");
}

enum grid_role foresee_role(const struct foresee *f)
{
	return f->answered < f->count ? ROLE_DIM : f->bad ? ROLE_WARN : ROLE_GOOD;
}
