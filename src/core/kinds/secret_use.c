#include "core/kinds/secret_use.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

bool secret_name_good(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= SECRET_NAME_MAX && name[0] != '.' && name[0] != '-' &&
		strspn(name, LETTERS DIGITS "_-.") == len;
}

/* What a shell can name; those of the platform and of the loader are not to be replaced. */
static bool variable_good(const char *name, struct err *e)
{
	static const char *const kept[] = {"PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH"};
	size_t len = strlen(name);
	bool good = len > 0 && len <= TASK_SECRET_NAME_MAX && !strchr(DIGITS, name[0]) &&
		strspn(name, LETTERS DIGITS "_") == len;

	if (!good)
		return err_field(e, ERR_INVALID, "secrets",
			"secrets: %.63s is no variable: give up to %d letters, digits and _ that do not "
			"begin with a digit",
			*name ? name : "(nothing)", TASK_SECRET_NAME_MAX);
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		good = good && strcmp(name, kept[i]) != 0;
	return (good && strncmp(name, "MLTOP_", 6) != 0) ||
		err_field(e, ERR_INVALID, "secrets",
			"secrets: the variable %s is set by the platform: choose another one",
			name);
}

bool secret_use_read(const char *text, struct secret_use *out, struct err *e)
{
	size_t len = strcspn(text, "=");

	*out = (struct secret_use){.variable = text[len] ? text + len + 1 : NULL};
	if (len <= SECRET_NAME_MAX)
		memcpy(out->name, text, len);
	if (len > SECRET_NAME_MAX || !secret_name_good(out->name))
		return err_field(e, ERR_INVALID, "secrets",
			"secrets: '%.63s' is no name of a secret: give NAME or NAME=VARIABLE, the name "
			"of up to %d letters, digits, _ - and . that begins with neither - nor .",
			out->name[0] ? out->name : "", SECRET_NAME_MAX);
	return out->variable == NULL || variable_good(out->variable, e);
}

static bool same_place(const struct secret_use *a, const struct secret_use *b)
{
	if (a->variable && b->variable)
		return strcmp(a->variable, b->variable) == 0;
	return !a->variable && !b->variable && strcmp(a->name, b->name) == 0;
}

/* Neither an entry before it nor the environment has that place already. */
static bool place_free(const struct strings *uses, size_t at, const struct secret_use *use,
	const struct labels *env, struct err *e)
{
	const char *what = use->variable ? "the variable " : "the file ";
	const char *name = use->variable ? use->variable : use->name;
	struct secret_use other;

	for (size_t i = 0; i < at; i++)
		if (secret_use_read(uses->items[i], &other, NULL) && same_place(&other, use))
			return err_field(e, ERR_INVALID, "secrets", "secrets: %s%s is given twice",
				what, name);
	for (size_t i = 0; use->variable && i < env->len; i++)
		if (strcmp(env->items[i].key, use->variable) == 0)
			return err_field(e, ERR_INVALID, "secrets",
				"secrets: the variable %s stands in env, too: give it once", name);
	return true;
}

bool secret_uses_check(const struct strings *uses, const struct labels *env, struct err *e)
{
	struct secret_use use;

	if (uses->len > SECRET_USES_MAX)
		return err_field(e, ERR_INVALID, "secrets",
			"secrets has %zu entries: a job may have %d", uses->len, SECRET_USES_MAX);
	for (size_t i = 0; i < uses->len; i++)
		if (!secret_use_read(uses->items[i], &use, e) || !place_free(uses, i, &use, env, e))
			return false;
	return true;
}
