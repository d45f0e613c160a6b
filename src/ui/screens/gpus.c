#include "ui/screens/screens.h"

#include "base/mem.h"
#include "core/kinds/gpu.h"
#include "ui/kit/glyphs.h"
#include "ui/kit/textpane.h"

#include <stdlib.h>
#include <string.h>

/*
 * GPUs: a cell for each of them above the list, so that 64 are seen at once, and a line about the one
 * that is selected. Where there is none: why, and how the machines do.
 */

enum {
	CELL = 4,   /* " 93▇": percent and a mark */
	LABEL = 14, /* node and index of the first */
	NOTE_LINES = 3,
	ROWS_LEFT = 5, /* of the list, at least; else there is no room for cells */
};

struct gpus_view {
	struct table table, nodes;
};

static const struct column columns[] = {
	{.field = "index", .width = 3},
	{.field = "node", .priority = 7, .width = 8, .most = 20},
	{.field = "state", .priority = 1, .width = 7},
	{.field = "util", .priority = 2, .width = 4},
	{.field = "mem_used", .title = "MEM", .priority = 3, .width = 6},
	{.field = "mem_total", .title = "OF", .priority = 6, .width = 6},
	{.field = "temp", .priority = 5, .width = 4},
	{.field = "power", .priority = 8, .width = 5},
	{.field = "job", .priority = 4, .width = 14, .most = 40},
	{.field = "owner", .priority = 9, .width = 7, .most = 14},
	{.field = "org", .priority = 10, .width = 8, .most = 14},
	{.field = "name", .priority = 11, .width = 20, .most = 30},
	{.field = "as_of", .priority = 12, .width = 5},
	{.field = "power_limit", .priority = 13, .width = 5, .wide = true},
	{.field = "clock", .priority = 14, .width = 5, .wide = true},
	{.field = "memory_clock", .priority = 15, .width = 6, .wide = true},
	{.field = "fan", .priority = 16, .width = 4, .wide = true},
	{.field = "pci", .priority = 17, .width = 12, .wide = true},
	{.field = "uuid", .priority = 18, .width = 40, .wide = true},
	{0},
};

static const char *const empty[] = {T_EMPTY_GPUS, NULL};

/* ---- Cells ---- */

/* Whole GPUs by node and index; the caller frees. */
struct cells {
	const struct entry **items;
	size_t len;
	size_t per_row;
	int height;
};

static int compare(const void *a, const void *b)
{
	const struct gpu *x = (*(const struct entry *const *)a)->row;
	const struct gpu *y = (*(const struct entry *const *)b)->row;
	int c = strcmp(x->node_name ? x->node_name : "", y->node_name ? y->node_name : "");

	return c ? c : (x->index > y->index) - (x->index < y->index);
}

static bool new_row(const struct cells *c, size_t i, size_t in_row)
{
	return i == 0 || in_row == c->per_row ||
		strcmp(record_text(c->items[i]->row, kind_field(&gpu_kind, "node_name")),
			record_text(c->items[i - 1]->row, kind_field(&gpu_kind, "node_name"))) != 0;
}

/* A multiple of 8 where it is wide enough, as machines have them. */
static size_t cells_per_row(int width)
{
	int fit = (width - LABEL) / CELL;

	return fit >= 8 ? (size_t)(fit / 8 * 8) : fit >= 4 ? 4 : 0;
}

static struct cells cells_of(const struct table *t, int width)
{
	struct cells c = {.per_row = cells_per_row(width)};
	size_t in_row = 0;

	c.items = mem_alloc((t->data.len + 1) * sizeof(*c.items));
	for (size_t i = 0; i < t->data.len; i++) {
		const struct entry *e = t->data.all[i];
		const struct gpu *g = e->row;

		if (g && !record_has(gpu, g, parent))
			c.items[c.len++] = e;
	}
	qsort(c.items, c.len, sizeof *c.items, compare);
	for (size_t i = 0; i < c.len && c.per_row; i++, in_row++)
		if (new_row(&c, i, in_row)) {
			in_row = 0;
			c.height++;
		}
	return c;
}

/* What is known without colours, too: a bar is a job's, a dot is free, letters are all else. */
static const char *cell_mark(const struct gpu *g, bool ascii)
{
	switch (g->state) {
	case GPU_FREE: return ascii ? "." : "·";
	case GPU_LOST: return "!";
	case GPU_STALLED: return "?";
	case GPU_FOREIGN: return "f";
	case GPU_MIG: return "m";
	case GPU_DRAINED: return "d";
	default: break;
	}
	if (!record_has(gpu, g, util))
		return "-";
	return glyph_level((int)(g->util.v * GLYPH_LEVELS / 100), ascii);
}

static enum grid_role cell_role(const struct gpu *g)
{
	if (g->state == GPU_USED && record_has(gpu, g, util) && g->util.v < 5)
		return ROLE_WARN; /* held, and not used */
	return g->state == GPU_FREE ? ROLE_DIM : tone_role(gpu_state_looks[g->state].tone);
}

static void draw_cell(const struct entry *e, bool selected, struct grid *g, int x, int y)
{
	const struct gpu *gpu = e->row;
	bool busy = gpu->state == GPU_USED || gpu->state == GPU_FOREIGN;

	grid_text(g, x, y, 3, ROLE_DIM, "   ");
	if (busy && record_has(gpu, gpu, util) && gpu->util.v >= 0 && gpu->util.v <= 100)
		grid_textf(g, x, y, 3, cell_role(gpu), "%3d", (int)(gpu->util.v + 0.5));
	grid_text(g, x + 3, y, 1, cell_role(gpu), cell_mark(gpu, g->ascii));
	if (!e->shown)
		grid_role(g, x, y, CELL, ROLE_DIM);
	if (selected)
		grid_select(g, x, y, CELL);
}

static void draw_cells(const struct cells *c, struct table *t, struct grid *g, struct rect r)
{
	const struct entry *chosen = table_selected(t);
	size_t in_row = 0;
	int y = r.y - 1;

	for (size_t i = 0; i < c->len; i++, in_row++) {
		const struct gpu *gpu = c->items[i]->row;

		if (new_row(c, i, in_row)) {
			in_row = 0;
			grid_clip(g, r.x + 1, ++y, LABEL - 7, ROLE_HEADER,
				gpu->node_name ? gpu->node_name : "");
			grid_textf(g, r.x + LABEL - 6, y, 4, ROLE_DIM, "%4lld",
				(long long)gpu->index);
		}
		draw_cell(c->items[i], c->items[i] == chosen, g, r.x + LABEL + (int)in_row * CELL,
			y);
	}
}

/* ---- The line about the selected one ---- */

static void say(struct buf *out, const struct gpu *g, const char *field, int64_t now,
	const char *unit)
{
	const struct field *f = kind_field(&gpu_kind, field);

	if (!record_knows(&gpu_kind, g, f))
		return;
	buf_adds(out, "  ");
	record_cell(&gpu_kind, g, f, now, out);
	buf_adds(out, unit);
}

static void line_of(const struct gpu *g, int64_t now, struct buf *out)
{
	buf_addf(out, T_GPU " %lld", (long long)g->index);
	say(out, g, "state", now, "");
	if (record_has(gpu, g, job_name))
		buf_addf(out, "  " T_GPU_JOB, g->job_name, g->owner ? g->owner : "-",
			g->org_name ? g->org_name : "-");
	else if (record_has(gpu, g, message))
		buf_addf(out, ": %s", g->message);
	say(out, g, "power", now, " W");
	say(out, g, "clock", now, " MHz");
	say(out, g, "name", now, "");
}

static void draw_line(const struct app *a, struct table *t, struct grid *g, struct rect r)
{
	const struct entry *e = table_selected(t);
	struct buf text = BUF_INIT;

	if (e == NULL || e->row == NULL)
		return;
	line_of(e->row, a->now, &text);
	grid_clip(g, r.x + 1, r.y, r.width - 2, ROLE_ACCENT, text.data);
	buf_release(&text);
	grid_textf(g, r.x + 1, r.y + 1, r.width - 2, ROLE_DIM, T_GPU_MARKS, g->ascii ? "." : "·",
		g->ascii ? "#" : "▇");
}

/* ---- The screen ---- */

static struct rect below(struct rect r, int rows)
{
	r.y += rows;
	r.height -= rows;
	return r;
}

/* There is no GPU: the machines, and why. */
static void draw_machines(const struct app *a, struct table *nodes, struct grid *g,
	struct rect body)
{
	const struct entry *e = table_selected(nodes);
	const struct field *note = kind_field(nodes->data.kind, "gpu_note");
	const char *rest = e && e->row && record_knows(nodes->data.kind, e->row, note)
		? record_text(e->row, note)
		: T_EMPTY_GPUS;
	int lines = 0;

	for (; *rest && lines < NOTE_LINES && body.width > 2; lines++) {
		size_t fit = fold_text(rest, body.width - 2);
		char *piece = fold_piece(rest, fit);

		grid_clip(g, body.x + 1, body.y + lines, body.width - 2, ROLE_TITLE, piece);
		free(piece);
		rest += fit;
	}
	table_body(a, nodes, NULL, g, below(body, lines + 1));
}

static void gpus_draw(const struct app *a, const struct view *v, struct grid *g, struct rect body)
{
	struct gpus_view *s = v->state;
	struct cells c;
	int band;

	if (s->table.data.synced && s->table.data.len == 0 && s->nodes.data.len > 0) {
		draw_machines(a, &s->nodes, g, body);
		return;
	}
	table_settle(&s->table);
	c = cells_of(&s->table, body.width);
	band = c.height + 2; /* the line, and what the marks mean */
	if (c.height == 0 || body.height - band < ROWS_LEFT) {
		band = 0;
	} else {
		draw_cells(&c, &s->table, g, body);
		draw_line(a, &s->table, g, below(body, c.height));
	}
	free(c.items);
	table_body(a, &s->table, empty, g, below(body, band));
}

static void gpus_open(struct app *a, struct view *v, struct cmds *out)
{
	struct gpus_view *s = mem_alloc(sizeof *s);

	v->state = s;
	table_open_remembered(a, &s->table, v->screen);
	table_subscribe(a, &s->table, v->screen, true, out);
	table_open_remembered(a, &s->nodes, &scr_nodes);
	table_subscribe(a, &s->nodes, &scr_nodes, true, out);
}

static void gpus_close(struct app *a, struct view *v, struct cmds *out)
{
	struct gpus_view *s = v->state;

	(void)a;
	table_unsubscribe(&s->table, out);
	table_unsubscribe(&s->nodes, out);
	table_release(&s->table);
	table_release(&s->nodes);
	free(s);
}

static void gpus_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct gpus_view *s = v->state;

	if (!table_message(a, &s->table, m, out))
		table_message(a, &s->nodes, m, out);
}

static struct table *gpus_table(const struct view *v)
{
	return &((struct gpus_view *)v->state)->table;
}

/* Enter goes to the job that holds it; without one to all that is known of it. */
static bool gpus_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	const struct entry *e = table_selected(gpus_table(v));
	const struct gpu *g = e ? e->row : NULL;

	if (act == ACT_OPEN && g && record_has(gpu, g, job_name)) {
		stack_open(a, &scr_job, g->job_name, out);
		return true;
	}
	return tablescreen_action(a, v, act, out);
}

/* Rows of the mouse are those of the list, below the cells. */
static void gpus_mouse(struct app *a, struct view *v, const struct msg *m, struct rect body,
	struct cmds *out)
{
	struct gpus_view *s = v->state;
	struct cells c = cells_of(&s->table, body.width);
	int band = c.height && body.height - c.height - 2 >= ROWS_LEFT ? c.height + 2 : 0;

	free(c.items);
	table_mouse(a, &s->table, m, below(body, band), out);
}

const struct screen scr_gpus = {
	.name = "gpus",
	.doc = T_SCREEN_GPUS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &gpu_kind,
	.columns = columns,
	.sort = "index",
	.fields =
		"uid,uuid,index,node_name,parent,state,message,job_name,owner,org_name,util,power,"
		"clock,name",
	.empty = empty,
	.open = gpus_open,
	.close = gpus_close,
	.message = gpus_message,
	.action = gpus_action,
	.mouse = gpus_mouse,
	.draw = gpus_draw,
	.status = tablescreen_status,
	.crumb = tablescreen_crumb,
	.table = gpus_table,
	.save = tablescreen_save,
	.copy = tablescreen_copy,
};
