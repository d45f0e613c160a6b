#include "ui/app/objdata.h"
#include "ui/app/yaml.h"
#include "ui/kit/chart.h"
#include "ui/kit/textpane.h"
#include "ui/screens/screens.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Every field of an object that is known: by section for people, or as YAML. */

struct describe_view {
	struct objdata data;
	struct textpane pane;
	/* Of a kind that is not run and whose samples are kept: asked for once, gone on with by its rows. */
	struct series samples;
	uint64_t samples_id;
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

enum { SPARK = 40 };

/* "util   ▁▂▄▆▇  93%" */
static void fill_samples(struct describe_view *d, bool ascii)
{
	bool first = true;

	for (size_t i = 0; i < d->samples.field_count; i++) {
		const struct field *f = d->samples.fields[i];
		struct buf line = BUF_INIT, cell = BUF_INIT;
		float newest;

		if (!series_newest(&d->samples, i, &newest))
			continue;
		if (first) {
			textpane_add(&d->pane, ROLE_NORMAL, "%s", "");
			textpane_add(&d->pane, ROLE_TITLE, "%s", T_OVER_TIME);
		}
		first = false;
		chart_spark(&d->samples, i, SPARK, ascii, &line);
		series_cell(f, newest, &cell);
		textpane_add(&d->pane, ROLE_NORMAL, "  %-20s %s  %s", f->name, line.data,
			cell.data);
		buf_release(&line);
		buf_release(&cell);
	}
}

static bool has_samples(const struct kind *k)
{
	return kind_has_series(k) && !(k->can & CAN_TASKS);
}

static void samples_ask(struct describe_view *d, struct app *a, const char *name, struct cmds *out)
{
	struct object o = {d->data.kind, NULL};
	char *path;

	series_init(&d->samples, d->data.kind);
	if (!has_samples(d->data.kind))
		return;
	path = object_path(a, o, name, "/samples");
	d->samples_id = app_get(a, path, out);
	free(path);
}

/* An older platform keeps none. */
static bool samples_reply(struct describe_view *d, const struct msg *m)
{
	if (m->type != MSG_REPLY || !d->samples_id || m->id != d->samples_id)
		return false;
	d->samples_id = 0;
	if (m->status >= 200 && m->status < 300)
		series_decode(&d->samples, m->body, NULL);
	return true;
}

static void fill(struct describe_view *d, const struct screen *s, int64_t now, bool ascii)
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
	if (d->data.known && s != &scr_yaml)
		fill_samples(d, ascii);
}

static void describe_open(struct app *a, struct view *v, struct cmds *out)
{
	struct describe_view *d = mem_alloc(sizeof *d);

	v->state = d;
	textpane_init(&d->pane);
	objdata_init(&d->data, v->kind);
	objdata_ask(&d->data, a, v->name, out);
	samples_ask(d, a, v->name, out);
	fill(d, v->screen, a->now, a->options.ascii);
}

static void describe_close(struct app *a, struct view *v, struct cmds *out)
{
	struct describe_view *d = v->state;

	(void)a;
	objdata_release(&d->data, out);
	textpane_release(&d->pane);
	series_release(&d->samples);
	free(d);
}

static void describe_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct describe_view *d = v->state;
	bool life = false;

	if (objdata_message(&d->data, a, m, &life, out)) {
		if (has_samples(d->data.kind) && !d->samples_id)
			series_add(&d->samples, d->data.rec, a->now);
		fill(d, v->screen, a->now, a->options.ascii);
	} else if (samples_reply(d, m)) {
		fill(d, v->screen, a->now, a->options.ascii);
	}
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
