#include "ui/app/parts.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

static void change_release(struct change *c)
{
	free(c->path);
	free(c->name);
	free(c->uid);
	json_decref(c->body);
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

size_t changes_waiting(const struct changes *c)
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

/* ---- What is at stake ---- */

static bool may(enum action act, const struct job *j)
{
	if (act == ACT_CANCEL)
		return !job_state_final(j->state) && j->state != JOB_DELETING;
	if (act == ACT_RETRY)
		return job_state_final(j->state);
	return true;
}

struct stakes {
	size_t jobs, live, others;
	int64_t gpus, longest, total;
	const struct job *first;
};

static void add_stakes(struct stakes *s, const struct app *a, const struct job *j)
{
	bool live = job_state_live(j->state);
	int64_t ran = live && j->start_time.v > 0 && a->now > j->start_time.v
		? a->now - j->start_time.v
		: 0;

	if (s->jobs++ == 0)
		s->first = j;
	s->live += live;
	s->gpus += live && j->gpu_limit > 0 ? j->gpu_limit : 0;
	s->total += ran;
	s->longest = ran > s->longest ? ran : s->longest;
	if (*a->user && j->owner && *j->owner && strcmp(j->owner, a->user) != 0)
		s->others++;
}

/* The first names, so that a mark that was forgotten is seen. */
static void write_names(const struct changes *c, struct buf *out)
{
	enum { SHOWN = 4 };

	for (size_t i = 0; i < c->len && i < SHOWN; i++)
		buf_addf(out, "%s%s", i ? ", " : "", c->items[i].name);
	if (c->len > SHOWN)
		buf_addf(out, T_AND_MORE, c->len - SHOWN);
	buf_adds(out, "\n");
}

static void write_stakes(const struct stakes *s, const struct app *a, enum action act,
	struct buf *out)
{
	char longest[TIMEFMT_SIZE], total[TIMEFMT_SIZE];

	timefmt_duration(longest, s->longest);
	timefmt_duration(total, s->total);
	if (act == ACT_RETRY)
		buf_adds(out, T_STAKE_RETRY "\n");
	else if (s->live && s->jobs == 1 && s->gpus == 0)
		buf_addf(out, T_STAKE_LIVE_CPU "\n", longest);
	else if (s->live && s->jobs == 1)
		buf_addf(out, T_STAKE_LIVE_ONE "\n", (long long)s->gpus, longest);
	else if (s->live)
		buf_addf(out, T_STAKE_LIVE_MANY "\n", s->live, s->jobs, (long long)s->gpus, total,
			longest);
	else
		buf_adds(out, T_STAKE_NONE_LIVE "\n");
	if (s->jobs == 1 && s->first->owner && *s->first->owner)
		buf_addf(out, T_STAKE_OWNER "\n", s->first->owner);
	if (s->others)
		buf_addf(out, T_STAKE_OTHERS "\n", s->others, s->jobs, a->user);
	if (act == ACT_DELETE)
		buf_adds(out, T_STAKE_DELETE "\n");
}

/* ---- Proposing ---- */

static void propose_one(struct app *a, enum action act, const struct job *j, const char *uid)
{
	struct change *c = changes_add(&a->proposed);
	const char *name = j->job_name ? j->job_name : "";

	c->verb = action_info(act)->name;
	c->method = act == ACT_DELETE ? "DELETE" : "POST";
	/* By uid: within the time for second thoughts the name may pass to another job. */
	c->path = object_path(a, (struct object){&job_kind, j}, *uid ? uid : name,
		act == ACT_CANCEL          ? "/cancel"
			: act == ACT_RETRY ? "/retry"
					   : "");
	c->name = mem_strdup(name);
	c->uid = mem_strdup(uid);
}

static void open_prompt(struct app *a, enum action act, const struct stakes *s)
{
	const char *verb = act == ACT_CANCEL ? T_VERB_CANCEL
		: act == ACT_DELETE          ? T_VERB_DELETE
					     : T_VERB_RETRY;
	const char *accept = act == ACT_CANCEL ? T_ACCEPT_CANCEL
		: act == ACT_DELETE            ? T_ACCEPT_DELETE
					       : T_ACCEPT_RETRY;
	bool heavy = act != ACT_RETRY && (s->gpus >= NAME_TYPED_GPUS || s->jobs >= NAME_TYPED_JOBS);
	struct buf question = BUF_INIT, typed = BUF_INIT;

	if (s->jobs == 1)
		buf_addf(&question, T_ASK_ONE, verb, a->proposed.items[0].name);
	else
		buf_addf(&question, T_ASK_MANY, verb, s->jobs);
	if (s->jobs == 1)
		buf_adds(&typed, a->proposed.items[0].name);
	else
		buf_addf(&typed, "%zu", s->jobs);
	prompt_start(&a->prompt, PROMPT_CHANGES, question.data, accept, heavy ? typed.data : NULL);
	if (s->jobs > 1)
		write_names(&a->proposed, &a->prompt.stakes);
	write_stakes(s, a, act, &a->prompt.stakes);
	a->mode = MODE_PROMPT;
	buf_release(&question);
	buf_release(&typed);
}

static bool ready(struct app *a)
{
	if (app_connected(a))
		return true;
	app_notice(a, ROLE_BAD, T_NOT_CONNECTED);
	return false;
}

static void propose(struct app *a, enum action act, const struct job **jobs, const char **uids,
	size_t n)
{
	struct stakes s = {0};

	changes_release(&a->proposed);
	for (size_t i = 0; i < n; i++) {
		if (!may(act, jobs[i]))
			continue;
		propose_one(a, act, jobs[i], uids[i]);
		add_stakes(&s, a, jobs[i]);
	}
	if (s.jobs)
		open_prompt(a, act, &s);
	else
		app_notice(a, ROLE_WARN, "%s",
			act == ACT_CANCEL ? T_NOTHING_TO_CANCEL : T_NOTHING_TO_RETRY);
}

void change_propose_job(struct app *a, enum action act, const void *job, const char *uid,
	struct cmds *out)
{
	const struct job *j = job;

	(void)out;
	if (ready(a))
		propose(a, act, &j, &uid, 1);
}

void change_propose(struct app *a, enum action act, struct cmds *out)
{
	size_t max = a->home.data.len + 1;
	struct entry **entries = mem_alloc(max * sizeof *entries);
	const struct job **jobs = mem_alloc(max * sizeof *jobs);
	const char **uids = mem_alloc(max * sizeof *uids);
	size_t n = table_targets(&a->home, entries, max);

	(void)out;
	for (size_t i = 0; i < n; i++) {
		jobs[i] = entries[i]->row;
		uids[i] = dataset_uid(&a->home.data, entries[i]->row);
	}
	if (n == 0)
		app_notice(a, ROLE_WARN, T_NO_ROW);
	else if (ready(a))
		propose(a, act, jobs, uids, n);
	free(entries);
	free(jobs);
	free(uids);
}

/* ---- Sending, undoing, replies ---- */

static void badge(struct app *a, const struct change *c, uint64_t id)
{
	struct entry *e = c->uid ? dataset_find(&a->home.data, c->uid) : NULL;

	if (e)
		e->change = id;
}

static void send(struct change *c, struct cmds *out)
{
	struct cmd *cmd = cmds_add(out, CMD_REQUEST);

	cmd->id = c->id;
	cmd->method = c->method;
	cmd->path = mem_strdup(c->path);
	cmd->body = json_incref(c->body);
	c->due = 0;
}

void change_accept(struct app *a, struct cmds *out)
{
	uint64_t batch = ++a->next_batch;
	size_t n = a->proposed.len;
	bool waits = false;

	for (size_t i = 0; i < n; i++) {
		struct change *c = changes_add(&a->changes);

		*c = a->proposed.items[i];
		c->id = app_id(a);
		c->batch = batch;
		c->due = a->mono + a->options.grace_ms + 1;
		badge(a, c, c->id);
		if (a->options.grace_ms <= 0 || c->form)
			send(c, out);
		else
			waits = true;
	}
	free(a->proposed.items);
	a->proposed = (struct changes){0};
	if (waits)
		app_notice(a, ROLE_WARN, T_UNDO, a->changes.items[a->changes.len - 1].verb, n,
			n == 1 ? "" : "s", (int)((a->options.grace_ms + 999) / 1000));
	if (n > 0)
		table_mark_clear(&a->home);
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

void change_undo(struct app *a)
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
	else
		app_notice(a, ROLE_DIM, T_NOTHING_TO_UNDO);
}

static void form_answered(struct app *a, const struct msg *m, const char *name, struct cmds *out)
{
	struct view *v = app_top(a);

	if (v && v->screen->answered)
		v->screen->answered(a, v, m, name, out);
}

bool change_reply(struct app *a, const struct msg *m, struct cmds *out)
{
	size_t i = 0;

	while (i < a->changes.len && (a->changes.items[i].id != m->id || a->changes.items[i].due))
		i++;
	if (i == a->changes.len)
		return false;
	struct change *c = &a->changes.items[i];

	badge(a, c, 0);
	if (m->status >= 200 && m->status < 300) {
		app_notice(a, ROLE_GOOD, T_ACCEPTED, c->verb, c->name);
	} else {
		struct buf why = BUF_INIT;

		reply_error(m, &why);
		app_notice(a, ROLE_BAD, T_REFUSED, c->verb, c->name, why.data);
		buf_release(&why);
	}
	if (c->form)
		form_answered(a, m, c->name, out);
	changes_remove(&a->changes, i);
	return true;
}
