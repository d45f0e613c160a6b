/*
 * What serves, looked at twice a second while there is a service: which replicas there are and how
 * they are, what is to be done, and what the service's row says. What is known here only (who is given
 * requests, who drains) is found anew by the next daemon: a replica that is ready is given requests.
 */
#include "kinds/services.h"

#include "balance/balance.h"
#include "balance/probe.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "core/kinds/kinds.h"
#include "core/service/replicas.h"
#include "core/wire/sign.h"
#include "http/head.h"
#include "kinds/kinds.h"
#include "kinds/services_inside.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 500, FRESH_MS = 60 * 1000 };

/* ---- Who may ask ---- */

static bool may_ask(void *ctx, const struct head *h, int *status, struct err *e)
{
	const struct serving *sv = ctx;
	const char *key = head_get(h, "x-mltop-service-key");
	char hash[SERVICE_KEY_SIZE];

	if (sv->open)
		return true;
	sign_sha256_hex(key ? key : "", key ? strlen(key) : 0, hash);
	if (key != NULL && CRYPTO_memcmp(hash, sv->key_hash, SERVICE_KEY_SIZE) == 0)
		return true;
	*status = 401;
	return err_set(e, ERR_UNAUTHORIZED,
		"this service wants its key in the header X-Mltop-Service-Key: whoever made the "
		"service has it, and mltop models rotate makes a new one");
}

static void backend_drained(void *ctx, struct backend *backend)
{
	struct serving *sv = ctx;

	for (struct standing *st = sv->replicas; st != NULL; st = st->next)
		if (st->backend == backend) {
			st->drained = true;
			services_soon(sv->of->p);
			return;
		}
	balancer_remove(backend); /* its replica was found not to be ready, or is gone */
}

/* ---- Life of one ---- */

/* Of connections to its replicas: their ports may be taken by somebody else while they do not listen. */
static uint32_t mark_of(struct platform *p, const struct service *s)
{
	const struct org *o = model_org(&p->model, s->org_id);

	return o && record_has(org, o, run_uid) ? engine_mark(o->run_uid) : 0;
}

static struct balance_settings settings_of(struct platform *p, const struct service *s)
{
	static const char *const ours[] = {"authorization", "x-mltop-service-key", NULL};
	static const char *const key[] = {"x-mltop-service-key", NULL};

	return (struct balance_settings){.mark = mark_of(p, s),
		.retry = s->retry == SERVICE_RETRY_ONCE,
		.hidden = s->access == ACCESS_OPEN ? key : ours};
}

static void serving_take(struct serving *sv, const struct service *s)
{
	const struct balance_settings set = settings_of(sv->of->p, s);

	sv->mark = set.mark;
	sv->open = s->access == ACCESS_OPEN;
	snprintf(sv->key_hash, sizeof sv->key_hash, "%s", s->key_sha256 ? s->key_sha256 : "");
	balancer_set(sv->balancer, &set);
}

static struct serving *serving_new(struct services *all, const struct service *s)
{
	static const struct balance_calls calls = {.admit = may_ask, .drained = backend_drained};
	const struct balance_settings set = settings_of(all->p, s);
	struct serving *sv = mem_alloc(sizeof *sv);

	sv->of = all;
	sv->p = all->p;
	snprintf(sv->uid, sizeof sv->uid, "%s", s->uid);
	sv->balancer = balancer_new(all->p->loop, &set, &calls, sv);
	sv->made = sv->counted_at = reconcile_now();
	sv->next = all->first;
	all->first = sv;
	platform_hold(all->p);
	serving_take(sv, s);
	return sv;
}

static void balancer_gone(void *ctx)
{
	struct serving *sv = ctx;
	struct platform *p = sv->p;

	free(sv);
	platform_let_go(p);
}

static void serving_end(struct serving *sv)
{
	struct serving **at = &sv->of->first;

	while (*at != sv)
		at = &(*at)->next;
	*at = sv->next;
	while (sv->replicas != NULL)
		standing_free(sv->replicas);
	balancer_free(sv->balancer, balancer_gone, sv);
}

static struct serving *serving_find(const struct services *all, const char *uid)
{
	for (struct serving *sv = all->first; sv != NULL; sv = sv->next)
		if (strcmp(sv->uid, uid) == 0)
			return sv;
	return NULL;
}

static bool listen_at(struct serving *sv, int *port, struct err *e)
{
	sv->listens = balancer_listen(sv->balancer, sv->of->p->settings.services_listen, port, e);
	return sv->listens;
}

bool services_listen(struct platform *p, struct service *s, struct arena *a, struct err *e)
{
	struct serving *sv = serving_new(p->services, s);
	struct buf text = BUF_INIT;
	int port = 0;

	if (!listen_at(sv, &port, e)) {
		serving_end(sv);
		return false;
	}
	buf_addf(&text, "%d", port);
	record_set(service, s, service_port, arena_strdup(a, text.data));
	buf_reset(&text);
	buf_addf(&text, strchr(p->settings.services_listen, ':') ? "[%s]:%d" : "%s:%d",
		p->settings.services_listen, port);
	record_set(service, s, address, arena_strdup(a, text.data));
	buf_release(&text);
	return true;
}

/* ---- All of them ---- */

/* That it was given when it was made; 0: any. */
static int port_of(const struct service *s)
{
	int64_t port = 0;

	num_i64(s->service_port ? s->service_port : "", 1, 65535, &port);
	return (int)port;
}

static void look_at(struct services *all, const struct service *s, int64_t now)
{
	struct serving *sv = serving_find(all, s->uid);
	struct err e = ERR_INIT;
	int port = port_of(s);

	if (sv == NULL)
		sv = serving_new(all, s);
	sv->stored = true;
	serving_take(sv, s);
	if (!sv->listens && !listen_at(sv, &port, &e) && !sv->told_deaf) {
		sv->told_deaf = true;
		log_line(LOG_ERROR, "model %s: %s; trying again", s->model_name, e.text);
	}
	serving_look(sv, s, now);
}

static void servings_without_row_end(struct services *all, int64_t now)
{
	struct serving *next;

	for (struct serving *sv = all->first; sv != NULL; sv = next) {
		bool row = model_row(&all->p->model, &service_kind, sv->uid) != NULL;

		next = sv->next;
		if (!row && (sv->stored || now - sv->made > FRESH_MS))
			serving_end(sv);
	}
}

static void looked(uv_timer_t *timer)
{
	struct services *all = timer->data;
	const struct rowset *rows = model_rows(&all->p->model, &service_kind);
	int64_t now = reconcile_now();
	bool left;

	if (all->p->work.engine == NULL || all->p->work.closing)
		return;
	left = replicas_left(all->p);
	ports_claim(all);
	servings_without_row_end(all, now);
	for (size_t i = 0; i < rows->len; i++)
		look_at(all, rows->rows[i], now);
	if (rows->len > 0 || left || all->first != NULL)
		uv_timer_start(timer, looked, LOOK_MS, 0);
}

void services_soon(struct platform *p)
{
	if (p->services != NULL && !p->work.closing)
		uv_timer_start(&p->services->timer, looked, 0, 0);
}

void services_open(struct platform *p)
{
	struct services *all = mem_alloc(sizeof *all);

	all->p = p;
	p->services = all;
	uv_timer_init(p->loop, &all->timer);
	all->timer.data = all;
	platform_hold(p);
	services_soon(p);
}

static void timer_closed(uv_handle_t *handle)
{
	struct services *all = handle->data;
	struct platform *p = all->p;

	free(all);
	platform_let_go(p);
}

void services_close(struct platform *p)
{
	struct services *all = p->services;

	if (all == NULL)
		return;
	p->services = NULL;
	while (all->first != NULL)
		serving_end(all->first);
	ports_let_go(all);
	uv_close((uv_handle_t *)&all->timer, timer_closed);
}
