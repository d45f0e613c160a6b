/* Which patterns mltop progress tries: those that are given, then the platform's of a framework. */
#include "mltop/cli.h"

#include "core/kinds/framework.h"
#include "core/progress/progress.h"

#include <stdlib.h>
#include <string.h>

struct patterns {
	const char *items[PROGRESS_PATTERNS_MAX];
	size_t count;
};

/* NULL: it cannot be asked, or does not know that question. */
static json_t *platform_asked(struct cli *c, const char *framework, struct err *e)
{
	char *path = cli_path(&framework_kind, framework, "/progress");
	json_t *answer = NULL;

	if (cli_connect(c, e))
		cli_call(c, "GET", path, NULL, &answer, e);
	free(path);
	return answer;
}

/* What it answers is as untrusted as any: what does not parse is left out, with its sentence. */
static void platform_take(struct patterns *p, const json_t *answer)
{
	const json_t *all = json_object_get(answer, "progress_patterns"), *item;
	size_t i;

	json_array_foreach(all, i, item) {
		const char *pattern = json_string_value(item);
		struct err e = ERR_INIT;
		struct progress_rules *rules;

		if (pattern == NULL || p->count == PROGRESS_PATTERNS_MAX)
			continue;
		rules = progress_rules_new(&pattern, 1, NULL, &e);
		if (rules)
			p->items[p->count++] = pattern;
		else
			cli_complain("the platform's pattern is left out: %s", e.text);
		progress_rules_free(rules);
	}
}

/* The log is read all the same where the platform cannot say them. */
static json_t *platform_patterns(struct cli *c, struct patterns *p)
{
	const char *framework = cli_value(c, "framework");
	struct err e = ERR_INIT;
	json_t *answer = framework ? platform_asked(c, framework, &e) : NULL;
	size_t before = p->count;

	if (framework == NULL)
		return NULL;
	if (answer == NULL) {
		cli_complain("the platform's patterns for %s are not known, so it is read without "
			     "them: %s",
			framework, e.text);
		return NULL;
	}
	platform_take(p, answer);
	if (p->count == before)
		cli_complain(
			"the platform has no patterns for %s: what is read is what its readers "
			"see by themselves",
			framework);
	return answer;
}

struct progress_rules *cli_progress_rules(struct cli *c, bool *any, struct err *e)
{
	struct patterns p = {.count = 0};
	struct progress_rules *rules;
	json_t *answer = NULL;

	for (int i = 0; i < c->flag_count; i++)
		if (strcmp(c->flags[i].name, "pattern") == 0) {
			if (p.count == PROGRESS_PATTERNS_MAX) {
				err_set(e, ERR_INVALID, "-p: at most %d patterns are tried",
					PROGRESS_PATTERNS_MAX);
				return NULL;
			}
			p.items[p.count++] = c->flags[i].value;
		}
	rules = progress_rules_new(p.items, p.count, cli_value(c, "metric"), e);
	if (rules && cli_has(c, "framework")) {
		progress_rules_free(rules);
		answer = platform_patterns(c, &p);
		rules = progress_rules_new(p.items, p.count, cli_value(c, "metric"), e);
	}
	*any = p.count > 0 || cli_has(c, "metric");
	json_decref(answer);
	return rules;
}
