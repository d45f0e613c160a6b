#include "ui/app/objdata.h"
#include "ui/app/yaml.h"
#include "ui/kit/textpane.h"
#include "ui/screens/screens.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Every field of an object that is known: by section for people, or as YAML. */

struct describe_view {
	struct objdata data;
	struct textpane pane;
};

static void fill_yaml(struct describe_view *d)
{
	struct fieldset all = {{0}};
	struct buf text = BUF_INIT;

	/* What is known, without what is padded for the public client. */
	fieldset_all(&all, d->data.kind);
	json_t *whole = record_encode(d->data.kind, d->data.rec, &all);

	yaml_write(whole, &text);
	textpane_add(&d->pane, ROLE_NORMAL, "%s", text.data);
	json_decref(whole);
	buf_release(&text);
}

static void fill(struct describe_view *d, const struct screen *s, int64_t now)
{
	textpane_clear(&d->pane);
	if (d->data.error)
		textpane_add(&d->pane, ROLE_BAD, "%s", d->data.error);
	if (!d->data.known && !d->data.error)
		textpane_add(&d->pane, ROLE_DIM, "%s", T_LOADING);
	if (d->data.known && s == &scr_yaml)
		fill_yaml(d);
	else if (d->data.known)
		textpane_record(&d->pane, d->data.kind, d->data.rec, now, ~0u);
}

static void describe_open(struct app *a, struct view *v, struct cmds *out)
{
	struct describe_view *d = mem_alloc(sizeof *d);

	v->state = d;
	textpane_init(&d->pane);
	objdata_init(&d->data, v->kind);
	objdata_ask(&d->data, a, v->name, out);
	fill(d, v->screen, a->now);
}

static void describe_close(struct app *a, struct view *v, struct cmds *out)
{
	struct describe_view *d = v->state;

	(void)a;
	objdata_release(&d->data, out);
	textpane_release(&d->pane);
	free(d);
}

static void describe_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct describe_view *d = v->state;
	bool life = false;

	if (objdata_message(&d->data, a, m, &life, out))
		fill(d, v->screen, a->now);
	if (life && !d->data.id)
		objdata_ask(&d->data, a, v->name, out);
}

static const void *describe_object(const struct view *v)
{
	const struct describe_view *d = v->state;

	return d->data.known ? d->data.rec : NULL;
}

static bool describe_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	struct describe_view *d = v->state;

	if (act == ACT_REFRESH)
		objdata_ask(&d->data, a, v->name, out);
	if (act == ACT_NEXT || act == ACT_PREVIOUS)
		return textpane_next(&d->pane, act == ACT_PREVIOUS) || true;
	return textpane_action(&d->pane, act, app_layout(a).body.height);
}

static void describe_draw(const struct app *a, const struct view *v, struct grid *g,
	struct rect body)
{
	(void)a;
	textpane_draw(&((struct describe_view *)v->state)->pane, g, body);
}

static void describe_search(struct app *a, struct view *v, const char *text, struct cmds *out)
{
	(void)out;
	if (!textpane_search(&((struct describe_view *)v->state)->pane, text))
		app_notice(a, ROLE_WARN, T_NOT_FOUND, text);
}

static void describe_save(struct app *a, struct view *v, const char *path, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_SAVE_TEXT);
	struct buf text = BUF_INIT;

	(void)a;
	textpane_text(&((struct describe_view *)v->state)->pane, &text);
	c->path = mem_strdup(path);
	c->text = buf_detach(&text);
}

static void describe_copy(const struct app *a, const struct view *v, struct buf *out)
{
	(void)a;
	textpane_text(&((const struct describe_view *)v->state)->pane, out);
}

#define DESCRIBES                                                                          \
	.takes_name = true, .any_kind = true, .scopes = SCOPE_TEXT, .open = describe_open, \
	.close = describe_close, .message = describe_message, .object = describe_object,   \
	.action = describe_action, .draw = describe_draw, .search = describe_search,       \
	.save = describe_save, .copy = describe_copy

const struct screen scr_describe = {
	.name = "describe",
	.doc = T_SCREEN_DESCRIBE,
	DESCRIBES,
};

const struct screen scr_yaml = {
	.name = "yaml",
	.doc = T_SCREEN_YAML,
	DESCRIBES,
};
