/* What readers of bars share. Inside core/progress only. */
#ifndef MLTOP_CORE_PROGRESS_BARS_H
#define MLTOP_CORE_PROGRESS_BARS_H

#include "core/progress/line.h"

/* The cells of a bar that are drawn with characters beyond ASCII, after cleaning. */
enum { CELL_FULL = PROGRESS_CELL_FULL, CELL_EMPTY = PROGRESS_CELL_EMPTY };

/* "340/1000", "122M/300M", "40/?", "44 of 120"; the place behind it, or NULL. */
const char *bar_counts(const char *s, struct said *out);
/* Takes the name of a bar, and the epoch and the phase that stand in it. */
void bar_name(struct said *s, const char *begin, const char *end);
/* A rate: what it counts says what the bar counts. */
void bar_rate(struct said *s, double rate, struct span unit);
/* Where the percentage that ends before `end` begins; `end` where there is none. */
const char *bar_percent_before(const char *text, const char *end, double *percent);
/* "Epoch 2/5", "epoch [3]", "Epoch 3 of 10": false where the word or its number is missing. */
bool epoch_take(const char *text, const char *end, struct said *s);

#endif
