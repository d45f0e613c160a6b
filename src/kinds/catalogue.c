#include "kinds/catalogue.h"

#include "base/buf.h"
#include "io/yaml.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Reading ---- */

struct reading {
	const char *file;
	struct yaml_lines lines;
};

static bool wrong(const struct reading *r, const char *at, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, "%s:%d: %s: %s", r->file, yaml_line(&r->lines, at), at,
		what);
}

static bool word_good(const char *word)
{
	size_t len = strlen(word);

	return len > 0 && len <= 63 &&
		strspn(word,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") ==
		len;
}

/* `prefix` is a venv or an installation: its python3 runs the module. */
static json_t *entry_python(const struct reading *r, const char *at, const char *text, bool prefix,
	struct err *e)
{
	char path[PATH_MAX];
	struct buf why = BUF_INIT;
	bool good = text[0] == '/' && strlen(text) < sizeof path - 16;

	if (good) {
		snprintf(path, sizeof path, "%s%s", text, prefix ? "/bin/python3" : "");
		good = access(path, X_OK) == 0;
		buf_addf(&why, "there is no program %s: make it, or name another", path);
	} else {
		buf_adds(&why, "give a path from / on");
	}
	if (!good)
		wrong(r, at, why.data, e);
	buf_release(&why);
	return good ? json_pack("{s:s}", "python", path) : NULL;
}

static json_t *entry_read(const struct reading *r, const char *at, const json_t *value,
	struct err *e)
{
	const char *prefix = json_string_value(json_object_get(value, "prefix"));
	const char *python = json_string_value(json_object_get(value, "python"));
	const char *image = json_string_value(json_object_get(value, "image"));

	if (json_object_size(value) == 1 && (prefix || python))
		return entry_python(r, at, prefix ? prefix : python, prefix != NULL, e);
	if (json_object_size(value) == 1 && image && *image && strlen(image) <= 1024)
		return json_pack("{s:s}", "image", image);
	wrong(r, at, "give one of prefix (a venv), python (an interpreter) and image", e);
	return NULL;
}

static json_t *versions_read(const struct reading *r, const char *name, json_t *versions,
	struct err *e)
{
	json_t *out = json_object();
	const char *version;
	json_t *value;
	char at[256];

	json_object_foreach(versions, version, value) {
		json_t *entry = NULL;

		snprintf(at, sizeof at, "%.63s.%.63s", name, version);
		if (!word_good(version))
			wrong(r, at, "a version has up to 63 letters, digits and . _ + -", e);
		else
			entry = entry_read(r, at, value, e);
		if (entry == NULL) {
			json_decref(out);
			return NULL;
		}
		json_object_set_new(out, version, entry);
	}
	return out;
}

static bool framework_read(const struct reading *r, const char *name, json_t *versions, json_t *out,
	struct err *e)
{
	json_t *read;

	if (!word_good(name))
		return wrong(r, name, "a framework's name has up to 63 letters, digits and . _ + -",
			e);
	if (json_object_size(versions) == 0 || json_object_size(versions) > CATALOGUE_VERSIONS_MAX)
		return wrong(r, name, "give its versions, up to 200, as keys below it", e);
	read = versions_read(r, name, versions, e);
	return read != NULL && json_object_set_new(out, name, read) == 0;
}

json_t *catalogue_read(const char *path, struct err *e)
{
	struct reading r = {path, YAML_LINES_INIT};
	json_t *out = json_object(), *root, *versions;
	const char *name;
	bool good;

	if (*path == '\0')
		return out;
	root = yaml_load(path, &r.lines, e);
	good = root != NULL;
	if (good && !json_is_null(root) && !json_is_object(root))
		good = err_set(e, ERR_INVALID,
			"%s:1: a catalogue is NAME: lines with versions below", path);
	else if (good && json_object_size(root) > CATALOGUE_FRAMEWORKS_MAX)
		good = err_set(e, ERR_INVALID, "%s: more than %d frameworks", path,
			CATALOGUE_FRAMEWORKS_MAX);
	if (good && json_is_object(root))
		json_object_foreach(root, name, versions)
			good = good && framework_read(&r, name, versions, out, e);
	json_decref(root);
	yaml_lines_release(&r.lines);
	if (!good)
		json_decref(out);
	return good ? out : NULL;
}

/* ---- Choosing ---- */

/* "1.15, 2.21", cut where it gets long. */
static void names_of(const json_t *object, struct buf *out)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value) {
		if (out->len > 600) {
			buf_adds(out, ", ...");
			return;
		}
		buf_addf(out, "%s%s", out->len ? ", " : "", name);
	}
}

static bool none_such(const json_t *of, const char *field, const char *what, const char *asked,
	struct err *e)
{
	struct buf names = BUF_INIT;

	names_of(of, &names);
	err_field(e, ERR_UNPROCESSABLE, field, "there is no %s%.63s here: there are %s", what,
		asked, names.data);
	buf_release(&names);
	return false;
}

static const char *last_of(const json_t *versions)
{
	const char *version, *last = NULL;
	json_t *value;

	json_object_foreach((json_t *)versions, version, value)
		last = version;
	return last;
}

bool catalogue_choose(const json_t *catalogue, const char *framework, const char *version,
	struct catalogue_choice *out, struct err *e)
{
	const json_t *versions, *entry;
	char what[80];

	*out = (struct catalogue_choice){NULL};
	if (json_object_size(catalogue) == 0)
		return true;
	if (framework == NULL || *framework == '\0')
		return version == NULL || *version == '\0' ||
			err_field(e, ERR_UNPROCESSABLE, "framework",
				"framework_version is given without framework: name it, too");
	versions = json_object_get(catalogue, framework);
	if (versions == NULL)
		return none_such(catalogue, "framework", "framework ", framework, e);
	if (version == NULL || *version == '\0')
		version = last_of(versions);
	entry = json_object_get(versions, version);
	snprintf(what, sizeof what, "%.63s ", framework);
	if (entry == NULL)
		return none_such(versions, "framework_version", what, version, e);
	out->version = version;
	out->python = json_string_value(json_object_get(entry, "python"));
	out->image = json_string_value(json_object_get(entry, "image"));
	return true;
}

void catalogue_list(const json_t *catalogue, json_t *out)
{
	const char *name, *version;
	json_t *versions, *value;

	json_object_foreach((json_t *)catalogue, name, versions) {
		json_t *list = json_array();

		json_object_foreach(versions, version, value)
			json_array_append_new(list, json_string(version));
		json_object_set_new(out, name, list);
	}
}
