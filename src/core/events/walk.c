/*
 * Event {1: wall_time double, 2: step int64, 5: summary}, Summary {1: value, repeated}: all else is
 * stepped over without being held. Only values that may be scalars are kept, as they are.
 */
#include "core/events/walk.h"

#include "core/events/events.h"

#include <string.h>

enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_SUMMARY = 5, SUMMARY_VALUE = 1 };
enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_FIXED32 = 5 };

void event_walk_begin(struct event_walk *w, uint64_t length)
{
	struct buf kept = w->kept;

	memset(w, 0, sizeof *w);
	w->kept = kept;
	w->length = length;
	buf_reset(&w->kept);
}

bool event_walk_whole(const struct event_walk *w)
{
	return !w->damaged && w->at == w->length && w->state == WALK_KEY && w->shift == 0 &&
		w->summary == 0;
}

/* A field is over: of what is it the last? */
static void field_over(struct event_walk *w)
{
	w->state = WALK_KEY;
	if (w->summary && w->at > w->summary)
		w->damaged = true;
	else if (w->at == w->summary)
		w->summary = 0;
}

/* True: the number is whole. */
static bool number_add(struct event_walk *w, unsigned char byte)
{
	if (w->shift == 0)
		w->number = 0;
	if (w->shift > 63) {
		w->damaged = true;
		return false;
	}
	w->number |= (uint64_t)(byte & 0x7f) << w->shift;
	w->shift += 7;
	if (byte & 0x80)
		return false;
	w->shift = 0;
	return true;
}

static void bytes_begin(struct event_walk *w, uint64_t length)
{
	uint64_t end = w->summary ? w->summary : w->length;

	if (length > end - w->at) {
		w->damaged = true;
		return;
	}
	w->left = length;
	w->state = WALK_BYTES;
	if (length == 0)
		field_over(w);
}

static void key_read(struct event_walk *w)
{
	w->wire = w->number & 7;
	w->field = w->number >> 3 > UINT32_MAX ? 0 : (unsigned)(w->number >> 3);
	w->keep = false;
	if (w->field == 0 || (w->summary && w->at >= w->summary))
		w->damaged = true;
	else if (w->wire == WIRE_VARINT)
		w->state = WALK_NUMBER;
	else if (w->wire == WIRE_LENGTH)
		w->state = WALK_LENGTH;
	else if (w->wire == WIRE_FIXED64 || w->wire == WIRE_FIXED32)
		bytes_begin(w, w->wire == WIRE_FIXED64 ? 8 : 4);
	else
		w->damaged = true;
}

static void value_begin(struct event_walk *w)
{
	uint32_t length = (uint32_t)w->number;

	w->keep = w->number <= EVENT_VALUE_MAX &&
		w->kept.len + sizeof length + w->number <= EVENT_KEPT_MAX;
	/* Pictures are longer than a value may be, and nobody misses them. */
	w->passed |= !w->keep && w->number <= EVENT_VALUE_MAX;
	if (w->keep)
		buf_add(&w->kept, &length, sizeof length);
}

static void length_read(struct event_walk *w)
{
	bool inside = w->summary != 0;

	if (!inside && w->field == EVENT_SUMMARY && w->number <= w->length - w->at) {
		w->summary = w->at + w->number;
		field_over(w);
		return;
	}
	if (inside && w->field == SUMMARY_VALUE && w->number <= w->summary - w->at)
		value_begin(w);
	bytes_begin(w, w->number);
}

static void number_read(struct event_walk *w)
{
	if (!w->summary && w->field == EVENT_STEP)
		w->step = (int64_t)w->number;
	field_over(w);
}

static void bytes_read(struct event_walk *w, const unsigned char *bytes, size_t len)
{
	if (w->keep)
		buf_add(&w->kept, bytes, len);
	else if (w->wire == WIRE_FIXED64)
		memcpy(w->fixed + 8 - w->left, bytes, len);
	w->at += len;
	w->left -= len;
	if (w->left)
		return;
	if (!w->summary && w->field == EVENT_WALL_TIME && w->wire == WIRE_FIXED64)
		memcpy(&w->wall_time, w->fixed, sizeof w->wall_time);
	field_over(w);
}

void event_walk_feed(struct event_walk *w, const unsigned char *bytes, size_t len)
{
	const unsigned char *end = bytes + len;

	while (bytes < end && !w->damaged) {
		size_t n;

		if (w->state == WALK_BYTES) {
			n = (size_t)(end - bytes) < w->left ? (size_t)(end - bytes)
							    : (size_t)w->left;
			bytes_read(w, bytes, n);
			bytes += n;
			continue;
		}
		w->at++;
		if (!number_add(w, *bytes++))
			continue;
		switch (w->state) {
		case WALK_KEY: key_read(w); break;
		case WALK_NUMBER: number_read(w); break;
		case WALK_LENGTH: length_read(w); break;
		case WALK_BYTES: break;
		}
	}
}
