/*
 * JSON and YAML on standard output. Numbers are written as short as they can be and still be read
 * back as the same (0.0328, where the library has 0.032800000000000003).
 */
#include "mltop/output_inside.h"

#include "core/text/yaml_key.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void real_text(char out[REAL_SIZE], double value)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(out, REAL_SIZE, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			break;
	}
	/* "5" would be read as an integer. */
	if (out[strspn(out, "-0123456789")] == '\0')
		snprintf(out, REAL_SIZE, "%.1f", value);
}

/* ---- JSON: of the one thread that prints, so without locks ---- */

static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
			return false;
	return true;
}

/* Lists have hundreds of thousands of texts: nearly all need neither escapes nor a copy. */
static bool print_plain(const char *text, size_t len)
{
	if (!is_plain(text, len))
		return false;
	putchar_unlocked('"');
	fwrite_unlocked(text, 1, len, stdout);
	putchar_unlocked('"');
	return true;
}

static void print_string(const json_t *string, bool ascii)
{
	if (!print_plain(json_string_value(string), json_string_length(string)))
		json_dumpf(string, stdout, JSON_ENCODE_ANY | (ascii ? JSON_ENSURE_ASCII : 0));
}

static void print_key(const char *key, bool ascii)
{
	json_t *text;

	if (print_plain(key, strlen(key)))
		return;
	text = json_string(key);
	print_string(text, ascii);
	json_decref(text);
}

/* A new line and its indentation; nothing where the form is compact. */
static void line(bool pretty, int depth)
{
	if (!pretty)
		return;
	putchar_unlocked('\n');
	while (depth-- > 0)
		fwrite_unlocked("  ", 1, 2, stdout);
}

/* Also what is empty. Half of a list's values are null: the library makes a table for each. */
static void print_scalar(const json_t *value, bool ascii)
{
	char text[REAL_SIZE];

	if (json_is_string(value)) {
		print_string(value, ascii);
	} else if (json_is_real(value)) {
		real_text(text, json_real_value(value));
		fputs_unlocked(text, stdout);
	} else if (json_is_integer(value)) {
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_object(value) || json_is_array(value)) {
		fputs_unlocked(json_is_object(value) ? "{}" : "[]", stdout);
	} else {
		fputs_unlocked(json_is_null(value)    ? "null"
				: json_is_true(value) ? "true"
						      : "false",
			stdout);
	}
}

void print_json_value(const json_t *value, bool pretty, int depth)
{
	const char *key, *comma = "";
	json_t *item;
	size_t i;

	if (json_is_object(value) && json_object_size(value)) {
		putchar_unlocked('{');
		json_object_foreach((json_t *)value, key, item) {
			fputs_unlocked(comma, stdout);
			line(pretty, depth + 1);
			print_key(key, pretty);
			fputs_unlocked(pretty ? ": " : ":", stdout);
			print_json_value(item, pretty, depth + 1);
			comma = ",";
		}
		line(pretty, depth);
		putchar_unlocked('}');
	} else if (json_is_array(value) && json_array_size(value)) {
		putchar_unlocked('[');
		json_array_foreach(value, i, item) {
			fputs_unlocked(comma, stdout);
			line(pretty, depth + 1);
			print_json_value(item, pretty, depth + 1);
			comma = ",";
		}
		line(pretty, depth);
		putchar_unlocked(']');
	} else {
		print_scalar(value, pretty);
	}
}

/* ---- YAML ---- */

static void print_yaml_key(const char *key)
{
	if (yaml_key_is_bare(key))
		fputs(key, stdout);
	else
		print_key(key, true);
}

/* A JSON scalar is a YAML scalar, when texts keep their quotes. */
void print_yaml(const json_t *value, int depth)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_object(value) && json_object_size(value)) {
		json_object_foreach((json_t *)value, key, item) {
			bool deep = (json_is_object(item) && json_object_size(item)) ||
				(json_is_array(item) && json_array_size(item));

			printf("%*s", depth * 2, "");
			print_yaml_key(key);
			fputs(deep ? ":\n" : ": ", stdout);
			print_yaml(item, depth + 1);
		}
	} else if (json_is_array(value) && json_array_size(value)) {
		json_array_foreach(value, i, item) {
			bool deep = json_is_object(item) && json_object_size(item);

			printf("%*s-%s", (depth - 1) * 2, "", deep ? "\n" : " ");
			print_yaml(item, depth);
		}
	} else {
		print_scalar(value, true);
		putchar('\n');
	}
}
