/* mltop usage: what was held by day, and what that costs. */
#include "mltop/cli.h"

#include "core/kinds/usage.h"
#include "core/wire/query.h"

#include <string.h>

/* Which columns tell the rows apart; an answer without prices has no cost. */
static const char *columns_of(const char *by)
{
	if (by && strcmp(by, usage_by_words[USAGE_BY_OWNER]) == 0)
		return "day,org,owner,gpu_seconds,cpu_seconds,memory_gib_seconds,attempts,cost,"
		       "currency";
	if (by && strcmp(by, usage_by_words[USAGE_BY_JOB]) == 0)
		return "day,org,owner,job,gpu_seconds,cpu_seconds,memory_gib_seconds,attempts,cost,"
		       "currency";
	return "day,org,gpu_seconds,cpu_seconds,memory_gib_seconds,attempts,cost,currency";
}

/* Whether the output is of columns, and nobody has said which. */
static bool chooses_columns(const struct cli *c)
{
	const char *form = cli_value(c, "output");

	return cli_value(c, "columns") == NULL && !cli_has(c, "json") &&
		(form == NULL || strcmp(form, "table") == 0 || strcmp(form, "csv") == 0);
}

static void given_add(struct cli *c, const char *name, const char *value)
{
	c->flags[c->flag_count++] = (struct cli_given){name, value};
}

int cli_usage_list(struct cli *c)
{
	static const char *const asked[] = {"from", "to", "by"};
	struct buf path = BUF_INIT;
	struct query q = QUERY_INIT;
	int given = c->flag_count, code;

	if (cli_has(c, "watch"))
		return cli_usage(c,
			"usage is counted when it is asked for, and not watched; "
			"`watch mltop usage` asks again and again");
	if (cli_has(c, "csv") && (cli_has(c, "json") || cli_has(c, "output")))
		return cli_usage(c, "--csv, --json and -o say the same: give one");
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		if (cli_value(c, asked[i]))
			query_add(&q, asked[i], cli_value(c, asked[i]), NULL);
	buf_addf(&path, "%s%s", usage_kind.path, q.count ? "?" : "");
	query_encode(&q, &path);
	if (cli_has(c, "csv"))
		given_add(c, "output", "csv");
	if (chooses_columns(c))
		given_add(c, "columns", columns_of(cli_value(c, "by")));
	code = cli_list_at(c, &usage_kind, path.data);
	c->flag_count = given;
	query_release(&q);
	buf_release(&path);
	return code;
}
