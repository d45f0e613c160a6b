#include "core/events/value.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/events/event.pb-c.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fields that are not ours are kept by protobuf-c, in a copy: so many times a value's bytes. */
enum { ROOM = 4 * EVENT_VALUE_MAX, ALIGN = 16 };

struct event_room {
	ProtobufCAllocator allocator;
	size_t used;
	bool full;
	char tag[EVENT_TAG_MAX + 1];
	_Alignas(ALIGN) char bytes[ROOM];
};

static void *room_alloc(void *ctx, size_t size)
{
	struct event_room *room = ctx;
	void *at = room->bytes + room->used;

	if (size > ROOM - room->used) {
		room->full = true;
		return NULL;
	}
	room->used += (size + ALIGN - 1) / ALIGN * ALIGN;
	if (room->used > ROOM)
		room->used = ROOM;
	return at;
}

/* All of it goes at once, when the next value comes. */
static void room_give_back(void *ctx, void *at)
{
	(void)ctx, (void)at;
}

struct event_room *event_room_new(void)
{
	struct event_room *room = malloc(sizeof *room);

	if (room == NULL)
		abort();
	room->allocator = (ProtobufCAllocator){room_alloc, room_give_back, room};
	return room;
}

void event_room_free(struct event_room *room)
{
	free(room);
}

/* ---- Tensors ---- */

/* IEEE 754 of 5 and 10 bits. */
static double half(unsigned bits)
{
	unsigned exponent = bits >> 10 & 31, rest = bits & 1023;
	double v = exponent == 0 ? ldexp(rest, -24)
		: exponent < 31  ? ldexp(1024 + rest, (int)exponent - 25)
		: rest           ? NAN
				 : INFINITY;

	return bits & 0x8000 ? -v : v;
}

static double single(uint32_t bits)
{
	float v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

enum dtype {
	DT_FLOAT = 1,
	DT_DOUBLE = 2,
	DT_INT32 = 3,
	DT_INT64 = 9,
	DT_BFLOAT16 = 14,
	DT_HALF = 19
};

static double from_bits(const Event__Tensor *t, uint64_t bits)
{
	double wide;

	switch ((enum dtype)t->dtype) {
	case DT_FLOAT: return single((uint32_t)bits);
	case DT_DOUBLE: memcpy(&wide, &bits, sizeof wide); return wide;
	case DT_INT32: return (int32_t)bits;
	case DT_INT64: return (double)(int64_t)bits;
	case DT_BFLOAT16: return single((uint32_t)bits << 16);
	case DT_HALF: return half((unsigned)bits);
	}
	return NAN;
}

static size_t size_of(int dtype)
{
	switch ((enum dtype)dtype) {
	case DT_FLOAT:
	case DT_INT32: return 4;
	case DT_DOUBLE:
	case DT_INT64: return 8;
	case DT_BFLOAT16:
	case DT_HALF: return 2;
	}
	return 0;
}

/* Of values of its type, the only one. */
static bool only_value(const Event__Tensor *t, double *out)
{
	switch ((enum dtype)t->dtype) {
	case DT_FLOAT: return t->n_float_val == 1 && (*out = (double)t->float_val[0], true);
	case DT_DOUBLE: return t->n_double_val == 1 && (*out = t->double_val[0], true);
	case DT_INT32: return t->n_int_val == 1 && (*out = t->int_val[0], true);
	case DT_INT64: return t->n_int64_val == 1 && (*out = (double)t->int64_val[0], true);
	case DT_BFLOAT16:
	case DT_HALF:
		return t->n_half_val == 1 && (*out = from_bits(t, (uint16_t)t->half_val[0]), true);
	}
	return false;
}

/*
 * TensorBoard's default reader takes floats alone; torch also writes doubles (double_precision), which
 * its Python reader shows.
 */
static bool tensor_number(const Event__Tensor *t, double *out)
{
	size_t size = size_of(t->dtype);
	uint64_t bits = 0;

	if ((t->shape && t->shape->n_dim > 0) || size == 0)
		return false;
	if (only_value(t, out))
		return true;
	if (t->n_float_val || t->n_double_val || t->content.len != size)
		return false;
	for (size_t i = 0; i < size; i++)
		bits |= (uint64_t)t->content.data[i] << 8 * i;
	*out = from_bits(t, bits);
	return true;
}

/* ---- The value ---- */

static bool of_scalars(const Event__Metadata *m)
{
	static const char scalars[] = "scalars";
	const ProtobufCBinaryData *name = m->plugin_data ? &m->plugin_data->plugin_name : NULL;

	return name && name->len == sizeof scalars - 1 &&
		memcmp(name->data, scalars, name->len) == 0;
}

/*
 * run.rs, SummaryValue::initial_metadata: what metadata says of itself goes before the value. The
 * scalars' page asks for those of its plugin only.
 */
static enum event_class class_of(const Event__Value *v)
{
	enum { CLASS_UNKNOWN, CLASS_SCALAR };
	const Event__Metadata *m = v->metadata;
	bool scalar;

	if (m && m->data_class != CLASS_UNKNOWN)
		scalar = m->data_class == CLASS_SCALAR && of_scalars(m);
	else
		scalar = v->value_case == EVENT__VALUE__VALUE_SIMPLE_VALUE || (m && of_scalars(m));
	return scalar ? EVENT_SCALAR : EVENT_OTHER;
}

static enum event_read tag_read(struct event_room *room, const ProtobufCBinaryData *tag)
{
	if (!utf8_valid((const char *)tag->data, tag->len))
		return VALUE_DAMAGED;
	if (tag->len > EVENT_TAG_MAX || (tag->len && memchr(tag->data, 0, tag->len)))
		return VALUE_PASSED;
	if (tag->len)
		memcpy(room->tag, tag->data, tag->len);
	room->tag[tag->len] = '\0';
	return VALUE_READ;
}

enum event_read event_value_parse(struct event_room *room, const void *bytes, size_t len,
	struct event_value *out)
{
	Event__Value *v;
	enum event_read read;

	room->used = 0;
	room->full = false;
	v = event__value__unpack(&room->allocator, len, bytes);
	if (v == NULL)
		return room->full ? VALUE_PASSED : VALUE_DAMAGED;
	read = tag_read(room, &v->tag);
	if (read != VALUE_READ)
		return read;
	out->tag = room->tag;
	out->class = class_of(v);
	out->known = false;
	if (v->value_case == EVENT__VALUE__VALUE_SIMPLE_VALUE) {
		out->number = (double)v->simple_value;
		out->known = true;
	} else if (v->value_case == EVENT__VALUE__VALUE_TENSOR && v->tensor) {
		out->known = tensor_number(v->tensor, &out->number);
	}
	return VALUE_READ;
}
