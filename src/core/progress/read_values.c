#include "core/progress/bars.h"

#include <math.h>

/*
 * Names and values, wherever they stand:
 *	[rank 0] epoch 0 step 5/20 loss 0.7108
 *	{'loss': '0.6924', 'grad_norm': '0.2401', 'learning_rate': '4.367e-05', 'epoch': '0.4'}
 *	INFO:tensorflow:loss = 0.5827295, step = 400 (0.070 sec)
 *	|    total_timesteps | 512      |
 *	Iteration 10, loss = 0.33752445
 */

/* "981/1000 (98%)" is a share; so is "90.20%". */
static double metric_value(const struct number *n)
{
	int64_t of;

	if (n->percent)
		return n->value / 100;
	if (n->integer && *n->end == '/' && take_count(n->end + 1, &of) && of > 0 && n->whole <= of)
		return (double)n->whole / (double)of;
	return n->value;
}

static void take_metric(struct said *s, const struct number *n, const struct meaning *m)
{
	struct metric *metric = &s->metrics[s->metric_count];
	enum phase phase = s->phase;

	if (s->metric_count == METRICS_MAX)
		return;
	*metric = (struct metric){.before = {n->name.at, 0},
		.name = n->name,
		.value = metric_value(n)};
	/* "Validation score", "valid_0's binary_logloss": the word before is part of the name. */
	if (name_has_set(n->before))
		metric->before = n->before;
	metric->rank = metric_rank(m, phase);
	metric->no_set = m->set == SET_NONE;
	metric->plain = m->plain;
	s->metric_count++;
	s->has |= PROGRESS_METRIC;
}

/* The loss is called as before `n` stands, and is `of`. */
static void take_loss_of(struct said *s, const struct number *n, const struct number *of,
	const struct meaning *m)
{
	struct meaning validation = *m;

	if (of->doubtful)
		return;

	if (!phase_trains(s->phase)) {
		validation.metric = 1;
		if (s->metric_count < METRICS_MAX &&
			(s->phase == PHASE_VALIDATE || s->phase == PHASE_EVALUATE)) {
			s->metrics[s->metric_count++] = (struct metric){.before = n->before,
				.name = n->name,
				.value = of->value,
				.rank = metric_rank(&validation, s->phase)};
			s->has |= PROGRESS_METRIC;
		}
		return;
	}
	if (s->summary || m->loss_rank <= s->loss_rank)
		return;
	s->loss = of->value;
	s->loss_rank = m->loss_rank;
	s->has |= PROGRESS_LOSS;
}

static void take_loss(struct said *s, const struct number *n, const struct meaning *m)
{
	take_loss_of(s, n, n, m);
}

/* Of a counter: "5/20", "10/     100", "[3/10]", "3 of 10"; 0 where it says none. */
static int64_t total_of(const struct number *n)
{
	const char *at = skip_blanks(n->end);
	int64_t total;

	if (*at == '/')
		at = skip_blanks(at + 1);
	else if (starts_with(at, "of "))
		at = skip_blanks(at + 3);
	else
		return 0;
	return is_digit(*at) && take_count(at, &total) ? total : 0;
}

/* Does the number stand for itself, and is it no size, share or time? */
static bool is_counter(const struct number *n)
{
	char after = *n->end;

	return n->integer && !n->percent && !is_letter(after) && after != '_' &&
		!(after == ':' && is_digit(n->end[1]));
}

static void take_step(const struct line *l, struct said *s, const struct number *n, bool global)
{
	int64_t total = total_of(n);

	if (!is_counter(n) || (n->doubtful && total == 0))
		return;
	if (!l->ended && total > 0 && l->numbers[l->count - 1].doubtful &&
		n + 2 >= l->numbers + l->count && n + 1 < l->numbers + l->count)
		total = 0;
	if ((s->has & PROGRESS_STEP) && !(total > 0 && !(s->has & PROGRESS_TOTAL) && !s->no_total))
		return;
	if (total > 0 && n->whole > total)
		return;
	s->step = n->whole;
	s->has |= PROGRESS_STEP;
	s->global_step |= global;
	if (total > 0) {
		s->total = total;
		s->has |= PROGRESS_TOTAL;
	}
}

static void take_epoch(struct said *s, const struct number *n)
{
	int64_t total = total_of(n);

	if ((s->has & PROGRESS_EPOCH) || n->value < 0 || n->value > 1e9 || n->percent ||
		is_letter(*n->end))
		return;
	s->epoch = (int64_t)n->value;
	s->epoch_fraction = !n->integer;
	s->has |= PROGRESS_EPOCH;
	if (total >= s->epoch && total > 0) {
		s->epochs = total;
		s->has |= PROGRESS_EPOCHS;
	}
}

static void take_rate_value(struct said *s, const struct number *n)
{
	if (s->summary || (s->has & PROGRESS_RATE) || !(n->value > 0) || !isfinite(n->value))
		return;
	s->rate = n->value;
	s->has |= PROGRESS_RATE;
}

static void take_eta(const struct line *l, struct said *s, const struct number *n)
{
	int64_t ms;
	const char *end = take_duration(n->at, &ms);

	if ((s->has & PROGRESS_ETA) || end == NULL ||
		(!l->ended && *end == '\0' && !is_letter(end[-1])))
		return;
	s->eta_ms = ms;
	s->has |= PROGRESS_ETA;
	s->whole_eta |= !(s->has & PROGRESS_EPOCH);
}

static void take_counter(const struct line *l, struct said *s, const struct number *n,
	const struct meaning *m)
{
	switch (m->kind) {
	case NAME_STEP: take_step(l, s, n, false); break;
	case NAME_GLOBAL_STEP: take_step(l, s, n, true); break;
	case NAME_EPOCH: take_epoch(s, n); break;
	case NAME_RATE: take_rate_value(s, n); break;
	case NAME_ETA: take_eta(l, s, n); break;
	case NAME_EPOCHS:
		if (n->value >= 1 && n->value < 1e9)
			s->epochs_hint = (int64_t)n->value;
		break;
	case NAME_TOTAL_STEPS:
		if (is_counter(n))
			s->total_hint = n->whole;
		break;
	case NAME_RANKS:
		if (n->integer && n->whole > 1 && n->whole < 1000000)
			s->expected_ranks = (int)n->whole;
		break;
	default: break;
	}
}

static bool is_value(enum name_kind kind)
{
	return kind == NAME_LOSS || kind == NAME_LOSS_PART || kind == NAME_METRIC;
}

static bool ends_in_loss(struct span name)
{
	return name.len > 4 && starts_with(name.at + name.len - 4, "loss");
}

/* "Train loss 10 0.567890": the number of the step stands between. */
static const struct number *behind_step(const struct line *l, const struct number *n)
{
	const struct number *next = n + 1;

	if (!n->loose || !n->integer || next == l->numbers + l->count || next->integer ||
		next->name.len > 0 || next->at != n->end + 1 || *n->end != ' ')
		return n;
	return next;
}

static bool is_step_unit(struct span unit)
{
	static const char *const steps[] = {"it", "its", "iter", "iters", "iteration", "iterations",
		"step", "steps", "batch", "batches", "update", "updates"};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (span_is(unit, steps[i]))
			return true;
	return false;
}

/* "| epoch   1 |   200/ 2983 batches |": what is counted stands behind. */
static void take_counted(const struct line *l, struct said *s)
{
	for (size_t i = 0; i + 1 < l->count && !(s->has & PROGRESS_STEP); i++) {
		const struct number *n = &l->numbers[i], *of = n + 1;
		struct span unit = {skip_blanks(of->end), 0};

		if (!n->integer || !of->integer || *n->end != '/' ||
			skip_blanks(n->end + 1) != of->at || n->whole > of->whole ||
			of->whole == 0 || !is_blank(*of->end) || of->doubtful)
			continue;
		while (is_letter(unit.at[unit.len]))
			unit.len++;
		if (!is_step_unit(unit))
			continue;
		s->step = n->whole;
		s->total = of->whole;
		s->has |= PROGRESS_STEP | PROGRESS_TOTAL;
	}
}

/* The only loss of a line that says where it is: "{'embedding_loss': '0.447', 'epoch': '0.2941'}". */
static void take_part(const struct line *l, struct said *s, const char *end)
{
	const struct number *part = NULL;

	if ((s->has & PROGRESS_LOSS) || !(s->has & (PROGRESS_STEP | PROGRESS_EPOCH)))
		return;
	for (size_t i = 0; i < l->count && l->numbers[i].at < end; i++) {
		const struct number *n = &l->numbers[i];

		if (n->meaning.kind != NAME_LOSS_PART)
			continue;
		if (part || n->doubtful || n->loose || is_letter(*n->end) || !ends_in_loss(n->name))
			return;
		part = n;
	}
	if (part)
		take_loss(s, part, &part->meaning);
}

/* "top5_acc: 100% ####": the bar's own. */
static bool is_share_of_bar(const struct number *n)
{
	const char *at = n->percent ? skip_blanks(n->end + 1) : "";

	return *at == '|' || *at == CELL_FULL || *at == CELL_EMPTY;
}

/* In a part of the line that is the validation's, names need not say so. */
static struct meaning meaning_there(const struct line *l, const struct number *n)
{
	struct meaning m = n->meaning;

	if (m.set != SET_NONE || line_set_at(l, n->at) != SET_VALIDATION)
		return m;
	m.set = SET_VALIDATION;
	if (m.kind == NAME_LOSS)
		m.metric = 1;
	if (m.kind == NAME_LOSS)
		m.kind = NAME_METRIC;
	else if (m.kind == NAME_LOSS_PART)
		m.kind = NAME_NOTHING;
	return m;
}

/* Without a sign between, what else tells that it is no prose: "update 10/100", "test error 0.15". */
static bool is_sure(const struct number *n, const struct meaning *m)
{
	if (m->kind == NAME_STEP)
		return total_of(n) > 0;
	return m->kind == NAME_METRIC && m->metric == 2 && m->set != SET_NONE && !n->integer;
}

/* Loss and metrics, beside a shape that another reader found. */
void values_take(const struct line *l, struct said *s)
{
	const char *end = s->rest ? s->rest : l->text + l->len;

	for (size_t i = 0; i < l->count && l->numbers[i].at < end; i++) {
		const struct number *n = &l->numbers[i];
		struct meaning m = meaning_there(l, n);

		if ((m.strict && n->loose && !is_sure(n, &m)) || n->doubtful ||
			(m.leads && (n->name.at != l->begin || l->count < 2)))
			continue;
		if (is_value(m.kind) && (is_letter(*n->end) || is_share_of_bar(n)))
			continue;
		if (m.kind == NAME_METRIC && m.loss_rank == 1 && !s->summary &&
			phase_trains(s->phase))
			take_loss(s, n, &m);
		if (m.kind == NAME_METRIC)
			take_metric(s, n, &m);
		else if (m.kind == NAME_LOSS && !(n->percent))
			take_loss_of(s, n, behind_step(l, n), &m);
		else if (s->shape == SHAPE_VALUES && !is_value(m.kind))
			take_counter(l, s, n, &m);
	}
	if (s->shape == SHAPE_VALUES && phase_trains(s->phase))
		take_counted(l, s);
	take_part(l, s, end);
}

/* "elapsed time per iteration (ms): 250.1" of Megatron. */
static void take_iteration_ms(const struct line *l, struct said *s)
{
	const char *at = strstr(l->begin, "per iteration (ms):");
	double ms;

	if (at && take_real(skip_blanks(at + 19), &ms) && ms > 0 && isfinite(ms)) {
		s->rate = 1000 / ms;
		s->has |= PROGRESS_RATE;
	}
}

/* "13ms/step", "96.6 steps/s": the value first. */
void rates_take(const struct line *l, struct said *s)
{
	take_iteration_ms(l, s);
	for (size_t i = 0; i < l->count && !(s->has & PROGRESS_RATE); i++) {
		double rate;
		struct span unit;

		if (strchr(l->numbers[i].end, '/') == NULL)
			return;
		if (take_rate(l->numbers[i].at, &rate, &unit) && is_step_unit(unit) && rate > 0) {
			s->rate = rate;
			s->has |= PROGRESS_RATE;
		}
	}
}

/* "Loss for final step: 0.519": the only loss whose name stands apart. */
static void take_final(const struct line *l, struct said *s)
{
	const char *at = strstr(l->begin, "Loss for final step: ");
	double value;

	if (at && take_real(at + 21, &value)) {
		s->loss = value;
		s->loss_rank = 3;
		s->has |= PROGRESS_LOSS;
	}
}

/* "Starting training for 3 epochs". */
static void take_for_epochs(const struct line *l, struct said *s)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->numbers[i].integer &&
			starts_with(skip_blanks(l->numbers[i].end), "epochs") &&
			span_is(l->numbers[i].name, "for") && l->numbers[i].whole > 0)
			s->epochs_hint = l->numbers[i].whole;
}

bool read_values(const struct line *l, struct said *s)
{
	*s = (struct said){.shape = SHAPE_VALUES};
	take_final(l, s);
	take_for_epochs(l, s);
	return true;
}
