/*
 * A request from its head to the end of its answer: what backends get of it, which one, and what
 * becomes of it when that one is lost.
 */
#include "balance/inside.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static uint64_t loop_ms(const struct relay *x)
{
	return uv_now(x->b->loop);
}

/* ---- Keeping ---- */

static size_t retry_bytes(const struct balancer *b)
{
	return b->set.retry ? b->set.retry_bytes : 0;
}

static void hold(struct relay *x, size_t bytes)
{
	x->b->stats.held_bytes += bytes - x->held;
	x->held = bytes;
}

/* Lets go of what its upstream has taken: it can be sent to no other one any more. */
static void drop_taken(struct relay *x)
{
	if (x->out_at == 0)
		return;
	buf_drop(&x->out, x->out_at);
	x->out_at = 0;
	x->whole = false;
}

/* What is kept has its bound, for each and for all; of what is larger only the rest is there. */
static void keep_or_drop(struct relay *x)
{
	const struct balancer *b = x->b;

	x->large |= x->out.len - x->head_len > retry_bytes(b) ||
		b->stats.held_bytes - x->held + x->out.len > b->set.held_max;
	relay_sent(x);
}

void relay_sent(struct relay *x)
{
	if (!x->whole || x->large)
		drop_taken(x);
	hold(x, x->whole ? x->out.len : 0);
}

void relay_heard(struct relay *x)
{
	x->heard = true;
	drop_taken(x);
	hold(x, 0);
}

/* ---- Its end ---- */

static void stop_waiting(struct relay *x)
{
	struct balancer *b = x->b;

	if (!x->waits)
		return;
	x->waits = false;
	b->stats.waiting--;
	if (x->wait_before != NULL)
		x->wait_before->wait_next = x->wait_next;
	else
		b->waiting = x->wait_next;
	if (x->wait_next != NULL)
		x->wait_next->wait_before = x->wait_before;
	else
		b->waiting_last = x->wait_before;
}

static void relay_free(struct relay *x)
{
	stop_waiting(x);
	hold(x, 0);
	x->b->stats.in_flight--;
	buf_release(&x->out);
	free(x);
}

/* Counted where it had an answer, or should have had one. */
static void count(struct relay *x, bool failed)
{
	struct balance_stats *stats = &x->b->stats;

	stats->requests++;
	stats->errors += failed;
	if (!x->tunnel)
		latency_add(&stats->latency, (uv_hrtime() - x->began) / 1000);
}

static void leave_upstream(struct relay *x, bool keep)
{
	struct upstream *up = x->up;

	x->up = NULL;
	if (up != NULL)
		upstream_leave(up, keep);
}

void relay_over(struct relay *x)
{
	struct client *c = x->client;

	count(x, x->status >= 500);
	leave_upstream(x, x->up_keeps && x->body.over && x->out_at == x->out.len);
	relay_free(x);
	client_answered(c);
}

void relay_gone(struct relay *x)
{
	if (x->tunnel)
		count(x, false);
	leave_upstream(x, false);
	relay_free(x);
}

void relay_fail(struct relay *x, int status, const char *sentence)
{
	struct client *c = x->client;

	count(x, status >= 500 || x->begun);
	leave_upstream(x, false);
	if (x->begun) {
		/* Where only the close ends an answer, an orderly one would look like its end. */
		sock_reset(&c->sock);
		x->tunnel = false; /* it is counted */
		client_kill(c);
		return;
	}
	c->close_after |= !x->body.over;
	heads_error(&c->out, status, sentence, !x->is_head, c->close_after);
	relay_free(x);
	client_answered(c);
}

/* ---- A backend for it ---- */

/* Those that wait are bounded in number and bytes. */
static bool may_wait(const struct relay *x)
{
	const struct balancer *b = x->b;

	return b->set.wait_ms > 0 && x->tried == 0 && b->stats.waiting < b->set.waiting_max &&
		b->stats.held_bytes < b->set.held_max;
}

static void wait_for_one(struct relay *x)
{
	struct balancer *b = x->b;

	x->waits = true;
	x->wait_next = NULL;
	x->wait_before = b->waiting_last;
	if (b->waiting_last != NULL)
		b->waiting_last->wait_next = x;
	else
		b->waiting = x;
	b->waiting_last = x;
	b->stats.waiting++;
	x->until = loop_ms(x) + (uint64_t)b->set.wait_ms;
	if (b->calls->wanted != NULL)
		b->calls->wanted(b->ctx);
}

static void no_backend(struct relay *x)
{
	if (x->tried == 0)
		relay_fail(x, 503, "no replica of this service is ready: try again later");
	else
		relay_fail(x, x->sends > 0 ? 502 : 503,
			x->sends > 0 ? "the replica broke off before it answered, and there is "
				       "no other one to ask"
				     : "no replica of this service takes connections: try again "
				       "later");
}

void relay_go(struct relay *x)
{
	struct backend *backend = pick_backend(x->b, x->tried);
	struct client *c = x->client;
	bool fresh = x->large || x->upgrade || !x->b->set.retry;

	stop_waiting(x);
	/* Only a connection that was kept broke there: the replica itself may be well. */
	if (backend == NULL && (backend = pick_backend(x->b, x->tried & ~x->stale)) != NULL)
		fresh = true;
	if (backend == NULL && may_wait(x)) {
		wait_for_one(x);
		return;
	}
	if (backend == NULL) {
		no_backend(x);
		return;
	}
	x->tried |= (uint64_t)1 << backend->slot;
	x->out_at = 0;
	upstream_take(backend, x, fresh);
	client_resume(c);
}

void relay_lost(struct relay *x, bool refused)
{
	bool taken = !refused && x->out_at > 0;

	if (taken)
		x->sends++;
	if (x->heard) {
		relay_fail(x, 502, "the replica broke off in the head of its answer");
	} else if (taken && !x->b->set.retry) {
		relay_fail(x, 502,
			"the replica broke off before it answered, and this service wants "
			"nothing sent twice");
	} else if (!x->whole) {
		relay_fail(x, 502,
			"the replica broke off before it answered, and the request is too large "
			"to be kept and sent to another one");
	} else if (x->sends > 1) {
		relay_fail(x, 502, "two replicas broke off before they answered");
	} else {
		x->b->stats.retries += taken;
		relay_go(x);
	}
}

/* ---- Its beginning ---- */

static struct relay *relay_new(struct client *c, const struct head *h)
{
	struct relay *x = mem_alloc(sizeof *x);

	x->b = c->sock.b;
	x->client = c;
	x->began = uv_hrtime();
	x->whole = true;
	x->is_head = strcmp(h->method, "HEAD") == 0;
	x->http11 = h->http11;
	buf_init(&x->out, 0);
	body_begin(&x->body,
		h->chunked              ? BODY_CHUNKED
			: h->has_length ? BODY_LENGTH
					: BODY_NONE,
		h->length, h->chunked);
	x->upgrade = x->body.over && heads_websocket(h);
	x->large = h->length > retry_bytes(x->b);
	x->b->stats.in_flight++;
	return x;
}

static bool admitted(struct relay *x, const struct head *h)
{
	const struct balancer *b = x->b;
	struct err e = ERR_INIT;
	int status = 403;

	if (b->calls->admit == NULL || b->calls->admit(b->ctx, h, &status, &e))
		return true;
	relay_fail(x, status, e.text);
	return false;
}

void relay_begin(struct client *c, const struct head *h, const char *bytes)
{
	struct relay *x = c->x = relay_new(c, h);

	if (!admitted(x, h))
		return;
	heads_request(&x->out, h, bytes,
		&(struct relay_line){.address = c->address,
			.upgrade = x->upgrade,
			.hidden = x->b->set.hidden});
	x->head_len = x->out.len;
	hold(x, x->out.len);
	/* The client waits for this before it sends its body; backends are not told of it. */
	if (h->expects && !x->body.over) {
		buf_adds(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
		client_flush(c);
	}
	if (c->sock.open)
		relay_go(x);
}

/* ---- Its body ---- */

bool relay_takes(const struct relay *x)
{
	return (x->tunnel || !x->body.over) && x->out.len - x->out_at < BALANCE_AHEAD;
}

size_t relay_body(struct relay *x, const char *bytes, size_t len)
{
	size_t n;

	if (x->tunnel || !relay_takes(x))
		return 0;
	n = body_pass(&x->body, bytes, len, &x->out);
	if (x->body.wrong) {
		relay_fail(x, 400, "the request is refused: its body is not in chunks as it says");
		return 0;
	}
	keep_or_drop(x);
	if (x->up != NULL)
		upstream_send(x->up);
	return n;
}

void relay_tunnel(struct relay *x, const char *bytes, size_t len)
{
	buf_add(&x->out, bytes, len);
	if (x->up != NULL)
		upstream_send(x->up);
}

/* ---- Time ---- */

void relay_look(struct relay *x, uint64_t now)
{
	if (x->until == 0 || now < x->until)
		return;
	if (x->waits) {
		relay_fail(x, 503,
			"no replica of this service became ready in time: try again later");
	} else if (x->up != NULL && x->up->connecting) {
		leave_upstream(x, false);
		relay_lost(x, true);
	} else {
		relay_fail(x, 504, "the replica did not answer in time");
	}
}
