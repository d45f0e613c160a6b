/* What people taught a reader. Inside core/progress only. */
#ifndef MLTOP_CORE_PROGRESS_RULES_H
#define MLTOP_CORE_PROGRESS_RULES_H

#include "core/progress/line.h"

/* The metric asked for, or NULL. */
const char *rules_metric(const struct progress_rules *r);
/* Are there patterns? They may be about any line. */
bool rules_have_patterns(const struct progress_rules *r);
/*
 * The patterns on a line: the first that fits. False: none does, or finding that out takes more than
 * *steps (of core/text/regex.h), which are counted down.
 */
bool rules_read(const struct progress_rules *r, const struct line *l, struct progress_values *v,
	int64_t *steps);
/* "mltop: progress step=340 total=1000 loss=0.53 val_acc=0.81": after its first two words. */
bool outright_read(const struct line *l, const char *metric, struct progress_values *v);

#endif
