/*
 * What training programs say about how far they are, read from their log: tqdm, Keras, the PyTorch
 * examples, the Hugging Face Trainer, TensorFlow estimators and plain `step 300 loss 0.53`
 * (tests/unit/core_progress.c has a line of each). Pure and bounded: a line counts up to
 * PROGRESS_LINE_MAX bytes, the rest of it is skipped; no allocation.
 */
#ifndef MLTOP_CORE_PROGRESS_H
#define MLTOP_CORE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_LINE_MAX = 1024, PROGRESS_NAME_MAX = 32 };

enum progress_known {
	PROGRESS_STEP = 1,
	PROGRESS_TOTAL = 2,
	PROGRESS_EPOCH = 4,
	PROGRESS_RATE = 8,
	PROGRESS_ETA = 16,
	PROGRESS_LOSS = 32,
	PROGRESS_METRIC = 64,
};

struct progress {
	unsigned known; /* PROGRESS_*: what has ever been said */
	int64_t step, total, epoch;
	double rate; /* steps a second */
	int64_t eta_ms;
	double loss, metric; /* finite */
	char metric_name[PROGRESS_NAME_MAX];
	/* a line that has not ended */
	char line[PROGRESS_LINE_MAX];
	size_t line_len;
	bool line_long;
};

void progress_init(struct progress *p);
/*
 * New bytes of the log, in any pieces. Lines end at LF or CR. Returns the PROGRESS_* whose values
 * were said in these bytes (the newest stands). A bar that ends with `]` is read before its CR
 * has come, because bars write the CR first.
 */
unsigned progress_feed(struct progress *p, const void *bytes, size_t len);
/* Bytes were skipped: what is held of a line is dropped. */
void progress_skip(struct progress *p);

#endif
