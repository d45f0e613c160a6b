#include "ui/app/parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Why a job waits, failed or ended: the exact sentence, read again from the platform. */

static bool knows(const struct job *j, const char *field)
{
	const struct field *f = kind_field(&job_kind, field);

	return f && record_knows(&job_kind, j, f);
}

/* The exit code adds something where the message has not said it and it is not a mere 0. */
static bool exit_tells(const struct job *j)
{
	struct buf said = BUF_INIT;

	if (!knows(j, "exit_code") || (j->exit_code == 0 && j->state != JOB_COMPLETED))
		return false;
	buf_addf(&said, T_WHY_EXIT_IN, (int)j->exit_code);
	const char *at = j->message ? strcasestr(j->message, said.data) : NULL;
	bool whole = at && !isdigit((unsigned char)at[said.len]);

	buf_release(&said);
	return !whole;
}

static void why_lines(struct app *a, const struct job *j)
{
	struct buf title = BUF_INIT;

	buf_addf(&title, T_WHY_TITLE, j->job_name ? j->job_name : "");
	popup_open(a, title.data);
	buf_addf(&a->popup, "%s%s%s\n", job_state_words[j->state],
		*job_reason_words[j->reason] ? ": " : "", job_reason_words[j->reason]);
	if (j->message && *j->message)
		buf_addf(&a->popup, "%s\n", j->message);
	else if (j->reason == REASON_NONE)
		buf_adds(&a->popup,
			j->state == JOB_RUNNING ? T_WHY_RUNNING "\n" : T_WHY_NOTHING "\n");
	if (exit_tells(j))
		buf_addf(&a->popup, T_WHY_EXIT "\n", (int)j->exit_code);
	buf_release(&title);
}

void why_ask(struct app *a, struct cmds *out)
{
	struct object o = app_object(a);
	const struct job *j = o.kind == &job_kind ? o.row : NULL;

	if (!j) {
		app_notice(a, ROLE_WARN, T_NO_ROW);
		return;
	}
	if (j->message && *j->message) {
		why_lines(a, j);
		return;
	}
	char *path = object_path(a, o, j->job_name ? j->job_name : "", "");

	a->why_id = app_get(a, path, out);
	app_notice(a, ROLE_DIM, T_WHY_ASKING);
	free(path);
}

void why_reply(struct app *a, const struct msg *m)
{
	struct arena texts = ARENA_INIT;
	struct buf why = BUF_INIT;
	struct job j = {0};
	struct err e = ERR_INIT;

	a->why_id = 0;
	app_notice_clear(a);
	if (m->status < 200 || m->status >= 300) {
		reply_error(m, &why);
		app_notice(a, ROLE_BAD, "%s", why.data);
	} else if (!record_decode(&job_kind, &j, &texts, m->body, DECODE_SERVER, &e)) {
		app_notice(a, ROLE_BAD, "%s", e.text);
	} else if (a->mode == MODE_NONE) {
		why_lines(a, &j);
	}
	buf_release(&why);
	arena_release(&texts);
}
