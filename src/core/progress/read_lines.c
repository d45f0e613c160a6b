#include "core/progress/bars.h"

/* Counters of lines that are no bars: in brackets, in front, in words. */

static bool set_counts(struct said *s, int64_t step, int64_t total)
{
	if (total > 0 && step > total)
		return false;
	s->step = step;
	s->has |= PROGRESS_STEP;
	if (total > 0) {
		s->total = total;
		s->has |= PROGRESS_TOTAL;
	}
	return true;
}

/* "[171/200]", "[ 10/100]", "[1280/6000 (21%)]", "[200-250]"; the place behind it. */
static const char *take_bracket(const char *s, struct said *out)
{
	int64_t step, total;
	const char *at;

	if (*s != '[')
		return NULL;
	at = take_count(skip_blanks(s + 1), &step);
	if (at == NULL)
		return NULL;
	at = skip_blanks(at);
	if (*at == '/') {
		at = take_count(skip_blanks(at + 1), &total);
		if (at == NULL || (*at != ']' && !is_blank(*at)) || total <= 0 ||
			!set_counts(out, step, total))
			return NULL;
		at = strchr(at, ']');
		return at ? at + 1 : NULL;
	}
	if (*at == '-') {
		at = take_count(at + 1, &total);
		if (at == NULL || *at != ']' || total < step)
			return NULL;
		set_counts(out, total, 0);
		return at + 1;
	}
	return NULL;
}

/*
 *	Epoch: [1][171/200]	Time  0.005 ( 0.005)	Loss 4.2593e-01 (6.7259e-01)
 *	Epoch(train) [2][30/50]  lr: 1.0000e-01  eta: 0:00:01  loss: 0.2157
 *	Train Epoch: 2 [1280/6000 (21%)]	Loss: 0.497713
 *	Epoch[2] Batch [200-250]	Speed: 18870.84 samples/sec	accuracy=0.956250
 *	Iter(train) [ 20/100]  lr: 1.0000e-01  eta: 0:00:01
 *	Test: [ 0/20]	Time  0.005
 */
bool read_bracket_steps(const struct line *l, struct said *s)
{
	const char *at = l->begin, *bracket = NULL;
	bool epoch;

	*s = (struct said){.shape = SHAPE_VALUES};
	epoch = find_word(at, "epoch") != NULL;
	if (!epoch && !find_word(at, "iter") && !find_word(at, "batch") &&
		!starts_with(at, "test") && !starts_with(at, "val"))
		return false;
	if (epoch) {
		const char *word = find_word(at, "epoch");

		if (word - at > 28 || !epoch_take(at, l->text + l->len, s))
			return false;
		at = strchr(word, '[');
		/* "Epoch: [1][171/200]": the first bracket is the epoch's. */
		for (; at && bracket == NULL; at = strchr(at + 1, '[')) {
			struct said counts = {.shape = SHAPE_VALUES};

			if (take_bracket(at, &counts) == NULL)
				continue;
			if ((s->has & PROGRESS_EPOCHS) && counts.total == s->epochs &&
				counts.step == s->epoch &&
				strncmp(skip_blanks(word + 5), ": [", 3) != 0 &&
				strchr(at + 1, '[') == NULL)
				break; /* "Epoch [3/10]" and nothing else */
			if ((s->has & PROGRESS_EPOCHS) && at - word < 10 &&
				counts.total == s->epochs && counts.step == s->epoch)
				continue;
			bracket = at;
		}
	} else if ((at = strchr(at, '[')) != NULL && at - l->begin < 24) {
		bracket = at;
	}
	if (bracket == NULL || take_bracket(bracket, s) == NULL)
		return false;
	/* mmengine counts what is left of all; torchvision's line of the same words of the epoch. */
	s->whole_eta = !epoch || find_word(l->begin, "data_time") != NULL;
	return true;
}

/*
 *	epoch 001:     10 / 100 loss=8.000, nll_loss=7.000, ppl=256.00
 */
bool read_fairseq(const struct line *l, struct said *s)
{
	const char *at = l->begin;
	int64_t epoch;

	*s = (struct said){.shape = SHAPE_VALUES};
	if (!starts_with(at, "epoch ") || (at = take_count(skip_blanks(at + 6), &epoch)) == NULL ||
		*at != ':' || !is_digit(*skip_blanks(at + 1)) || bar_counts(at + 1, s) == NULL)
		return false;
	s->epoch = epoch;
	s->has |= PROGRESS_EPOCH;
	return true;
}

static bool of_follows(const char *s)
{
	while (is_digit(*s))
		s++;
	if (*s == '/')
		return is_digit(s[1]);
	s = skip_blanks(s);
	return starts_with(s, "of ") || starts_with(s, "out of ");
}

/*
 *	building tree 52 of 60
 *	Train tree 2/80 train-loss:1.175808 train-accuracy:0.999447 valid-loss:1.179330
 *	[Parallel(n_jobs=1)]: Done  60 out of  60 | elapsed:    2.2s finished
 */
bool read_of(const struct line *l, struct said *s)
{
	static const char *const words[] = {"tree", "done", "step", "iteration", "iter", "batch",
		"round", "trial", "estimator"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *at = find_word(l->begin, words[i]);

		if (at == NULL || !is_blank(at[strlen(words[i])]))
			continue;
		at = skip_blanks(at + strlen(words[i]));
		*s = (struct said){.shape = SHAPE_VALUES};
		if (!is_digit(*at) || !of_follows(at) ||
			(i > 0 && strcspn(at, "/") < strcspn(at, "o")) ||
			bar_counts(at, s) == NULL || !(s->has & PROGRESS_TOTAL) ||
			s->unit != UNIT_STEP)
			continue;
		return true;
	}
	return false;
}

/* Is a loss or a metric named on the line? A number in front alone may be anything. */
static bool has_values(const struct line *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct meaning m = l->numbers[i].meaning;

		if ((m.kind == NAME_LOSS || m.kind == NAME_METRIC) && !l->numbers[i].percent &&
			!(m.strict && l->numbers[i].loose))
			return true;
	}
	return false;
}

/*
 *	[30]	train-logloss:0.25813	eval-auc:0.93826
 *	[300] accuracy=0.999497, learning_rate=0.01, loss=0.00503207
 *	5, train_loss=0.8613, test_loss=1.1485, LR=0.000556, time 99.41s
 *	<60> log likelihood: -9275
 *	[56/60] 1 tree, 31 leaves, max depth = 11, train loss: 0.20094, val loss: 0.24552, in 0.014s
 */
bool read_leading_step(const struct line *l, struct said *s)
{
	const char *at = l->begin, *after;
	int64_t step;

	if (*at == '<' && is_digit(at[1]) && (after = take_count(at + 1, &step)) != NULL &&
		after[0] == '>' && after[1] == ' ') {
		*s = (struct said){.shape = SHAPE_VALUES};
		return set_counts(s, step, 0);
	}
	if (is_digit(*at) && (after = take_count(at, &step)) != NULL && after[0] == ',' &&
		after[1] == ' ' && is_letter(after[2])) {
		*s = (struct said){.shape = SHAPE_VALUES};
		return set_counts(s, step, 0) && has_values(l);
	}
	if (*at != '[' || !is_digit(*skip_blanks(at + 1)))
		return false;
	*s = (struct said){.shape = SHAPE_VALUES};
	after = take_bracket(at, s);
	if (after == NULL) {
		after = take_count(skip_blanks(at + 1), &step);
		if (after == NULL || *after != ']')
			return false;
		set_counts(s, step, 0);
	}
	return has_values(l);
}

/* A named value between tabs: "\ttest: 0.35". */
static bool tab_value(const char *s, const char *name, double *out)
{
	const char *at = strstr(s, name);

	return at && take_real(skip_blanks(at + strlen(name)), out) != NULL;
}

/*
 *	12:	learn: 0.3223431	total: 863ms	remaining: 9.09s
 *	12:	learn: 0.32	test: 0.35	best: 0.34 (10)	total: 863ms	remaining: 9.09s
 */
bool read_catboost(const struct line *l, struct said *s)
{
	static const char test[] = "test";
	const char *at = l->begin, *after;
	int64_t step;
	double value;

	if (!is_digit(*at) || (after = take_count(at, &step)) == NULL || after[0] != ':' ||
		after[1] != '\t')
		return false;
	*s = (struct said){.shape = SHAPE_VALUES};
	if (!tab_value(after, "\tremaining:", &value) && !tab_value(after, "learn:", &value) &&
		!tab_value(after, "\ttotal:", &value))
		return false;
	set_counts(s, step, 0);
	if (tab_value(after, "learn:", &value)) {
		s->loss = value;
		s->loss_rank = 3;
		s->has |= PROGRESS_LOSS;
	}
	if (tab_value(after, "\ttest:", &value)) {
		s->metrics[s->metric_count++] = (struct metric){.name = {test, 4},
			.value = value,
			.rank = 5};
		s->has |= PROGRESS_METRIC;
	}
	s->whole_eta = true;
	return true;
}

/*
 *	Progress:   1.9% words/sec/thread:  525595 lr:  0.098144 avg.loss:  0.759255 ETA:   0h 0m30s
 *	EPOCH 2 - PROGRESS: at 37.50% examples, 292863 words/s, in_qsize 1, out_qsize 0
 */
bool read_share(const struct line *l, struct said *s)
{
	static const char *const done[] = {"done", "complete", "completed", "finished"};

	for (size_t i = 0; i < l->count; i++) {
		const struct number *n = &l->numbers[i];
		const char *word;
		bool said_so = false;

		if (!n->percent || n->value < 0 || n->value > 100)
			continue;
		word = find_word(l->begin, "progress");
		said_so = word && word < n->at && n->at - word < 20;
		for (size_t d = 0; d < sizeof done / sizeof *done && !said_so; d++)
			said_so = starts_with(skip_blanks(n->end + 1), done[d]);
		if (!said_so)
			continue;
		*s = (struct said){.shape = SHAPE_VALUES,
			.percent = n->value,
			.has = PROGRESS_PERCENT};
		s->whole_percent = !epoch_take(l->begin, n->at, s);
		s->whole_eta = s->whole_percent;
		return true;
	}
	return false;
}

/*
 * clu: a share with its counts.
 *	Setting work unit notes: 96.6 steps/s, 75.0% (300/400), ETA: 0m
 */
bool read_clu(const struct line *l, struct said *s)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct number *n = &l->numbers[i];

		if (!n->percent || strncmp(n->end, "% (", 3) != 0)
			continue;
		*s = (struct said){.shape = SHAPE_VALUES};
		if (find_word(l->begin, "steps") == NULL || bar_counts(n->end + 3, s) == NULL ||
			s->unit != UNIT_STEP)
			continue;
		s->whole_eta = true;
		return true;
	}
	return false;
}

/*
 * Chainer, below its bars:
 *	      1820 iter, 4 epoch / 5 epochs
 *	    363.93 iters/sec. Estimated time to finish: 0:00:00.151128.
 */
bool read_chainer(const struct line *l, struct said *s)
{
	const char *at = l->begin, *finish = strstr(at, "Estimated time to finish:");
	int64_t step, ms;
	double rate;
	struct span unit;

	*s = (struct said){.shape = SHAPE_VALUES};
	if (finish) {
		if (take_rate(at, &rate, &unit))
			bar_rate(s, rate, unit);
		if (take_duration(finish + 25, &ms)) {
			s->eta_ms = ms;
			s->has |= PROGRESS_ETA;
			s->whole_eta = true;
		}
		return true;
	}
	if (!is_digit(*at) || (at = take_count(at, &step)) == NULL ||
		!starts_with(skip_blanks(at), "iter, ") ||
		(at = take_count(skip_blanks(skip_blanks(at) + 6), &s->epoch)) == NULL ||
		!starts_with(skip_blanks(at), "epoch"))
		return false;
	s->has = PROGRESS_EPOCH;
	set_counts(s, step, 0);
	at = strchr(at, '/');
	if (at && take_count(skip_blanks(at + 1), &s->epochs) && s->epochs > 0)
		s->has |= PROGRESS_EPOCHS;
	return true;
}

/*
 *	22, 2.750: 0.475151, 0.539535 avg, 0.000102 rate, 0.000370 seconds, 176 images
 *	100: 2.345000, 2.500000 avg loss, 0.001000 rate, 1.200000 seconds, 6400 images
 */
bool read_darknet(const struct line *l, struct said *s)
{
	int64_t step;
	double epoch = -1, loss, mean;
	const char *at = take_count(l->begin, &step);

	if (at && *at == ',')
		at = take_real(skip_blanks(at + 1), &epoch);
	if (at == NULL || at[0] != ':' || at[1] != ' ' || (at = take_real(at + 2, &loss)) == NULL ||
		at[0] != ',' || (at = take_real(skip_blanks(at + 1), &mean)) == NULL ||
		!starts_with(at, " avg"))
		return false;
	*s = (struct said){.shape = SHAPE_VALUES,
		.loss = loss,
		.loss_rank = 3,
		.has = PROGRESS_LOSS};
	set_counts(s, step, 0);
	if (epoch >= 0 && epoch < 1e9) {
		s->epoch = (int64_t)epoch;
		s->epoch_fraction = true;
		s->has |= PROGRESS_EPOCH;
	}
	return true;
}
