#include "core/progress/bars.h"

/* Counters in forms that only a few programs have, and that say nothing by their words. */

static void put_epoch(struct said *s, int64_t epoch, int64_t epochs)
{
	s->epoch = epoch;
	s->has |= PROGRESS_EPOCH;
	if (epochs > 0 && epochs >= epoch) {
		s->epochs = epochs;
		s->has |= PROGRESS_EPOCHS;
	}
}

static void put_step(struct said *s, int64_t step, int64_t total)
{
	s->step = step;
	s->has |= PROGRESS_STEP;
	if (total > 0) {
		s->total = total;
		s->has |= PROGRESS_TOTAL;
	}
}

/* "[3/25]", "[  50/1251 (  4%)]"; the place behind it, or NULL. */
static const char *take_pair(const char *s, int64_t *a, int64_t *b)
{
	const char *at = *s == '[' ? take_count(skip_blanks(s + 1), a) : NULL;

	if (at == NULL || *at != '/' || (at = take_count(skip_blanks(at + 1), b)) == NULL ||
		*b <= 0 || *a > *b || (*at != ']' && !is_blank(*at)))
		return NULL;
	at = strchr(at, ']');
	return at ? at + 1 : NULL;
}

/*
 * Epoch and step side by side, of GANs and of vision transformers; timm's epoch stands alone.
 *	[0/25][10/1583] Loss_D: 0.5678 Loss_G: 3.4567 D(x): 0.8234
 *	Train: [0/300][20/1251]	eta 0:12:34 lr 0.000001	time 0.5000 (0.6134)	loss 6.9123 (6.9345)
 *	Train: 0 [  50/1251 (  4%)]  Loss: 6.912 (6.93)  Time: 0.250s, 1024.00/s
 */
bool read_pairs(const struct line *l, struct said *s)
{
	bool train = starts_with(l->begin, "train: ");
	const char *at = train ? skip_blanks(l->begin + 7) : l->begin;
	int64_t epoch, epochs = 0, step, total;

	*s = (struct said){.shape = SHAPE_VALUES};
	if (train && is_digit(*at))
		at = take_count(at, &epoch);
	else
		at = take_pair(at, &epoch, &epochs);
	at = at ? take_pair(skip_blanks(at), &step, &total) : NULL;
	if (at == NULL || (!train && l->count < 5))
		return false;
	put_epoch(s, epoch, epochs);
	put_step(s, step, total);
	return true;
}

/*
 * Counters that stand in front without a name:
 *	[1,  2000] loss: 2.187
 *	[10 | 25.12] loss=3.12 avg=3.20
 *	10/4600 (epoch 0.109), train_loss = 3.12345678, grad/param norm = 1.2e-01, time/batch = 0.25s
 */
bool read_front(const struct line *l, struct said *s)
{
	const char *at = l->begin, *after;
	int64_t first, second;
	double seconds;

	*s = (struct said){.shape = SHAPE_VALUES};
	at = take_count(at + (*at == '['), &first);
	if (at == NULL)
		return false;
	if (*l->begin != '[') {
		after = *at == '/' ? take_count(at + 1, &second) : NULL;
		if (after == NULL || !starts_with(after, " (epoch ") || first > second)
			return false;
		put_step(s, first, second);
		return true;
	}
	if (*at == ',' && (after = take_count(skip_blanks(at + 1), &second)) != NULL) {
		if (!starts_with(after, "] loss: "))
			return false;
		put_epoch(s, first, 0);
		put_step(s, second, 0);
		return true;
	}
	after = starts_with(at, " | ") ? take_real(at + 3, &seconds) : NULL;
	if (after == NULL || !starts_with(after, "] loss"))
		return false;
	put_step(s, first, 0);
	return true;
}

/*
 * CycleGAN and pix2pix:
 *	(epoch: 1, iters: 100, time: 0.123, data: 0.456) G_GAN: 0.345 G_L1: 1.234
 */
bool read_cyclegan(const struct line *l, struct said *s)
{
	const char *at = l->begin;
	int64_t epoch, step;

	*s = (struct said){.shape = SHAPE_VALUES};
	if (!starts_with(at, "(epoch: ") || (at = take_count(at + 8, &epoch)) == NULL ||
		!starts_with(at, ", iters: ") || (at = take_count(at + 9, &step)) == NULL ||
		*at != ',')
		return false;
	put_epoch(s, epoch, 0);
	put_step(s, step, 0);
	return true;
}

/*
 * ESPnet:
 *	1/20epoch started. Estimated time to finish: 3 hours, 10 minutes and 5.6 seconds
 *	1epoch:train:1-50batch: iter_time=1.234e-04, loss_ctc=123.456, acc=0.456, loss=105.172
 *	1epoch results: [train] acc=0.500, loss=101.1, [valid] acc=0.612, loss=90.1
 */
bool read_espnet(const struct line *l, struct said *s)
{
	const char *word = strstr(l->begin, "epoch"), *at = word;
	int64_t epoch, epochs = 0, step;

	*s = (struct said){.shape = SHAPE_VALUES};
	if (word == NULL || word == l->begin || !is_digit(word[-1]) ||
		(word[5] != ':' && !starts_with(word + 5, " results:") &&
			!starts_with(word + 5, " started")))
		return false;
	while (at > l->text && (is_digit(at[-1]) || at[-1] == '/'))
		at--;
	at = take_count(at, &epoch);
	if (at && *at == '/')
		at = take_count(at + 1, &epochs);
	if (at != word)
		return false;
	put_epoch(s, epoch, epochs);
	at = strstr(word, "batch:");
	if (at && starts_with(word + 5, ":train:")) {
		while (is_digit(at[-1]))
			at--;
		if (at[-1] == '-' && take_count(at, &step))
			put_step(s, step, 0);
	}
	return true;
}

/*
 * Marian:
 *	Ep. 1 : Up. 1000 : Sen. 64,000 : Cost 7.12345678 : Time 45.67s : 23456.78 words/s
 *	[valid] Ep. 1 : Up. 1000 : bleu : 12.34 : new best
 */
bool read_marian(const struct line *l, struct said *s)
{
	const char *at = strstr(l->begin, "Ep. "), *cost;
	int64_t epoch, step;

	*s = (struct said){.shape = SHAPE_VALUES};
	if (at == NULL || at - l->begin > 8 || (at = take_count(at + 4, &epoch)) == NULL ||
		!starts_with(at, " : up. ") || (at = take_count(at + 7, &step)) == NULL ||
		!starts_with(at, " : "))
		return false;
	put_epoch(s, epoch, 0);
	put_step(s, step, 0);
	cost = strstr(at, " : Cost ");
	if (cost && take_real(cost + 8, &s->loss)) {
		s->loss_rank = 3;
		s->has |= PROGRESS_LOSS;
	}
	return true;
}

/*
 * WeNet, whose first number is the epoch and whose second is the batch:
 *	TRAIN Batch 1/100 loss 12.345678 loss_att 45.678901 lr 0.00001234 rank 0
 *	CV Batch 1/100 loss 11.345678 loss_att 44.678901 history loss 11.5 rank 0
 */
bool read_wenet(const struct line *l, struct said *s)
{
	const char *at = strstr(l->begin, " Batch ");
	int64_t epoch, step;
	bool train;

	*s = (struct said){.shape = SHAPE_VALUES};
	if (at == NULL || at - l->begin < 2)
		return false;
	train = at - l->begin >= 5 && strncmp(at - 5, "TRAIN", 5) == 0;
	if ((!train && strncmp(at - 2, "CV", 2) != 0) ||
		(at = take_count(at + 7, &epoch)) == NULL || *at != '/' ||
		(at = take_count(at + 1, &step)) == NULL || !starts_with(at, " loss "))
		return false;
	put_epoch(s, epoch, 0);
	put_step(s, step, 0);
	s->no_total = true;
	s->phase = train ? PHASE_TRAIN : PHASE_VALIDATE;
	return true;
}

/*
 * MiniSom:
 *	 [   14 / 3000 ]   0% - 0:00:00 left
 */
bool read_minisom(const struct line *l, struct said *s)
{
	const char *at = l->begin, *left;
	double percent;

	*s = (struct said){.shape = SHAPE_BAR};
	if (*at != '[' || (at = bar_counts(at + 1, s)) == NULL || *skip_blanks(at) != ']' ||
		!(s->has & PROGRESS_TOTAL))
		return false;
	at = take_real(skip_blanks(skip_blanks(at) + 1), &percent);
	if (at == NULL || !starts_with(at, "% - "))
		return false;
	left = take_duration(at + 4, &s->eta_ms);
	if (left && starts_with(skip_blanks(left), "left"))
		s->has |= PROGRESS_ETA;
	return l->ended || (s->has & PROGRESS_ETA) || starts_with(at, "% - ? it/s");
}
