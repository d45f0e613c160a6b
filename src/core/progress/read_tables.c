#include "core/progress/bars.h"

/*
 * Tables under a head line: the numbers below a name are its values. Cells are matched by where they
 * stand, as some programs leave cells empty.
 *
 *	  epoch    train_loss    valid_acc    valid_loss     dur
 *	      2        0.1231       0.9875        0.0841  0.0886
 *	E    #       LOSS TEXTCAT  CATS_SCORE  SCORE
 *	epoch       iteration   main/loss   validation/main/loss  main/accuracy
 *	5           1875        0.0482591   0.0415223             0.991
 *	  iter   train_loss     tok/s     tokens
 *	    20    val 3.727    0.06s
 *	      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size
 *	        2/3         0G      4.482      2.535      2.689          4         64: 50%
 */

static bool is_gap(char c)
{
	return is_blank(c) || c == '|';
}

static const char *skip_gap(const char *s)
{
	while (is_gap(*s))
		s++;
	return s;
}

/* The next cell of a head at or after *at: words with one blank between them belong together. */
static bool head_cell(const char **at, struct span *cell)
{
	const char *s = skip_gap(*at), *end;

	if (*s == '\0')
		return false;
	for (end = s; *end && *end != '|' &&
		!(is_blank(end[0]) && (is_gap(end[1]) || end[1] == '\0')) && *end != '\t';)
		end++;
	*cell = (struct span){s, (size_t)(end - s)};
	*at = end;
	return true;
}

/* What a column holds, and the set and the name within: "LOSS TEXTCAT", "Train Loss". */
static struct meaning column_meaning(struct span cell)
{
	static const char *const epochs[] = {"epoch", "e", "epochs", "ep"};
	static const char *const steps[] = {"iteration", "iter", "step", "#", "counter", "batch",
		"iterations", "steps", "it", "nit", "gen", "n_gen", "generation", "trial", "round",
		"tree", "ntree", "episode"};
	struct meaning m = {NAME_NOTHING, SET_NONE, 0, 0, false};
	const char *blank;
	struct span before = {cell.at, 0}, name = cell;

	if (starts_with(cell.at, "iterat ")) { /* "Iterat #Fevals" of cma */
		m.kind = NAME_STEP;
		return m;
	}
	for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++)
		if (span_is(cell, epochs[i])) {
			m.kind = NAME_EPOCH;
			return m;
		}
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (span_is(cell, steps[i])) {
			m.kind = NAME_STEP;
			return m;
		}
	if (span_is(cell, "remaining time")) {
		m.kind = NAME_ETA;
		return m;
	}
	blank = memchr(cell.at, ' ', cell.len);
	if (blank) {
		before.len = (size_t)(blank - cell.at);
		name = (struct span){blank + 1, cell.len - before.len - 1};
		if (starts_with(cell.at, "loss ")) /* spaCy's "LOSS NER" */
			name = before;
		if (name.at == before.at)
			before.len = 0;
	}
	m = name_meaning(name, before);
	if (m.kind != NAME_LOSS && m.kind != NAME_METRIC)
		m.kind = NAME_NOTHING;
	return m;
}

/* A head names an epoch or a step first, and a value; nothing of it is a number. */
static bool is_head(const struct line *l)
{
	const char *at = l->text;
	struct span cell;
	int cells = 0, counters = 0, values = 0;
	bool first = false; /* a counter comes first */

	if (l->len >= HEAD_MAX || l->len < 8)
		return false;
	for (const char *c = l->text; *c; c++)
		if (*c == '=' || *c == '{' || *c == ',' || (*c == ':' && c[1] != 's'))
			return false;
	while (head_cell(&at, &cell) && cells < COLUMNS_MAX) {
		struct meaning m = column_meaning(cell);

		if (is_digit(*cell.at) && cells == 0)
			return false;
		cells++;
		counters += m.kind == NAME_EPOCH || m.kind == NAME_STEP;
		values += m.kind == NAME_LOSS || m.kind == NAME_METRIC || m.kind == NAME_ETA;
		first |= cells == 1 && counters == 1;
	}
	return cells >= 3 && (first || (counters >= 1 && values >= 1));
}

/* The column that a cell of `len` characters at `place` stands in. */
static bool column_at(const char *head, size_t place, size_t len, struct span *cell)
{
	const char *at = head;
	size_t best = 0;
	struct span c;

	for (int i = 0; i < COLUMNS_MAX && head_cell(&at, &c); i++) {
		size_t begin = (size_t)(c.at - head), end = begin + c.len;
		size_t from = place > begin ? place : begin;
		size_t to = place + len < end ? place + len : end;

		if (to > from && to - from > best) {
			best = to - from;
			*cell = c;
		}
	}
	return best > 0;
}

/* Cells of a row that hold a number, or how many there are before `upto`. */
static int row_cells(const struct line *l, const char *upto)
{
	const char *at = l->text;
	int cells = 0;

	for (;;) {
		bool digit = false;

		at = skip_gap(at);
		if (*at == '\0' || (upto && at >= upto))
			return cells;
		for (; *at && !is_gap(*at); at++)
			digit |= is_digit(*at);
		cells += digit;
	}
}

static int head_cells(const char *head, int wanted, struct span *cell)
{
	int cells = 0;

	while (cells < COLUMNS_MAX && head_cell(&head, cell))
		if (cells++ == wanted)
			break;
	return cells;
}

/* By its place among the cells where none is empty, else by where it stands. */
static bool cell_of(const struct line *l, const struct number *n, struct span *cell)
{
	if (row_cells(l, NULL) == head_cells(l->head, -1, cell))
		return head_cells(l->head, row_cells(l, n->at + 1) - 1, cell) > 0;
	return column_at(l->head, (size_t)(n->at - l->text), (size_t)(n->end - n->at), cell);
}

static void cell_loss(struct said *s, double value, uint8_t rank)
{
	if (rank <= s->loss_rank)
		return;
	s->loss = value;
	s->loss_rank = rank;
	s->has |= PROGRESS_LOSS;
}

static void cell_metric(struct said *s, struct span before, struct span name, double value,
	uint8_t rank)
{
	if (s->metric_count == METRICS_MAX)
		return;
	s->metrics[s->metric_count++] = (struct metric){.before = before,
		.name = name,
		.value = value,
		.rank = rank,
		.no_set = rank <= 4,
		.plain = true};
	s->has |= PROGRESS_METRIC;
}

static void cell_counter(struct said *s, const struct number *n, enum name_kind kind)
{
	int64_t of;

	if (!n->integer)
		return;
	if (kind == NAME_STEP && !(s->has & PROGRESS_STEP)) {
		s->step = n->whole;
		s->has |= PROGRESS_STEP;
	} else if (kind == NAME_EPOCH && !(s->has & PROGRESS_EPOCH)) {
		s->epoch = n->whole;
		s->has |= PROGRESS_EPOCH;
		if (*n->end == '/' && take_count(n->end + 1, &of) && of > 0) {
			s->epochs = of;
			s->has |= PROGRESS_EPOCHS;
		}
	}
}

/* "val 3.727" in a column of another name. */
static bool cell_of_validation(const struct line *l, struct said *s, const struct number *n)
{
	struct span word = n->name;

	if (!n->loose || word.len == 0 || word.at < l->begin || !span_is(word, "val"))
		return false;
	cell_metric(s, (struct span){word.at, 0}, word, n->value, 5);
	return true;
}

static void cell_take(const struct line *l, struct said *s, const struct number *n)
{
	struct span cell = {l->head, 0};
	struct meaning m;
	int64_t ms;

	if (cell_of_validation(l, s, n) || !cell_of(l, n, &cell))
		return;
	m = column_meaning(cell);
	switch (m.kind) {
	case NAME_STEP:
	case NAME_EPOCH: cell_counter(s, n, m.kind); break;
	case NAME_LOSS: cell_loss(s, n->value, m.loss_rank); break;
	case NAME_METRIC:
		cell_metric(s, (struct span){cell.at, 0}, cell, n->value,
			metric_rank(&m, PHASE_UNKNOWN));
		break;
	case NAME_ETA:
		if (take_duration(n->at, &ms)) {
			s->eta_ms = ms;
			s->has |= PROGRESS_ETA;
			s->whole_eta = true;
		}
		break;
	default: break;
	}
}

/* Does the line begin with a number that stands in the table? */
static void table_row(const struct line *l, struct said *s)
{
	unsigned counters = PROGRESS_STEP | PROGRESS_EPOCH;
	struct said row = {.shape = SHAPE_VALUES};
	struct span cell;

	if (*l->head == '\0' || l->count == 0 || !cell_of(l, &l->numbers[0], &cell))
		return;
	for (size_t i = 0; i < l->count; i++)
		if (!l->numbers[i].doubtful)
			cell_take(l, &row, &l->numbers[i]);
	if (!(row.has & counters) || skip_blanks(l->text)[0] == '[')
		return;
	*s = row;
}

bool read_table(const struct line *l, struct said *s)
{
	if (*l->head && l->count > 0 && is_digit(*skip_gap(l->text)) &&
		l->numbers[0].at == skip_gap(l->text)) {
		*s = (struct said){.shape = SHAPE_NOTHING};
		table_row(l, s);
		if (s->shape != SHAPE_NOTHING && l->count > 1)
			return true;
	}
	if (!l->ended || (l->count > 0 && !starts_with(l->begin, "ntree ")) || !is_head(l))
		return false;
	*s = (struct said){.shape = SHAPE_NOTHING, .table_head = true};
	return true;
}

/*
 * The row of a table that ends in a bar: what stands before the bar are its cells.
 */
void table_bar(const struct line *l, struct said *s)
{
	struct said row = {.shape = SHAPE_NOTHING};

	if (*l->head == '\0' || l->count < 4 || !is_digit(*skip_blanks(l->text)))
		return;
	table_row(l, &row);
	if (!(row.has & PROGRESS_EPOCH))
		return;
	s->epoch = row.epoch;
	s->has |= PROGRESS_EPOCH;
	if (row.has & PROGRESS_EPOCHS) {
		s->epochs = row.epochs;
		s->has |= PROGRESS_EPOCHS;
	}
	s->phase = PHASE_TRAIN;
	s->name.len = 0;
}
