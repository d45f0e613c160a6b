/* Event files made by hand, byte by byte: shared by tests and nothing of ours but the checksum. */
#ifndef MLTOP_TEST_CORE_EVENT_FILES_H
#define MLTOP_TEST_CORE_EVENT_FILES_H

#include "base/buf.h"
#include "base/crc32c.h"

#include <string.h>

static inline void put_little(struct buf *b, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addc(b, (char)(v >> 8 * i));
}

static inline void put_varint(struct buf *b, uint64_t v)
{
	for (; v > 127; v >>= 7)
		buf_addc(b, (char)(v | 128));
	buf_addc(b, (char)v);
}

static inline uint32_t masked_crc(const void *bytes, size_t len)
{
	uint32_t crc = crc32c(0, bytes, len);

	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static inline void put_head(struct buf *b, uint64_t length)
{
	size_t at = b->len;

	put_little(b, length, 8);
	put_little(b, masked_crc(b->data + at, 8), 4);
}

static inline void put_record(struct buf *b, const struct buf *data)
{
	put_head(b, data->len);
	buf_add(b, data->data, data->len);
	put_little(b, masked_crc(data->data, data->len), 4);
}

/* A field with a length: its bytes are those of `inner`, which is emptied. */
static inline void put_field(struct buf *b, unsigned field, struct buf *inner)
{
	put_varint(b, field << 3 | 2);
	put_varint(b, inner->len);
	buf_add(b, inner->data, inner->len);
	buf_reset(inner);
}

static inline void put_text(struct buf *b, unsigned field, const char *text)
{
	struct buf inner = BUF_INIT;

	buf_adds(&inner, text);
	put_field(b, field, &inner);
	buf_release(&inner);
}

static inline void put_fixed64(struct buf *b, unsigned field, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	put_varint(b, field << 3 | 1);
	put_little(b, bits, 8);
}

static inline void put_float(struct buf *b, unsigned field, float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof bits);
	put_varint(b, field << 3 | 5);
	put_little(b, bits, 4);
}

/* An event whose summary has these values, each a Summary.Value with its field's head. */
static inline void put_event(struct buf *file, int64_t step, double wall, struct buf *values)
{
	struct buf event = BUF_INIT;

	put_fixed64(&event, 1, wall);
	if (step) {
		put_varint(&event, 2 << 3);
		put_varint(&event, (uint64_t)step);
	}
	put_field(&event, 5, values);
	put_record(file, &event);
	buf_release(&event);
}

static inline void put_simple(struct buf *values, const char *tag, float v)
{
	struct buf value = BUF_INIT;

	put_text(&value, 1, tag);
	put_float(&value, 2, v);
	put_field(values, 1, &value);
	buf_release(&value);
}

static inline void put_scalar(struct buf *file, const char *tag, int64_t step, double wall, float v)
{
	struct buf values = BUF_INIT;

	put_simple(&values, tag, v);
	put_event(file, step, wall, &values);
	buf_release(&values);
}

#endif
