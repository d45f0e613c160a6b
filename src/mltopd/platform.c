#include "mltopd/platform.h"
#include "kinds/packages.h"
#include "work/cursor.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <string.h>

/* ---- What the model tells ---- */

static void on_row_stored(void *ctx, const struct kind *k, const void *row)
{
	struct platform *p = ctx;

	work_row_stored(&p->work, k, row);
}

static void on_row_changed(void *ctx, const struct kind *k, const char *uid)
{
	struct platform *p = ctx;

	if (p->hub)
		hub_changed(p->hub, k, uid);
}

static void on_row_gone(void *ctx, const struct kind *k, const char *uid)
{
	struct platform *p = ctx;

	if (p->hub)
		hub_gone(p->hub, k, uid);
	work_row_gone(&p->work, k, uid);
}

static void on_key_disabled(void *ctx, const char *access_key)
{
	struct platform *p = ctx;

	if (p->hub)
		hub_key_disabled(p->hub, access_key);
}

static void on_work_settled(void *ctx, const char *uid, bool last, bool lost)
{
	struct platform *p = ctx;

	work_settled(&p->work, uid, last, lost);
}

static struct event_fold *on_fold(void *ctx, const char *uid)
{
	struct platform *p = ctx;

	return work_fold(&p->work, uid);
}

const struct model_watchers platform_told = {
	.row_stored = on_row_stored,
	.row_changed = on_row_changed,
	.row_gone = on_row_gone,
	.key_disabled = on_key_disabled,
	.work_settled = on_work_settled,
	.fold = on_fold,
};

/* ---- What work tells and asks ---- */

static void on_log_grew(void *ctx, const char *uid, const char *task, int attempt)
{
	struct platform *p = ctx;

	if (p->hub)
		hub_log_grew(p->hub, uid, task, attempt);
}

static void on_log_ended(void *ctx, const char *uid, const char *task, int attempt)
{
	struct platform *p = ctx;

	if (p->hub)
		hub_log_ended(p->hub, uid, task, attempt);
}

static void on_planned(void *ctx)
{
	struct platform *p = ctx;

	if (p->planned)
		p->planned(p);
}

static void on_over(void *ctx)
{
	platform_used(ctx);
}

static char *on_package_file(void *ctx, const char *org_id, const char *uri, struct err *e)
{
	return packages_path(ctx, org_id, uri, e);
}

const struct work_watchers platform_work_told = {
	.log_grew = on_log_grew,
	.log_ended = on_log_ended,
	.planned = on_planned,
	.over = on_over,
	.policy = handlers_policy,
	.package_file = on_package_file,
};

/* ---- What the server asks ---- */

static struct log_cursor *ask_log_open(struct platform *p, const struct kind *k, const void *row,
	const char *task, int attempt, void (*ready)(void *ctx), void *ctx, struct err *e)
{
	return work_log_open(&p->work, k, row, task, attempt, ready, ctx, e);
}

static const struct key *ask_key(struct platform *p, const char *access_key)
{
	return model_key(&p->model, access_key);
}

static void ask_key_used(struct platform *p, const char *access_key, const char *peer, int64_t now)
{
	platform_used(p);
	model_key_used(&p->model, access_key, peer, now);
}

static const struct server_limits *ask_limits(const struct platform *p)
{
	return &p->limits;
}

static const struct rowset *ask_rows(struct platform *p, const struct kind *k)
{
	return model_rows(&p->model, k);
}

static uint64_t ask_version(const struct platform *p)
{
	return model_version(&p->model);
}

static void ask_request_mark(const struct platform *p, const void *text, size_t len,
	char out[SIGN_HEX_SIZE])
{
	store_mark(p->model.store, text, len, out);
}

static enum nonce_state ask_nonce_take(struct platform *p, const struct principal *who,
	const char *nonce, const char *request_hash, int64_t now, int *status, const char **body,
	size_t *body_len)
{
	return model_nonce_take(&p->model, who, nonce, request_hash, now, status, body, body_len);
}

static void ask_nonce_read(struct platform *p, const char *access_key, const char *nonce,
	int status, nonce_read done, void *ctx)
{
	model_nonce_read(&p->model, access_key, nonce, status, done, ctx);
}

static void ask_nonce_free(struct platform *p, const char *access_key, const char *nonce)
{
	model_nonce_free(&p->model, access_key, nonce);
}

static const void *ask_named(struct platform *p, const struct kind *k, const char *org_id,
	const char *name_or_uid)
{
	return model_named(&p->model, k, org_id, name_or_uid);
}

static const struct task *ask_task(struct platform *p, const char *job_uid, const char *task,
	int attempt)
{
	return model_task(&p->model, job_uid, task, attempt);
}

const struct server_asks platform_asks = {
	.key = ask_key,
	.key_used = ask_key_used,
	.limits = ask_limits,
	.rows = ask_rows,
	.visible = model_visible,
	.version = ask_version,
	.request_mark = ask_request_mark,
	.nonce_take = ask_nonce_take,
	.nonce_read = ask_nonce_read,
	.nonce_free = ask_nonce_free,
	.named = ask_named,
	.task = ask_task,
	.log_open = ask_log_open,
	.log_next = log_cursor_next,
	.log_seek = log_cursor_seek,
	.log_attempt = log_cursor_attempt,
	.log_news = log_cursor_news,
	.log_close = log_cursor_close,
};
