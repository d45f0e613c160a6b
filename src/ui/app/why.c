#include "ui/app/parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Why an object waits, failed or ended: the exact sentence, read again from the platform. */

/* The exit code adds something where the message has not said it and it is not a mere 0. */
static bool exit_tells(const struct kind *k, const void *row, const char *message, int64_t *code)
{
	const struct field *f = kind_field(k, "exit_code");
	struct buf said = BUF_INIT;

	if (!f || !record_knows(k, row, f))
		return false;
	*code = *(const int64_t *)record_member(row, f);
	if (*code == 0 && kind_tone(k, row) != TONE_GOOD)
		return false;
	buf_addf(&said, T_WHY_EXIT_IN, (int)*code);
	const char *at = strcasestr(message, said.data);
	bool whole = at && !isdigit((unsigned char)at[said.len]);

	buf_release(&said);
	return !whole;
}

static const char *message_of(struct object o)
{
	return record_text(o.row, kind_field(o.kind, "message"));
}

/* The error that its log ends with. */
static const char *failure_of(struct object o)
{
	const struct field *f = kind_field(o.kind, "failure");

	return f && record_knows(o.kind, o.row, f) ? record_text(o.row, f) : "";
}

/* How one comes to it in the log: its key is one of the open object's. */
static void failure_key(struct app *a, struct object o)
{
	struct buf open = BUF_INIT, key = BUF_INIT;

	keymap_key(&a->keymap, ACT_OPEN, &open);
	keymap_key(&a->keymap, ACT_FAILURE, &key);
	if (!object_says_failure(o) || !key.len)
		;
	else if (app_scopes(a) & SCOPE_TABS)
		buf_addf(&a->popup, T_WHY_KEY "\n", key.data);
	else if (open.len)
		buf_addf(&a->popup, T_WHY_KEYS "\n", open.data, key.data);
	buf_release(&open);
	buf_release(&key);
}

static void why_lines(struct app *a, struct object o)
{
	const struct field *reason = kind_field(o.kind, "reason");
	const char *why = reason ? record_word(o.kind, o.row, reason) : NULL,
		   *state = record_word(o.kind, o.row, kind_state(o.kind)),
		   *message = message_of(o), *failure = failure_of(o);
	struct buf title = BUF_INIT;
	int64_t code;

	buf_addf(&title, T_WHY_TITLE, record_key(o.kind, o.row));
	popup_open(a, title.data);
	buf_addf(&a->popup, "%s%s%s\n", state ? state : "-", why && *why ? ": " : "",
		why ? why : "");
	if (*message)
		buf_addf(&a->popup, "%s\n", message);
	else if (!*failure && (!why || !*why))
		buf_adds(&a->popup,
			kind_life(o.kind, o.row) == LIFE_LIVE ? T_WHY_RUNNING "\n"
							      : T_WHY_NOTHING "\n");
	if (*failure)
		buf_addf(&a->popup, "%s\n", failure);
	failure_key(a, o);
	if (exit_tells(o.kind, o.row, message, &code))
		buf_addf(&a->popup, T_WHY_EXIT "\n", (int)code);
	buf_release(&title);
}

void why_ask(struct app *a, struct object o, struct cmds *out)
{
	if (*message_of(o)) {
		why_lines(a, o);
		return;
	}
	char *path = object_path(a, o, object_id(o, record_key(o.kind, o.row)), "");

	a->why_id = app_get(a, path, out);
	a->why_kind = o.kind;
	app_notice(a, ROLE_DIM, T_WHY_ASKING);
	free(path);
}

void why_reply(struct app *a, const struct msg *m)
{
	struct object o = {a->why_kind, NULL};
	struct arena texts = ARENA_INIT;
	struct buf why = BUF_INIT;
	void *row = mem_alloc(o.kind->size);
	struct err e = ERR_INIT;

	a->why_id = 0;
	app_notice_clear(a);
	o.row = row;
	if (m->status < 200 || m->status >= 300) {
		reply_error(m, &why);
		app_notice(a, ROLE_BAD, "%s", why.data);
	} else if (!record_decode(o.kind, row, &texts, m->body, DECODE_SERVER, &e)) {
		app_notice(a, ROLE_BAD, "%s", e.text);
	} else if (a->mode == MODE_NONE) {
		if (o.kind->settle)
			o.kind->settle(row);
		why_lines(a, o);
	}
	buf_release(&why);
	arena_release(&texts);
	free(row);
}
