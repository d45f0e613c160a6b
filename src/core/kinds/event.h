/* Something that happened to an object. Equal ones in a row are folded: count and the last time. */
#ifndef MLTOP_CORE_EVENT_H
#define MLTOP_CORE_EVENT_H

#include "core/schema/schema.h"

enum event_type { EVENT_NORMAL, EVENT_WARNING };

struct event {
	struct record record;
	const char *uid;           /* ULID */
	const char *org_id, *kind; /* kind of the object: "job" */
	const char *object_uid, *object_name;
	unsigned type;
	const char *reason, *message; /* CamelCase word; sentence */
	int64_t count;
	struct when first_time, last_time;
};
extern const struct kind event_kind;

/* {"firstTimestamp","lastTimestamp","count","involvedObject":{"name"},"type","reason","message"} */
json_t *event_compatible(const struct event *e);

#endif
