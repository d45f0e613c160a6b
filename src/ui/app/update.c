#include "core/kinds/key.h"
#include "ui/app/parts.h"

#include <stdlib.h>
#include <string.h>

/* Messages in, changes of the model and commands out. */

static void prompt_message(struct app *a, const struct msg *m, struct cmds *out)
{
	enum prompt_answer answer = prompt_input(&a->prompt, m);

	if (answer == PROMPT_OPEN)
		return;
	a->mode = MODE_NONE;
	if (answer == PROMPT_REFUSED) {
		changes_release(&a->proposed);
		app_notice(a, ROLE_DIM, T_NOT_DONE);
	} else if (a->prompt.about == PROMPT_QUIT) {
		a->ended = true;
		cmds_add(out, CMD_QUIT);
	} else {
		change_say(a, &a->prompt);
		change_accept(a, out);
	}
	prompt_release(&a->prompt);
	foresee_clear(&a->foresee);
}

/* True when a mode took the key or the paste. */
static bool mode_input(struct app *a, const struct msg *m, struct cmds *out)
{
	switch (a->mode) {
	case MODE_FILTER: filterbar_input(a, m, out); return true;
	case MODE_PALETTE: palette_input(a, m, out); return true;
	case MODE_SEARCH:
	case MODE_SAVE: line_input(a, m, out); return true;
	case MODE_SET: set_input(a, m); return true;
	case MODE_PROMPT: prompt_message(a, m, out); return true;
	case MODE_CONFLICT: conflict_input(a, m, out); return true;
	case MODE_PICK: picker_input(a, m, out); return true;
	case MODE_POPUP: popup_input(a, m, out); return true;
	case MODE_NONE: break;
	}
	return false;
}

/* Keys that no text field may swallow: leaving, stopping, drawing again. */
static bool urgent(struct app *a, const struct msg *m, struct cmds *out)
{
	if (m->key < KEY_CODE_BASE || m->key == K_ESC)
		return false;
	enum action act = keymap_action(&a->keymap, m->key, SCOPE_FORM, NULL);

	if (act != ACT_QUIT && act != ACT_REDRAW && act != ACT_SUSPEND)
		return false;
	app_action(a, act, out);
	return true;
}

static void key_message(struct app *a, const struct msg *m, struct cmds *out)
{
	struct view *v = app_top(a);

	if (urgent(a, m, out))
		return;
	app_notice_clear(a);
	if (mode_input(a, m, out) || !v)
		return;
	if (v->screen->input && v->screen->input(a, v, m, out))
		return;
	app_action(a, keymap_action(&a->keymap, m->key, app_scopes(a), app_object(a).kind), out);
}

static void paste_message(struct app *a, const struct msg *m, struct cmds *out)
{
	struct view *v = app_top(a);

	if (!m->text || mode_input(a, m, out))
		return;
	if (v && v->screen->input)
		v->screen->input(a, v, m, out);
}

/*
 * The step that is shown for a round trip. It is left when a measured one is far from it: one that
 * only wobbles costs no byte.
 */
static int64_t rtt_step(int64_t shown, int64_t ms)
{
	static const int64_t steps[] = {RTT_NEAR_MS, 20, 50, 100, 200, 500, 1000, 2000, 5000,
		10000};
	size_t i = 0;

	if (ms <= 0)
		return 0;
	if (shown && ms <= shown * 2 && (ms > shown / 4 || shown == RTT_NEAR_MS))
		return shown;
	while (i + 1 < ARRAY_SIZE(steps) && ms > steps[i])
		i++;
	return steps[i];
}

static void link_message(struct app *a, const struct msg *m)
{
	const char *text = m->text ? m->text : "";
	int64_t rtt = rtt_step(a->rtt_ms, m->rtt_ms);
	bool trying = m->link == LINK_STARTING || m->link == LINK_CONNECTING;

	/* It is gone, and why stays to be read, until it is there again. */
	if (trying && a->link == LINK_GONE)
		return;
	if (m->link == a->link && rtt == a->rtt_ms && m->finished == a->refused &&
		strcmp(text, a->link_text) == 0)
		return;
	if (m->link == LINK_GONE && a->link != LINK_GONE)
		a->gone_since = a->mono;
	a->link = m->link;
	a->rtt_ms = rtt;
	a->refused = m->finished;
	a->dirty = true;
	app_set_text(&a->link_text, text);
}

/* Who may see every org gets all of their quotas: the names that :tenant takes are read there. */
static void want_orgs(struct app *a, struct cmds *out)
{
	bool all = strcmp(a->role, role_words[ROLE_ADMIN]) == 0 ||
		strcmp(a->role, role_words[ROLE_QUOTA_ADMIN]) == 0;

	if (all == a->quota_all)
		return;
	a->quota_all = all;
	a->quota.data.synced = false; /* what is there is one org's: the others are yet to come */
	table_subscribe_org(a, &a->quota, &header_quota, all ? "-1" : "", out);
}

/* Another platform than was thought: its orders, as far as any are remembered for it. */
static void context_named(struct app *a, const char *name)
{
	bool other = strcmp(a->context, name) != 0;

	if (other) {
		undo_release(&a->undo);
		a->can_foresee = FORESEE_UNASKED;
		if (a->mode == MODE_CONFLICT)
			mode_close(a);
		conflicts_release(&a->conflicts);
	}
	app_set_text(&a->context, name);
	for (int i = a->depth; other && i-- > 0;) {
		const struct screen *s = a->stack[i].screen;

		if (s->columns)
			table_recall_sort(a, s->table(&a->stack[i]), s);
	}
}

static void context_message(struct app *a, const struct msg *m, struct cmds *out)
{
	if (m->context)
		context_named(a, m->context);
	if (m->context)
		app_set_text(&a->folder, m->folder);
	if (m->org)
		app_set_text(&a->org, m->org);
	if (m->role)
		app_set_text(&a->role, m->role);
	if (m->user)
		app_set_text(&a->user, m->user);
	/* Another platform: who we are there is another matter. */
	if (m->context && !m->role)
		app_set_text(&a->role, NULL);
	a->who_known = m->role || (a->who_known && !m->context);
	want_orgs(a, out);
	tenant_retry(a, out);
}

static void note_message(struct app *a, const struct msg *m)
{
	const char *text = m->text ? m->text : "";

	if (m->type == MSG_COPIED)
		app_notice(a, m->status ? ROLE_BAD : ROLE_GOOD, m->status ? "%s" : T_COPIED, text);
	else if (m->type == MSG_SAVED)
		app_notice(a, m->status ? ROLE_BAD : ROLE_GOOD, m->status ? "%s" : T_SAVED, text);
	else
		app_notice(a, m->status ? ROLE_BAD : ROLE_GOOD, m->status ? "%s" : T_THEME, text);
}

static void mouse_message(struct app *a, const struct msg *m, struct cmds *out)
{
	struct view *v = app_top(a);
	struct layout l = app_layout(a);

	if (a->mode == MODE_NONE && v && v->screen->mouse && !l.small)
		v->screen->mouse(a, v, m, l.body, out);
}

/* What was just made, as soon as its row is in the list that is shown. */
static void select_made(struct app *a)
{
	const struct view *v = app_top(a);
	struct table *t = v && v->screen->table ? v->screen->table(v) : NULL;

	if (!a->select_uid || !t || !table_select_uid(t, a->select_uid))
		return;
	free(a->select_uid);
	a->select_uid = NULL;
}

/* To the header's tables and to every screen that is open: each knows its own. */
static void data_message(struct app *a, const struct msg *m, struct cmds *out)
{
	if (m->type == MSG_REPLY && change_reply(a, m, out))
		return;
	if (m->type == MSG_REPLY && (foresee_can_answer(a, m) || foresee_answer(&a->foresee, m)))
		return;
	if (m->type == MSG_REPLY && a->why_id && m->id == a->why_id) {
		why_reply(a, m);
		return;
	}
	table_message(a, &a->home, m, out);
	table_message(a, &a->quota, m, out);
	tenant_retry(a, out);
	for (int i = 0; i < a->depth; i++)
		if (a->stack[i].screen->message)
			a->stack[i].screen->message(a, &a->stack[i], m, out);
	select_made(a);
}

static int64_t clamp_time(int64_t t)
{
	return t < 0 ? 0 : t > (int64_t)1 << 52 ? (int64_t)1 << 52 : t;
}

/* True when time alone changed something that is shown. */
static bool clock_message(struct app *a, const struct msg *m)
{
	bool was_stale = app_stale(a), gone = a->link == LINK_GONE;
	int64_t before = a->mono;

	a->now = clamp_time(m->now);
	a->mono = clamp_time(m->mono);
	bool due = table_tick(&a->home, a->now);

	for (int i = 0; i < a->depth; i++) {
		struct table *t = a->stack[i].screen->table
			? a->stack[i].screen->table(&a->stack[i])
			: NULL;

		if (t)
			due |= table_tick(t, a->now);
	}
	return due || was_stale != app_stale(a) || (gone && a->mono / 5000 != before / 5000);
}

static void size_message(struct app *a, const struct msg *m)
{
	a->cols = m->cols > 0 ? m->cols : 80;
	a->rows = m->rows_count > 0 ? m->rows_count : 24;
	a->cols = a->cols > GRID_COLS_MAX ? GRID_COLS_MAX : a->cols;
	a->rows = a->rows > GRID_ROWS_MAX ? GRID_ROWS_MAX : a->rows;
}

static void dispatch(struct app *a, const struct msg *m, struct cmds *out)
{
	switch (m->type) {
	case MSG_KEY:
		key_message(a, m, out);
		a->seen = false;
		break;
	case MSG_MOUSE: mouse_message(a, m, out); break;
	case MSG_PASTE: paste_message(a, m, out); break;
	case MSG_SIZE: size_message(a, m); break;
	case MSG_TICK: break;
	case MSG_LINK: link_message(a, m); break;
	case MSG_CONTEXT: context_message(a, m, out); break;
	case MSG_SAVED:
	case MSG_COPIED:
	case MSG_THEME: note_message(a, m); break;
	default: data_message(a, m, out);
	}
}

void app_update(struct app *a, const struct msg *m, struct cmds *out)
{
	/* A tick and a word of the link show by what they change; all else is worth a frame. */
	if (clock_message(a, m) || (m->type != MSG_TICK && m->type != MSG_LINK))
		a->dirty = true;
	if (!a->started)
		app_start(a, out);
	dispatch(a, m, out);
	struct view *v = app_top(a);

	if (v && v->screen->tick)
		v->screen->tick(a, v, out);
	set_tick(a);
	conflict_tick(a);
	foresee_send(&a->foresee, a, out);
	change_tick(a, out);
}

bool app_hides_input(const struct app *a)
{
	const struct view *v = app_top(a);

	return a->mode == MODE_NONE && v && v->screen->hides && v->screen->hides(v);
}

bool app_dirty(const struct app *a)
{
	return a->dirty;
}

void app_drawn(struct app *a)
{
	a->dirty = false;
	a->seen = true;
	a->prompt.painted = a->mode == MODE_PROMPT;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a == 0 || (b && b < a) ? b : a;
}

int64_t app_wake(const struct app *a)
{
	const struct view *v = app_top(a);
	int64_t at = change_wake(a);

	if (v && v->screen->wake && app_connected(a))
		at = sooner(at, v->screen->wake(v));
	if (app_connected(a))
		at = sooner(at, a->foresee.due);
	if (a->link == LINK_GONE)
		at = sooner(at, (a->mono / 5000 + 1) * 5000);
	if (a->link == LINK_GONE && !app_stale(a))
		at = sooner(at, a->gone_since + STALE_MS);
	at = at ? a->now + (at > a->mono ? at - a->mono : 0) : 0;
	const struct table *t = v && v->screen->table ? v->screen->table(v) : NULL;

	return t ? sooner(at, table_wake(t)) : at;
}
