#include "core/kinds/page.h"

/* A record that is told as it was chained has its values one step down; any other is a row itself. */
static json_t *row_of(json_t *in)
{
	json_t *record = json_object_get(in, "record"), *row;

	if (!json_is_object(record))
		return json_incref(in);
	row = json_copy(in);
	json_object_update_missing(row, record);
	return row;
}

json_t *page_rows(const struct kind *k, const json_t *page)
{
	const json_t *data = json_object_get(page, "data");
	const char *values = NULL, *name;
	json_t *value, *rows = json_array();

	if (json_is_array(data)) {
		for (size_t i = 0; i < json_array_size(data); i++)
			json_array_append_new(rows, row_of(json_array_get(data, i)));
		return rows;
	}
	for (size_t i = 0; i < k->field_count && values == NULL; i++)
		if (k->fields[i].type->storage == ST_STRINGS)
			values = k->fields[i].name;
	json_object_foreach((json_t *)page, name, value)
		if (values && json_is_array(value))
			json_array_append_new(rows,
				json_pack("{s:s, s:O}", kind_key(k)->name, name, values, value));
	return rows;
}
