/*
 * Bodies. Those of ordinary requests are kept in memory, all of them together within a bound. Raw
 * ones (packages) go to a file without a name as they come, written by the pool, so that neither
 * their size nor a slow disk is felt by anybody else.
 */
#include "serve/http.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "core/wire/sign_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPOOL_PIECE = 256 * 1024 }; /* bytes written at once; twice as many are received ahead */

/* ---- Its end ---- */

void body_hash_begin(struct exchange *x)
{
	if (x->head.length > 0) {
		x->hash = EVP_MD_CTX_new();
		EVP_DigestInit_ex(x->hash, EVP_sha256(), NULL);
	}
	if (!x->claimed || !x->claim.scheme->weak)
		return;
	x->md5 = EVP_MD_CTX_new();
	if (EVP_DigestInit_ex(x->md5, EVP_md5(), NULL) != 1) {
		EVP_MD_CTX_free(x->md5); /* not to be had here: no such signature is then right */
		x->md5 = NULL;
	}
}

static void body_hash_end(struct exchange *x)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned size = sizeof hash;

	if (x->hash != NULL) {
		EVP_DigestFinal_ex(x->hash, hash, &size);
		sign_hex(hash, size, x->r.body_sha256);
	} else {
		memcpy(x->r.body_sha256, SIGN_EMPTY_SHA256, SIGN_HEX_SIZE);
	}
	if (x->md5 == NULL)
		return;
	EVP_DigestFinal_ex(x->md5, hash, &size);
	sign_hex(hash, size, x->body_md5);
}

void body_over(struct exchange *x)
{
	conn_phase(x->conn, PHASE_ANSWER, 0);
	/* A request behind a body is not waited for by anybody yet: it would be a second guess. */
	if (x->head.length > 0 && x->conn->in.len > 0)
		x->conn->close_after = true;
	body_hash_end(x);
	if (x->spool != NULL) {
		x->r.raw_fd = x->spool->fd;
		x->r.raw_len = x->received;
	}
	exchange_dispatch(x);
}

/* ---- Files ---- */

static int file_without_name(const char *dir)
{
	char path[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	snprintf(path, sizeof path, "%s/upload-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static bool spool_open(struct exchange *x, struct err *e)
{
	int fd = file_without_name(x->server->spool_dir);

	if (fd < 0)
		return err_set(e, ERR_UNAVAILABLE, "an upload cannot be kept in %s: %s",
			x->server->spool_dir, strerror(errno));
	x->spool = mem_alloc(sizeof *x->spool);
	x->spool->x = x;
	x->spool->fd = fd;
	buf_init(&x->spool->writing, 0);
	return true;
}

static void spool_go_on(struct exchange *x);

static void piece_written(uv_fs_t *req)
{
	struct spool *sp = CONTAINER_OF(req, struct spool, req);
	struct exchange *x = sp->x;
	ssize_t n = req->result;
	struct err e = ERR_INIT;

	uv_fs_req_cleanup(req);
	sp->busy = false;
	if (x == NULL || x->conn == NULL) {
		if (x == NULL)
			spool_free(sp);
		return;
	}
	if (n <= 0) {
		err_set(&e, ERR_UNAVAILABLE, "the upload cannot be written: %s",
			n < 0 ? uv_strerror((int)n) : "no room");
		exchange_fail_close(x, 503, &e);
		return;
	}
	buf_drop(&sp->writing, (size_t)n);
	sp->written += (uint64_t)n;
	spool_go_on(x);
	conn_resume(x->conn);
}

/* Writes what has come, once it is worth it or all of it; the body is over when all is written. */
static void spool_go_on(struct exchange *x)
{
	struct spool *sp = x->spool;
	bool whole = x->received == x->head.length;
	uv_buf_t piece;

	if (sp->busy || x->reply.ready)
		return;
	if (sp->writing.len == 0 && (whole || x->body.len >= SPOOL_PIECE)) {
		struct buf empty = sp->writing;

		sp->writing = x->body;
		x->body = empty;
	}
	if (sp->writing.len == 0) {
		if (whole)
			body_over(x);
		return;
	}
	piece = uv_buf_init(sp->writing.data, (unsigned)sp->writing.len);
	sp->busy = true;
	if (uv_fs_write(x->server->loop, &sp->req, sp->fd, &piece, 1, (int64_t)sp->written,
		    piece_written) != 0)
		abort(); /* only for wrong arguments */
}

bool body_full(const struct exchange *x)
{
	return x->spool != NULL && x->body.len >= 2 * SPOOL_PIECE;
}

/* ---- Its beginning ---- */

/* Who names a key may know no secret of it yet, so that no key's bodies may take all of the room. */
static bool body_fits(const struct exchange *x, const struct key_use *use, struct err *e)
{
	if (use->body_bytes + x->head.length > HTTP_KEY_BODIES_MAX)
		return err_set(e, ERR_UNAVAILABLE,
			"the bodies of this access key's requests that are being received are too "
			"large together: send it again");
	return x->server->body_bytes + x->head.length <= HTTP_BODIES_MAX ||
		err_set(e, ERR_UNAVAILABLE,
			"the bodies of all requests that are being received are too large together: "
			"send it again");
}

static bool body_admit(struct exchange *x, struct err *e)
{
	struct key_use *use;

	if (x->r.route->flags & ROUTE_RAW_BODY)
		return spool_open(x, e);
	use = auth_use(x->server, x->claim.access_key);
	if (!body_fits(x, use, e))
		return false;
	x->body_use = use;
	x->body_counted = (size_t)x->head.length;
	x->server->body_bytes += x->body_counted;
	use->body_bytes += x->body_counted;
	return true;
}

void body_expect(struct exchange *x)
{
	bool raw = x->r.route->flags & ROUTE_RAW_BODY;
	struct err e = ERR_INIT;

	if (!x->head.chunked && !body_admit(x, &e)) {
		snprintf(x->reply.extra, sizeof x->reply.extra, "Retry-After: 1\r\n");
		exchange_fail_close(x, 503, &e);
		return;
	}
	/* At once: a body that grew would leave copies of itself behind. */
	if (!raw && !x->head.chunked)
		buf_reserve(&x->body, (size_t)x->head.length);
	conn_phase(x->conn, PHASE_BODY, raw ? HTTP_PART_MS : HTTP_BODY_MS);
	x->conn->stall_until = raw ? time_mono_ms() + HTTP_STALL_MS : 0;
}

/* ---- Its bytes ---- */

/*
 * The body of a GET that says it is chunked: the public client sends an empty one with every signed
 * GET. The connection ends with the answer.
 */
static void take_empty(struct exchange *x)
{
	static const char empty[] = "0\r\n\r\n";
	struct buf *in = &x->conn->in;
	size_t n = in->len < sizeof empty - 1 ? in->len : sizeof empty - 1;
	struct err e = ERR_INIT;

	if (memcmp(in->data, empty, n) != 0) {
		err_set(&e, ERR_INVALID, "the request is refused: a GET takes no body");
		exchange_fail_close(x, 400, &e);
	} else if (n == sizeof empty - 1) {
		buf_drop(in, n);
		body_over(x);
	}
}

void body_take(struct exchange *x)
{
	struct conn *c = x->conn;
	uint64_t left = x->head.length - x->received;
	size_t n = c->in.len < left ? c->in.len : (size_t)left;

	if (x->head.chunked) {
		take_empty(x);
		return;
	}
	EVP_DigestUpdate(x->hash, c->in.data, n);
	if (x->md5 != NULL)
		EVP_DigestUpdate(x->md5, c->in.data, n);
	buf_add(&x->body, c->in.data, n);
	buf_drop(&c->in, n);
	x->received += n;
	if (c->stall_until)
		c->stall_until = time_mono_ms() + HTTP_STALL_MS;
	if (x->spool != NULL)
		spool_go_on(x);
	else if (n == left)
		body_over(x);
}
