#include "core/kinds/forecast.h"

#include "core/kinds/workload.h"

static const char *const sections[] = {"What would happen", NULL};

static const struct field uses_fields[] = {
	ROW(uses, cpu, quota_cpu, .flags = F_STATUS, .width = 6, .doc = "CPUs."),
	ROW(uses, memory, quota_memory, .flags = F_STATUS, .width = 6, .doc = "Memory."),
	ROW(uses, gpu, quota_count, .flags = F_STATUS, .width = 4, .doc = "GPUs."),
	ROW(uses, count, quota_count, .flags = F_STATUS, .width = 5, .doc = "Number of objects."),
};
KIND_FITS(uses_fields);

static const struct field overrun_fields[] = {
	ROW(overrun, kind, text, .flags = F_STATUS, .width = 6, .max = 31,
		.doc = "What it is: org, or the kind of an object that runs."),
	ROW(overrun, name, text, .flags = F_STATUS, .width = 24, .max = 255,
		.doc = "Name of the org or object."),
	ROW(overrun, line, text, .flags = F_STATUS, .width = 20, .max = 63,
		.doc = "The row of the quota that says the limit."),
	ROW(overrun, used, text, .flags = F_STATUS, .width = 8, .max = 31,
		.doc = "What is used of it then; of an object, what it uses."),
	ROW(overrun, limit, text, .flags = F_STATUS, .width = 8, .max = 31, .doc = "The limit."),
};
KIND_FITS(overrun_fields);

static const struct field fields[] = {
	ROW(forecast, starts_now, flag, .flags = F_STATUS, .width = 3,
		.doc = "Whether it starts in the next turn of planning; of a quota, whether a job that "
		       "waits does."),
	ROW(forecast, behind, int, .flags = F_STATUS, .width = 6,
		.doc = "How many go before it and wait; of a quota, how many wait for it then."),
	ROW(forecast, starts, int, .flags = F_STATUS, .width = 6,
		.doc = "Of a quota: how many that wait start in the next turn of planning."),
	ROW(forecast, starting, strings, .flags = F_STATUS, .width = 20,
		.doc = "The names of the first of these."),
	ROW(forecast, reason, enum, .title = "WHY", .flags = F_STATUS, .width = 14,
		.names = work_reason_words,
		.doc = "Why it waits, one word; empty where it starts."),
	ROW(forecast, message, text, .flags = F_STATUS, .width = 40, .max = 4096,
		.doc = "The same as a sentence."),
	ROW(forecast, used, record, .flags = F_STATUS, .width = 20, .embeds = &uses_kind,
		.doc = "What its org uses now, of the line of its quota (its kind's, or the total) that "
		       "has least left."),
	ROW(forecast, limit, record, .flags = F_STATUS, .width = 20, .embeds = &uses_kind,
		.doc = "The limits of these lines; -1 is none."),
	ROW(forecast, after, record, .flags = F_STATUS, .width = 20, .embeds = &uses_kind,
		.doc = "What is used of them once it runs."),
	ROW(forecast, limit_after, record, .flags = F_STATUS, .width = 20, .embeds = &uses_kind,
		.doc = "The limits after a change of the quota."),
	ROW(forecast, over, records, .flags = F_STATUS, .width = 5, .max = FORECAST_OVER_MAX,
		.embeds = &overrun_kind,
		.doc = "Who is over a limit then: the org, and after a change of its quota the youngest "
		       "of what runs beyond it."),
};
KIND_FITS(fields);

#define RECORD_KIND(word, words, text, rows)                                  \
	{                                                                     \
		.name = #word, .plural = words, .doc = text, .fields = rows,  \
		.field_count = ARRAY_SIZE(rows), .size = sizeof(struct word), \
		.sections = sections,                                         \
	}

const struct kind uses_kind = RECORD_KIND(uses, "uses", "Amounts of what a quota bounds.",
	uses_fields);
const struct kind overrun_kind = RECORD_KIND(overrun, "overruns", "Who is over a limit.",
	overrun_fields);
const struct kind forecast_kind = RECORD_KIND(forecast, "forecasts", "What a change would lead to.",
	fields);

const char *const forecast_resources[FORECAST_RESOURCES] = {"gpu", "memory", "cpu", "count"};

void forecast_uses(struct nested *out, struct mcpu cpu, struct bytes memory, int64_t gpu,
	int64_t count, struct arena *text)
{
	struct uses *u = arena_alloc(text, sizeof *u);

	record_set(uses, u, cpu, cpu);
	record_set(uses, u, memory, memory);
	record_set(uses, u, gpu, gpu);
	record_set(uses, u, count, count);
	out->item = u;
}

void forecast_say(const struct forecast *f, struct buf *out)
{
	bool why = record_has(forecast, f, message) && f->message && *f->message;

	buf_adds(out, f->starts_now ? "starts now" : "waits");
	if (!f->starts_now && f->behind > 0)
		buf_addf(out, " behind %lld", (long long)f->behind);
	if (!f->starts_now && why)
		buf_addf(out, ": %s", f->message);
}

static void say_starting(const struct forecast *f, struct buf *out)
{
	if (!record_has(forecast, f, starts)) { /* an older platform counts none */
		buf_adds(out, "what waits starts now");
		return;
	}
	buf_addf(out, "%lld start%s now", (long long)f->starts, f->starts == 1 ? "s" : "");
	for (size_t i = 0; i < f->starting.len; i++)
		buf_addf(out, "%s%s", i ? ", " : ": ", f->starting.items[i]);
	if (f->starting.len > 0 && f->starts > (int64_t)f->starting.len)
		buf_adds(out, " and others");
}

void forecast_say_limits(const struct forecast *f, struct buf *out)
{
	if (f->starts_now)
		say_starting(f, out);
	if (f->behind > 0)
		buf_addf(out, "%s%lld wait%s for it%s", f->starts_now ? "; " : "",
			(long long)f->behind, f->behind == 1 ? "s" : "",
			f->starts_now ? " still" : "");
	if (!f->starts_now && f->behind == 0)
		buf_adds(out, "nobody waits for it");
}

static int64_t amount(const struct nested *uses, const struct field *f)
{
	return uses->item ? *(const int64_t *)record_member(uses->item, f) : -1;
}

static void add_use(const struct field *f, int64_t used, int64_t limit, struct buf *out)
{
	f->type->cell(f, &used, 0, out);
	buf_addc(out, '/');
	f->type->cell(f, &limit, 0, out);
}

bool forecast_change(const struct forecast *f, size_t resource, struct buf *out)
{
	const struct field *row = kind_field(&uses_kind, forecast_resources[resource]);
	int64_t used = amount(&f->used, row), after = amount(&f->after, row);
	int64_t limit = amount(&f->limit, row), limit_after = amount(&f->limit_after, row);

	add_use(row, used, limit, out);
	if (used == after && limit == limit_after)
		return false;
	buf_adds(out, " -> ");
	add_use(row, after, limit_after, out);
	return true;
}

void forecast_over(const struct overrun *o, struct buf *out)
{
	buf_addf(out, "%s %s: %s of %s (%s)", o->kind ? o->kind : "", o->name ? o->name : "",
		o->used ? o->used : "", o->limit ? o->limit : "", o->line ? o->line : "");
}
