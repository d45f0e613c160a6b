#include "core/kinds/event.h"

#include "core/kinds/key.h"
#include "core/schema/ftype.h"

static const char *const event_type_words[] = {
	[EVENT_NORMAL] = "Normal",
	[EVENT_WARNING] = "Warning",
	NULL,
};

static const struct word_look event_type_looks[] = {
	[EVENT_NORMAL] = {TONE_PLAIN, LIFE_NONE},
	[EVENT_WARNING] = {TONE_WAIT, LIFE_NONE},
};

static const char *const sections[] = {"Event", NULL};

static const struct field fields[] = {
	ROW(event, uid, text, .flags = F_UID | F_STATUS, .width = 26, .doc = "ULID of the event."),
	ROW(event, last_time, when, .title = "TIME", .flags = F_STATUS, .width = 20,
		.doc = "When it happened last."),
	ROW(event, first_time, when, .title = "FIRST", .flags = F_STATUS, .width = 20,
		.doc = "When it happened first."),
	ROW(event, count, int, .flags = F_STATUS, .width = 5,
		.doc = "How often it happened in a row."),
	ROW(event, type, enum, .flags = F_STATUS, .width = 7, .names = event_type_words,
		.looks = event_type_looks,
		.doc = "Normal, or Warning when somebody may have to act."),
	ROW(event, reason, text, .flags = F_STATUS, .width = 16, .max = 63,
		.doc = "What happened, one CamelCase word."),
	ROW(event, kind, text, .flags = F_STATUS, .width = 8, .max = 63,
		.doc = "Kind of the object: job, key, node and so on."),
	ROW(event, object_name, text, .title = "OBJECT", .flags = F_KEY | F_STATUS, .width = 24,
		.doc = "Name of the object that it happened to."),
	ROW(event, object_uid, text, .flags = F_STATUS, .width = 26, .doc = "Uid of that object."),
	ROW(event, org_id, text, .flags = F_STATUS, .width = 8, .doc = "Id of the object's org."),
	ROW(event, message, text, .flags = F_STATUS, .width = 40, .max = 4096,
		.doc = "What happened, as a sentence."),

	ROW_AS(event, "name", object_name, text, .title = "OBJECT", .width = 24, .flags = F_ALIAS,
		.doc = "Short for object_name."),
	ROW_AS(event, "why", reason, text, .title = "REASON", .width = 16, .flags = F_ALIAS,
		.doc = "Short for reason."),
	ROW_AS(event, "age", last_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it happened last."),
};
KIND_FITS(fields);

static json_t *time_or_blank(struct when t)
{
	return t.v ? ft_when.encode(NULL, &t) : json_string("");
}

static json_t *text_or_blank(const char *text)
{
	return json_from_text(text ? text : "");
}

json_t *event_compatible(const struct event *e)
{
	json_t *object = json_object(), *out = json_object();

	json_object_set_new(object, "name", text_or_blank(e->object_name));
	json_object_set_new(out, "firstTimestamp", time_or_blank(e->first_time));
	json_object_set_new(out, "lastTimestamp", time_or_blank(e->last_time));
	json_object_set_new(out, "count", json_integer(e->count));
	json_object_set_new(out, "involvedObject", object);
	json_object_set_new(out, "type",
		json_string(e->type == EVENT_WARNING ? "Warning" : "Normal"));
	json_object_set_new(out, "reason", text_or_blank(e->reason));
	json_object_set_new(out, "message", text_or_blank(e->message));
	return out;
}

const struct kind event_kind = {
	.name = "event",
	.plural = "events",
	.path = "/cloud_ml/v1/events",
	.doc = "Something that happened to an object.",
	.can = CAN_LIST | CAN_STREAM,
	.see = ROLE_VIEWER,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct event),
	.sections = sections,
	.list_fields = "age,type,reason,object_name,count,message",
	.wide_fields = "first_time,last_time,type,reason,kind,object_name,object_uid,org_id,count,"
		       "message",
};
