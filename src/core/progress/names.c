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
	WORD_MEASURE,   /* the less the better, and no loss */
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
	{"cer", WORD_MEASURE},
	{"charts", WORD_NEUTRAL},
	{"chrf", WORD_SCORE},
	{"cider", WORD_SCORE},
	{"clip", WORD_VETO},
	{"coef", WORD_VETO},
	{"count", WORD_VETO},
	{"cross", WORD_CROSS},
	{"crossentropy", WORD_LOSS_KIND},
	{"crossentropyloss", WORD_LOSS_KIND},
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
	{"fid", WORD_MEASURE},
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
	{"perplexity", WORD_MEASURE},
	{"ppl", WORD_MEASURE},
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
	{"set", WORD_NEUTRAL},
	{"size", WORD_VETO},
	{"smape", WORD_ERROR},
	{"smooth", WORD_NEUTRAL},
	{"smoothed", WORD_NEUTRAL},
	{"smoothl1", WORD_LOSS_KIND},
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
	{"wer", WORD_MEASURE},
	{"xent", WORD_LOSS_KIND},
};

static enum word word_find(struct span s)
{
	size_t low = 0, high = sizeof words / sizeof *words;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = span_compare(s, words[middle].text);

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

	if (s.len == 3 && memcmp(s.at, "mAP", 3) == 0) /* none but the metric is written so */
		return WORD_SCORE;
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
	bool loss, kind, error, measure, score, strict, train, validation, other, veto, cross;
	int count;
};

static void sum_add(struct sum *sum, enum word word)
{
	sum->count++;
	switch (word) {
	case WORD_UNKNOWN: sum->other = true; break;
	case WORD_LOSS: sum->loss = true; break;
	case WORD_LOSS_KIND: sum->kind = true; break;
	case WORD_MEASURE: sum->measure = true; /* fallthrough */
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

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* A word, or those that are written as one: "MulticlassAccuracy", "CrossEntropyLoss". */
static void sum_word(struct sum *sum, struct span s)
{
	enum word word = word_of(s);
	size_t begin = 0;

	for (size_t i = 1; i < s.len && word == WORD_UNKNOWN; i++)
		if (is_lower(s.at[i - 1]) && is_letter(s.at[i]) && !is_lower(s.at[i])) {
			sum_add(sum, word_of((struct span){s.at + begin, i - begin}));
			begin = i;
		}
	if (begin > 0)
		word = word_of((struct span){s.at + begin, s.len - begin});
	sum_add(sum, word);
}

static void sum_name(struct sum *sum, struct span name)
{
	const char *at = name.at, *end = name.at + name.len;

	while (at < end) {
		const char *begin = at;

		while (at < end && (is_letter(*at) || is_digit(*at)))
			at++;
		if (at > begin)
			sum_word(sum, (struct span){begin, (size_t)(at - begin)});
		else
			at++;
	}
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
	} else if (name->score && !name->loss) {
		m->kind = NAME_METRIC;
		m->metric = 3;
		m->strict = name->strict || name->other;
	} else if (loss_like && !sum->other && !name->score) { /* "iou_loss" is a part of one */
		m->kind = m->set == SET_VALIDATION ? NAME_METRIC : NAME_LOSS;
		m->loss_rank = name->loss ? 3 : 2;
		m->metric = m->set == SET_VALIDATION ? 1 : 0;
	} else if (name->loss && (!name->kind || name->score) && m->set != SET_VALIDATION) {
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
		m->loss_rank = m->set == SET_TRAIN && !name->other && !name->measure;
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
	if (counter_meaning(name, before, &m))
		return m;
	m.strict = false;
	sum_name(&own, name);
	if (own.count == 1 && (own.train || own.validation) && span_is(before, "loss")) {
		own.loss = true; /* "loss train: 2.345" */
		before.len = 0;
	}
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
