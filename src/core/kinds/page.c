#include "core/kinds/page.h"

json_t *page_rows(const struct kind *k, const json_t *page)
{
	const json_t *data = json_object_get(page, "data");
	const char *values = NULL, *name;
	json_t *value, *rows = json_array();

	if (json_is_array(data)) {
		json_array_extend(rows, (json_t *)data);
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
