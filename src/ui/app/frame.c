#include "ui/app/parts.h"

#include "base/timefmt.h"
#include "base/utf8.h"
#include "ui/kit/textpane.h"

#include <stdlib.h>
#include <string.h>

/* The lines around every screen: health, where one is, what can be done. */

enum { SEGMENTS_MAX = 12 };

/* A piece of the first line. The least important ones leave first when it gets narrow. */
struct segment {
	struct buf text;
	enum grid_role role;
	int importance;
	bool right;
};

struct line {
	struct segment items[SEGMENTS_MAX];
	int count;
};

static struct segment *add(struct line *l, enum grid_role role, int importance, bool right)
{
	struct segment *s = &l->items[l->count++];

	*s = (struct segment){.text = BUF_INIT,
		.role = role,
		.importance = importance,
		.right = right};
	return s;
}

static void add_link(const struct app *a, struct line *l)
{
	static const char *const glyphs[] = {"◌", "◌", "●", "◐", "○"};
	static const char *const plain[] = {".", ".", "*", "o", "x"};
	static const enum grid_role roles[] = {ROLE_DIM, ROLE_WARN, ROLE_GOOD, ROLE_WARN, ROLE_BAD};
	struct segment *s = add(l, roles[a->link], 9, true);
	const char *glyph = a->options.ascii ? plain[a->link] : glyphs[a->link];

	buf_adds(&s->text, glyph);
	switch (a->link) {
	case LINK_STARTING:
	case LINK_CONNECTING: buf_adds(&s->text, " " T_CONNECTING); break;
	case LINK_LIVE:
	case LINK_POLLING:
		if (a->link == LINK_POLLING)
			buf_adds(&s->text, " " T_POLLING);
		if (a->rtt_ms > 0)
			buf_addf(&s->text, " %s%dms", a->rtt_ms == RTT_NEAR_MS ? "<" : "",
				(int)a->rtt_ms);
		break;
	case LINK_GONE: {
		char age[TIMEFMT_SIZE];

		timefmt_age(age, (a->mono - a->gone_since) / 5000 * 5000);
		buf_adds(&s->text, a->refused ? " " T_LINK_REFUSED : " " T_GONE);
		if (a->mono - a->gone_since >= 5000)
			buf_addf(&s->text, " %s", age);
		break;
	}
	}
}

static bool knows(const struct quota *q, const char *field)
{
	const struct field *f = q ? kind_field(&quota_kind, field) : NULL;

	return f && record_knows(&quota_kind, q, f);
}

static void add_gpu(const struct app *a, struct line *l)
{
	const struct quota *q = app_quota(a);
	bool counted = a->home.data.synced || !knows(q, "total_gpu_used");
	int64_t used = counted ? a->tally.gpus : q->total.gpu_used;
	int64_t quota = knows(q, "total_gpu_quota") ? q->total.gpu_quota : -1;

	if (used == 0 && quota <= 0 && a->tally.util_count == 0)
		return;
	struct segment *s = add(l, ROLE_NORMAL, 6, true);

	buf_addf(&s->text, T_GPU " %" JSON_INTEGER_FORMAT, (json_int_t)used);
	if (quota >= 0)
		buf_addf(&s->text, "/%" JSON_INTEGER_FORMAT, (json_int_t)quota);
	if (a->tally.util_count)
		buf_addf(&s->text, " %d%%", (int)(a->tally.util_sum / a->tally.util_count / 100));
}

/* Nothing that waits may start: the word that stands in its WHY, too. */
static void add_paused(const struct app *a, struct line *l)
{
	const char *why = app_paused(a);

	if (*why)
		buf_addf(&add(l, ROLE_BADGE, 8, true)->text, T_PAUSED, why);
}

static void add_cpu(const struct app *a, struct line *l)
{
	const struct quota *q = app_quota(a);
	int64_t quota = knows(q, "total_cpu_quota") ? q->total.cpu_quota.v : -1;

	if (a->tally.cpu_count == 0)
		return;
	struct segment *s = add(l, ROLE_NORMAL, 3, true);

	/* Hundredths of a percent of one CPU: 10000 is a CPU. */
	if (quota > 0)
		buf_addf(&s->text, T_CPU " %d%%", (int)(a->tally.cpu_sum * 10 / quota));
	else
		buf_addf(&s->text, T_CPU_USED, (double)a->tally.cpu_sum / 10000);
}

static void add_jobs(const struct app *a, struct line *l)
{
	if (!a->home.data.synced && a->home.data.len == 0)
		return;
	struct segment *s = add(l, ROLE_NORMAL, 7, true);

	buf_addf(&s->text, T_JOBS_RUN_WAIT, (int)a->tally.run, (int)a->tally.wait);
}

static void add_who(const struct app *a, struct line *l)
{
	const char *dot = a->options.ascii ? "-" : "·";

	buf_adds(&add(l, ROLE_TITLE, 2, false)->text, "mltop");
	if (*a->context)
		buf_adds(&add(l, ROLE_ACCENT, 8, false)->text, a->context);
	if (*a->org || *a->tenant)
		buf_addf(&add(l, ROLE_NORMAL, 4, false)->text, "%s %s%s", dot,
			strcmp(a->tenant, "-1") == 0 ? "" : T_ORG " ", app_tenant(a));
	if (*a->role)
		buf_addf(&add(l, ROLE_DIM, 1, false)->text, "%s %s", dot, a->role);
}

static int line_width(const struct line *l)
{
	int sum = 1;

	for (int i = 0; i < l->count; i++)
		if (l->items[i].importance)
			sum += utf8_width(l->items[i].text.data) + (l->items[i].right ? 2 : 1);
	return sum;
}

static void drop_least(struct line *l)
{
	int least = -1;

	for (int i = 0; i < l->count; i++)
		if (l->items[i].importance &&
			(least < 0 || l->items[i].importance < l->items[least].importance))
			least = i;
	if (least >= 0)
		l->items[least].importance = 0;
}

static int kept(const struct line *l)
{
	int n = 0;

	for (int i = 0; i < l->count; i++)
		n += l->items[i].importance != 0;
	return n;
}

static void draw_health(const struct app *a, struct grid *g, struct rect r)
{
	struct line l = {.count = 0};

	add_who(a, &l);
	add_gpu(a, &l);
	add_cpu(a, &l);
	add_jobs(a, &l);
	add_paused(a, &l);
	add_link(a, &l);
	while (line_width(&l) > r.width && kept(&l) > 1)
		drop_least(&l);
	int left = 1, right = r.width - 1;

	for (int i = l.count - 1; i >= 0; i--) {
		struct segment *s = &l.items[i];
		int width = utf8_width(s->text.data);

		if (!s->importance || !s->right)
			continue;
		width = width < right ? width : right;
		grid_clip(g, right - width, r.y, width, s->role, s->text.data);
		right -= width + 2;
	}
	for (int i = 0; i < l.count; i++)
		if (l.items[i].importance && !l.items[i].right)
			left += grid_clip(g, left, r.y, right - left, l.items[i].role,
					l.items[i].text.data) +
				1;
	for (int i = 0; i < l.count; i++)
		buf_release(&l.items[i].text);
}

/* "resnet50-a", and whose it is where that is not the org that is shown: "resnet50-a (speech)". */
static void crumb_name(const struct app *a, const struct view *v, struct buf *out)
{
	const void *row = v->org ? rowset_find(&a->quota.data.rows, v->org) : NULL;

	buf_addf(out, " %s", v->name);
	if (v->org)
		buf_addf(out, " (%s)", row ? record_key(a->quota.data.kind, row) : v->org);
}

/* " jobs(vision) > job resnet50-a  state=running      48 of 360" */
static void draw_crumb(const struct app *a, struct grid *g, struct rect r)
{
	const struct view *v = app_top(a);
	struct buf path = BUF_INIT, extra = BUF_INIT, status = BUF_INIT;

	for (int i = 0; i < a->depth; i++) {
		buf_addf(&path, "%s%s", i ? (a->options.ascii ? " > " : " › ") : "",
			a->stack[i].screen->name);
		if (*a->stack[i].name)
			crumb_name(a, &a->stack[i], &path);
		else if (i == 0 && *app_tenant(a))
			buf_addf(&path, "(%s)", app_tenant(a));
	}
	if (v && v->screen->crumb)
		v->screen->crumb(a, v, &extra);
	if (v && v->screen->status)
		v->screen->status(a, v, &status);
	int width = utf8_width(status.data), room = r.width - 2 - (width ? width + 1 : 0);
	int used = grid_clip(g, 1, r.y, room, ROLE_TITLE, path.data);

	if (extra.len)
		used += 2 + grid_clip(g, used + 3, r.y, room - used - 2, ROLE_ACCENT, extra.data);
	if (app_stale(a))
		grid_text(g, used + 3, r.y, room - used - 2, ROLE_BADGE, T_STALE);
	grid_right(g, r.width - 1 - width, r.y, width, ROLE_DIM, status.data);
	buf_release(&path);
	buf_release(&extra);
	buf_release(&status);
}

/* What a key of the kind means for this row: where its own action cannot be done, the other one. */
static const struct kind_action *meant(const struct action_info *i, struct object o)
{
	const struct kind_action *ka = kind_action_find(o.kind, i->name);
	const struct kind_action *other = ka->other ? kind_action_find(o.kind, ka->other) : NULL;

	if (other == NULL || o.row == NULL || kind_action_may(o.kind, ka, o.row))
		return ka;
	return kind_action_may(o.kind, other, o.row) ? other : ka;
}

/* What runs is submitted. */
static const char *hint_word(const struct app *a, const struct action_info *i)
{
	struct object o = app_object(a);

	if (i->action >= ACT_COUNT && o.kind && kind_action_find(o.kind, i->name))
		return meant(i, o)->name;
	return i->action == ACT_SUBMIT && o.kind && !(o.kind->can & CAN_TASKS) ? T_HINT_MAKE
									       : i->hint;
}

/* Draws where `g` is not NULL; returns the cells that it takes. */
static int hint(const struct app *a, const struct action_info *i, struct grid *g, int x, int y)
{
	struct buf key = BUF_INIT;
	const char *word = hint_word(a, i);

	keymap_key(&a->keymap, i->action, &key);
	int width = key.len ? utf8_width(key.data) + utf8_width(word) + 1 : 0;

	if (g && width) {
		x += grid_text(g, x, y, width, ROLE_KEY, key.data) + 1;
		grid_text(g, x, y, width, ROLE_DIM, word);
	}
	buf_release(&key);
	return width;
}

/* What can be done now: an action of the kind only where the row's state asks for it. */
static bool is_wanted(const struct app *a, const struct action_info *i, struct object o)
{
	if (!i->hint || !keymap_fits(&a->keymap, i, app_scopes(a), o.kind))
		return false;
	if (i->action == ACT_SUBMIT)
		return app_may(a, o.kind->make) && !o.kind->made_by;
	if (i->action == ACT_SET && !app_top(a)->screen->sets)
		return false;
	if (i->action == ACT_EDIT || i->action == ACT_SET)
		return o.row && app_may(a, o.kind->change);
	if (i->action == ACT_FAILURE)
		return object_says_failure(o);
	if (i->action < ACT_COUNT)
		return o.row ||
			(i->action != ACT_OPEN && i->action != ACT_LOGS && i->action != ACT_WHY);
	const struct kind_action *ka = meant(i, o);

	return o.row && app_may(a, ka->least) &&
		(kind_state(o.kind) ? (ka->from || ka->flag) && kind_action_may(o.kind, ka, o.row)
				    : true);
}

/* In the order of the key map; what helps further keeps its place at the right end. */
static void draw_hints(const struct app *a, struct grid *g, struct rect r)
{
	const struct action_info *help = keymap_find(&a->keymap, "help"), *i;
	struct object o = app_object(a);
	int kept = hint(a, help, NULL, 0, 0), x = 1;

	if (!(help->scopes & app_scopes(a)) || kept + 2 > r.width)
		kept = 0;
	for (size_t n = 0; (i = keymap_at(&a->keymap, n)) != NULL; n++) {
		int width = i != help && is_wanted(a, i, o) ? hint(a, i, NULL, 0, 0) : 0;

		if (!width || x + width + (kept ? kept + 2 : 0) >= r.width)
			continue;
		x += hint(a, i, g, x, r.y) + 2;
	}
	if (kept)
		hint(a, help, g, x, r.y);
}

/* Why the rows that are shown are not kept up to date any more; NULL: they are. */
static const char *rows_error(const struct table *t)
{
	return t && t->data.error && t->len > 0 ? t->data.error : NULL;
}

static void draw_status(const struct app *a, struct grid *g, struct rect r, int why_height)
{
	const struct view *v = app_top(a);
	const struct table *t = v && v->screen->table ? v->screen->table(v) : NULL;

	if (a->notice && (utf8_width(a->notice) <= r.width - 2 || why_height == 0)) {
		grid_clip(g, 1, r.y, r.width - 2, a->notice_role, a->notice);
		return;
	}
	struct rect hints = r;
	const char *modal = a->mode == MODE_PROMPT ? T_KEYS_PROMPT
		: a->mode == MODE_CONFLICT         ? T_KEYS_CONFLICT
		: a->mode == MODE_PICK             ? T_KEYS_PICK
		: a->mode == MODE_POPUP            ? T_KEYS_POPUP
						   : NULL;

	if (modal) {
		grid_clip(g, 1, r.y, r.width - 2, ROLE_DIM, modal);
		return;
	}
	if (app_scopes(a) == SCOPE_FORM) {
		grid_clip(g, 1, r.y, r.width - 2, ROLE_DIM, T_FORM_KEYS);
		return;
	}
	if (rows_error(t)) {
		grid_textf(g, 1, r.y, r.width - 2, ROLE_BAD, T_ROWS_ERROR, rows_error(t));
		return;
	}
	if (t && t->lost && !t->marked) {
		grid_clip(g, 1, r.y, r.width - 2, ROLE_WARN, T_ROW_LEFT);
		return;
	}
	if (t && t->marked) {
		hints.width -= 14;
		grid_textf(g, r.width - 13, r.y, 12, ROLE_MARKED, "[%zu " T_MARKED "]", t->marked);
	}
	draw_hints(a, g, hints);
}

/* Folded: who must act needs the whole sentence. */
static void draw_long(const struct app *a, struct grid *g, struct rect r)
{
	enum grid_role role;
	const char *rest = app_long_text(a, r.width, &role);

	for (int i = 0; i < r.height; i++) {
		size_t fit = i + 1 < r.height ? fold_text(rest, r.width) : strlen(rest);
		char *piece = fold_piece(rest, fit);

		grid_clip(g, r.x, r.y + i, r.width, role, piece);
		free(piece);
		rest += fit;
	}
}

static void frame_draw(const struct app *a, struct grid *g, const struct layout *l)
{
	draw_long(a, g, l->why);
	draw_health(a, g, l->health);
	draw_crumb(a, g, l->crumb);
	if (a->mode == MODE_FILTER || a->mode == MODE_SEARCH || a->mode == MODE_SAVE ||
		a->mode == MODE_SET)
		filterbar_draw(a, g, l->status);
	else if (a->mode == MODE_PALETTE)
		palette_draw(a, g, l);
	else
		draw_status(a, g, l->status, l->why.height);
}

static void draw_prompt(const struct app *a, struct grid *g, struct rect body)
{
	struct buf leads = BUF_INIT;

	foresee_lines(&a->foresee, &leads);
	prompt_draw(&a->prompt, leads.data, foresee_role(&a->foresee), g, body);
	buf_release(&leads);
}

static void draw_modes(const struct app *a, struct grid *g, const struct layout *l)
{
	if (a->mode == MODE_PROMPT)
		draw_prompt(a, g, l->body);
	if (a->mode == MODE_CONFLICT)
		conflict_draw(a, g, l->body);
	if (a->mode == MODE_SET)
		set_draw(a, g, l->body);
	if (a->mode == MODE_PICK)
		picker_draw(a, g, l->body);
	if (a->mode == MODE_POPUP)
		popup_draw(a, g, l->body);
	if (a->mode == MODE_FILTER || a->mode == MODE_SET)
		options_draw(a, g, l->body, l->status.y);
}

void app_view(const struct app *a, struct grid *g)
{
	struct layout l = app_layout_of(a, g->cols, g->rows);
	const struct view *v = app_top(a);

	g->ascii = a->options.ascii;
	g->braille = a->options.braille;
	grid_erase(g);
	if (l.small) {
		grid_clip(g, 0, 0, g->cols, ROLE_WARN, T_TOO_SMALL);
		return;
	}
	if (v && v->screen->draw)
		v->screen->draw(a, v, g, l.body);
	frame_draw(a, g, &l);
	draw_modes(a, g, &l);
}
