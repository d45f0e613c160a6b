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

void exchange_free(struct exchange *x)
{
	orphan_unlink(x);
	guard_exchange_over(x);
	stream_done(x);
	if (x->server != NULL)
		x->server->exchange_count--;
	body_release(x);
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
