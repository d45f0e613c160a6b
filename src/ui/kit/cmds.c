#include "ui/kit/msg.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct cmd *cmds_add(struct cmds *q, enum cmd_type type)
{
	if (q->len == q->cap) {
		q->cap = q->cap ? q->cap * 2 : 8;
		q->items = mem_realloc(q->items, q->cap * sizeof *q->items);
	}
	struct cmd *c = &q->items[q->len++];

	memset(c, 0, sizeof *c);
	c->type = type;
	return c;
}

static void cmd_release(struct cmd *c)
{
	free(c->path);
	free(c->text);
	free(c->name);
	free(c->fields);
	free(c->filter);
	free(c->org);
	free(c->job);
	free(c->task);
	json_decref(c->body);
}

void cmds_clear(struct cmds *q)
{
	for (size_t i = 0; i < q->len; i++)
		cmd_release(&q->items[i]);
	q->len = 0;
}

void cmds_release(struct cmds *q)
{
	cmds_clear(q);
	free(q->items);
	*q = (struct cmds){0};
}

static const char *const cmd_words[] = {
	[CMD_REQUEST] = "request",
	[CMD_SUBSCRIBE] = "subscribe",
	[CMD_UNSUBSCRIBE] = "unsubscribe",
	[CMD_LOG_OPEN] = "log-open",
	[CMD_LOG_WINDOW] = "log-window",
	[CMD_LOG_FIND] = "log-find",
	[CMD_LOG_AT] = "log-at",
	[CMD_LOG_SAVE] = "log-save",
	[CMD_SAVE_TEXT] = "save-text",
	[CMD_COPY] = "copy",
	[CMD_REMEMBER] = "remember",
	[CMD_THEME] = "theme",
	[CMD_REFRESH] = "refresh",
	[CMD_CONTEXTS] = "contexts",
	[CMD_REDRAW] = "redraw",
	[CMD_SUSPEND] = "suspend",
	[CMD_QUIT] = "quit",
};

static void set_text(json_t *out, const char *name, const char *text)
{
	if (text)
		json_object_set_new(out, name, json_string(text));
}

static void set_number(json_t *out, const char *name, int64_t value)
{
	if (value)
		json_object_set_new(out, name, json_integer(value));
}

json_t *cmd_encode(const struct cmd *c)
{
	json_t *out = json_object();

	set_text(out, "t", cmd_words[c->type]);
	set_number(out, "id", (int64_t)c->id);
	set_number(out, "sub", c->sub);
	set_text(out, "method", c->method);
	set_text(out, "path", c->path);
	set_text(out, "kind", c->kind);
	set_text(out, "org", c->org);
	set_text(out, "fields", c->fields);
	set_text(out, "filter", c->filter);
	set_text(out, "job", c->job);
	set_text(out, "task", c->task);
	set_text(out, "name", c->name);
	set_text(out, "text", c->text);
	set_number(out, "attempt", c->attempt);
	set_number(out, "line", c->line);
	set_number(out, "count", c->count);
	if (c->backwards)
		json_object_set_new(out, "backwards", json_true());
	if (c->offset)
		json_object_set_new(out, "offset", json_integer((json_int_t)c->offset));
	if (c->raw)
		json_object_set_new(out, "raw", json_true());
	if (c->body)
		json_object_set(out, "body", c->body);
	return out;
}
