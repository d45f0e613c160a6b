#include "ui/app/parts.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/kinds/kinds.h"
#include "ui/kit/textpane.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- Small services ---- */

void app_set_text(char **to, const char *from)
{
	struct buf clean = BUF_INIT;

	if (from)
		sanitize_text(&clean, from, strlen(from));
	free(*to);
	*to = buf_detach(&clean);
}

struct view *app_top(const struct app *a)
{
	return a->depth ? (struct view *)&a->stack[a->depth - 1] : NULL;
}

bool app_line_error_long(const struct app *a, int width)
{
	return a->line_error && (a->mode == MODE_FILTER || a->mode == MODE_PALETTE) &&
		utf8_width(a->line_error) + utf8_width(a->line.text.data) + 6 > width;
}

const char *app_long_text(const struct app *a, int width, enum grid_role *role)
{
	if (a->notice && a->mode == MODE_NONE && utf8_width(a->notice) > width) {
		*role = a->notice_role;
		return a->notice;
	}
	*role = ROLE_BAD;
	if (app_line_error_long(a, width))
		return a->line_error;
	return a->link == LINK_GONE ? a->link_text : "";
}

/* Lines over the footer for what does not fit into it; title and three rows stay above them. */
static int long_rows(const struct app *a, const struct layout *l)
{
	int width = l->body.width - 2, rows = 0, most = l->body.height - 4;
	enum grid_role role;

	if (l->small || width < 1)
		return 0;
	for (const char *rest = app_long_text(a, width, &role);
		*rest && rows < LONG_TEXT_ROWS && rows < most; rows++)
		rest += fold_text(rest, width);
	return rows;
}

struct layout app_layout_of(const struct app *a, int cols, int rows)
{
	struct layout l = layout_frame(cols, rows);
	int why = long_rows(a, &l);

	l.body.height -= why;
	l.why = (struct rect){1, l.body.y + l.body.height, l.body.width - 2, why};
	return l;
}

struct layout app_layout(const struct app *a)
{
	return app_layout_of(a, a->cols, a->rows);
}

void app_notice(struct app *a, enum grid_role role, const char *format, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&b, format, ap);
	va_end(ap);
	app_set_text(&a->notice, b.data);
	a->notice_role = role;
	a->dirty = true;
	buf_release(&b);
}

void app_notice_clear(struct app *a)
{
	free(a->notice);
	a->notice = NULL;
}

static bool is_tenant(const struct app *a, const struct quota *q)
{
	const char *is = *a->tenant ? q->org_id : q->org_name;

	return is && strcmp(is, *a->tenant ? a->tenant : a->org) == 0;
}

const struct quota *app_quota(const struct app *a)
{
	const struct rowset *rows = &a->quota.data.rows;

	for (size_t i = 0; i < rows->len; i++)
		if (is_tenant(a, rows->rows[i]))
			return rows->rows[i];
	/* A platform that does not name the key's org gives the quota of no other one. */
	return !*a->tenant && rows->len == 1 ? rows->rows[0] : NULL;
}

const char *app_tenant(const struct app *a)
{
	if (!*a->tenant)
		return a->org;
	if (strcmp(a->tenant, "-1") == 0)
		return T_ALL_ORGS;
	const struct quota *q = app_quota(a);

	return q && q->org_name ? q->org_name : a->tenant;
}

uint32_t app_sub(struct app *a)
{
	return ++a->next_sub;
}

uint64_t app_id(struct app *a)
{
	return ++a->next_id;
}

uint64_t app_get(struct app *a, const char *path, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_REQUEST);

	c->id = app_id(a);
	c->method = "GET";
	c->path = mem_strdup(path);
	return c->id;
}

bool app_connected(const struct app *a)
{
	return a->link == LINK_LIVE || a->link == LINK_POLLING;
}

bool app_stale(const struct app *a)
{
	return a->link == LINK_GONE && (a->refused || a->mono - a->gone_since >= STALE_MS);
}

void app_remember(struct app *a, const char *screen, const char *what, const char *value,
	struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_REMEMBER);
	struct buf name = BUF_INIT;

	buf_addf(&name, "%s%s%s", screen, *screen ? "." : "", what);
	c->name = buf_detach(&name);
	c->text = mem_strdup(value);
	json_object_set_new(a->remembered, c->name, json_string(value));
}

const char *app_remembered(const struct app *a, const char *screen, const char *what)
{
	struct buf name = BUF_INIT;

	buf_addf(&name, "%s.%s", screen, what);
	const char *value = json_string_value(json_object_get(a->remembered, name.data));

	buf_release(&name);
	return value;
}

void reply_error(const struct msg *m, struct buf *out)
{
	const char *text = m->text && *m->text
		? m->text
		: json_string_value(json_object_get(m->body, "message"));

	if (text)
		sanitize_text(out, text, strlen(text));
	else if (m->status)
		buf_addf(out, T_REPLY_STATUS, m->status);
	else
		buf_adds(out, T_REPLY_NONE);
}

/* ---- Life ---- */

static void copy_options(struct app *a, const struct app_options *o)
{
	a->options = *o;
	a->options.context = NULL;
	a->options.first = o->first ? mem_strdup(o->first) : NULL;
	a->remembered = o->remembered ? json_deep_copy(o->remembered) : json_object();
	a->options.keys = NULL;
	app_set_text(&a->context, o->context);
	app_set_text(&a->org, NULL);
	app_set_text(&a->role, NULL);
	app_set_text(&a->user, NULL);
	app_set_text(&a->folder, NULL);
	app_set_text(&a->link_text, NULL);
	a->tenant = mem_strdup("");
}

struct app *app_new(const struct app_options *options, struct err *e)
{
	struct app *a = mem_alloc(sizeof *a);

	if (!keymap_init(&a->keymap, all_kinds, options->keys, e)) {
		free(a);
		return NULL;
	}
	copy_options(a, options);
	a->cols = 80;
	a->rows = 24;
	a->dirty = true;
	a->choice = -1;
	edit_init(&a->line, 0);
	buf_init(&a->options_text, 0);
	buf_init(&a->popup, 0);
	prompt_init(&a->prompt);
	table_open_remembered(a, &a->home, a->options.screens[0]);
	a->home.data.spark = kind_field(&job_kind, "gpu_util");
	a->home.data.tally = tally_job;
	a->home.data.ctx = &a->tally;
	table_init(&a->quota, &quota_kind, header_quota.columns, NULL);
	return a;
}

static void free_texts(struct app *a)
{
	free(a->context);
	free(a->org);
	free(a->role);
	free(a->user);
	free(a->folder);
	free(a->tenant);
	free(a->link_text);
	free(a->line_error);
	free(a->filter_before);
	free(a->popup_title);
	free(a->notice);
	free(a->select_uid);
	free(a->tenant_asked);
	free((char *)a->options.first);
	json_decref(a->remembered);
	for (int i = 0; i < a->history_len; i++)
		free(a->history[i]);
}

void app_free(struct app *a)
{
	struct cmds dropped = {0};

	if (!a)
		return;
	stack_clear(a, &dropped);
	cmds_release(&dropped);
	table_release(&a->home);
	table_release(&a->quota);
	changes_release(&a->proposed);
	changes_release(&a->changes);
	edit_release(&a->line);
	buf_release(&a->options_text);
	buf_release(&a->popup);
	prompt_release(&a->prompt);
	free_texts(a);
	free(a);
}

/*
 * The first message, whatever it is, opens the first screen and asks for what the header needs:
 * asking does not wait for a connection.
 */
void app_start(struct app *a, struct cmds *out)
{
	struct err e = ERR_INIT;

	a->started = true;
	stack_open(a, a->options.screens[0], "", out);
	table_subscribe(a, &a->quota, &header_quota, true, out);
	if (a->options.first && !palette_run(a, a->options.first, out, &e))
		app_notice(a, ROLE_BAD, "%s", e.text);
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
