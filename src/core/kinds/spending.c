#include "core/kinds/spending.h"

#include "core/kinds/key.h"
#include "core/usage/spent.h"

static const struct field fields[] = {
	ROW(spending, uid, text, .flags = F_UID | F_STATUS, .width = 26, .doc = "Uid of the job."),
	ROW(spending, job_name, text, .flags = F_KEY | F_STATUS, .width = 24,
		.doc = "Name that the job had; empty of several."),
	ROW(spending, org_id, text, .flags = F_STATUS, .width = 8, .doc = "Id of its org."),
	ROW(spending, org_name, text, .flags = F_STATUS, .width = 12, .doc = "Name of its org."),
	ROW(spending, owner, text, .flags = F_STATUS, .width = 12, .doc = "Whose it was."),
	ROW(spending, days, text, .flags = F_STATUS, .width = 20, .max = SPENT_TEXT_MAX,
		.doc = "What it spent, by day."),
	ROW(spending, several, flag, .flags = F_STATUS, .width = 3,
		.doc = "Whether it is the sum of several."),
	ROW(spending, merged, strings, .flags = F_STATUS, .width = 20, .max = SPENT_TEXT_MAX,
		.doc = "Uids of those whose sums it has taken over last."),
};
KIND_FITS(fields);

const struct kind spending_kind = {
	.name = "spending",
	.plural = "spendings",
	.doc = "What a job that was removed had spent.",
	.see = ROLE_ADMIN,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct spending),
};
