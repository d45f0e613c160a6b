/* Rows of a kind on a stream: a snapshot, then what changes, newest wins. */
#include "serve/stream.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "core/kinds/kinds.h"
#include "serve/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Subscribing ---- */

/* Another org's rows are an admin's unless the kind says more; each row is asked about again. */
static bool org_allowed(const struct principal *who, const struct kind *k, const char *org,
	struct err *e)
{
	if (org[0] == '\0' || strcmp(org, who->org_id) == 0 || who->role >= kind_others(k))
		return true;
	return err_set(e, ERR_FORBIDDEN, "only %s sees the %s of another org",
		kind_others(k) == ROLE_ADMIN ? "an admin" : "a quota-admin or an admin", k->plural);
}

static bool choose_fields(const struct kind *k, const char *text, struct fieldset *out,
	struct err *e)
{
	if (text == NULL || text[0] == '\0')
		fieldset_rows(out, k);
	else if (!fieldset_parse(out, k, text, e))
		return false;
	fieldset_add(out, kind_index(k, kind_uid(k)));
	fieldset_add_splits(out, k);
	return true;
}

static struct row_sub *make_sub(struct stream *st, const struct wire_frame *f, struct err *e)
{
	const struct kind *k = kinds_find(f->kind);
	const char *org = f->org ? f->org : "";
	const struct rowset *rows = k ? st->conn->server->asks->rows(st->conn->server->platform, k)
				      : NULL;
	struct fieldset fields = {{0}};

	if (rows == NULL) {
		err_set(e, ERR_NOT_FOUND, "there is no stream of \"%s\"", f->kind);
		return NULL;
	}
	if (!org_allowed(&st->who, k, org, e) || !choose_fields(k, f->fields, &fields, e) ||
		!steps_begin(st->conn->server, st->conn->use, rows->len, time_mono_ms(), e))
		return NULL;
	if (f->filter)
		steps_spend(st->conn->server, st->conn->use,
			(int64_t)strlen(f->filter) * STEPS_PARSE);
	return hub_subscribe(st->hub, st, k, f->id, org, f->filter ? f->filter : "", &fields, e);
}

void stream_rows_subscribe(struct stream *st, const struct wire_frame *f)
{
	struct err e = ERR_INIT;
	struct row_sub *sub = make_sub(st, f, &e);
	const struct server *server = st->conn->server;

	if (sub == NULL) {
		stream_error(st, f->id, &e);
		return;
	}
	if (f->version != 0 &&
		!wire_version_holds(f->version, server->asks->version(server->platform)))
		stream_queue(st, json_pack("{s:s, s:I}", "t", "reset", "id", (json_int_t)f->id));
	vec_push(&st->rows, sub);
	stream_wake(st);
}

void row_sub_drop(struct stream *st, size_t at)
{
	hub_unsubscribe(st->hub, st->rows.items[at]);
	vec_remove(&st->rows, at);
}

/* ---- Sending ---- */

/* The frame being made: rows go out in it, uids that are gone in one after it. */
struct batch {
	struct buf rows;
	json_t *gone;
	size_t count;
};

static void add_row(struct batch *b, const struct row_sub *sub, const struct slot *slot,
	const void *row)
{
	if (b->count++ > 0)
		buf_addc(&b->rows, ',');
	row_text_add(sub->feed, sub->fields, slot, row, &b->rows);
}

static bool row_wanted(struct stream *st, const struct row_sub *sub, const struct slot *slot,
	const void *row, int64_t now, int64_t *steps)
{
	return row != NULL &&
		st->conn->server->asks->visible(&st->who, sub->feed->kind, row, sub->org) &&
		(sub->filter == NULL || filter_fits(sub->filter, slot, row, now, steps));
}

/* False: the filter costs too much for this row. */
static bool settle_slot(struct stream *st, struct row_sub *sub, struct slot *slot, int64_t now,
	struct batch *b)
{
	struct server *s = st->conn->server;
	const struct rowset *rows = s->asks->rows(s->platform, sub->feed->kind);
	const void *row = rowset_find(rows, slot->uid);
	int64_t steps = STEPS_ROW, sent = STEPS_LOOK;
	bool wanted = row_wanted(st, sub, slot, row, now, &steps);

	if (wanted) {
		add_row(b, sub, slot, row);
		row_sub_set_sent(sub, slot, true);
		sent += STEPS_SEND;
	} else if (row_sub_was_sent(sub, slot)) {
		json_array_append_new(b->gone, json_string(slot->uid));
		row_sub_set_sent(sub, slot, false);
	}
	feed_settle(sub->feed, slot, row != NULL);
	steps_spend(s, st->conn->use, STEPS_ROW - steps + sent);
	sub->pass_steps += STEPS_ROW - steps;
	return steps >= 0;
}

static void queue_gone(struct stream *st, const struct row_sub *sub, const char *version,
	json_t *gone)
{
	if (json_array_size(gone) == 0) {
		json_decref(gone);
		return;
	}
	stream_queue(st,
		json_pack("{s:s, s:I, s:s, s:o}", "t", "gone", "id", (json_int_t)sub->id, "v",
			version, "uids", gone));
}

static void write_rows(struct stream *st, struct batch *b, bool *wrote)
{
	if (b->count == 0)
		return;
	buf_adds(&b->rows, "]}");
	*wrote = true;
	stream_write(st, b->rows.data + WS_ROOM, b->rows.len - WS_ROOM, true);
}

static void end_batch(struct stream *st, struct row_sub *sub, int64_t mono, const char *version)
{
	row_sub_batch_over(sub, mono);
	if (sub->synced)
		return;
	sub->synced = true;
	stream_queue(st,
		json_pack("{s:s, s:I, s:s}", "t", "synced", "id", (json_int_t)sub->id, "v",
			version));
}

static void sub_refused(struct stream *st, const struct row_sub *sub, const struct err *e)
{
	stream_error(st, sub->id, e);
	for (size_t i = 0; i < st->rows.len; i++)
		if (st->rows.items[i] == sub) {
			row_sub_drop(st, i);
			return;
		}
}

/*
 * One frame of a subscription. The version is read before the rows: it promises that all up to it
 * is in what was sent, and a later change still owed may well be in already.
 */
static void write_sub(struct stream *st, struct row_sub *sub, int64_t mono, bool *wrote)
{
	static const char room[WS_ROOM];
	struct batch b = {.rows = BUF_INIT, .gone = json_array()};
	int64_t now = time_now_ms();
	struct slot *slot = NULL;
	char version[24];
	bool cheap = true;
	struct err e = ERR_INIT;

	snprintf(version, sizeof version, "%" PRIu64,
		st->conn->server->asks->version(st->conn->server->platform));
	buf_add(&b.rows, room, sizeof room);
	buf_addf(&b.rows, "{\"t\":\"row\",\"id\":%" PRIu32 ",\"v\":\"%s\",\"rows\":[", sub->id,
		version);
	row_sub_batch_begin(sub);
	while (cheap && b.rows.len < STREAM_FRAME_AIM && json_array_size(b.gone) < 1000 &&
		!steps_turn_over(st->conn->server) && (slot = row_sub_take(sub)) != NULL)
		cheap = settle_slot(st, sub, slot, now, &b);
	write_rows(st, &b, wrote);
	queue_gone(st, sub, version, b.gone);
	buf_release(&b.rows);
	if (!cheap)
		steps_refuse_row(&e);
	else if (!sub->synced && sub->pass_steps > STEPS_PASS)
		steps_refuse_pass(&e);
	if (e.code != ERR_NONE)
		sub_refused(st, sub, &e);
	else if (!row_sub_batch_left(sub))
		end_batch(st, sub, mono, version);
}

bool stream_rows_pending(const struct stream *st, int64_t mono)
{
	if (mono < st->rest_until)
		return false;
	for (size_t i = 0; i < st->rows.len; i++)
		if (row_sub_ready(st->rows.items[i], mono))
			return true;
	return false;
}

/* A key that has no steps left waits with all its rows; what is owed stays owed. */
static bool resting(struct stream *st, int64_t mono)
{
	int64_t wait = steps_wait_ms(st->conn->server, st->conn->use, mono);

	if (wait == 0)
		return false;
	st->rest_until = mono + wait;
	hub_arm_batch(st->hub, wait);
	return true;
}

void stream_rows_write(struct stream *st, int64_t mono, bool *wrote)
{
	if (!stream_rows_pending(st, mono) || steps_turn_over(st->conn->server) ||
		resting(st, mono))
		return;
	for (size_t i = 0; i < st->rows.len; i++) {
		size_t at = (st->next_row + i) % st->rows.len;

		if (row_sub_ready(st->rows.items[at], mono)) {
			st->next_row = at + 1;
			write_sub(st, st->rows.items[at], mono, wrote);
			return;
		}
	}
}
