#include "core/progress/bars.h"

static void set_step(struct said *out, double step, bool scaled)
{
	out->step = (int64_t)step;
	out->has |= PROGRESS_STEP;
	if (scaled && out->unit == UNIT_STEP)
		out->unit = UNIT_BYTE;
}

const char *bar_counts(const char *s, struct said *out)
{
	double step, total;
	bool scaled, scaled_total;

	s = take_scaled(skip_blanks(s), &step, &scaled);
	if (s == NULL)
		return NULL;
	s = skip_blanks(s);
	if (*s == '/')
		s = skip_blanks(s + 1);
	else if (starts_with(s, "of "))
		s = skip_blanks(s + 3);
	else if (starts_with(s, "out of "))
		s = skip_blanks(s + 7);
	else
		return NULL;
	if (*s == '?') {
		set_step(out, step, scaled);
		out->no_total = true;
		return s + 1;
	}
	s = take_scaled(s, &total, &scaled_total);
	if (s == NULL || step > 9e15 || total > 9e15)
		return NULL;
	set_step(out, step, scaled || scaled_total);
	if (total > 0 && step <= total) {
		out->total = (int64_t)total;
		out->has |= PROGRESS_TOTAL;
	} else {
		out->no_total = true;
	}
	return s;
}

/* ---- The epoch in a name ---- */

static const char *epoch_number(const char *s)
{
	s = skip_blanks(s);
	if (*s == '(' && is_letter(s[1])) /* "Epoch(train) [2]" */
		while (*s && *s++ != ')')
			;
	s = skip_blanks(s);
	if (*s == ':' || *s == '=' || *s == '#')
		s = skip_blanks(s + 1);
	if (*s == '[' || *s == '(' || *s == '#')
		s = skip_blanks(s + 1);
	return s;
}

/* "1/3 * Epoch (train)": Catalyst. */
static bool epoch_before(const char *text, const char *word, struct said *s)
{
	int64_t epoch, epochs;
	const char *at = take_count(text, &epoch);

	if (at == NULL || *at != '/' || (at = take_count(at + 1, &epochs)) == NULL ||
		!starts_with(at, " * ") || skip_blanks(at + 3) != word || epochs <= 0 ||
		epoch > epochs)
		return false;
	s->epoch = epoch;
	s->epochs = epochs;
	s->has |= PROGRESS_EPOCH | PROGRESS_EPOCHS;
	return true;
}

bool epoch_take(const char *text, const char *end, struct said *s)
{
	const char *word = find_word(text, "epoch"), *at, *after;
	int64_t value;

	if (word == NULL || word >= end)
		return false;
	if (epoch_before(text, word, s))
		return true;
	at = epoch_number(word + 5);
	after = take_count(at, &value);
	if (after == NULL || after > end || *after == '%' || value > 1000000000)
		return false;
	if (*after == '.' && is_digit(after[1])) {
		for (after++; is_digit(*after);)
			after++;
		s->epoch_fraction = true;
	}
	s->epoch = value;
	s->has |= PROGRESS_EPOCH;
	after = skip_blanks(after);
	if (*after == '/')
		after = take_count(skip_blanks(after + 1), &value);
	else if (starts_with(after, "of "))
		after = take_count(skip_blanks(after + 3), &value);
	else
		return true;
	if (after && after <= end && value > 0 && value >= s->epoch) {
		s->epochs = value;
		s->has |= PROGRESS_EPOCHS;
	}
	return true;
}

/* "Train     2" of RecBole. */
static bool epoch_of_train(const char *begin, const char *end, struct said *s)
{
	const char *at = begin + (starts_with(begin, "training") ? 8 : 5);
	int64_t epoch;

	if (!starts_with(begin, "train") || at >= end || !is_blank(*at) ||
		take_count(skip_blanks(at), &epoch) != end || epoch > 1000000)
		return false;
	s->epoch = epoch;
	s->has |= PROGRESS_EPOCH;
	return true;
}

/* Without the number of a rank: that is where it is drawn, not what it is. */
void bar_name(struct said *s, const char *begin, const char *end)
{
	begin = skip_blanks(begin);
	while (end > begin && (is_blank(end[-1]) || end[-1] == ':' || end[-1] == '|'))
		end--;
	if (end <= begin)
		return;
	s->name = (struct span){begin, (size_t)(end - begin)};
	if (!epoch_take(begin, end, s) && !epoch_of_train(begin, end, s)) {
		const char *word = find_word(begin, "epoch");

		if (word == NULL || word >= end)
			word = find_word(begin, "epochs");
		if (word && word < end && s->unit == UNIT_STEP)
			s->unit = UNIT_EPOCH;
	}
	s->phase = phase_of_words(s->name, &s->phase_word);
	if (s->unit == UNIT_EPOCH && !phase_trains(s->phase))
		s->unit = UNIT_STEP;
}

void bar_rate(struct said *s, double rate, struct span unit)
{
	enum unit counted = unit_of(unit);

	if (counted != UNIT_STEP)
		s->unit = counted;
	else if (s->unit == UNIT_BYTE && unit.len > 0)
		s->unit = UNIT_STEP; /* "1.63kit/s": thousands of steps */
	if (rate > 0) {
		s->rate = rate;
		s->has |= PROGRESS_RATE;
	}
}

const char *bar_percent_before(const char *text, const char *end, double *percent)
{
	const char *at = end;

	while (at > text && is_blank(at[-1]))
		at--;
	if (at == text || at[-1] != '%')
		return end;
	at--;
	while (at > text && (is_digit(at[-1]) || at[-1] == '.'))
		at--;
	return take_real(at, percent) ? at : end;
}
