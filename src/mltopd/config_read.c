/* Settings as they are given: `--set KEY=VALUE`, and a file of YAML. */
#include "mltopd/config.h"

#include "io/yaml.h"

#include <stdio.h>
#include <string.h>

/* Items divided by commas, as --set and one line of YAML have them. */
static json_t *list_items(const char *text)
{
	json_t *out = json_array();

	for (text += strspn(text, " ,"); *text; text += strspn(text, " ,")) {
		size_t len = strcspn(text, ","), next = len;

		while (text[len - 1] == ' ')
			len--;
		json_array_append_new(out, json_stringn(text, len));
		text += next;
	}
	return out;
}

/* "zone=a, rack=7" as an object; NULL: an item is no KEY=VALUE. */
static json_t *pair_items(const char *text)
{
	json_t *items = list_items(text), *out = json_object(), *item;
	size_t i;

	json_array_foreach(items, i, item) {
		const char *pair = json_string_value(item), *sign = pair ? strchr(pair, '=') : NULL;
		char key[256];

		if (sign == NULL || sign == pair || (size_t)(sign - pair) >= sizeof key) {
			json_decref(out);
			json_decref(items);
			return NULL;
		}
		snprintf(key, sizeof key, "%.*s", (int)(sign - pair), pair);
		json_object_set_new(out, key, json_string(sign + 1));
	}
	json_decref(items);
	return out;
}

bool config_set_value(struct config *c, const struct field *f, json_t *value, struct err *e)
{
	json_t *object = json_object();
	bool good;

	if (f->type == &ft_strings && json_is_string(value)) {
		json_t *items = list_items(json_string_value(value));

		json_decref(value);
		value = items;
	}
	if (f->type == &ft_labels && json_is_string(value)) {
		json_t *pairs = pair_items(json_string_value(value));

		if (pairs) {
			json_decref(value);
			value = pairs;
		}
	}
	json_object_set_new(object, f->name, value);
	good = json_is_null(value)
		? err_field(e, ERR_INVALID, f->name, "%s has no value: give one, or leave it out",
			  f->name)
		: record_decode(&config_kind, c, &c->texts, object, DECODE_NEW, e);
	json_decref(object);
	return good;
}

static bool unknown(const char *name, struct err *e)
{
	const struct field *near = kind_similar(&config_kind, name, F_NEW);

	return err_field(e, ERR_INVALID, name,
		"%.80s: there is no such setting%s%s%s `mltopd docs config` lists them", name,
		near ? "; did you mean " : "", near ? near->name : ";", near ? "?" : "");
}

bool config_set(struct config *c, const char *assignment, struct err *e)
{
	const char *sign = strchr(assignment, '=');
	char name[128];
	const struct field *f;
	json_t *value;

	if (sign == NULL)
		return err_set(e, ERR_INVALID, "--set %.80s: give KEY=VALUE", assignment);
	snprintf(name, sizeof name, "%.*s",
		(int)(sign - assignment < 127 ? sign - assignment : 127), assignment);
	f = kind_field(&config_kind, name);
	if (f == NULL)
		return unknown(name, e);
	value = json_string(sign + 1);
	if (value == NULL)
		return err_field(e, ERR_INVALID, name, "%s is not UTF-8", name);
	return config_set_value(c, f, value, e);
}

/* ---- The file ---- */

static bool is_section(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < config_kind.field_count; i++) {
		const char *name = config_kind.fields[i].name;

		if (strncmp(name, path, len) == 0 && name[len] == '.')
			return true;
	}
	return false;
}

struct reading {
	struct config *c;
	const char *file;
	struct yaml_lines lines;
};

static bool set_here(const struct reading *r, const char *name, json_t *value, struct err *e)
{
	const struct field *f = kind_field(&config_kind, name);
	struct err why = ERR_INIT;

	if (f ? config_set_value(r->c, f, json_incref(value), &why) : unknown(name, &why))
		return true;
	return err_set(e, ERR_INVALID, "%s:%d: %s", r->file, yaml_line(&r->lines, name), why.text);
}

/* Sections within sections: a setting's name is their keys, joined by dots. */
static bool set_all(const struct reading *r, const char *path, json_t *object, struct err *e)
{
	const char *key;
	json_t *value;
	bool good = true;

	json_object_foreach(object, key, value) {
		struct buf name = BUF_INIT;

		buf_addf(&name, "%s%s%s", path, *path ? "." : "", key);
		if (!is_section(name.data))
			good = set_here(r, name.data, value, e);
		else if (!json_is_null(value))
			good = json_is_object(value) ? set_all(r, name.data, value, e)
						     : set_here(r, name.data, value, e);
		buf_release(&name);
		if (!good)
			break;
	}
	return good;
}

bool config_read(struct config *c, const char *path, struct err *e)
{
	struct reading r = {c, path, YAML_LINES_INIT};
	json_t *root = yaml_load(path, &r.lines, e);
	bool good = root != NULL;

	if (good && !json_is_object(root) && !json_is_null(root))
		good = err_set(e, ERR_INVALID, "%s:1: settings are KEY: VALUE lines", path);
	else if (good)
		good = set_all(&r, "", root, e);
	json_decref(root);
	yaml_lines_release(&r.lines);
	return good;
}
