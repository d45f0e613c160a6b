/* One Summary.Value, by protobuf-c. Private to core/events. */
#ifndef MLTOP_CORE_EVENTS_VALUE_H
#define MLTOP_CORE_EVENTS_VALUE_H

#include "core/events/events.h"

enum event_read {
	VALUE_READ,
	VALUE_PASSED, /* too much of it, or a name that is none */
	VALUE_DAMAGED /* it is no Summary.Value */
};

struct event_room; /* what protobuf-c may allocate for one value, and no more */
struct event_room *event_room_new(void);
void event_room_free(struct event_room *room);

/* Tag, class and number; step and time are the event's. `out` is good until the next. */
enum event_read event_value_parse(struct event_room *room, const void *bytes, size_t len,
	struct event_value *out);

#endif
