/* An exchange's beginning and end, and the letting go of what it holds. */
#include "serve/http.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- Its body ---- */

void spool_free(struct spool *sp)
{
	close(sp->fd);
	buf_release(&sp->writing);
	free(sp);
}

void body_done(struct exchange *x)
{
	if (x->server != NULL && x->body_use != NULL) {
		x->server->body_bytes -= x->body_counted;
		x->body_use->body_bytes -= x->body_counted;
	}
	x->body_use = NULL;
	x->body_counted = 0;
	if (x->r.body) /* it was JSON, and may have had a secret */
		explicit_bzero(x->body.data, x->body.len);
	buf_release(&x->body);
}

static void body_release(struct exchange *x)
{
	body_done(x);
	if (x->spool == NULL)
		return;
	x->spool->x = NULL;
	if (!x->spool->busy)
		spool_free(x->spool);
	x->spool = NULL;
}

/* ---- Itself ---- */

struct exchange *exchange_new(struct conn *c)
{
	struct exchange *x = mem_alloc(sizeof *x);

	x->conn = c;
	x->server = c->server;
	x->facts = (struct request_facts){.method = -1, .method_word = "?"};
	buf_init(&x->body, 0);
	x->r.raw_fd = -1;
	x->r.platform = c->server->platform;
	x->r.server = x;
	x->r.loop = c->server->loop;
	x->r.nonce = "";
	x->r.path = x->facts.path;
	x->r.now = time_now_ms();
	x->r.peer = arena_strdup(&x->text, c->peer.address);
	c->server->exchange_count++;
	return x;
}

static void orphan_unlink(struct exchange *x)
{
	if (!x->orphan)
		return;
	if (x->orphan_next != NULL)
		x->orphan_next->orphan_before = x->orphan_before;
	if (x->orphan_before != NULL)
		x->orphan_before->orphan_next = x->orphan_next;
	else if (x->server != NULL)
		x->server->orphans = x->orphan_next;
}

/* Nobody takes more of it. */
static void stream_done(struct exchange *x)
{
	if (x->reply.streaming && !x->reply.stream_done_called)
		x->reply.stream.done(x->reply.stream.ctx);
	x->reply.stream_done_called = true;
}

/* Lists are what answers are large of. */
static void answer_count(struct exchange *x, size_t len)
{
	if (x->server == NULL || x->answer_use == NULL)
		return;
	x->server->answer_bytes += len - x->answer_counted;
	x->answer_use->answer_bytes += len - x->answer_counted;
	x->answer_counted = len;
}

/* One that is larger than all may be is kept where it is the only one. */
static bool over(size_t others, size_t len, size_t most)
{
	return others > 0 && others + len > most;
}

bool request_keeps(struct request *r, size_t len, struct err *e)
{
	struct exchange *x = exchange_of(r);
	bool of_key, of_all;

	if (x == NULL || x->server == NULL || x->conn == NULL || x->conn->use == NULL ||
		!x->server->asks->limits(x->server->platform)->shared)
		return true;
	x->answer_use = x->conn->use;
	of_key = over(x->answer_use->answer_bytes - x->answer_counted, len, HTTP_KEY_ANSWERS_MAX);
	of_all = over(x->server->answer_bytes - x->answer_counted, len, HTTP_ANSWERS_MAX);
	answer_count(x, of_key || of_all ? 0 : len); /* what is refused is given back at once */
	if (of_key)
		return err_set(e, ERR_BUSY,
			"this access key has asked for more than it reads: read the answers that are "
			"there, then ask again");
	return !of_all ||
		err_set(e, ERR_BUSY, "too many answers wait to be read: ask again in a moment");
}

void exchange_free(struct exchange *x)
{
	orphan_unlink(x);
	guard_exchange_over(x);
	stream_done(x);
	if (x->server != NULL)
		x->server->exchange_count--;
	body_release(x);
	answer_count(x, 0);
	json_decref(x->r.body);
	free(x->reply.body);
	EVP_MD_CTX_free(x->hash);
	EVP_MD_CTX_free(x->md5);
	head_release(&x->head);
	query_release(&x->query);
	query_release(&x->headers);
	arena_release(&x->text);
	free(x);
}

void exchange_over(struct request *r)
{
	exchange_free(CONTAINER_OF(r, struct exchange, r));
}

/* A handler that has not answered keeps its request; the answer is then dropped. */
void exchange_gone(struct exchange *x)
{
	x->conn = NULL;
	x->r.gone = true;
	if (!x->dispatched) {
		exchange_free(x);
		return;
	}
	x->orphan = true;
	x->orphan_next = x->server->orphans;
	if (x->orphan_next != NULL)
		x->orphan_next->orphan_before = x;
	x->server->orphans = x;
	if (x->reply.ready) {
		stream_done(x);
		request_over(&x->r, exchange_over);
	}
}

void exchange_forget_server(struct server *s)
{
	for (struct exchange *x = s->orphans; x != NULL; x = x->orphan_next)
		x->server = NULL;
}
