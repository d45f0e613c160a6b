/* What rows that are looked up were over time: in memory, since this program began. */
#ifndef KINDS_LOOK_SAMPLES_H
#define KINDS_LOOK_SAMPLES_H

#include "kinds/kinds.h"

/* Is it time again? */
bool look_samples_due(struct platform *p);
/* All rows of a kind as they are seen now; those that are not among them any more are forgotten. */
void look_samples_take(struct platform *p, const struct rowset *rows);
void look_samples_release(struct platform *p);
/* GET .../samples of one. */
void look_samples(struct request *r);

#endif
