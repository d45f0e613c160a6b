#include "ui/app/parts.h"

#include <stdlib.h>

/* What happened to an object, of whatever kind. */

const struct column event_columns[] = {
	{.field = "age", .width = 4, .most = 5},
	{.field = "reason", .priority = 1, .width = 14, .most = 20, .tone = "type"},
	{.field = "count", .title = "N", .priority = 3, .width = 4},
	{.field = "message", .priority = 2, .width = 30, .most = 160},
	{0},
};

uint64_t events_ask(struct app *a, struct object o, const char *name, struct cmds *out)
{
	char *path = object_path(a, o, object_id(o, name), "/events");
	uint64_t id = app_get(a, path, out);

	free(path);
	return id;
}

/* An event as the public form has it, with the names that our rows have. */
static json_t *public_row(const json_t *in)
{
	static const char *const names[][2] = {{"firstTimestamp", "first_time"},
		{"lastTimestamp", "last_time"}, {"count", "count"}, {"type", "type"},
		{"reason", "reason"}, {"message", "message"}};
	json_t *row = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(in, names[i][0]);

		if (value)
			json_object_set(row, names[i][1], value);
	}
	return row;
}

/* Rows of the kind, or where a platform gives only that the public form; made-up ones lack uids. */
void events_take(struct table *t, const json_t *body)
{
	const json_t *data = json_object_get(body, "data"), *rows = json_object_get(body, "events");
	json_t *all = json_array();

	for (size_t i = 0; i < json_array_size(data ? data : rows); i++) {
		json_t *row = data ? json_copy(json_array_get(data, i))
				   : public_row(json_array_get(rows, i));
		const char *uid = json_string_value(json_object_get(row, "uid"));

		if (!uid || !*uid)
			json_object_set_new(row, "uid", json_sprintf("%zu", i));
		json_array_append_new(all, row);
	}
	dataset_begin_again(&t->data);
	table_rows(t, all);
	table_synced(t);
	json_decref(all);
}
