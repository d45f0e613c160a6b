/* The answer of a backend: read, and passed to the client as it comes. */
#include "balance/inside.h"

#include <string.h>

/* ---- Its head ---- */

/* What follows the head (RFC 9112 section 6.3). */
static enum body_kind kind_of(const struct relay *x, const struct head *h)
{
	if (x->is_head || h->status < 200 || h->status == 204 || h->status == 304)
		return BODY_NONE;
	if (h->chunked)
		return BODY_CHUNKED;
	return h->has_length ? BODY_LENGTH : BODY_UNTIL_CLOSE;
}

/* A length that only the close would tell is told in chunks, where the client reads them. */
static void begin_body(struct relay *x, const struct head *h)
{
	enum body_kind kind = kind_of(x, h);
	bool unknown = kind == BODY_CHUNKED || kind == BODY_UNTIL_CLOSE;

	body_begin(&x->answer, kind, h->length, unknown && x->http11);
	if (unknown && !x->http11)
		x->client->close_after = true;
	x->up_keeps = h->keep_alive && kind != BODY_UNTIL_CLOSE;
	/* What of the request is still to come is read no further than this answer. */
	if (!x->body.over)
		x->client->close_after = true;
}

static void give_head(struct relay *x, const struct head *h, const char *bytes)
{
	heads_answer(&x->client->out, h, bytes, &x->answer, x->http11, x->client->close_after);
	x->begun = true;
}

static void begin_tunnel(struct relay *x, const struct head *h, const char *bytes)
{
	body_begin(&x->answer, BODY_NONE, 0, false);
	x->answer.over = false;
	x->client->close_after = true;
	give_head(x, h, bytes);
	x->tunnel = x->headed = true;
	x->until = 0; /* how long it may carry nothing, its client counts */
	/* What the client sent behind its head was to be for the other side of the tunnel. */
	if (x->client->in.len > 0)
		buf_add(&x->out, x->client->in.data, x->client->in.len);
	buf_release(&x->client->in);
}

/* An answer before the answer: one that was not asked for goes no further, nor to an old client. */
static void take_interim(struct relay *x, const struct head *h, const char *bytes)
{
	if (h->status == 100 || !x->http11)
		return;
	body_begin(&x->answer, BODY_NONE, 0, false);
	give_head(x, h, bytes);
}

static bool take_status(struct relay *x, const struct head *h, const char *bytes)
{
	x->status = h->status;
	if (h->status == 101 && !x->upgrade)
		return false;
	if (h->status == 101) {
		begin_tunnel(x, h, bytes);
	} else if (h->status < 200) {
		take_interim(x, h, bytes);
	} else {
		begin_body(x, h);
		give_head(x, h, bytes);
		x->headed = true;
	}
	return true;
}

/* Bytes of a whole head; 0: it is not there yet, or the request is over: *over. */
static size_t take_head(struct relay *x, const char *bytes, size_t len, bool *over)
{
	struct head_scan *scan = &x->up->scan;
	struct err e = ERR_INIT;
	enum head_answer looked = head_look(scan, bytes, len, &e);
	struct head h;
	size_t taken = scan->at;
	bool good;

	if (looked == HEAD_MORE)
		return 0;
	good = looked == HEAD_WHOLE && head_read_answer(&h, bytes, taken, &e);
	*scan = (struct head_scan){.answer = true};
	if (good) {
		good = take_status(x, &h, bytes);
		head_release(&h);
		if (!good)
			err_set(&e, ERR_INVALID,
				"the answer cannot be used: it changes to a protocol that was not "
				"asked for");
	}
	if (good)
		return taken;
	*over = true;
	relay_fail(x, 502, e.text);
	return 0;
}

/* ---- Its body ---- */

/* Bytes that are the answer's; what is behind it nobody asked for. */
static size_t take_body(struct relay *x, const char *bytes, size_t len)
{
	if (x->tunnel) {
		buf_add(&x->client->out, bytes, len);
		return len;
	}
	return body_pass(&x->answer, bytes, len, &x->client->out);
}

/* Passes on what was taken of it, and ends the request where that is all. */
static void pass_on(struct relay *x, bool rest)
{
	struct client *c = x->client;
	struct upstream *u = x->up;

	x->up_keeps &= !rest;
	client_flush(c);
	if (!c->sock.open || c->x != x)
		return;
	if (x->answer.wrong)
		relay_fail(x, 502, "the answer of the replica is not in chunks as it says");
	else if (x->headed && x->answer.over)
		relay_over(x);
	else
		upstream_send(u);
}

void answer_take(struct relay *x, const char *bytes, size_t len)
{
	struct upstream *u = x->up;
	bool over = false;
	size_t at = 0, n = 1;

	if (!x->heard)
		relay_heard(x);
	if (!x->tunnel)
		x->until = uv_now(x->b->loop) + (uint64_t)x->b->set.answer_ms;
	if (u->in.len > 0) {
		buf_add(&u->in, bytes, len);
		bytes = u->in.data;
		len = u->in.len;
	}
	while (!x->headed && at < len && n > 0) {
		n = take_head(x, bytes + at, len - at, &over);
		if (over)
			return;
		at += n;
	}
	if (x->headed)
		at += take_body(x, bytes + at, len - at);
	if (x->headed) {
		bool rest = at < len;

		buf_release(&u->in);
		pass_on(x, rest);
	} else if (u->in.len > 0) {
		buf_drop(&u->in, at);
		pass_on(x, false);
	} else {
		buf_add(&u->in, bytes + at, len - at);
		pass_on(x, false);
	}
}

void answer_ended(struct relay *x, bool broken)
{
	struct client *c = x->client;

	if (!x->headed) {
		struct upstream *u = x->up;

		x->up = NULL;
		upstream_close(u);
		relay_lost(x, false);
		return;
	}
	if (x->tunnel && !broken) {
		x->up_keeps = false;
		relay_over(x);
		return;
	}
	if (broken || x->answer.kind != BODY_UNTIL_CLOSE) {
		relay_fail(x, 502, "the replica broke off in its answer");
		return;
	}
	body_close(&x->answer, &c->out);
	pass_on(x, true);
}
