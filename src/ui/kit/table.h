/*
 * Rows in order: filter, sort, selection by key, marks, columns that fit. The order is kept up to
 * date row by row: what a change costs does not depend on how many rows there are, but for moving
 * pointers.
 */
#ifndef MLTOP_UI_TABLE_H
#define MLTOP_UI_TABLE_H

#include "ui/kit/dataset.h"
#include "ui/kit/grid.h"
#include "ui/kit/layout.h"

struct table;

/* What a screen says of a column; an array of them ends with field NULL. */
struct column {
	const char *field;
	const char *title; /* NULL: the field's */
	uint8_t priority;  /* 0 stays longest; the highest leaves first when it gets narrow */
	uint8_t width;     /* cells; 0: the field's */
	uint8_t most;      /* grows to so many cells when there is room; 0: does not */
	bool wide;         /* only with `w` */
	bool left;         /* aligned left whatever the type says */
	/* NULL: record_cell. Appends clean text. */
	void (*cell)(const struct table *t, const struct entry *e, int64_t now, bool ascii,
		struct buf *out);
	const char *tone; /* the field whose word says how the cell looks; NULL: its own */
};

enum grid_role tone_role(enum tone tone);

struct table {
	struct dataset data;
	const struct column *columns;
	const struct field *sort; /* never NULL once table_init returned */
	bool descending;
	struct filter *filter; /* NULL: all */
	char *filter_text;     /* "" when there is none */
	struct entry **order;  /* all rows in order, but for the dirty ones */
	size_t order_len;
	struct entry **dirty; /* rows whose place must be found again */
	size_t dirty_len, dirty_cap;
	struct entry **view;    /* the shown ones of `order`, once settled */
	size_t len, cap;        /* of the view; cap is that of `order` too */
	bool loose;             /* which rows are shown has changed */
	bool gone;              /* rows went */
	bool reorder;           /* the field to sort by changed */
	bool held;              /* the person chose the selection; until then it is the first row */
	bool lost;              /* the row went that was chosen: nothing is selected until moved */
	bool unfiltered;        /* the filter changed: applied once, when the rows are looked at */
	bool refiltered;        /* by the person: the cursor goes to what is left */
	struct entry *selected; /* NULL: none */
	size_t index, top;      /* of the selection; the first row drawn */
	struct entry *anchor;   /* where a range of marks began */
	size_t marked;
	bool wide;
	bool sort_seen;   /* the column that it is sorted by was on the screen when last drawn */
	uint64_t request; /* for its rows, where no subscription brings them; 0: none */
	struct fieldset asked;  /* fields of the subscription */
	struct fieldset lacks;  /* of these, what an older platform does not have */
	char org[64];           /* of the subscription: a name, "" the key's own, "-1" all */
	int left;               /* columns scrolled away at the left, after the first */
	int64_t now, filter_at; /* wall ms; when a filter that uses time was last applied */
	int64_t age_due;        /* wall ms when an age that was drawn reads otherwise; 0: none */
};

/* `sort` names a field, with '-' before it for descending; NULL or unknown: the key. */
void table_init(struct table *t, const struct kind *k, const struct column *columns,
	const char *sort);
void table_release(struct table *t);

void table_rows(struct table *t, const json_t *rows);
void table_gone(struct table *t, const json_t *uids);
void table_synced(struct table *t);
void table_clear(struct table *t); /* other rows are coming: none of these belong to them */

void table_sort(struct table *t, const struct field *f, bool descending);
bool table_filter(struct table *t, const char *text, struct err *e); /* false: the old one stays */
/* Applies a filter that uses time again when it is due; true when rows or ages look otherwise. */
bool table_tick(struct table *t, int64_t now);
/* Wall ms when table_tick is wanted next; 0: never. */
int64_t table_wake(const struct table *t);

/* Puts the view in order after changes; cheap when there were none. All below do so first. */
void table_settle(struct table *t);
size_t table_count(struct table *t);
struct entry *table_selected(struct table *t);
void table_select(struct table *t, size_t index); /* clamped */
bool table_select_uid(struct table *t, const char *uid);
/* `by` rows; scrolling follows when drawn. */
void table_move(struct table *t, int64_t by);
void table_mark(struct table *t);       /* toggles the selection's and goes on */
void table_mark_range(struct table *t); /* from where the last mark was set */
void table_mark_clear(struct table *t);
/* Marked rows, or the selected one. Returns how many; `out` may be NULL to count. */
size_t table_targets(struct table *t, struct entry **out, size_t max);

/* Draws header and rows; returns nothing, scrolls so that the selection is seen. */
void table_draw(struct table *t, struct grid *g, struct rect r, bool stale);
const char *table_arrow(const struct table *t, bool ascii); /* which way the order goes */
/* Row index at a line of the frame, -1: none; -2: the header. */
int64_t table_at(const struct table *t, struct rect r, int y);
/* The column under x: for sorting by the mouse. NULL: none. */
const struct field *table_column_at(struct table *t, struct rect r, int x);
/* The whole view as text with tabs between, for saving. */
void table_text(struct table *t, struct buf *out);

#endif
