/* Progress lines of the programs that people run, in any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/text/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE NAN

static const struct sample {
	const char *line;
	double step, total, epoch, rate, eta_s, loss, metric;
	const char *name;
} samples[] = {
	/* tqdm */
	{"\r 34%|###4      | 340/1000 [00:10<00:20, 33.0it/s, loss=0.53]", 340, 1000, NONE, 33, 20,
		.53, NONE, NULL},
	{"Epoch 3/30:  34%|###4  | 34/100 [00:01<00:02, 33.0it/s, loss=0.53, acc=0.81]", 34, 100, 3,
		33, 2, .53, .81, "acc"},
	{"100%|####| 10/10 [1:02:03<00:00, 2.50s/it]", 10, 10, NONE, .4, 0, NONE, NONE, NULL},
	{"  0%|          | 0/1000 [00:00<?, ?it/s]", 0, 1000, NONE, NONE, NONE, NONE, NONE, NULL},
	/* Keras */
	{"340/1000 [====>....] - ETA: 20s - loss: 0.53 - acc: 0.81\n", 340, 1000, NONE, NONE, 20,
		.53, .81, "acc"},
	{"340/1000 [====>....] - ETA: 1:02 - loss: 5.3e-1 - val_accuracy: 0.9\n", 340, 1000, NONE,
		NONE, 62, .53, .9, "val_accuracy"},
	{"Epoch 3/10\n", NONE, NONE, 3, NONE, NONE, NONE, NONE, NULL},
	/* PyTorch examples */
	{"Train Epoch: 3 [640/60000 (1%)]\tLoss: 0.530000\n", 640, 60000, 3, NONE, NONE, .53, NONE,
		NULL},
	/* Hugging Face */
	{"{'loss': 0.53, 'learning_rate': 1e-05, 'epoch': 0.3}\n", NONE, NONE, 0, NONE, NONE, .53,
		NONE, NULL},
	/* estimators */
	{"INFO:tensorflow:loss = 0.53, step = 300 (1.2 sec)\n", 300, NONE, NONE, NONE, NONE, .53,
		NONE, NULL},
	{"INFO:tensorflow:global_step/sec: 83.1\n", NONE, NONE, NONE, 83.1, NONE, NONE, NONE, NULL},
	/* plain */
	{"step 300 loss 0.53\n", 300, NONE, NONE, NONE, NONE, .53, NONE, NULL},
	{"step 300/5000 loss=-0.5 accuracy: 81%\n", 300, 5000, NONE, NONE, NONE, -.5, .81,
		"accuracy"},
	{"[2026-01-01 10:00:00] iter 7 train_loss 2.5\n", 7, NONE, NONE, NONE, NONE, 2.5, NONE,
		NULL},
	/* nothing to be read */
	{"loss: nan\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
	{"loss: 1e999\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
	{"max-step 300 and footsteps 12, glossy 5\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE,
		NULL},
	{"step 99999999999999999999999\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
	{"a | b | 3 of 4 [x]\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
};

static void expect(const char *line, unsigned known, unsigned bit, double value, double wanted)
{
	bool there = (known & bit) != 0;

	if (there == isnan(wanted) || (there && fabs(value - wanted) > 1e-9))
		print_error("%s: bit %u: %s %g, wanted %g\n", line, bit, there ? "has" : "has not",
			value, wanted);
	assert_true(there == !isnan(wanted));
	if (there)
		assert_true(fabs(value - wanted) <= 1e-9);
}

static void check(const struct sample *s, const struct progress *p)
{
	expect(s->line, p->known, PROGRESS_STEP, (double)p->step, s->step);
	expect(s->line, p->known, PROGRESS_TOTAL, (double)p->total, s->total);
	expect(s->line, p->known, PROGRESS_EPOCH, (double)p->epoch, s->epoch);
	expect(s->line, p->known, PROGRESS_RATE, p->rate, s->rate);
	expect(s->line, p->known, PROGRESS_ETA, (double)p->eta_ms / 1000, s->eta_s);
	expect(s->line, p->known, PROGRESS_LOSS, p->loss, s->loss);
	expect(s->line, p->known, PROGRESS_METRIC, p->metric, s->metric);
	if (s->name)
		assert_string_equal(p->metric_name, s->name);
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct progress p;
		unsigned said;

		progress_init(&p);
		said = progress_feed(&p, samples[i].line, strlen(samples[i].line));
		if (samples[i].line[strlen(samples[i].line) - 1] !=
			'\n') /* tqdm writes the CR first */
			said |= progress_feed(&p, "\r", 1);
		assert_int_equal(said, p.known);
		check(&samples[i], &p);
	}
}

/* The end of line closes what a bar left open, however the bytes were cut. */
static void test_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		for (size_t cut = 0; cut <= strlen(samples[i].line); cut++) {
			struct progress p;

			progress_init(&p);
			progress_feed(&p, samples[i].line, cut);
			progress_feed(&p, samples[i].line + cut, strlen(samples[i].line) - cut);
			progress_feed(&p, "\n", 1);
			check(&samples[i], &p);
		}
}

static void test_newest_stands(void **state)
{
	static const char text[] = "step 1 loss 3\rstep 2 loss 2\rstep 3 loss 1\nno news\n";
	struct progress p;

	(void)state;
	progress_init(&p);
	assert_int_equal(progress_feed(&p, text, strlen(text)), PROGRESS_STEP | PROGRESS_LOSS);
	assert_int_equal(p.step, 3);
	assert_true(p.loss == 1);
	assert_int_equal(progress_feed(&p, "quiet\n", 6), 0);
	assert_int_equal(p.known, PROGRESS_STEP | PROGRESS_LOSS);
}

/* Of a line without end the beginning counts, once; the next line is read again. */
static void test_long_line(void **state)
{
	char block[4096];
	struct progress p;

	(void)state;
	memset(block, 'x', sizeof block);
	memcpy(block, "step 7 ", 7);
	progress_init(&p);
	assert_int_equal(progress_feed(&p, block, sizeof block), PROGRESS_STEP);
	assert_int_equal(progress_feed(&p, " step 8 ]", 9), 0);
	assert_int_equal(p.step, 7);
	assert_int_equal(progress_feed(&p, "\nstep 9\n", 8), PROGRESS_STEP);
	assert_int_equal(p.step, 9);
	progress_skip(&p);
	assert_int_equal(progress_feed(&p, "p 5 step 6\nstep 10\n", 19), PROGRESS_STEP);
	assert_int_equal(p.step, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_newest_stands),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
