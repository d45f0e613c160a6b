#include "ui/app/parts.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "ui/kit/textpane.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/*
 * What all parts ask and tell the model: it calls no other file of this folder, so that none is in
 * a circle because of it.
 */

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

const char *app_paused(const struct app *a)
{
	const struct kind *k = a->quota.data.kind;
	const void *row = app_quota(a);
	const char *word = row ? record_word(k, row, kind_field(k, "paused")) : NULL;

	return word ? word : "";
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
