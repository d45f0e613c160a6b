#include "core/progress/line.h"

/*
 * What a name means, from the words that it is made of: "valid_0's binary_logloss", "train/loss_step"
 * and "val_acc" need no row of their own.
 */

enum word {
	WORD_UNKNOWN,
	WORD_LOSS,
	WORD_LOSS_KIND, /* a loss by the name of its kind */
	WORD_ERROR,     /* the less the better; may be a loss, may be a metric */
	WORD_SCORE,     /* the more the better */
	WORD_SCORE_STRICT,
	WORD_TRAIN,
	WORD_VALIDATION,
	WORD_NEUTRAL, /* says nothing of what is measured */
	WORD_VETO,    /* what has it is neither a loss nor a metric */
	WORD_CROSS,
	WORD_ENTROPY,
};

/* In order of bytes: looked up by halves. */
static const struct {
	const char *text;
	enum word word;
} words[] = {
	{"acc", WORD_SCORE},
	{"accuracy", WORD_SCORE},
	{"adjusted", WORD_NEUTRAL},
	{"ap", WORD_SCORE},
	{"auc", WORD_SCORE},
	{"aucpr", WORD_SCORE},
	{"auroc", WORD_SCORE},
	{"average", WORD_NEUTRAL},
	{"avg", WORD_NEUTRAL},
	{"batch", WORD_NEUTRAL},
	{"best", WORD_VETO},
	{"bleu", WORD_SCORE},
	{"cer", WORD_ERROR},
	{"charts", WORD_NEUTRAL},
	{"chrf", WORD_SCORE},
	{"cider", WORD_SCORE},
	{"clip", WORD_VETO},
	{"coef", WORD_VETO},
	{"count", WORD_VETO},
	{"cross", WORD_CROSS},
	{"crossentropy", WORD_LOSS_KIND},
	{"cur", WORD_NEUTRAL},
	{"current", WORD_NEUTRAL},
	{"dev", WORD_VALIDATION},
	{"deviance", WORD_ERROR},
	{"dice", WORD_SCORE},
	{"dtest", WORD_VALIDATION},
	{"dtrain", WORD_TRAIN},
	{"ema", WORD_NEUTRAL},
	{"entropy", WORD_ENTROPY},
	{"ep", WORD_NEUTRAL},
	{"episode", WORD_NEUTRAL},
	{"episodic", WORD_NEUTRAL},
	{"epoch", WORD_NEUTRAL},
	{"err", WORD_ERROR},
	{"error", WORD_ERROR},
	{"eval", WORD_VALIDATION},
	{"evaluation", WORD_VALIDATION},
	{"f1", WORD_SCORE},
	{"fbeta", WORD_SCORE},
	{"fid", WORD_ERROR},
	{"final", WORD_NEUTRAL},
	{"fmeasure", WORD_SCORE},
	{"global", WORD_NEUTRAL},
	{"grad", WORD_VETO},
	{"hits", WORD_SCORE},
	{"hr", WORD_SCORE_STRICT},
	{"info", WORD_NEUTRAL},
	{"iou", WORD_SCORE},
	{"iter", WORD_NEUTRAL},
	{"iteration", WORD_NEUTRAL},
	{"kappa", WORD_SCORE},
	{"l1", WORD_ERROR},
	{"l2", WORD_ERROR},
	{"last", WORD_NEUTRAL},
	{"learn", WORD_TRAIN},
	{"learning", WORD_VETO},
	{"lm", WORD_NEUTRAL},
	{"logloss", WORD_LOSS_KIND},
	{"loss", WORD_LOSS},
	{"losses", WORD_LOSS},
	{"lr", WORD_VETO},
	{"mae", WORD_ERROR},
	{"main", WORD_NEUTRAL},
	{"map", WORD_SCORE_STRICT},
	{"map50", WORD_SCORE},
	{"mape", WORD_ERROR},
	{"max", WORD_VETO},
	{"mcc", WORD_SCORE},
	{"mean", WORD_NEUTRAL},
	{"merror", WORD_ERROR},
	{"meteor", WORD_SCORE},
	{"micro", WORD_NEUTRAL},
	{"min", WORD_VETO},
	{"mini", WORD_NEUTRAL},
	{"minibatch", WORD_NEUTRAL},
	{"miou", WORD_SCORE},
	{"mlogloss", WORD_LOSS_KIND},
	{"model", WORD_NEUTRAL},
	{"mrr", WORD_SCORE},
	{"mse", WORD_ERROR},
	{"multi", WORD_NEUTRAL},
	{"ndcg", WORD_SCORE},
	{"new", WORD_NEUTRAL},
	{"nll", WORD_LOSS_KIND},
	{"nloglik", WORD_LOSS_KIND},
	{"norm", WORD_VETO},
	{"num", WORD_VETO},
	{"overall", WORD_NEUTRAL},
	{"per", WORD_VETO},
	{"perplexity", WORD_ERROR},
	{"ppl", WORD_ERROR},
	{"precision", WORD_SCORE},
	{"psnr", WORD_SCORE},
	{"r2", WORD_SCORE},
	{"rate", WORD_VETO},
	{"recall", WORD_SCORE},
	{"return", WORD_SCORE_STRICT},
	{"returns", WORD_SCORE_STRICT},
	{"rew", WORD_SCORE},
	{"reward", WORD_SCORE},
	{"rewards", WORD_SCORE},
	{"rmse", WORD_ERROR},
	{"rmsle", WORD_ERROR},
	{"roc", WORD_NEUTRAL},
	{"rouge", WORD_SCORE},
	{"rouge1", WORD_SCORE},
	{"rougel", WORD_SCORE},
	{"running", WORD_NEUTRAL},
	{"runtime", WORD_VETO},
	{"samples", WORD_VETO},
	{"scale", WORD_VETO},
	{"score", WORD_SCORE_STRICT},
	{"size", WORD_VETO},
	{"smape", WORD_ERROR},
	{"smooth", WORD_NEUTRAL},
	{"smoothed", WORD_NEUTRAL},
	{"spearman", WORD_SCORE},
	{"ssim", WORD_SCORE},
	{"std", WORD_VETO},
	{"step", WORD_NEUTRAL},
	{"steps", WORD_VETO},
	{"target", WORD_VETO},
	{"test", WORD_VALIDATION},
	{"testing", WORD_VALIDATION},
	{"threshold", WORD_VETO},
	{"time", WORD_VETO},
	{"top1", WORD_SCORE},
	{"top5", WORD_SCORE},
	{"total", WORD_NEUTRAL},
	{"tr", WORD_TRAIN},
	{"train", WORD_TRAIN},
	{"training", WORD_TRAIN},
	{"trn", WORD_TRAIN},
	{"val", WORD_VALIDATION},
	{"valid", WORD_VALIDATION},
	{"validation", WORD_VALIDATION},
	{"weight", WORD_VETO},
	{"wer", WORD_ERROR},
	{"xent", WORD_LOSS_KIND},
};

static int compare(struct span s, const char *text)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char a = (unsigned char)to_lower(s.at[i]), b = (unsigned char)text[i];

		if (a != b)
			return a < b ? -1 : 1;
	}
	return text[s.len] ? -1 : 0;
}

static enum word word_find(struct span s)
{
	size_t low = 0, high = sizeof words / sizeof *words;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = compare(s, words[middle].text);

		if (c == 0)
			return words[middle].word;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return WORD_UNKNOWN;
}

/* "acc1", "mAP50", "map50", "top5", "f1": the digits may be a part of the word, or count something. */
static enum word word_of(struct span s)
{
	enum word found = word_find(s);

	if (found != WORD_UNKNOWN)
		return found;
	while (s.len > 1 && is_digit(s.at[s.len - 1]))
		s.len--;
	if (s.len == 1 && to_lower(*s.at) == 's') /* "val's" */
		return WORD_NEUTRAL;
	return is_digit(*s.at) ? WORD_NEUTRAL : word_find(s);
}

/* Words of a name as they add up. */
struct sum {
	bool loss, kind, error, score, strict, train, validation, other, veto, cross;
	int count;
};

static void sum_add(struct sum *sum, struct span s)
{
	enum word word = word_of(s);

	sum->count++;
	switch (word) {
	case WORD_UNKNOWN: sum->other = true; break;
	case WORD_LOSS: sum->loss = true; break;
	case WORD_LOSS_KIND: sum->kind = true; break;
	case WORD_ERROR: sum->error = true; break;
	case WORD_SCORE_STRICT: sum->strict = true; /* fallthrough */
	case WORD_SCORE: sum->score = true; break;
	case WORD_TRAIN: sum->train = true; break;
	case WORD_VALIDATION: sum->validation = true; break;
	case WORD_NEUTRAL: break;
	case WORD_VETO: sum->veto = true; break;
	case WORD_CROSS: sum->cross = true; return;
	case WORD_ENTROPY:
		if (sum->cross)
			sum->kind = true;
		else
			sum->other = true;
		break;
	}
}

static void sum_name(struct sum *sum, struct span name)
{
	const char *at = name.at, *end = name.at + name.len;

	while (at < end) {
		const char *begin = at;

		while (at < end && (is_letter(*at) || is_digit(*at)))
			at++;
		if (at > begin)
			sum_add(sum, (struct span){begin, (size_t)(at - begin)});
		else
			at++;
	}
}

/* ---- Counters ---- */

/* In order of bytes as well. */
static const struct {
	const char *text;
	enum name_kind kind;
	bool strict;
} counters[] = {
	{"batch", NAME_STEP, false},
	{"env_step", NAME_GLOBAL_STEP, true},
	{"env_steps", NAME_GLOBAL_STEP, true},
	{"epoch", NAME_EPOCH, false},
	{"epoch(test)", NAME_EPOCH, false},
	{"epoch(train)", NAME_EPOCH, false},
	{"epoch(val)", NAME_EPOCH, false},
	{"epochs", NAME_EPOCHS, true},
	{"eta", NAME_ETA, false},
	{"fps", NAME_RATE, true},
	{"global_step", NAME_GLOBAL_STEP, false},
	{"global_step/sec", NAME_RATE, true},
	{"it/s", NAME_RATE, false},
	{"it/sec", NAME_RATE, false},
	{"iter", NAME_STEP, false},
	{"iter(train)", NAME_STEP, false},
	{"iter/s", NAME_RATE, false},
	{"iter/sec", NAME_RATE, false},
	{"iteration", NAME_STEP, false},
	{"iters/sec", NAME_RATE, false},
	{"itr", NAME_STEP, false},
	{"left", NAME_ETA, true},
	{"max_epoch", NAME_EPOCHS, true},
	{"max_epochs", NAME_EPOCHS, true},
	{"max_iters", NAME_TOTAL_STEPS, true},
	{"max_steps", NAME_TOTAL_STEPS, true},
	{"micro_step", NAME_STEP, true},
	{"minibatch", NAME_STEP, false},
	{"n_epochs", NAME_EPOCHS, true},
	{"num_env_steps", NAME_GLOBAL_STEP, true},
	{"num_epochs", NAME_EPOCHS, true},
	{"num_timesteps", NAME_GLOBAL_STEP, true},
	{"num_train_epochs", NAME_EPOCHS, true},
	{"num_updates", NAME_STEP, true},
	{"remaining", NAME_ETA, true},
	{"round", NAME_STEP, true},
	{"sps", NAME_RATE, true},
	{"step", NAME_STEP, false},
	{"step/s", NAME_RATE, true},
	{"step/sec", NAME_RATE, true},
	{"steps/s", NAME_RATE, true},
	{"steps/sec", NAME_RATE, true},
	{"steps_per_sec", NAME_RATE, true},
	{"steps_per_second", NAME_RATE, true},
	{"timesteps_total", NAME_GLOBAL_STEP, true},
	{"total_epochs", NAME_EPOCHS, true},
	{"total_steps", NAME_TOTAL_STEPS, true},
	{"total_timesteps", NAME_GLOBAL_STEP, true},
	{"train/global_step", NAME_GLOBAL_STEP, true},
	{"train_step", NAME_STEP, true},
	{"training_iteration", NAME_STEP, false},
	{"trial", NAME_STEP, false},
	{"update", NAME_STEP, true},
	{"ups", NAME_RATE, true},
	{"world_size", NAME_RANKS, true},
};

static bool counter_find(struct span s, struct meaning *m)
{
	size_t low = 0, high = sizeof counters / sizeof *counters;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = compare(s, counters[middle].text);

		if (c == 0) {
			m->kind = counters[middle].kind;
			m->strict = counters[middle].strict;
			return true;
		}
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool is_one_of(struct span s, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(s, list[i]))
			return true;
	return false;
}

/*
 * "from iteration 0", "every epoch 5", "best epoch: 2": the number is not where the training is.
 * "Num Epochs" and "Total optimization steps" are how many there are.
 */
static void counter_before(struct meaning *m, struct span name, struct span before)
{
	static const char *const others[] = {"from", "every", "per", "max", "min", "best", "until",
		"final", "warmup", "at", "for", "of", "after", "before", "val", "validation",
		"eval", "test", "with", "each", "resume", "resuming", "save", "saving", "in"};
	static const char *const never[] = {"from", "every", "per", "max", "min", "until"};
	static const char *const many[] = {"num", "max", "total", "number", "n"};

	if (m->kind == NAME_EPOCHS || m->kind == NAME_EPOCH) {
		if (is_one_of(before, many, sizeof many / sizeof *many) &&
			(m->kind == NAME_EPOCHS || !span_is(before, "n")))
			m->kind = NAME_EPOCHS;
		else if (m->kind == NAME_EPOCHS && before.len > 0 && span_is(name, "epochs"))
			m->kind = NAME_NOTHING;
	}
	if (m->kind == NAME_STEP && span_is(before, "global") && span_is(name, "step"))
		m->kind = NAME_GLOBAL_STEP;
	if ((m->kind == NAME_STEP || m->kind == NAME_EPOCH) &&
		is_one_of(before, others, sizeof others / sizeof *others))
		m->kind = NAME_NOTHING;
	if (m->kind == NAME_GLOBAL_STEP && is_one_of(before, never, sizeof never / sizeof *never))
		m->kind = NAME_NOTHING;
}

/* "Total optimization steps = 120", "Num processes: 8", "world size: 8", "Total train steps". */
static bool counter_of_phrase(struct meaning *m, struct span name, struct span before)
{
	if (span_is(name, "iterate")) { /* L-BFGS-B's "At iterate    1" */
		m->kind = NAME_STEP;
		return true;
	}
	/* "iterations 200 error 0.26": elsewhere it is how many there will be. */
	if (span_is(name, "iterations") && before.len == 0) {
		m->kind = NAME_STEP;
		m->leads = true;
		return true;
	}
	if (span_is(name, "no") || span_is(name, "number")) { /* "Iteration No: 7" */
		struct meaning counter = {NAME_NOTHING, SET_NONE, 0, 0, false};

		if (!counter_find(before, &counter) ||
			(counter.kind != NAME_STEP && counter.kind != NAME_EPOCH))
			return false;
		m->kind = counter.kind;
		return true;
	}
	m->strict = true;
	if (span_is(name, "steps") && (span_is(before, "optimization") || span_is(before, "total")))
		m->kind = NAME_TOTAL_STEPS;
	else if ((span_is(name, "processes") && span_is(before, "num")) ||
		(span_is(name, "size") && span_is(before, "world")))
		m->kind = NAME_RANKS;
	else if (span_is(name, "time") && (span_is(before, "remaining")))
		m->kind = NAME_ETA;
	else
		return false;
	return true;
}

/* ---- All together ---- */

static void set_values(struct meaning *m, const struct sum *name, const struct sum *sum)
{
	bool loss_like = name->loss || name->kind;

	m->set = sum->validation ? SET_VALIDATION : sum->train ? SET_TRAIN : SET_NONE;
	m->plain = !name->other;
	if (sum->veto)
		return;
	if (name->score && name->strict && name->other) {
		m->kind = NAME_NOTHING;
	} else if (name->score) {
		m->kind = NAME_METRIC;
		m->metric = 3;
		m->strict = name->strict || name->other;
	} else if (loss_like && !sum->other) {
		m->kind = m->set == SET_VALIDATION ? NAME_METRIC : NAME_LOSS;
		m->loss_rank = name->loss ? 3 : 2;
		m->metric = m->set == SET_VALIDATION ? 1 : 0;
	} else if (name->loss && !name->kind && m->set != SET_VALIDATION) {
		m->kind = NAME_LOSS_PART;
		m->loss_rank = 1;
		m->strict = true;
	} else if (name->kind && !name->loss) { /* "binary_logloss" */
		m->kind = m->set == SET_VALIDATION ? NAME_METRIC : NAME_LOSS;
		m->loss_rank = 2;
		m->metric = m->set == SET_VALIDATION ? 1 : 0;
	} else if (name->error && !name->loss && (!name->other || m->set != SET_NONE)) {
		m->kind = NAME_METRIC;
		m->metric = 2;
		m->loss_rank = m->set == SET_TRAIN && !name->other ? 1 : 0;
		m->strict = true;
	} else if (name->train && name->count == 1) { /* CatBoost's "learn" */
		m->kind = NAME_NOTHING;
	}
}

struct meaning name_meaning(struct span name, struct span before)
{
	struct meaning m = {NAME_NOTHING, SET_NONE, 0, 0, false};
	struct sum own = {false}, sum;

	if (name.len == 0 || name.len > 60)
		return m;
	if (counter_find(name, &m)) {
		counter_before(&m, name, before);
		return m;
	}
	if (counter_of_phrase(&m, name, before))
		return m;
	m.strict = false;
	sum_name(&own, name);
	if (!own.loss && !own.kind && !own.error && !own.score)
		return m;
	sum = own;
	/* A set of one kind beside the name rules; "auc train 0.5" is no such thing. */
	if (before.len > 0)
		sum_name(&sum, before);
	set_values(&m, &own, &sum);
	return m;
}

bool name_has_set(struct span name)
{
	struct sum sum = {false};

	sum_name(&sum, name);
	return sum.train || sum.validation;
}

uint8_t metric_rank(const struct meaning *m, enum phase phase)
{
	bool validation = m->set == SET_VALIDATION ||
		(m->set == SET_NONE && (phase == PHASE_VALIDATE || phase == PHASE_EVALUATE));

	return (uint8_t)(m->metric + (validation ? 4 : 0));
}

/* ---- Phases ---- */

static const struct {
	const char *word;
	enum phase phase;
} phases[] = {
	{"train", PHASE_TRAIN},
	{"training", PHASE_TRAIN},
	{"fit", PHASE_TRAIN},
	{"fitting", PHASE_TRAIN},
	{"learning", PHASE_TRAIN},
	{"finetuning", PHASE_TRAIN},
	{"optimizing", PHASE_TRAIN},
	{"boosting", PHASE_TRAIN},
	{"trn", PHASE_TRAIN},
	{"warmup", PHASE_TRAIN},
	{"sampling", PHASE_TRAIN},
	{"running", PHASE_TRAIN},
	{"val", PHASE_VALIDATE},
	{"valid", PHASE_VALIDATE},
	{"validate", PHASE_VALIDATE},
	{"validating", PHASE_VALIDATE},
	{"validation", PHASE_VALIDATE},
	{"validator", PHASE_VALIDATE},
	{"dev", PHASE_VALIDATE},
	{"sanity", PHASE_VALIDATE},
	{"eval", PHASE_EVALUATE},
	{"evaluate", PHASE_EVALUATE},
	{"evaluating", PHASE_EVALUATE},
	{"evaluation", PHASE_EVALUATE},
	{"evaluator", PHASE_EVALUATE},
	{"test", PHASE_EVALUATE},
	{"testing", PHASE_EVALUATE},
	{"predict", PHASE_EVALUATE},
	{"predicting", PHASE_EVALUATE},
	{"prediction", PHASE_EVALUATE},
	{"inference", PHASE_EVALUATE},
	{"download", PHASE_DOWNLOAD},
	{"downloading", PHASE_DOWNLOAD},
	{"fetching", PHASE_DOWNLOAD},
	{"tokenize", PHASE_TOKENIZE},
	{"tokenizing", PHASE_TOKENIZE},
	{"tokenization", PHASE_TOKENIZE},
	{"tokenizer", PHASE_TOKENIZE},
	{"map", PHASE_TOKENIZE},
	{"filter", PHASE_TOKENIZE},
	{"loading", PHASE_LOAD},
	{"load", PHASE_LOAD},
	{"saving", PHASE_SAVE},
	{"save", PHASE_SAVE},
	{"writing", PHASE_SAVE},
};

static enum phase phase_of_word(struct span w)
{
	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
		if (span_is(w, phases[i].word))
			return phases[i].phase;
	/* "Adding EOS to train dataset", "Computing metrics": something is done that is no training. */
	if (w.len > 4 && starts_with(w.at + w.len - 3, "ing"))
		return PHASE_OTHER;
	return PHASE_UNKNOWN;
}

/* The first word that says one, as "Tokenizing train dataset" is no training. */
enum phase phase_of_words(struct span text, struct span *word)
{
	const char *at = text.at, *end = text.at + text.len;

	while (at < end) {
		struct span w = {at, 0};
		enum phase phase;

		while (at < end && (is_letter(*at) || *at == '_' || is_digit(*at)))
			at++;
		w.len = (size_t)(at - w.at);
		if (w.len == 0) {
			at++;
			continue;
		}
		phase = phase_of_word(w);
		if (phase != PHASE_UNKNOWN) {
			*word = w;
			return phase;
		}
	}
	return PHASE_UNKNOWN;
}
