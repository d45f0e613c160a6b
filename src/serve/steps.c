#include "serve/steps.h"

#include "serve/http.h"

bool steps_turn_over(const struct server *s)
{
	return s->turn_steps <= 0;
}

static bool unbounded(const struct server *s, const struct key_use *use)
{
	return use == NULL || !s->asks->limits(s->platform)->shared;
}

int64_t steps_wait_ms(const struct server *s, struct key_use *use, int64_t mono)
{
	if (unbounded(s, use))
		return 0;
	if (use->steps_at == 0)
		use->steps = STEPS_BURST;
	else
		use->steps += (mono - use->steps_at) * (STEPS_SECOND / 1000);
	if (use->steps > STEPS_BURST)
		use->steps = STEPS_BURST;
	use->steps_at = mono;
	return use->steps > 0 ? 0 : 1 - use->steps / (STEPS_SECOND / 1000);
}

void steps_spend(struct server *s, struct key_use *use, int64_t steps)
{
	s->turn_steps -= steps;
	if (use != NULL)
		use->steps -= steps;
}

bool steps_begin(const struct server *s, struct key_use *use, size_t rows, int64_t mono,
	struct err *e)
{
	int64_t cost = (int64_t)rows + BEGIN_LEAST, back;

	if (unbounded(s, use))
		return true;
	back = (mono - use->begun_at) * (BEGIN_SECOND / 1000);
	use->begun = back < use->begun ? use->begun - back : 0;
	use->begun_at = mono;
	/* One that is larger than all there may be begins where there was none. */
	if (use->begun > 0 && use->begun + cost > BEGIN_ROWS)
		return err_set(e, ERR_BUSY,
			"this access key subscribes too often: wait a second, then ask again");
	use->begun += cost;
	return true;
}

bool steps_refuse_row(struct err *e)
{
	return err_set(e, ERR_UNPROCESSABLE,
		"the filter costs too much: its terms take more than %d steps for a single row. Use "
		"fewer or simpler regular expressions",
		STEPS_ROW);
}

bool steps_refuse_pass(struct err *e)
{
	return err_set(e, ERR_UNPROCESSABLE,
		"the filter costs too much: it takes more than %d steps for all rows. Use fewer or "
		"simpler regular expressions, or ask for fewer rows",
		STEPS_PASS);
}
