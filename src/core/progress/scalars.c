#include "core/progress/line.h"

#include <string.h>

/* What the newest points of event files say of a training: names mean there what they mean in a log. */

/* Keras numbers epochs: its "epoch_loss" has a point for each. */
static bool by_epoch(const char *tag)
{
	return strncmp(tag, "epoch_", 6) == 0;
}

static struct span last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *at = slash ? slash + 1 : path;

	return (struct span){at, strlen(at)};
}

/* A run that is called "train" or "validation" says so of all its tags; other names say nothing. */
static struct meaning meaning_of(const struct progress_scalar *s)
{
	struct span run = last_part(s->run);

	if (!name_has_set(run))
		run.len = 0;
	return name_meaning((struct span){s->tag, strlen(s->tag)}, run);
}

/* What has been chosen so far, by how good it is and how new. */
struct best {
	const struct progress_scalar *of;
	unsigned rank;
};

static void best_take(struct best *b, const struct progress_scalar *s, unsigned rank)
{
	if (b->of && (rank < b->rank || (rank == b->rank && s->wall <= b->of->wall)))
		return;
	b->of = s;
	b->rank = rank;
}

static bool is_metric(const struct progress_scalar *s, const char *metric)
{
	struct span part = last_part(s->tag);

	return metric && (strcmp(s->tag, metric) == 0 || strcmp(part.at, metric) == 0);
}

struct bests {
	struct best loss, metric, epoch, step;
};

static void scalar_take(struct bests *b, const struct progress_scalar *s, const char *metric)
{
	enum { ASKED_FOR = 256 };
	struct meaning m = meaning_of(s);

	if (strcmp(s->tag, "epoch") == 0) {
		best_take(&b->epoch, s, 1);
		return;
	}
	if (m.kind == NAME_LOSS || m.kind == NAME_LOSS_PART)
		best_take(&b->loss, s, m.loss_rank);
	if (is_metric(s, metric))
		best_take(&b->metric, s, ASKED_FOR);
	else if (metric == NULL && m.kind == NAME_METRIC)
		best_take(&b->metric, s, metric_rank(&m, PHASE_UNKNOWN));
	if (m.set == SET_VALIDATION)
		return;
	if (by_epoch(s->tag))
		best_take(&b->epoch, s, 0);
	else
		best_take(&b->step, s, m.loss_rank);
}

static bool whole(double v)
{
	return v >= 0 && v <= 1e15 && v == (double)(int64_t)v;
}

static void bests_tell(const struct bests *b, struct progress_values *out)
{
	const struct progress_scalar *epoch = b->epoch.of;

	if (b->loss.of) {
		out->loss = b->loss.of->value;
		out->known |= PROGRESS_LOSS;
	}
	if (b->metric.of) {
		out->metric = b->metric.of->value;
		out->known |= PROGRESS_METRIC;
		strncpy(out->metric_name, b->metric.of->tag, sizeof out->metric_name - 1);
	}
	if (b->step.of && b->step.of->step >= 0) {
		out->step = b->step.of->step;
		out->known |= PROGRESS_STEP;
	}
	if (epoch && by_epoch(epoch->tag) && epoch->step >= 0) {
		out->epoch = epoch->step;
		out->known |= PROGRESS_EPOCH;
	} else if (epoch && !by_epoch(epoch->tag) && whole(epoch->value)) {
		out->epoch = (int64_t)epoch->value;
		out->known |= PROGRESS_EPOCH;
	}
}

void progress_scalars(const struct progress_scalar *list, size_t count, const char *metric,
	struct progress_values *out)
{
	struct bests b = {{NULL}, {NULL}, {NULL}, {NULL}};

	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < count; i++)
		scalar_take(&b, &list[i], metric);
	bests_tell(&b, out);
	out->events = out->known;
}

void progress_add(struct progress_values *v, unsigned said, const struct progress_values *events)
{
	unsigned take = events->known & ~(v->known | said);

	if (take & PROGRESS_STEP)
		v->step = events->step;
	if (take & PROGRESS_EPOCH)
		v->epoch = events->epoch;
	if (take & PROGRESS_LOSS)
		v->loss = events->loss;
	if (take & PROGRESS_METRIC) {
		v->metric = events->metric;
		memcpy(v->metric_name, events->metric_name, sizeof v->metric_name);
	}
	v->known |= take;
	v->events = take;
}
