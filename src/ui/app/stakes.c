#include "ui/app/stakes.h"

#include "base/timefmt.h"
#include "ui/app/parts.h"

#include <string.h>

/* A member by its name, where the kind has one and the row knows it; else 0. */
static int64_t number_of(const struct kind *k, const void *row, const char *name)
{
	const struct field *f = kind_field(k, name);

	return f && record_knows(k, row, f) ? *(const int64_t *)record_member(row, f) : 0;
}

static const char *owner_of(const struct kind *k, const void *row)
{
	const struct field *f = kind_field(k, "owner");

	return f ? record_text(row, f) : "";
}

void stakes_add(struct stakes *s, const struct app *a, const void *row)
{
	bool live = kind_life(s->kind, row) == LIFE_LIVE;
	int64_t started = number_of(s->kind, row, "start_time"),
		gpus = gpus_believed(number_of(s->kind, row, "gpu_limit")),
		ran = live && started > 0 && a->now > started ? a->now - started : 0;
	const char *owner = owner_of(s->kind, row);

	if (s->objects++ == 0)
		s->first = row;
	s->live += live;
	s->gpus += live ? gpus : 0;
	s->total += ran;
	s->longest = ran > s->longest ? ran : s->longest;
	if (*a->user && *owner && strcmp(owner, a->user) != 0)
		s->others++;
}

static void write_work(const struct stakes *s, struct buf *out)
{
	char longest[TIMEFMT_SIZE], total[TIMEFMT_SIZE];

	timefmt_duration(longest, s->longest);
	timefmt_duration(total, s->total);
	if (s->live && s->objects == 1 && s->gpus == 0)
		buf_addf(out, T_STAKE_LIVE_CPU "\n", longest);
	else if (s->live && s->objects == 1)
		buf_addf(out, T_STAKE_LIVE_ONE "\n", (long long)s->gpus, s->gpus == 1 ? "" : "s",
			longest);
	else if (s->live)
		buf_addf(out, T_STAKE_LIVE_MANY "\n", s->live, s->objects, (long long)s->gpus,
			s->gpus == 1 ? "" : "s", total, longest);
	else
		buf_adds(out, T_STAKE_NONE_LIVE "\n");
}

void stakes_write(const struct stakes *s, const struct app *a, const struct kind_action *ka,
	struct buf *out)
{
	const char *owner = owner_of(s->kind, s->first);
	const struct field *org = kind_field(s->kind, "org_name");

	if (kind_runs(s->kind))
		write_work(s, out);
	if (s->objects == 1 && ka->at_stake)
		ka->at_stake(s->first, out);
	if (s->objects == 1 && org && strcmp(a->tenant, "-1") == 0)
		buf_addf(out, T_STAKE_ORG "\n", record_text(s->first, org));
	if (s->objects == 1 && *owner)
		buf_addf(out, T_STAKE_OWNER "\n", owner);
	if (s->others)
		buf_addf(out, T_STAKE_OTHERS "\n", s->others, s->objects, a->user);
	if (ka->stakes)
		buf_addf(out, "%s\n", ka->stakes);
}
