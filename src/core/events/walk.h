/* The data of one record, an Event, in pieces. Private to core/events. */
#ifndef MLTOP_CORE_EVENTS_WALK_H
#define MLTOP_CORE_EVENTS_WALK_H

#include "base/buf.h"

enum walk_state { WALK_KEY, WALK_NUMBER, WALK_LENGTH, WALK_BYTES };

struct event_walk {
	/* What has been seen. */
	double wall_time; /* s */
	int64_t step;     /* 0 where it is not said: proto3 */
	struct buf kept;  /* each Summary.Value: its length as a uint32_t, its bytes */
	bool passed;      /* some were too much */
	bool damaged;     /* this is no Event */
	/* Where it is. */
	enum walk_state state;
	uint64_t length, at; /* of the record, bytes */
	uint64_t summary;    /* where the summary ends that this is in; 0: in none */
	uint64_t number;     /* a varint, as far as it has come */
	unsigned shift;
	unsigned field, wire;
	uint64_t left; /* bytes of the field that are to come */
	bool keep;     /* they are a value's */
	unsigned char fixed[8];
};

void event_walk_begin(struct event_walk *w,
	uint64_t length); /* keeps the memory of the one before */
/* Of at most `length` bytes in all. */
void event_walk_feed(struct event_walk *w, const unsigned char *bytes, size_t len);
/* All bytes were fed: is it an Event? */
bool event_walk_whole(const struct event_walk *w);

#endif
