#include "client/stream_inside.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sub *sub_find(const struct stream *s, uint32_t id)
{
	for (struct sub *sub = s->subs; sub; sub = sub->following)
		if (sub->id == id)
			return sub;
	return NULL;
}

static void sub_free(struct sub *sub)
{
	free(sub->kind);
	free(sub->org);
	free(sub->fields);
	free(sub->filter);
	free(sub->job);
	free(sub->task);
	free(sub);
}

void sub_remove(struct stream *s, uint32_t id)
{
	for (struct sub **p = &s->subs; *p; p = &(*p)->following)
		if ((*p)->id == id) {
			struct sub *sub = *p;

			*p = sub->following;
			sub_free(sub);
			return;
		}
}

/* At the end of the list: asked for in the order of opening. */
static struct sub *sub_new(struct stream *s, uint32_t id)
{
	struct sub *sub = mem_alloc(sizeof *sub), **p = &s->subs;

	sub_remove(s, id);
	sub->id = id;
	while (*p)
		p = &(*p)->following;
	*p = sub;
	return sub;
}

static json_t *rows_frame(const struct sub *sub)
{
	char version[24];

	snprintf(version, sizeof version, "%" PRIu64, sub->version);
	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s*}", "t", "sub", "id",
		(json_int_t)sub->id, "kind", sub->kind, "org", sub->org, "fields", sub->fields,
		"filter", sub->filter, "v", sub->version ? version : NULL);
}

/* A log goes on exactly where its bytes ended, in the same attempt. */
static json_t *log_frame(const struct sub *sub)
{
	int64_t credit = WIRE_CREDIT - sub->window;
	int64_t offset = sub->started ? (int64_t)sub->next : sub->offset;

	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "t", "sub",
		"id", (json_int_t)sub->id, "kind", "log", "org", sub->org, "job", sub->job, "task",
		sub->task, "attempt", (json_int_t)sub->attempt, "gen", (json_int_t)sub->generation,
		"offset", (json_int_t)offset, "tail", (json_int_t)sub->tail, "credit",
		(json_int_t)(credit > 0 ? credit : 0));
}

void sub_ask(struct stream *s, struct sub *sub)
{
	if (!s->live || (sub->log && sub->final))
		return;
	sub->fresh = true;
	sub->owed = 0; /* the credit in the frame counts it */
	stream_send(s, sub->log ? log_frame(sub) : rows_frame(sub));
}

static char *text_or_empty(const char *text)
{
	return mem_strdup(text ? text : "");
}

void stream_rows(struct stream *s, uint32_t id, const char *kind, const char *org,
	const char *fields, const char *filter)
{
	struct sub *sub = sub_new(s, id);

	sub->kind = text_or_empty(kind);
	sub->org = text_or_empty(org);
	sub->fields = text_or_empty(fields);
	sub->filter = text_or_empty(filter);
	sub_ask(s, sub);
}

void stream_log(struct stream *s, uint32_t id, const char *org, const char *job, const char *task,
	int64_t attempt, int64_t offset, int64_t tail)
{
	struct sub *sub = sub_new(s, id);

	sub->log = true;
	sub->org = text_or_empty(org);
	sub->job = text_or_empty(job);
	sub->task = text_or_empty(task);
	sub->attempt = attempt;
	sub->offset = offset;
	sub->tail = tail;
	sub_ask(s, sub);
}

void stream_close(struct stream *s, uint32_t id)
{
	struct sub *sub = sub_find(s, id);

	if (sub == NULL)
		return;
	if (!(sub->log && sub->final))
		stream_send(s, json_pack("{s:s, s:I}", "t", "unsub", "id", (json_int_t)id));
	sub_remove(s, id);
}

/* Told in steps: a frame for every few bytes would cost more than they do. */
void stream_credit(struct stream *s, uint32_t id, size_t bytes)
{
	struct sub *sub = sub_find(s, id);

	if (sub == NULL || !sub->log)
		return;
	sub->window -= (int64_t)bytes;
	if (sub->window < 0)
		sub->window = 0;
	sub->owed += (int64_t)bytes;
	if (sub->owed < STREAM_CREDIT_STEP || sub->final)
		return;
	if (s->live)
		stream_send(s,
			json_pack("{s:s, s:I, s:I}", "t", "credit", "id", (json_int_t)id, "bytes",
				(json_int_t)sub->owed));
	sub->owed = 0;
}
