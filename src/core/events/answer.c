#include "core/events/answer.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct chosen {
	const struct scalar_run *run;
	const struct scalar_tag *tag;
};
struct choice {
	VEC(struct chosen) list;
};

static int by_run_and_tag(const void *a, const void *b)
{
	const struct chosen *x = a, *y = b;
	int runs = strcmp(x->run->name, y->run->name);

	return runs ? runs : strcmp(x->tag->name, y->tag->name);
}

bool scalar_named(const char *list, const char *name)
{
	size_t len = strlen(name);

	if (list == NULL)
		return true;
	for (; list; list = strchr(list, ','), list += list != NULL)
		if (strncmp(list, name, len) == 0 && (list[len] == ',' || list[len] == '\0'))
			return true;
	return false;
}

static void choose(const struct scalars *s, const struct scalar_query *q, struct choice *out)
{
	for (size_t i = 0; i < s->runs.len; i++) {
		const struct scalar_run *run = s->runs.items[i];

		if (!scalar_named(q->run, run->name))
			continue;
		for (size_t n = 0; n < run->tags.len; n++) {
			const struct scalar_tag *t = run->tags.items[n];

			if (scalar_tag_count(t) && scalar_named(q->tags, t->name) &&
				(q->tag == NULL || strcmp(q->tag, t->name) == 0))
				vec_push(&out->list, ((struct chosen){run, t}));
		}
	}
	if (out->list.len)
		qsort(out->list.items, out->list.len, sizeof *out->list.items, by_run_and_tag);
}

static void text_write(const char *text, struct buf *out)
{
	json_t *value = json_string(text);
	char *written = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	buf_adds(out, written ? written : "\"\"");
	free(written);
	json_decref(value);
}

void scalar_value_write(double value, struct buf *out)
{
	if (isnan(value))
		buf_adds(out, "\"nan\"");
	else if (isinf(value))
		buf_adds(out, value > 0 ? "\"inf\"" : "\"-inf\"");
	else
		buf_addf(out, "%.17g", value);
}

/* Of steps that rise: the first that is not below. */
static size_t first_from(const struct scalar_tag *t, int64_t step)
{
	size_t low = 0, high = scalar_tag_count(t);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (scalar_tag_point(t, mid)->step < step)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool points_write(const struct scalar_tag *t, int64_t from_step, size_t most,
	struct buf *out)
{
	size_t first = first_from(t, from_step), count = scalar_tag_count(t) - first;
	size_t shown = count < most ? count : most;

	for (size_t i = 0; i < shown; i++) {
		/* Of one that is shown alone, the newest. */
		size_t at = shown == 1 ? count - 1 : i * (count - 1) / (shown - 1);
		const struct scalar_point *p = scalar_tag_point(t, first + at);

		buf_adds(out, i ? ",[" : "[");
		buf_addi(out, p->step);
		buf_addc(out, ',');
		buf_addi(out, p->wall);
		buf_addc(out, ',');
		scalar_value_write(p->value, out);
		buf_addc(out, ']');
	}
	return shown < count || !scalar_tag_whole(t);
}

static bool curve_write(const struct chosen *c, int64_t from_step, size_t most, struct buf *out)
{
	bool cut;

	buf_adds(out, "{\"tag\":");
	text_write(c->tag->name, out);
	buf_adds(out, ",\"run\":");
	text_write(c->run->name, out);
	buf_adds(out, ",\"points\":[");
	cut = points_write(c->tag, from_step, most, out);
	buf_adds(out, "]}");
	return cut;
}

bool scalars_write(const struct scalars *s, const struct scalar_query *q, struct buf *out)
{
	struct choice c = {.list = {0}};
	size_t each = (size_t)q->points, begun = out->len;
	bool cut = s->full;

	choose(s, q, &c);
	if (c.list.len && each > SCALAR_ANSWER_POINTS / c.list.len)
		each = SCALAR_ANSWER_POINTS / c.list.len;
	buf_addc(out, '[');
	for (size_t i = 0; i < c.list.len; i++) {
		if (out->len - begun > SCALAR_ANSWER_BYTES) {
			cut = true;
			break;
		}
		buf_adds(out, i ? "," : "");
		cut |= curve_write(&c.list.items[i], q->from_step, each, out);
	}
	buf_addc(out, ']');
	vec_release(&c.list);
	return cut;
}
