/* Progress lines of the programs that people run: what one line alone tells, and how lines add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/progress/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE 1e300

static const struct sample {
	const char *line;
	double step, total, epoch, rate, eta_s, loss, metric;
	const char *name;
} samples[] = {
	/* tqdm */
	{"\r 34%|###4      | 340/1000 [00:10<00:20, 33.0it/s, loss=0.53]", 340, 1000, NONE, 33, 20,
		.53, NONE, NULL},
	{"Epoch 30/30:  34%|###4  | 34/100 [00:01<00:02, 33.0it/s, loss=0.53, acc=0.81]", 34, 100,
		30, 33, 2, .53, .81, "acc"},
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
	{"step 1,234 loss 2.5\n", 1234, NONE, NONE, NONE, NONE, 2.5, NONE, NULL},
	{"loss: nan\n", NONE, NONE, NONE, NONE, NONE, NAN, NONE, NULL},
	{"step 3 loss=-inf\n", 3, NONE, NONE, NONE, NONE, -INFINITY, NONE, NULL},
	/* nothing to be read */
	{"loss: 1e999\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
	{"max-step 300 and footsteps 12, glossy 5\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE,
		NULL},
	{"step 99999999999999999999999\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
	{"a | b | 3 of 4 [x]\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
	{"resuming from step 300, epoch 2\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
	{"value_loss: 0.5, loss_scale: 128, learning_rate: 0.1\n", NONE, NONE, NONE, NONE, NONE,
		NONE, NONE, NULL},
	{"[53/60] Building CXX object src/a.o\n", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NULL},
};

static struct progress *reader_new(const struct progress_rules *rules)
{
	struct progress *p = mem_alloc(progress_size());

	progress_init(p, rules);
	return p;
}

static void feed(struct progress *p, const char *text, int64_t now_ms)
{
	progress_feed(p, text, strlen(text), now_ms);
}

/* What stands after `text`. */
static struct progress_values told(const char *text)
{
	struct progress *p = reader_new(NULL);
	struct progress_values v;

	feed(p, text, 0);
	progress_pause(p, 0, &v);
	free(p);
	return v;
}

static void expect(const char *line, unsigned known, unsigned bit, double value, double wanted)
{
	bool there = (known & bit) != 0;
	bool right = there == (wanted != NONE) &&
		(!there || value == wanted || fabs(value - wanted) <= 1e-9 ||
			(isnan(value) && isnan(wanted)));

	if (!right)
		print_error("%s: bit %u: %s %g, wanted %g\n", line, bit, there ? "has" : "has not",
			value, wanted);
	assert_true(right);
}

static void check(const struct sample *s, const struct progress_values *v)
{
	expect(s->line, v->known, PROGRESS_STEP, (double)v->step, s->step);
	expect(s->line, v->known, PROGRESS_TOTAL, (double)v->total, s->total);
	expect(s->line, v->known, PROGRESS_EPOCH, (double)v->epoch, s->epoch);
	expect(s->line, v->known, PROGRESS_RATE, v->rate, s->rate);
	expect(s->line, v->known, PROGRESS_ETA, (double)v->eta_ms / 1000, s->eta_s);
	expect(s->line, v->known, PROGRESS_LOSS, v->loss, s->loss);
	expect(s->line, v->known, PROGRESS_METRIC, v->metric, s->metric);
	if (s->name)
		assert_string_equal(v->metric_name, s->name);
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct progress_values v = told(samples[i].line);

		check(&samples[i], &v);
	}
}

static void test_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		for (size_t cut = 0; cut <= strlen(samples[i].line); cut++) {
			struct progress *p = reader_new(NULL);
			struct progress_values v;

			progress_feed(p, samples[i].line, cut, 0);
			progress_pause(p, 0, &v);
			feed(p, samples[i].line + cut, 0);
			feed(p, "\n", 0);
			progress_pause(p, 0, &v);
			check(&samples[i], &v);
			free(p);
		}
}

static void test_newest_stands(void **state)
{
	struct progress_values v = told(
		"step 1 loss 3\rstep 2 loss 2\rstep 3 loss 1\nno news\nquiet\n");

	(void)state;
	assert_int_equal(v.step, 3);
	assert_true(v.loss == 1);
}

/* Of a line without end the beginning counts; the next line is read again. */
static void test_long_line(void **state)
{
	char block[4096];
	struct progress *p = reader_new(NULL);
	struct progress_values v;

	(void)state;
	memset(block, 'x', sizeof block);
	memcpy(block, "step 7 ", 7);
	progress_feed(p, block, sizeof block, 0);
	feed(p, " step 8 ]", 0);
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 7);
	feed(p, "\nstep 9\n", 0);
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 9);
	progress_skip(p);
	feed(p, "p 5 step 6\nstep 10\n", 0);
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 10);
	free(p);
}

/* A number that the line may go on within is not read before it has ended. */
static void test_half_a_line(void **state)
{
	struct progress *p = reader_new(NULL);
	struct progress_values v;

	(void)state;
	feed(p, "step 10 loss 0.5000\nstep 20 loss 0.43", 0);
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 20);
	assert_true(v.loss == .5);
	feed(p, "21\nstep 3", 0);
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 20);
	assert_true(v.loss == .4321);
	progress_finish(p, 0, &v);
	assert_int_equal(v.step, 3);
	free(p);
}

static void test_outright(void **state)
{
	struct progress *p = reader_new(NULL);
	struct progress_values v;

	(void)state;
	feed(p,
		"step 5 loss 0.9 lr 0.1\n"
		"mltop: progress step=340 total=1000 epoch=3 loss=0.53 val_acc=0.81\n"
		"step 6/20 loss 0.8, 2.5 it/s\n",
		0);
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 340);
	assert_int_equal(v.total, 1000);
	assert_int_equal(v.epoch, 3);
	assert_true(v.loss == .53);
	assert_true(v.metric == .81);
	assert_string_equal(v.metric_name, "val_acc");
	assert_true(v.percent == 34);
	assert_true(v.rate == 2.5); /* what it has not said the log may say */
	free(p);
}

/* Who said what stands; what follows from it, and the phase, is nobody's own. */
static void test_source(void **state)
{
	static const struct {
		const char *text, *source;
	} rows[] = {
		{"hello\n", NULL},
		{"step 5/10 loss 0.5\n", "log"},
		{"\x1b]9;4;1;42\x07working\n", "log"},
		{"at 30 von 60\n", "patterns"},
		{"at 30 von 60\nloss 0.5\n", "patterns, log"},
		{"mltop: progress step=3 total=10 phase=validate\n", "line"},
		{"mltop: progress percent=12\n", "line"},
		{"mltop: progress step=3\nstep 9/20 loss 0.5\n", "line, log"},
		{"at 30 von 60\nmltop: progress loss=0.5\n", "line, patterns"},
		{"at 30 von 60\nmltop: progress loss=0.5\n10 it/s acc=0.5\n",
			"line, patterns, log"},
		{"step 5/10 loss 0.5\nmltop: progress step=3 total=10 loss=1\n", "line"},
	};
	static const char *const pattern = "at (?<step>[0-9]+) von (?<total>[0-9]+)";
	struct progress_rules *r = progress_rules_new(&pattern, 1, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct progress *p = reader_new(r);
		struct progress_values v;
		const char *source;

		feed(p, rows[i].text, 0);
		progress_pause(p, 0, &v);
		source = progress_source(&v);
		assert_true((source == NULL) == (rows[i].source == NULL));
		if (source)
			assert_string_equal(source, rows[i].source);
		free(p);
	}
	progress_rules_free(r);
}

static void test_osc(void **state)
{
	struct progress_values v = told("\x1b]9;4;1;42\x07working\n");

	(void)state;
	assert_true(v.known & PROGRESS_PERCENT);
	assert_true(v.percent == 42);
}

static void test_patterns(void **state)
{
	static const char *const patterns[] = {"at (?<step>[0-9]+) von (?<total>[0-9]+)",
		"Fehler (?<loss>[0-9.]+)"};
	static const char *const bad[] = {"(?<stop>[0-9]+)", "[0-9]+", "(?<step>[0-9]+"};
	struct err e;
	struct progress_rules *r = progress_rules_new(patterns, 2, NULL, &e);
	struct progress *p = reader_new(r);
	struct progress_values v;

	(void)state;
	feed(p, "at 30 von 60\nFehler 0.25\n", 0);
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 30);
	assert_int_equal(v.total, 60);
	assert_true(v.percent == 50);
	assert_true(v.loss == .25);
	free(p);
	progress_rules_free(r);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(progress_rules_new(bad + i, 1, NULL, &e));
}

static void test_metric_asked_for(void **state)
{
	struct err e;
	struct progress_rules *r = progress_rules_new(NULL, 0, "val auc", &e);
	struct progress *p = reader_new(r);
	struct progress_values v;

	(void)state;
	feed(p, "epoch 1 val_acc: 0.9 val_auc: 0.7\nepoch 2 val_acc: 0.8\n", 0);
	progress_pause(p, 0, &v);
	assert_string_equal(v.metric_name, "val_auc");
	assert_true(v.metric == .7);
	free(p);
	progress_rules_free(r);
}

/* The lowest rank speaks, whoever wrote last; the others say how far behind one is. */
static void test_ranks(void **state)
{
	static const char *const forms[] = {"[default%d]:step %d/60 loss 0.%d\n",
		"[1,%d]<stdout>:step %d/60 loss 0.%d\n", "[%d] step %d/60 loss 0.%d\n",
		"%d: step %d/60 loss 0.%d\n", "[rank %d] step %d/60 loss 0.%d\n",
		"18:00:10 worker.%d | step %d/60 loss 0.%d\n", "job%d\tstep %d/60 loss 0.%d\n",
		"step.%d\tstep %d/60 loss 0.%d\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct progress *p = reader_new(NULL);
		struct progress_values v;
		char line[128];

		for (int rank = 3; rank >= 1; rank--) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(line, sizeof line, forms[i], rank, rank == 2 ? 5 : 10, rank);
#pragma GCC diagnostic pop
			feed(p, line, 0);
		}
		progress_pause(p, 0, &v);
		if (v.step != 10 || fabs(v.loss - .1) > 1e-9)
			print_error("%s: step %d loss %g\n", forms[i], (int)v.step, v.loss);
		assert_int_equal(v.step, 10);
		assert_true(fabs(v.loss - .1) < 1e-9);
		assert_true(v.known & PROGRESS_RANKS);
		assert_int_equal(v.ranks.seen, 3);
		assert_int_equal(v.ranks.behind, 2);
		assert_int_equal(v.ranks.behind_step, 5);
		free(p);
	}
}

/* The newest line of a burst may say no step: the bar before it is read too, and none older stays. */
static void test_burst_that_ends_an_epoch(void **state)
{
	struct progress *p = reader_new(NULL);
	struct progress_values v;
	char line[80];

	(void)state;
	for (int i = 1; i <= 600; i++) {
		snprintf(line, sizeof line,
			"\r%3d%%|##  | %d/1000 [00:10<00:20, 20.0it/s, loss=0.5]", i / 10, i);
		feed(p, line, 0);
	}
	feed(p, "\rEpoch 6/10 - loss: 0.4 - acc: 0.8\n", 0);
	for (int later = 0; later < 2; later++) {
		progress_pause(p, 0, &v);
		assert_true((v.known & PROGRESS_STEP) && (v.known & PROGRESS_TOTAL));
		assert_int_equal(v.step, 600);
		assert_int_equal(v.total, 1000);
		assert_int_equal(v.epoch, 6);
		assert_true(v.loss == .4);
		feed(p, "", 2000);
	}
	feed(p, "nothing", 2000);
	/* Where it is not there, the step is unknown. */
	progress_init(p, NULL);
	feed(p, "step 3/10 loss 0.5\n", 3000);
	progress_skip(p);
	feed(p, "\nloss: 0.4\n", 3000);
	progress_pause(p, 3000, &v);
	assert_false(v.known & PROGRESS_STEP);
	free(p);
}

/* 200 lines a second are read, the newest among them; what was passed over leaves no old loop. */
static void test_bound(void **state)
{
	struct progress *p = reader_new(NULL);
	struct progress_values v;
	char line[128];

	(void)state;
	feed(p, "Epoch 1/3\n", 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof line, "%d/2000 [==>....] - ETA: 9s - loss: 0.5\r", i);
		feed(p, line, 0);
	}
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 999);
	assert_int_equal(v.total, 2000);
	assert_false(v.known & PROGRESS_EPOCH);
	assert_true(progress_passed(p) >= 790);
	feed(p, "1000/2000 [==>....] - ETA: 9s - loss: 0.4\r", 1500);
	progress_pause(p, 1500, &v);
	assert_int_equal(v.step, 1000);
	assert_true(v.loss == .4);
	free(p);
}

/* The whole job's, from the percentage's own speed; none at its end. */
static void test_eta(void **state)
{
	struct progress *p = reader_new(NULL);
	struct progress_values v;
	char line[64];

	(void)state;
	for (int i = 0; i <= 40; i++) {
		snprintf(line, sizeof line, "step %d/400 loss 0.5\n", i);
		feed(p, line, 1000 * i);
	}
	progress_pause(p, 40000, &v);
	assert_true(v.known & PROGRESS_ETA);
	assert_true(llabs(v.eta_ms - 360000) < 15000);
	progress_finish(p, 40000, &v);
	assert_false(v.known & (PROGRESS_ETA | PROGRESS_RATE));
	assert_int_equal(v.step, 40);
	free(p);
}

struct lines {
	int read, unread, passed;
	char readers[256];
};

static void line_read(void *ctx, const struct progress_line *line)
{
	struct lines *l = ctx;

	if (line->passed) {
		l->passed++;
	} else if (line->reader) {
		l->read++;
		snprintf(l->readers + strlen(l->readers), sizeof l->readers - strlen(l->readers),
			"%s;", line->reader);
	} else {
		l->unread++;
	}
}

static void test_watch(void **state)
{
	struct progress *p = reader_new(NULL);
	struct lines l = {0};

	(void)state;
	progress_watch(p, line_read, &l);
	feed(p, "hello\n\n  0%|   | 0/10 [00:00<?, ?it/s]\rstep 3 loss 2\nbye 12\n", 0);
	assert_int_equal(l.read, 2);
	assert_int_equal(l.unread, 2);
	assert_string_equal(l.readers, "tqdm;values;");
	free(p);
}

/* As dear as one may be, on lines as long as they may be: the next second reads on, the newest first. */
static void test_dear_patterns(void **state)
{
	static const char *const patterns[] = {"(?<loss>((a?){20}){10}b)", "round (?<step>[0-9]+)"};
	enum { LINES = 40 };
	struct err e = ERR_INIT;
	struct progress_rules *rules = progress_rules_new(patterns, 2, NULL, &e);
	struct progress *p = reader_new(rules);
	struct progress_values v;
	struct lines l = {0};
	char dear[PROGRESS_LINE_MAX + 1];

	(void)state;
	memset(dear, 'a', sizeof dear);
	dear[PROGRESS_LINE_MAX - 1] = '\n';
	dear[PROGRESS_LINE_MAX] = '\0';
	progress_watch(p, line_read, &l);
	feed(p, "round 1\n", 0);
	for (int i = 0; i < LINES; i++)
		feed(p, dear, 0);
	feed(p, "round 2\n", 0);
	assert_in_range(l.passed, LINES / 2, LINES);
	assert_int_equal(progress_passed(p), l.passed);
	progress_pause(p, 0, &v);
	assert_int_equal(v.step, 2);
	feed(p, "round 3\nround 4\n", 1000);
	progress_pause(p, 1000, &v);
	assert_int_equal(v.step, 4);
	assert_string_equal(l.readers, "pattern;pattern;pattern;pattern;");
	/* one line has its bound as well, and the readers of all logs still see it */
	dear[900] = '\0';
	feed(p, dear, 2000);
	feed(p, " round 5 loss 6.5\n", 2000);
	progress_pause(p, 2000, &v);
	assert_int_equal(v.step, 4);
	assert_float_equal(v.loss, 6.5, 0);
	free(p);
	progress_rules_free(rules);
}

/* Only patterns can be about any line: the name of a metric leaves a torrent's progress where it is. */
static void test_metric_in_a_torrent(void **state)
{
	static const char *const names[] = {"val_auc", ""};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct progress_rules *rules = progress_rules_new(NULL, 0, names[i], NULL);
		struct progress *p = reader_new(rules);
		struct progress_values v;

		for (int n = 0; n < 3000; n++)
			feed(p, "some words about nothing\n", 0);
		feed(p, "step 7 loss 2.5 val_auc 0.75\n", 0);
		for (int n = 0; n < 3000; n++)
			feed(p, "some words about nothing\n", 0);
		progress_pause(p, 0, &v);
		assert_int_equal(v.step, 7);
		assert_true(v.known & PROGRESS_METRIC);
		assert_string_equal(v.metric_name, "val_auc");
		free(p);
		progress_rules_free(rules);
	}
}

/* ---- Event files ---- */

struct files_row {
	struct progress_scalar list[4];
	const char *metric; /* asked for */
	unsigned known;
	int64_t step, epoch;
	double loss, value;
	const char *name;
};

static void test_event_files_say_what_a_log_would(void **state)
{
	enum {
		SLEM = PROGRESS_STEP | PROGRESS_LOSS | PROGRESS_EPOCH | PROGRESS_METRIC,
		SL = PROGRESS_STEP | PROGRESS_LOSS
	};
	static const struct files_row rows[] = {
		/* torch, Lightning with its own epoch, Keras by epoch in two runs, nothing known. */
		{{{".", "Loss/train", 7, 1, 0.5}, {".", "Loss/test", 5, 2, 0.7}}, NULL,
			SL | PROGRESS_METRIC, 7, 0, 0.5, 0.7, "Loss/test"},
		{{{"a", "train_loss", 49, 5, 0.25}, {"a", "epoch", 49, 6, 2},
			 {"a", "val_acc", 40, 4, 0.9}, {"a", "lr", 50, 7, 0.1}},
			NULL, SLEM, 49, 2, 0.25, 0.9, "val_acc"},
		{{{"train", "epoch_loss", 3, 5, 0.1}, {"validation", "epoch_loss", 3, 6, 0.2},
			 {"validation", "epoch_accuracy", 3, 6, 0.8}},
			NULL, PROGRESS_LOSS | PROGRESS_EPOCH | PROGRESS_METRIC, 0, 3, 0.1, 0.8,
			"epoch_accuracy"},
		{{{".", "temperature", 12, 1, 3}}, NULL, PROGRESS_STEP, 12, 0, 0, 0, ""},
		/* Of two runs the newer; a name that was asked for, with what stands before it or not. */
		{{{"old", "loss", 90, 1, 9}, {"new", "loss", 10, 2, 1}}, NULL, SL, 10, 0, 1, 0, ""},
		{{{".", "train/loss", 9, 1, 2}, {".", "eval/wer", 8, 1, 0.3},
			 {".", "eval/acc", 8, 1, 1}},
			"wer", SL | PROGRESS_METRIC, 9, 0, 2, 0.3, "eval/wer"},
		{{{".", "loss", -4, 1, 2}}, NULL, PROGRESS_LOSS, 0, 0, 2, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct files_row *r = &rows[i];
		struct progress_values v;
		size_t count = 0;

		while (count < 4 && r->list[count].tag)
			count++;
		progress_scalars(r->list, count, r->metric, &v);
		if (v.known != r->known || v.step != r->step || v.epoch != r->epoch ||
			v.loss != r->loss || v.metric != r->value ||
			strcmp(v.metric_name, r->name) != 0)
			fail_msg("row %zu: known %x step %lld epoch %lld loss %g %s %g", i, v.known,
				(long long)v.step, (long long)v.epoch, v.loss, v.metric_name,
				v.metric);
		assert_string_equal(progress_source(&v), "events");
	}
}

static void test_event_files_fill_what_the_log_has_never_said(void **state)
{
	static const struct progress_scalar list[] = {{".", "loss", 7, 1, 0.5}};
	struct progress_values events, v = {.known = PROGRESS_LOSS, .loss = 2};

	(void)state;
	progress_scalars(list, 1, NULL, &events);
	progress_add(&v, PROGRESS_LOSS, &events);
	assert_true(v.loss == 2 && v.step == 7);
	assert_string_equal(progress_source(&v), "log, events");
	/* What the log once said and does not know now is no matter of event files. */
	v = (struct progress_values){.known = PROGRESS_STEP, .step = 3};
	progress_add(&v, PROGRESS_STEP | PROGRESS_LOSS, &events);
	assert_int_equal(v.known, PROGRESS_STEP);
	assert_int_equal(v.step, 3);
	assert_string_equal(progress_source(&v), "log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_that_ends_an_epoch),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_newest_stands),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_half_a_line),
		cmocka_unit_test(test_outright),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_event_files_say_what_a_log_would),
		cmocka_unit_test(test_event_files_fill_what_the_log_has_never_said),
		cmocka_unit_test(test_osc),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_metric_asked_for),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_eta),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_dear_patterns),
		cmocka_unit_test(test_metric_in_a_torrent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
