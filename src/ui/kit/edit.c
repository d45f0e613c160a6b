#include "ui/kit/edit.h"

#include "base/utf8.h"
#include "core/schema/ftype.h"
#include "ui/kit/keys.h"
#include "ui/kit/msg.h"

#include <stdlib.h>
#include <string.h>

void edit_init(struct edit *e, size_t max)
{
	buf_init(&e->text, max ? max : EDIT_MAX);
	e->at = 0;
	e->selected = e->hidden = false;
}

/* Room is made once: a text that grew would leave copies of itself behind. */
void edit_hide(struct edit *e)
{
	e->hidden = true;
	buf_reserve(&e->text, e->text.limit);
}

static void wipe(struct edit *e)
{
	if (e->hidden)
		explicit_bzero(e->text.data, e->text.cap);
}

void edit_release(struct edit *e)
{
	wipe(e);
	buf_release(&e->text);
	e->at = 0;
}

void edit_set(struct edit *e, const char *text)
{
	buf_reset(&e->text);
	e->at = 0;
	e->selected = false;
	edit_insert(e, text, strlen(text));
}

void edit_select(struct edit *e)
{
	e->selected = e->text.len > 0;
}

static void drop_selected(struct edit *e)
{
	if (e->selected) {
		wipe(e);
		buf_reset(&e->text);
	}
	e->at = e->selected ? 0 : e->at;
	e->selected = false;
}

/* What stood behind the cursor, while it was moved. */
static void tail_free(const struct edit *e, char *tail)
{
	if (e->hidden && tail)
		explicit_bzero(tail, strlen(tail));
	free(tail);
}

/* Puts clean text at the cursor; text that would pass the limit is left out whole. */
static void put_in(struct edit *e, const char *text, size_t len)
{
	char *tail = strdup(e->text.data + e->at);
	size_t before = e->text.len;

	if (len == 0 || !tail || (e->text.limit && before + len > e->text.limit)) {
		tail_free(e, tail);
		return;
	}
	buf_cut(&e->text, e->at);
	buf_add(&e->text, text, len);
	e->at = e->text.len;
	buf_adds(&e->text, tail);
	tail_free(e, tail);
}

static bool insert_hidden(struct edit *e, const char *bytes, size_t len)
{
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	if (len > EDIT_PASTE_MAX || e->text.len + len > e->text.limit ||
		text_refusal(bytes, len, false))
		return false;
	drop_selected(e);
	put_in(e, bytes, len);
	return true;
}

bool edit_insert(struct edit *e, const char *bytes, size_t len)
{
	struct buf clean = BUF_INIT;

	if (e->hidden)
		return insert_hidden(e, bytes, len);
	if (len > EDIT_PASTE_MAX)
		len = EDIT_PASTE_MAX;
	sanitize_text(&clean, bytes, len);
	drop_selected(e);
	put_in(e, clean.data, clean.len);
	buf_release(&clean);
	return true;
}

static void cut(struct edit *e, size_t from, size_t to)
{
	char *tail = strdup(e->text.data + to);

	if (!tail)
		return;
	buf_cut(&e->text, from);
	buf_adds(&e->text, tail);
	e->text.full = false;
	e->at = from;
	tail_free(e, tail);
}

static size_t word_before(const struct edit *e)
{
	size_t at = e->at;

	while (at > 0 && e->text.data[at - 1] == ' ')
		at--;
	while (at > 0 && e->text.data[at - 1] != ' ')
		at--;
	return at;
}

static size_t back(const struct edit *e)
{
	size_t step = e->at ? utf8_cluster_before(e->text.data, e->at) : 0;

	return e->at - (step > e->at ? e->at : step);
}

static size_t forward(const struct edit *e)
{
	int width;

	return e->at < e->text.len ? e->at + utf8_cluster(e->text.data + e->at, &width) : e->at;
}

static bool edit_delete(struct edit *e, uint32_t key)
{
	switch (key) {
	case K_BACKSPACE: cut(e, back(e), e->at); return true;
	case K_DELETE:
		cut(e, e->at, forward(e));
		e->at = e->at > e->text.len ? e->text.len : e->at;
		return true;
	case K_CTRL | 'u': cut(e, 0, e->at); return true;
	case K_CTRL | 'w': cut(e, word_before(e), e->at); return true;
	default: return false;
	}
}

bool edit_key(struct edit *e, uint32_t key)
{
	char bytes[UTF8_MAX];

	if (key_is_text(key)) {
		drop_selected(e);
		put_in(e, bytes, utf8_encode(key, bytes));
		return true;
	}
	if (e->selected && (key == K_BACKSPACE || key == K_DELETE)) {
		drop_selected(e);
		return true;
	}
	e->selected = false;
	switch (key) {
	case K_LEFT: e->at = back(e); return true;
	case K_RIGHT: e->at = forward(e); return true;
	case K_HOME:
	case K_CTRL | 'a': e->at = 0; return true;
	case K_END:
	case K_CTRL | 'e': e->at = e->text.len; return true;
	default: return edit_delete(e, key);
	}
}

/* Where drawing starts so that the cursor is inside: whole clusters from the left are left out. */
static size_t first_shown(const struct edit *e, int width)
{
	size_t start = e->at;
	int cells = 1;

	while (start > 0) {
		size_t step = utf8_cluster_before(e->text.data, start);
		int w;

		if (step == 0 || step > start)
			break;
		utf8_cluster(e->text.data + start - step, &w);
		if (cells + w > width)
			break;
		cells += w;
		start -= step;
	}
	return start;
}

/* A dot for each character. */
static void draw_hidden(const struct edit *e, struct grid *g, int x, int y, int width,
	enum grid_role role, bool focus)
{
	int dots = 0, before = 0, cells, first;

	for (size_t at = 0; at < e->text.len; at += utf8_cluster(e->text.data + at, &cells)) {
		dots++;
		before += at < e->at;
	}
	first = focus && before >= width ? before - width + 1 : 0;
	for (int i = 0; i < width && first + i < dots; i++)
		grid_text(g, x + i, y, 1, role, g->ascii ? "*" : "•");
	if (focus) {
		g->cursor_x = x + before - first;
		g->cursor_y = y;
	}
}

void edit_draw(const struct edit *e, struct grid *g, int x, int y, int width, enum grid_role role,
	bool focus)
{
	size_t start = focus ? first_shown(e, width) : 0;

	if (width <= 0 || y < 0 || y >= g->rows)
		return;
	grid_fill(g, x, y, width, 1, role);
	if (e->hidden) {
		draw_hidden(e, g, x, y, width, role, focus);
		return;
	}
	if (!focus) {
		grid_clip(g, x, y, width, role, e->text.data);
		return;
	}
	grid_text(g, x, y, width, role, e->text.data + start);
	char *head = strndup(e->text.data + start, e->at - start);
	int cells = head ? utf8_width(head) : 0;

	free(head);
	if (e->selected)
		grid_select(g, x, y, cells < width ? cells : width);
	g->cursor_x = x + cells < g->cols ? x + cells : g->cols - 1;
	g->cursor_y = y;
}
