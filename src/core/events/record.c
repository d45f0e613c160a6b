/* Records of a file, and what their values say. */
#include "core/events/events.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "core/events/value.h"
#include "core/events/walk.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 12, LENGTH = 8, TAIL = 4 };
enum part { PART_HEAD, PART_DATA, PART_TAIL };

struct event_reader {
	event_value_fn *value_read;
	void *ctx;
	uint64_t record, needs; /* of the record that is being read */
	uint64_t skipped;
	bool passed;
	enum part part;
	unsigned char edge[HEAD]; /* of head or tail, what has come */
	size_t edge_len;
	uint64_t left; /* bytes of the data to come */
	uint32_t crc;
	struct event_walk walk;
	struct event_room *room;
};

struct event_reader *event_reader_new(uint64_t offset, event_value_fn *value_read, void *ctx)
{
	struct event_reader *r = mem_alloc(sizeof *r);

	r->record = offset;
	r->value_read = value_read;
	r->ctx = ctx;
	r->room = event_room_new();
	buf_init(&r->walk.kept, 0);
	return r;
}

void event_reader_free(struct event_reader *r)
{
	if (r == NULL)
		return;
	buf_release(&r->walk.kept);
	event_room_free(r->room);
	free(r);
}

uint64_t event_reader_offset(const struct event_reader *r)
{
	return r->record;
}

uint64_t event_reader_needs(const struct event_reader *r)
{
	return r->needs;
}

uint64_t event_reader_skipped(const struct event_reader *r)
{
	return r->skipped;
}

bool event_reader_passed(const struct event_reader *r)
{
	return r->passed;
}

static uint64_t little(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

/* TFRecord's and LevelDB's masking: a checksum of bytes that hold checksums is a poor one. */
static uint32_t masked(uint32_t crc)
{
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static bool damaged(const struct event_reader *r, struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID,
		"%s in the record at byte %" PRIu64
		": what comes after it cannot be read, what stood before it is there",
		what, r->record);
}

/* ---- What a whole record says ---- */

/* Seconds as a double may be anything; JSON's integers are safe to 2^53. */
static int64_t wall_ms(double seconds)
{
	const double most = 0x1p53;
	double ms = seconds * 1000;

	return (int64_t)(ms > most ? most : ms < -most ? -most : rint(ms));
}

static bool values_tell(struct event_reader *r, struct err *e)
{
	const struct buf *kept = &r->walk.kept;
	struct event_value v = {.step = r->walk.step, .wall = wall_ms(r->walk.wall_time)};
	uint32_t len;

	for (size_t at = 0; at < kept->len; at += sizeof len + len) {
		memcpy(&len, kept->data + at, sizeof len);
		switch (event_value_parse(r->room, kept->data + at + sizeof len, len, &v)) {
		case VALUE_READ: r->value_read(r->ctx, &v); break;
		case VALUE_PASSED: r->passed = true; break;
		case VALUE_DAMAGED: return damaged(r, e, "a summary that is none");
		}
	}
	return true;
}

static bool record_over(struct event_reader *r, struct err *e)
{
	r->passed |= r->walk.passed;
	if (masked(r->crc) != little(r->edge, TAIL)) {
		r->skipped++;
	} else {
		if (!event_walk_whole(&r->walk))
			return damaged(r, e, "data that are no event");
		if (isnan(r->walk.wall_time))
			return damaged(r, e, "a time that is no number");
		if (!values_tell(r, e))
			return false;
	}
	r->record = r->needs;
	r->needs = 0;
	r->part = PART_HEAD;
	return true;
}

/* ---- Its parts ---- */

static bool head_read(struct event_reader *r, struct err *e)
{
	uint64_t length = little(r->edge, LENGTH);

	if (masked(crc32c(0, r->edge, LENGTH)) != little(r->edge + LENGTH, TAIL))
		return damaged(r, e, "a length with a wrong checksum");
	if (length > EVENT_RECORD_MAX)
		return damaged(r, e, "a length that no event has");
	r->needs = r->record + HEAD + length + TAIL;
	r->left = length;
	r->crc = 0;
	r->part = length ? PART_DATA : PART_TAIL;
	event_walk_begin(&r->walk, length);
	return true;
}

/* Takes what is missing of `want` bytes; true once they are there. */
static bool edge_fill(struct event_reader *r, size_t want, const unsigned char **at, size_t *len)
{
	size_t n = want - r->edge_len < *len ? want - r->edge_len : *len;

	memcpy(r->edge + r->edge_len, *at, n);
	r->edge_len += n;
	*at += n;
	*len -= n;
	if (r->edge_len < want)
		return false;
	r->edge_len = 0;
	return true;
}

bool event_reader_feed(struct event_reader *r, const void *bytes, size_t len, struct err *e)
{
	const unsigned char *at = bytes;
	size_t n;

	while (len) {
		switch (r->part) {
		case PART_HEAD:
			if (edge_fill(r, HEAD, &at, &len) && !head_read(r, e))
				return false;
			break;
		case PART_DATA:
			n = len < r->left ? len : (size_t)r->left;
			r->crc = crc32c(r->crc, at, n);
			event_walk_feed(&r->walk, at, n);
			at += n;
			len -= n;
			r->left -= n;
			if (r->left == 0)
				r->part = PART_TAIL;
			break;
		case PART_TAIL:
			if (edge_fill(r, TAIL, &at, &len) && !record_over(r, e))
				return false;
			break;
		}
	}
	return true;
}
