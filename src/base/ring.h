/* The newest `cap` samples of one quantity. Owner: whoever holds the struct. NAN is "unknown". */
#ifndef MLTOP_BASE_RING_H
#define MLTOP_BASE_RING_H

#include <stddef.h>

struct ring {
	float *values;
	size_t cap, len, head;
};

void ring_init(struct ring *r, size_t cap); /* allocates at the first push */
void ring_release(struct ring *r);
void ring_push(struct ring *r, float value);
float ring_at(const struct ring *r, size_t i); /* 0 is the oldest; i < r->len */

#endif
