#include "ui/app/yaml.h"

#include "core/text/yaml_key.h"

#include <stdlib.h>

/* A JSON scalar is a YAML scalar when texts keep their quotes. */
static void scalar(const json_t *value, struct buf *out)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));

	buf_adds(out, text ? text : "null");
	free(text);
}

static void add_key(const char *key, struct buf *out)
{
	json_t *text = yaml_key_is_bare(key) ? NULL : json_string(key);

	if (text)
		scalar(text, out);
	else
		buf_adds(out, key);
	json_decref(text);
}

static bool is_deep(const json_t *value)
{
	return (json_is_object(value) && json_object_size(value)) ||
		(json_is_array(value) && json_array_size(value));
}

static void write_value(const json_t *value, int depth, struct buf *out)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, key, item) {
			buf_addf(out, "%*s", depth * 2, "");
			add_key(key, out);
			buf_adds(out, is_deep(item) ? ":\n" : ": ");
			if (is_deep(item))
				write_value(item, depth + 1, out);
			else
				scalar(item, out), buf_addc(out, '\n');
		}
		return;
	}
	json_array_foreach(value, i, item) {
		buf_addf(out, "%*s-%s", (depth - 1) * 2, "", is_deep(item) ? "\n" : " ");
		if (is_deep(item))
			write_value(item, depth, out);
		else
			scalar(item, out), buf_addc(out, '\n');
	}
}

void yaml_write(const json_t *value, struct buf *out)
{
	if (is_deep(value))
		write_value(value, 0, out);
	else
		scalar(value, out);
}
