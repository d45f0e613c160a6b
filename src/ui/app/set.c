#include "base/mem.h"
#include "ui/app/difference.h"
#include "ui/app/parts.h"
#include "ui/kit/textpane.h"

#include <stdlib.h>
#include <string.h>

/*
 * Rows changed where they stand: "gpu=8 cpu=64" for the marked or selected ones. A moment after the
 * last key the line says what it would change and what that leads to; Enter asks for it, with both.
 * Each row is refused where it was changed by somebody else meanwhile.
 */

enum { LINES_MOST = 8 }; /* of what it changes, over the line */

/* ---- The line ---- */

static bool set_word(const struct kind *k, const char *word, size_t len, void *rec,
	struct arena *text, struct err *e)
{
	char *copy = strndup(word, len), *equals = strchr(copy, '=');
	const struct field *f;
	bool good = false;

	if (equals)
		*equals = '\0';
	f = equals ? kind_field_to_edit(k, copy) : NULL;
	f = f ? kind_owner(k, f) : NULL;
	if (!equals)
		err_set(e, ERR_INVALID, T_SET_WORD, copy);
	else if (!f || !(f->flags & F_EDIT))
		err_set(e, ERR_INVALID, T_SET_UNKNOWN, copy, k->name);
	else if (f->flags & F_SECRET)
		err_set(e, ERR_INVALID, T_SET_SECRET, copy);
	else
		good = record_set_text(k, rec, text, f, equals + 1, e);
	free(copy);
	return good;
}

static bool set_words(const struct kind *k, const char *words, void *rec, struct arena *text,
	struct err *e)
{
	bool good = true;

	while (good && *(words += strspn(words, " "))) {
		size_t len = strcspn(words, " ");

		good = set_word(k, words, len, rec, text, e);
		words += len;
	}
	return good;
}

/* ---- What it makes of the rows ---- */

static void add_lines(struct buf *out, const char *lines, const char *name)
{
	for (const char *s = lines; *s; s += *s == '\n') {
		size_t n = strcspn(s, "\n");

		buf_addf(out, "%s%s%s%.*s", out->len ? "\n" : "", name ? name : "",
			name ? ": " : "", (int)n, s);
		s += n;
	}
}

/* `named`: with its name before each line, for it is one of several. Tells whether a limit is below. */
static bool propose_row(struct app *a, const struct kind *k, const void *row, const void *rec,
	bool named)
{
	const char *name = record_key(k, row);
	void *mine = mem_alloc(k->size);
	struct difference d;
	bool below;

	memcpy(mine, rec, k->size);
	difference_take(&d, a, k, row, mine);
	if (d.count > 0) {
		struct object o = {k, row};
		const char *id = object_id(o, name);
		char *path = object_path(a, o, id, "");

		difference_propose(a, &d, k, path, name, row, mine)->uid = mem_strdup(id);
		add_lines(&a->set_lines, d.lines.data, named ? name : NULL);
	}
	below = d.below;
	difference_release(&d);
	free(mine);
	return below;
}

/* a->proposed is what the line makes of the rows, and a->set_lines say it. */
static bool propose(struct app *a, bool *below, struct err *e)
{
	struct table *t = app_top(a)->screen->table(app_top(a));
	const struct kind *k = t->data.kind;
	struct entry **entries = mem_alloc((t->data.len + 1) * sizeof(struct entry *));
	size_t count = table_targets(t, entries, t->data.len + 1);
	struct arena text = ARENA_INIT;
	void *rec = mem_alloc(k->size);
	bool good = set_words(k, a->line.text.data, rec, &text, e);

	*below = false;
	buf_reset(&a->set_lines);
	changes_release(&a->proposed);
	for (size_t i = 0; good && i < count; i++)
		*below = propose_row(a, k, entries[i]->row, rec, count > 1) || *below;
	arena_release(&text);
	free(rec);
	free(entries);
	return good;
}

/* ---- Keys, time ---- */

/* The first lines, and how many more there are. */
static void add_first(const struct app *a, int most, struct buf *out)
{
	const char *s = a->set_lines.data;
	size_t more = 0;

	for (int n = 0; n < most && *s; n++, s += *s == '\n') {
		buf_addf(out, "%.*s\n", (int)strcspn(s, "\n"), s);
		s += strcspn(s, "\n");
	}
	for (; *s; more++) {
		s += strcspn(s, "\n");
		s += *s == '\n';
	}
	if (more > 0)
		buf_addf(out, T_SET_MORE "\n", more);
}

void set_open(struct app *a)
{
	changes_release(&a->proposed);
	foresee_clear(&a->foresee);
	buf_reset(&a->set_lines);
	line_open(a, MODE_SET, "");
}

static void touched(struct app *a)
{
	free(a->line_error);
	a->line_error = NULL;
	changes_release(&a->proposed);
	buf_reset(&a->set_lines);
	foresee_touched(&a->foresee, a);
}

static void accept(struct app *a)
{
	const struct kind *k = app_object(a).kind;
	struct buf lines = BUF_INIT;
	struct err e = ERR_INIT;
	bool below;

	a->foresee.due = 0;
	if (a->line.text.len == 0) {
		mode_close(a);
	} else if (!propose(a, &below, &e)) {
		app_set_text(&a->line_error, e.text);
	} else if (a->proposed.len > 0) {
		add_first(a, app_layout(a).body.height / 2, &lines);
		difference_ask(a, k, lines.data, below);
	} else {
		mode_close(a);
		app_notice(a, ROLE_WARN, T_NOTHING_CHANGED);
	}
	buf_release(&lines);
}

/* Names that may stand before the '=' and begin as the word does. */
static void complete(struct app *a)
{
	const struct kind *k = app_object(a).kind;
	const char *text = a->line.text.data;
	size_t start = a->line.at;

	buf_reset(&a->options_text);
	a->option_count = 0;
	a->choice = -1;
	while (start > 0 && text[start - 1] != ' ')
		start--;
	for (size_t i = 0; i < k->field_count; i++) {
		const char *name = k->fields[i].name;
		const struct field *f = kind_field_to_edit(k, name);

		if (!(kind_owner(k, f)->flags & F_EDIT) ||
			strncmp(name, text + start, a->line.at - start) != 0)
			continue;
		buf_addf(&a->options_text, "%s=", name);
		buf_addc(&a->options_text, '\0');
		a->option_count++;
	}
}

static void next_option(struct app *a, int by)
{
	if (a->option_count == 0)
		complete(a);
	if (option_next(a, by))
		touched(a);
}

void set_input(struct app *a, const struct msg *m)
{
	if (m->type == MSG_PASTE) {
		edit_insert(&a->line, m->text, m->text_len);
		a->option_count = 0;
		touched(a);
	} else if (m->key == K_ESC) {
		mode_close(a);
	} else if (m->key == K_ENTER) {
		accept(a);
	} else if (m->key == K_TAB || m->key == K_BACKTAB) {
		next_option(a, m->key == K_TAB ? 1 : -1);
	} else if (edit_key(&a->line, m->key)) {
		a->option_count = 0;
		touched(a);
	}
}

/* What is not whole yet is no error: somebody types. */
void set_tick(struct app *a)
{
	struct err e = ERR_INIT;
	bool below;

	if (a->mode != MODE_SET || !foresee_due(&a->foresee, a))
		return;
	foresee_clear(&a->foresee);
	if (propose(a, &below, &e) && a->proposed.len > 0)
		foresee_about(&a->foresee, a, app_object(a).kind, &a->proposed);
	a->dirty = true;
}

/* ---- Drawing ---- */

void set_draw(const struct app *a, struct grid *g, struct rect body)
{
	struct buf lines = BUF_INIT, leads = BUF_INIT;
	struct rect r = {body.x + 2, 0, body.width - 4, 0};
	int most = body.height / 2 < LINES_MOST ? body.height / 2 : LINES_MOST, first, height;

	add_first(a, most, &lines);
	foresee_lines(&a->foresee, &leads);
	first = r.width > 0 ? lines_draw(NULL, r, 0, ROLE_NORMAL, lines.data) : 0;
	height = first + (r.width > 0 ? lines_draw(NULL, r, 0, ROLE_NORMAL, leads.data) : 0);
	if (height > body.height - 1) /* the title of the rows and one of them stay */
		height = body.height - 1;
	if (first > 0 && height > 0) {
		r.y = body.y + body.height - height;
		r.height = height;
		box_draw(g, (struct rect){body.x, r.y - 1, body.width, height + 1}, T_SET_TITLE);
		lines_draw(g, r, 0, ROLE_NORMAL, lines.data);
		r.y += first;
		r.height -= first;
		lines_draw(g, r, 0, foresee_role(&a->foresee), leads.data);
	}
	buf_release(&lines);
	buf_release(&leads);
}
