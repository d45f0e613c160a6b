/* What can be done with an org: its queue is held and released. */
#include "core/kinds/hold.h"
#include "core/kinds/key.h"
#include "core/kinds/org.h"

static const char *const sections[] = {"Hold", NULL};

static const struct field fields[] = {
	ROW(hold, note, text, .label = "Note", .flags = F_NEW, .width = 30, .max = 240,
		.hint = "'until the bill is paid'",
		.doc = "Why, for all who wait to read; at most 240 bytes."),
};
KIND_FITS(fields);

const struct kind hold_kind = {
	.name = "hold",
	.plural = "holds",
	.doc = "What is said of a hold.",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct hold),
	.sections = sections,
};

static void hold_stake(const void *row, struct buf *out)
{
	const struct org *o = row;

	if (record_has(org, o, waiting) && record_has(org, o, running))
		buf_addf(out,
			"%lld of its jobs wait and stay where they are; %lld run and go on.\n",
			(long long)o->waiting, (long long)o->running);
}

const struct kind_action org_actions[] = {
	{
		.name = "hold",
		.method = "POST",
		.tail = "/hold",
		.least = ROLE_OPERATOR,
		.asks = ASKS_CONFIRM,
		.key = 'h',
		.flag = "held",
		.flag_set = false,
		.other = "release",
		.undo = "release",
		.takes = &hold_kind,
		.not_from = "its queue is held already",
		.ask = "Hold",
		.doing = "is held: nothing of it starts",
		.at_stake = hold_stake,
		.stakes = "Nothing of it starts until it is released; jobs are still accepted.",
		.doc = "Starts nothing more of the org until it is released; what runs goes on, jobs are "
		       "still accepted, and what an admin held an admin releases.",
	},
	{
		.name = "release",
		.method = "POST",
		.tail = "/release",
		.least = ROLE_OPERATOR,
		.asks = ASKS_NOTHING,
		.flag = "held",
		.flag_set = true,
		.not_from = "its queue is not held",
		.ask = "Release",
		.doing = "is released",
		.doc = "Lets jobs of the org start again.",
	},
};
_Static_assert(ARRAY_SIZE(org_actions) == ORG_ACTIONS, "as the header says");
