#include "core/progress/bars.h"

/* Bars of other libraries than tqdm. */

/* ---- Keras and Paddle ---- */

/*
 *	 5/75 [=>............................] - ETA: 1s - loss: 0.6699 - accuracy: 0.5688
 *	  5/100 #################### 1s 14ms/step - accuracy: 0.4812 - loss: 0.9535
 *	80/80 - 2s - 20ms/step - accuracy: 0.7344 - loss: 0.5484
 *	     20/Unknown 2s 16ms/step - accuracy: 0.5961 - loss: 0.6801
 *	step 30/63 - loss: 0.0487 - acc: 0.9760 - 1ms/step
 */
static const char *keras_counts(const char *s, struct said *out)
{
	int64_t step;
	const char *after;

	if (starts_with(s, "step "))
		s = skip_blanks(s + 5);
	if (!is_digit(*s))
		return NULL;
	after = take_count(s, &step);
	if (after && starts_with(after, "/unknown")) {
		out->step = step;
		out->has |= PROGRESS_STEP;
		out->no_total = true;
		return after + 8;
	}
	if (after == NULL || *after != '/' || !is_digit(after[1]))
		return NULL;
	return bar_counts(s, out);
}

/* Behind the cells of a bar, in a bracket or without; *drawn says whether there were any. */
static const char *keras_cells(const char *s, bool *drawn)
{
	const char *at = s;

	*drawn = false;
	if (*s == '[' && strchr("=>.]", s[1]) && s[1]) {
		while (*at && *at != ']')
			at++;
		*drawn = true;
		return *at ? at + 1 : at;
	}
	while (*at == CELL_FULL || *at == CELL_EMPTY)
		at++;
	*drawn = at > s;
	return at;
}

/* Time a step, anywhere among the fields behind the bar. */
static bool keras_rate(const struct line *l, const char *from, struct said *out)
{
	for (size_t i = 0; i < l->count; i++) {
		double rate;
		struct span unit;
		const char *after;

		if (l->numbers[i].at < from)
			continue;
		after = take_rate(l->numbers[i].at, &rate, &unit);
		if (after == NULL || !span_is(unit, "step"))
			continue;
		if (rate > 0) {
			out->rate = rate;
			out->has |= PROGRESS_RATE;
		}
		return true;
	}
	return false;
}

static void keras_eta(const char *s, bool drawn, struct said *out)
{
	const char *eta = find_word(s, "eta");
	int64_t ms;

	if (eta)
		s = eta + 3 + (eta[3] == ':');
	else if (!drawn || out->no_total || *skip_blanks(s) == '-')
		return; /* "1s 18ms/step": what was spent */
	if (take_duration(s, &ms) == NULL)
		return;
	out->eta_ms = !eta && out->step == out->total ? 0 : ms;
	out->has |= PROGRESS_ETA;
}

bool read_keras(const struct line *l, struct said *s)
{
	const char *at;
	bool drawn, timed;

	*s = (struct said){.shape = SHAPE_BAR};
	at = keras_counts(l->begin, s);
	if (at == NULL)
		return false;
	at = keras_cells(skip_blanks(at), &drawn);
	timed = keras_rate(l, at, s);
	if (!drawn && !timed && !(skip_blanks(at)[0] == '-' && is_blank(skip_blanks(at)[1])))
		return false;
	if (!l->ended && drawn && *skip_blanks(at) == '\0')
		return false;
	keras_eta(at, drawn, s);
	return true;
}

/* ---- rich and its like ---- */

/*
 *	Epoch 2/2  ################# 50/50 0:00:01   0:00:00 41.72it/s v_num: 0.000
 *	epoch 1/3 ######################################## 100/100 0:00:00
 *	        2/3         0G      4.482      2.535      2.689          4         64: 50% ######------ 2/4 4.3it/s 0.4s<0.5s
 *	train ############################## 100%     60/60
 *	 45% ############----- 450/1,000  [ 0:00:01 < 0:00:02 , 500 it/s ]
 */
static const char *cells_find(const char *s, const char **end)
{
	for (; *s; s++) {
		const char *at = s;

		while (*at == CELL_FULL || *at == CELL_EMPTY)
			at++;
		if (at - s >= 4) {
			*end = at;
			return s;
		}
		if (at > s)
			s = at - 1;
	}
	return NULL;
}

/* Of two times the second is what is left; of one nobody can say. */
static void rich_times(const char *s, struct said *out)
{
	int64_t first, second;
	const char *after = NULL;

	for (; *s && after == NULL; s++)
		if (is_digit(*s) && !is_digit(s[-1]) && s[-1] != '.' && s[-1] != '/')
			after = take_duration(s, &first);
	if (after == NULL)
		return;
	after = skip_blanks(after);
	if (*after == '<')
		after = skip_blanks(after + 1);
	if (take_duration(after, &second)) {
		out->eta_ms = second;
		out->has |= PROGRESS_ETA;
	}
}

static void rich_rate(const struct line *l, const char *from, struct said *out)
{
	for (size_t i = 0; i < l->count; i++) {
		double rate;
		struct span unit;

		if (l->numbers[i].at >= from && take_rate(l->numbers[i].at, &rate, &unit) &&
			unit.len > 0) {
			bar_rate(out, rate, unit);
			return;
		}
	}
}

bool read_rich(const struct line *l, struct said *s)
{
	const char *end, *cells = cells_find(l->begin, &end), *at, *name, *after;
	double percent = -1, share;

	if (cells == NULL)
		return false;
	*s = (struct said){.shape = SHAPE_BAR};
	name = bar_percent_before(l->begin, cells, &percent);
	at = skip_blanks(end);
	after = is_digit(*at) ? take_real(at, &share) : NULL;
	if (after && *after == '%') { /* behind the cells */
		at = skip_blanks(after + 1);
		percent = share;
	} else if (name == cells) {
		percent = -1;
	}
	end = bar_counts(at, s);
	if (end == NULL && percent < 0)
		return false;
	if (end == NULL) {
		s->percent = percent;
		s->has |= PROGRESS_PERCENT;
		end = at;
	} else if (!l->ended && *end == '\0') {
		return false;
	}
	rich_times(end, s);
	rich_rate(l, end, s);
	bar_name(s, l->begin, name);
	return true;
}

/* ---- alive-progress ---- */

/*
 *	train |########################################| 100/100 [100%] in 4.1s (24.53/s)
 */
static void alive_speed(const char *s, struct said *out)
{
	double rate;
	struct span unit;
	int64_t ms;
	const char *at = strchr(s, '('), *eta;

	if (at == NULL)
		return;
	eta = find_word(at, "eta");
	if (eta)
		eta += 3 + (eta[3] == ':');
	else if (at[1] == '~')
		eta = at + 2;
	if (eta && take_duration(eta, &ms)) {
		out->eta_ms = ms;
		out->has |= PROGRESS_ETA;
	}
	if (at[1] == '~' && strchr(at, ','))
		at = strchr(at, ',');
	if (take_rate(at + 1, &rate, &unit))
		bar_rate(out, rate, unit);
}

bool read_alive(const struct line *l, struct said *s)
{
	for (const char *bar = strchr(l->begin, '|'); bar; bar = strchr(bar + 1, '|')) {
		const char *at, *open = bar;

		*s = (struct said){.shape = SHAPE_BAR};
		at = skip_blanks(bar + 1);
		while (*at == CELL_FULL || *at == CELL_EMPTY) /* what turns while it runs */
			at++;
		at = bar_counts(at + (starts_with(at, "(!)") ? 3 : 0), s);
		if (at == NULL || (at = skip_blanks(at))[0] != '[' || strchr(at, '%') == NULL ||
			!(starts_with(strchr(at, '%'), "%] in ")))
			continue;
		if (!l->ended && strchr(at, ')') == NULL)
			return false;
		alive_speed(at, s);
		while (open > l->begin && open[-1] != '|')
			open--;
		bar_name(s, l->begin, open > l->begin ? open - 1 : bar);
		return true;
	}
	return false;
}

/* ---- progressbar2 ---- */

/*
 *	 45% (45 of 100) |#########           | Elapsed Time: 0:00:04 ETA:   0:00:05
 */
bool read_progressbar2(const struct line *l, struct said *s)
{
	const char *open = strchr(l->begin, '('), *at, *eta, *name;
	double percent;
	int64_t ms;

	if (open == NULL)
		return false;
	*s = (struct said){.shape = SHAPE_BAR};
	at = bar_counts(open + 1, s);
	if (at == NULL || at[0] != ')' || skip_blanks(at + 1)[0] != '|')
		return false;
	eta = find_word(at, "eta");
	if (!l->ended && strchr(at, '|') == strrchr(at, '|'))
		return false;
	if (eta && take_duration(eta + 3 + (eta[3] == ':'), &ms)) {
		s->eta_ms = ms;
		s->has |= PROGRESS_ETA;
	}
	name = bar_percent_before(l->begin, open, &percent);
	bar_name(s, l->begin, name);
	return true;
}

/* ---- fastprogress ---- */

/*
 *	Epoch 1/3 : |########------------| 32.00% [8/25 00:01<00:02 0.3456]
 */
bool read_fastprogress(const struct line *l, struct said *s)
{
	const char *bracket = strchr(l->begin, '['), *at, *left;
	int64_t ms;
	double percent;

	for (; bracket; bracket = strchr(bracket + 1, '[')) {
		const char *end = bar_percent_before(l->begin, bracket, &percent), *bar = end;

		if (end == bracket)
			continue;
		while (bar > l->begin && is_blank(bar[-1]))
			bar--;
		if (bar == l->begin || bar[-1] != '|')
			continue;
		*s = (struct said){.shape = SHAPE_BAR};
		at = bar_counts(bracket + 1, s);
		if (at == NULL || take_duration(at, &ms) == NULL ||
			(!l->ended && strchr(at, ']') == NULL))
			continue;
		left = strchr(at, '<');
		if (left && take_duration(left + 1, &ms)) {
			s->eta_ms = ms;
			s->has |= PROGRESS_ETA;
		}
		for (bar--; bar > l->begin && bar[-1] != '|';)
			bar--;
		bar_name(s, l->begin, bar > l->begin ? bar - 1 : bar);
		return true;
	}
	return false;
}

/* ---- click, Chainer ---- */

/*
 *	Training  [########------------]   45%  00:00:12
 *	     total [..................................................]  1.07%
 *	  |============                                                          |  17%
 */
bool read_click(const struct line *l, struct said *s)
{
	const char *open = strpbrk(l->begin, "[|"), *close, *after;
	double percent;
	int64_t ms;

	if (open == NULL || (close = strchr(open + 1, *open == '[' ? ']' : '|')) == NULL ||
		close - open < 10)
		return false;
	for (const char *c = open + 1; c < close; c++)
		if (strchr("#=>.- ", *c) == NULL && *c != CELL_FULL && *c != CELL_EMPTY)
			return false;
	after = take_real(skip_blanks(close + 1), &percent);
	if (after == NULL || *after != '%' || percent < 0 || percent > 100)
		return false;
	*s = (struct said){.shape = SHAPE_BAR, .has = PROGRESS_PERCENT, .percent = percent};
	if (take_duration(after + 1, &ms)) {
		s->eta_ms = ms;
		s->has |= PROGRESS_ETA;
	}
	bar_name(s, l->begin, open);
	/* "this epoch [##..]" beside "total [#...]", which is of all. */
	s->whole_percent = span_is(s->name, "total");
	if (s->whole_percent || span_is(s->name, "this epoch")) {
		s->shape = SHAPE_VALUES;
		s->unit = UNIT_STEP;
		if (!s->whole_percent)
			s->has = 0;
	}
	return true;
}

/* ---- Poutyne ---- */

/*
 *	Epoch: 3/3 Step: 38/40  95.00% |################### |ETA: 0.04s loss: 0.515590 acc: 87.500000
 */
bool read_poutyne(const struct line *l, struct said *s)
{
	const char *step = strstr(l->begin, "Step: "), *bar = strstr(l->begin, "% |"), *eta;
	int64_t ms;

	if (step == NULL || bar == NULL || step > bar)
		return false;
	*s = (struct said){.shape = SHAPE_BAR};
	if (bar_counts(step + 6, s) == NULL || (bar = strchr(bar + 3, '|')) == NULL)
		return false;
	eta = find_word(bar, "eta");
	if (eta && take_duration(eta + 3 + (eta[3] == ':'), &ms)) {
		s->eta_ms = ms;
		s->has |= PROGRESS_ETA;
	}
	bar_name(s, l->begin, step);
	return true;
}
