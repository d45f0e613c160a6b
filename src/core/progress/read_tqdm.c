#include "core/progress/bars.h"

/*
 * tqdm and what is made with it. Lines of the corpus:
 *	train:  20%|##        | 24/120 [00:00<00:02, 33.00it/s]
 *	Epoch 2/5:   8%|7         | 15/200 [00:00<00:03, 49.26it/s, acc=0.81, loss=0.147, lr=0.0003]
 *	Epoch 1: |          | 20/? [00:00<00:00, 29.56it/s, v_num=0, train/loss=0.223]
 *	  0%|          | 501/100000 [1138:53:20<226184:16:13, 8183.63s/it]
 *	model.safetensors:  41%|####      | 122M/300M [00:01<00:01, 101MB/s]
 */

/* "00:01<00:02, 33.0it/s" behind the bracket, all but the postfix. */
static const char *take_times(const char *s, struct said *out)
{
	int64_t spent, left;
	double rate;
	struct span unit;
	const char *after = take_duration(s, &spent);

	if (after == NULL)
		return NULL;
	s = after;
	if (*s == '<') {
		s = skip_blanks(s + 1);
		after = take_duration(s, &left);
		if (after) {
			out->eta_ms = left;
			out->has |= PROGRESS_ETA;
			s = after;
		} else if (*s == '?') {
			s++;
		}
	}
	s = skip_blanks(s);
	if (*s != ',')
		return s;
	s = skip_blanks(s + 1);
	after = take_rate(s, &rate, &unit);
	if (after) {
		bar_rate(out, rate, unit);
		return after;
	}
	if (*s == '?') { /* "?it/s": the unit is told, the rate is not */
		s = skip_blanks(s + 1);
		unit = (struct span){s, 0};
		while (is_letter(s[unit.len]))
			unit.len++;
		bar_rate(out, 0, unit);
	}
	return s;
}

/* Behind the bracket that closes after `s`; NULL where the line has not got so far. */
static const char *bracket_end(const struct line *l, const char *s)
{
	int open = 1;

	for (; *s; s++) {
		open += *s == '[' ? 1 : *s == ']' ? -1 : 0;
		if (open == 0)
			return s + 1;
	}
	return l->ended ? l->text + l->len : NULL;
}

/* The last '|' that counts and a bracket follow. */
static const char *find_counts(const struct line *l, struct said *out, const char **times)
{
	const char *bar = l->text + l->len;

	while ((bar = memrchr(l->text, '|', (size_t)(bar - l->text))) != NULL) {
		const char *s = skip_blanks(bar + 1);

		if (!is_digit(*s))
			continue;
		*out = (struct said){.shape = SHAPE_BAR};
		s = bar_counts(s, out);
		if (s == NULL)
			continue;
		s = skip_blanks(s);
		if (*s != '[' || (s = take_times(s + 1, out)) == NULL)
			continue;
		*times = s;
		return bar;
	}
	return NULL;
}

/* Where the bar that ends at `bar` begins, its percentage included. */
static const char *bar_begin(const char *text, const char *bar)
{
	const char *open = bar;
	double percent;

	while (open > text && open[-1] != '|')
		open--;
	return open > text ? bar_percent_before(text, open - 1, &percent) : bar;
}

bool read_tqdm(const struct line *l, struct said *s)
{
	const char *times, *bar, *begin, *end;

	if (strchr(l->text, '[') == NULL)
		return false;
	bar = find_counts(l, s, &times);
	if (bar == NULL || (end = bracket_end(l, times)) == NULL)
		return false;
	begin = bar_begin(l->begin, bar);
	bar_name(s, l->begin, begin);
	s->rest = end;
	s->taken = (struct span){begin, (size_t)(times - begin)};
	return true;
}

/* "54it [00:01, 32.81it/s]": no total, or past it. */
static bool counting_at(const struct line *l, const char *bracket, struct said *s)
{
	const char *at = bracket, *times;
	struct span unit;
	double step;
	bool scaled;

	while (at > l->begin && is_blank(at[-1]))
		at--;
	while (at > l->begin && is_letter(at[-1]))
		at--;
	unit = (struct span){at, 0};
	while (is_letter(at[unit.len]))
		unit.len++;
	while (at > l->begin && (is_digit(at[-1]) || at[-1] == '.' || at[-1] == ','))
		at--;
	if (unit.len == 0 || take_scaled(at, &step, &scaled) == NULL ||
		(at > l->begin && !is_blank(at[-1])))
		return false;
	*s = (struct said){.shape = SHAPE_BAR, .no_total = true, .has = PROGRESS_STEP};
	s->step = (int64_t)step;
	s->unit = unit_of(unit);
	if (scaled && unit.len == 1) /* "100M [" */
		s->unit = UNIT_BYTE;
	times = take_times(bracket + 1, s);
	if (times == NULL || times[0] == '\0' || (s->rest = bracket_end(l, times)) == NULL)
		return false;
	s->has &= ~(unsigned)PROGRESS_ETA;
	bar_name(s, l->begin, at);
	return true;
}

bool read_tqdm_counting(const struct line *l, struct said *s)
{
	for (const char *c = strchr(l->begin, '['); c; c = strchr(c + 1, '['))
		if (is_digit(c[1]) && strchr(c, ',') && counting_at(l, c, s))
			return true;
	return false;
}

/*
 * pytorch-ignite:
 *	Epoch [1/3]: [5/40]  12%|#2        , loss=0.864 [00:00<00:00]
 */
bool read_ignite(const struct line *l, struct said *s)
{
	const char *bar = strstr(l->begin, "%|"), *at, *open, *times;
	double percent;

	if (bar == NULL)
		return false;
	at = bar_percent_before(l->begin, bar + 1, &percent);
	while (at > l->begin && is_blank(at[-1]))
		at--;
	if (at == l->begin || at[-1] != ']')
		return false;
	for (open = at - 1; open > l->begin && *open != '[';)
		open--;
	*s = (struct said){.shape = SHAPE_BAR};
	if (*open != '[' || bar_counts(open + 1, s) == NULL || (times = strchr(bar, '[')) == NULL ||
		(s->rest = bracket_end(l, times + 1)) == NULL)
		return false;
	take_times(times + 1, s);
	bar_name(s, l->begin, open);
	return true;
}

/* What is left: "(00:02 left)", "ETA: 0:00:05", "<00:02". */
static void take_left(const char *s, struct said *out)
{
	const char *at = find_word(s, "left"), *eta = find_word(s, "eta");
	int64_t ms;

	if (at) {
		while (at > s && at[-1] != '(' && at[-1] != ',')
			at--;
	} else if (eta) {
		at = eta + 3 + (eta[3] == ':');
	} else if ((at = strchr(s, '<')) != NULL) {
		at++;
	}
	if (at && take_duration(at, &ms)) {
		out->eta_ms = ms;
		out->has |= PROGRESS_ETA;
	}
}

static void take_any_rate(const struct line *l, const char *from, struct said *out)
{
	double rate;
	struct span unit;

	for (size_t i = 0; i < l->count; i++)
		if (l->numbers[i].at >= from && take_rate(l->numbers[i].at, &rate, &unit) &&
			unit.len > 0) {
			bar_rate(out, rate, unit);
			return;
		}
}

/*
 * A bar_format of one's own, ProgressMeter.jl:
 *	 37%|#######3            | 44 of 120 (00:02 left)
 *	Progress:  45%|####      |  ETA: 0:00:05
 */
bool read_bar_format(const struct line *l, struct said *s)
{
	const char *bar = strstr(l->begin, "%|"), *close, *at;
	double percent;

	if (bar == NULL || (close = strchr(bar + 2, '|')) == NULL)
		return false;
	*s = (struct said){.shape = SHAPE_BAR};
	at = bar_percent_before(l->begin, bar + 1, &percent);
	if (at == bar + 1 || percent > 100)
		return false;
	if (bar_counts(close + 1, s) == NULL || (s->has & PROGRESS_STEP) == 0) {
		*s = (struct said){.shape = SHAPE_BAR, .has = PROGRESS_PERCENT, .percent = percent};
	}
	if (!l->ended && l->text[l->len - 1] != ')' && l->text[l->len - 1] != ']')
		return false;
	take_left(close + 1, s);
	take_any_rate(l, close, s);
	bar_name(s, l->begin, at);
	return true;
}
