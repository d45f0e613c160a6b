/*
 * Event files: what torch, TensorFlow, Keras, tensorboardX and others write for TensorBoard, read as
 * TensorBoard's default reader does (its data server: tf_record.rs, event_file.rs, run.rs; 2.21).
 *
 * A file is records one after the other: u64 length, u32 masked CRC-32C of that, data, u32 masked
 * CRC-32C of the data, all little-endian. Data is an Event (event.proto of TensorFlow).
 *
 * Pure: bytes come in any pieces, nothing is known of files. Memory is bounded whatever a file says:
 * EVENT_KEPT_MAX a reader. One reader belongs to one thread at a time.
 */
#ifndef MLTOP_CORE_EVENTS_EVENTS_H
#define MLTOP_CORE_EVENTS_EVENTS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EVENT_VALUE_MAX = 64 * 1024, /* a value that is longer is a picture, not a scalar */
	EVENT_KEPT_MAX = 1024 *
		1024,        /* of the values of one record; further ones are passed over */
	EVENT_TAG_MAX = 512, /* bytes of a tag's name */
};
/* A length beyond it is none, though protobuf would take 2 GiB: a record is read in one go. */
#define EVENT_RECORD_MAX ((uint64_t)256 * 1024 * 1024)

/* What a tag holds is what its first value says; what comes later goes by that. */
enum event_class { EVENT_OTHER, EVENT_SCALAR };

struct event_value {
	const char *tag; /* ends with NUL, valid UTF-8, no NUL before; good during the call */
	int64_t step;
	int64_t wall;           /* ms since 1970 */
	enum event_class class; /* if it is its tag's first */
	bool known;             /* it is a number; else it only stands in the place of one */
	double number;          /* may be nan or infinite */
};
typedef void event_value_fn(void *ctx, const struct event_value *value);

struct event_reader;

/* Reads on from `offset` of a file, where a record begins. The caller frees it. */
struct event_reader *event_reader_new(uint64_t offset, event_value_fn *value_read, void *ctx);
void event_reader_free(struct event_reader *r); /* NULL is fine */
/*
 * The bytes that come next in the file. False: the file is damaged, and nothing after the last
 * whole record can be read, now or later; `e` says what is wrong and where. Values of a record are
 * told when it is whole and its checksum holds.
 */
bool event_reader_feed(struct event_reader *r, const void *bytes, size_t len, struct err *e);
/* Where the record that is not whole yet begins: a later reader goes on here. */
uint64_t event_reader_offset(const struct event_reader *r);
/*
 * Where that record ends in the file; 0: that is not known yet. While the file is shorter, reading on
 * is of no use.
 */
uint64_t event_reader_needs(const struct event_reader *r);
/* Records left out because their checksum is wrong; TensorBoard's default reader does not look. */
uint64_t event_reader_skipped(const struct event_reader *r);
/* Were values passed over that are more than the bounds above? */
bool event_reader_passed(const struct event_reader *r);

#endif
