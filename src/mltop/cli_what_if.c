/* --what-if: what making or changing an object would lead to. */
#include "mltop/cli.h"

#include "core/kinds/forecast.h"

#include <stdlib.h>
#include <string.h>

static bool can_what_if(struct cli *c, struct err *e)
{
	json_t *answer = NULL, *word;
	bool found = false;
	size_t i;

	if (!cli_call(c, "GET", "/version", NULL, &answer, e))
		return false;
	json_array_foreach(json_object_get(answer, "capabilities"), i, word)
		found = found || strcmp(json_string_value(word) ?: "", "what_if") == 0;
	json_decref(answer);
	return found ||
		err_set(e, ERR_UNPROCESSABLE,
			"this platform cannot say what would happen: it is an older one; nothing was done");
}

static void print_text(const struct cli *c, struct buf *line)
{
	buf_addc(line, '\n');
	output_text(c, line->data);
	buf_reset(line);
}

static bool print_forecast(const struct cli *c, const json_t *answer, struct err *e)
{
	struct arena text = ARENA_INIT;
	struct buf line = BUF_INIT;
	struct forecast f = {.behind = 0};
	bool ok = record_decode(&forecast_kind, &f, &text, answer, DECODE_SERVER, e);

	if (ok) {
		if (c->verb->kind->can & CAN_CREATE)
			forecast_say(&f, &line);
		else
			forecast_say_limits(&f, &line);
		print_text(c, &line);
	}
	for (size_t i = 0; ok && i < FORECAST_RESOURCES; i++) {
		buf_addf(&line, "%-7s ", forecast_resources[i]);
		forecast_change(&f, i, &line);
		print_text(c, &line);
	}
	for (size_t i = 0; ok && i < f.over.len; i++) {
		buf_adds(&line, "over    ");
		forecast_over(records_at(&overrun_kind, &f.over, i), &line);
		print_text(c, &line);
	}
	buf_release(&line);
	arena_release(&text);
	return ok;
}

bool cli_what_if(struct cli *c, const char *method, const char *path, const json_t *body,
	struct err *e)
{
	struct buf asks = BUF_INIT;
	json_t *answer = NULL;
	bool ok;

	buf_addf(&asks, "%s?what_if=1", path);
	ok = can_what_if(c, e) && cli_call(c, method, asks.data, body, &answer, e);
	if (ok && (cli_has(c, "json") || cli_has(c, "output")))
		ok = output_one(c, &forecast_kind, answer, e);
	else if (ok)
		ok = print_forecast(c, answer, e);
	json_decref(answer);
	buf_release(&asks);
	return ok;
}
