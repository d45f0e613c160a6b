/* Bytes of a package that is uploaded: part by part, hashed when the last one has come. */
#include "kinds/packages.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/num.h"
#include "io/turns.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

struct part {
	struct turn turn; /* for a part may be large, and with the last one all is hashed */
	struct request *r;
	char id[ULID_SIZE];
	char sha256[SIGN_HEX_SIZE];
	char *dir, *path, *final;
	int64_t offset;
	bool last, good;
	struct err e;
};

static void part_free(struct part *t)
{
	free(t->dir);
	free(t->path);
	free(t->final);
	free(t);
}

static bool hash_matches(int fd, const char *wanted, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char block[64 * 1024], digest[EVP_MAX_MD_SIZE];
	char hex[SIGN_HEX_SIZE];
	unsigned len = 0;
	ssize_t n;
	off_t at = 0;
	bool good = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	while (good && (n = pread(fd, block, sizeof block, at)) > 0) {
		good = EVP_DigestUpdate(ctx, block, (size_t)n) == 1;
		at += n;
	}
	good = good && n == 0 && EVP_DigestFinal_ex(ctx, digest, &len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!good)
		return err_set(e, ERR_INTERNAL, "the package could not be read back");
	for (unsigned i = 0; i < len && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return strcmp(hex, wanted) == 0 ||
		err_field(e, ERR_UNPROCESSABLE, "sha256",
			"the package's SHA-256 is %s, announced was %s: send it again from offset 0",
			hex, wanted);
}

/* Whole and right: synced and under its final name before anybody is told. */
static bool part_complete(struct part *t, int fd)
{
	if (!hash_matches(fd, t->sha256, &t->e)) {
		if (ftruncate(fd, 0) != 0 && errno)
			unlink(t->path);
		return false;
	}
	if (fsync(fd) != 0 || rename(t->path, t->final) != 0)
		return err_errno(&t->e, errno, "cannot keep the package", t->final);
	return fsio_sync_folder(t->dir, &t->e);
}

/* To where `to` stands, from the start of `from`; errno says why not. */
static bool copy_all(int to, int from, int64_t len)
{
	off_t at = 0;

	while (at < len) {
		ssize_t n = sendfile(to, from, &at, (size_t)(len - at));

		if (n == 0)
			errno = EIO; /* shorter than it was */
		if (n <= 0)
			return false;
	}
	return true;
}

bool package_store(const char *dir, const char *part, const char *final, int from, int64_t len,
	struct err *e)
{
	int fd = -1;
	bool good = fsio_mkdirs(dir, 0700, e);

	if (good) {
		fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		good = fd >= 0 && copy_all(fd, from, len) && fsync(fd) == 0 &&
			rename(part, final) == 0;
		if (!good)
			err_set(e, ERR_UNAVAILABLE, "the package could not be written: %s",
				strerror(errno));
		if (!good && fd >= 0)
			unlink(part);
	}
	if (fd >= 0)
		close(fd);
	return good && fsio_sync_folder(dir, e);
}

static void part_write(struct turn *turn)
{
	struct part *t = turn->ctx;
	const struct request *r = t->r;
	int fd;

	if (!fsio_mkdirs(t->dir, 0700, &t->e))
		return;
	fd = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || lseek(fd, t->offset, SEEK_SET) < 0 ||
		!copy_all(fd, r->raw_fd, (int64_t)r->raw_len)) {
		err_set(&t->e, ERR_UNAVAILABLE, "the part could not be written: %s",
			strerror(errno));
		/* What is there of it does not count: the next one goes over it. */
		if (fd >= 0 && ftruncate(fd, t->offset) != 0 && errno)
			unlink(t->path);
	} else {
		t->good = !t->last || part_complete(t, fd);
	}
	if (fd >= 0)
		close(fd);
}

static void part_failed(struct part *t, struct package *k)
{
	if (t->e.code == ERR_UNPROCESSABLE && k)
		record_set(package, k, received, (struct bytes){0});
	if (t->e.code == ERR_UNAVAILABLE)
		request_fail_retry(t->r, &t->e, RETRY_AFTER_S);
	else
		request_fail(t->r, &t->e);
}

static void package_complete(struct request *r, const struct package *k)
{
	struct change *c = change_for(r);
	struct package whole = *k;

	record_set(package, &whole, complete, true);
	change_row(c, &package_kind, &whole);
	request_did(r, c, &package_kind, k, "complete", "Completed", NULL);
	change_answer(c, 200, record_encode(&package_kind, &whole, NULL));
	change_commit(c);
}

static void part_written(struct turn *turn, bool ran)
{
	struct part *t = turn->ctx;
	struct platform *p = t->r->platform;
	struct package *k = rowset_find(&p->model.packages, t->id);

	map_remove(&p->package_parts, t->id);
	if (!ran)
		err_set(&t->e, ERR_UNAVAILABLE, "mltopd is stopping");
	if (!t->good) {
		part_failed(t, k);
	} else if (k == NULL) {
		request_absent(t->r, &package_kind, t->id);
	} else {
		record_set(package, k, received,
			(struct bytes){t->offset + (int64_t)t->r->raw_len});
		if (t->last)
			package_complete(t->r, k);
		else
			request_reply(t->r, 200, record_encode(&package_kind, k, NULL));
	}
	part_free(t);
	platform_let_go(p);
}

static bool part_check(struct request *r, const struct package *k, int64_t offset, struct err *e)
{
	if (k->complete)
		return err_set(e, ERR_CONFLICT, "package %s is complete: nothing is to be added",
			k->id);
	if (package_busy(r->platform, k))
		return err_set(e, ERR_CONFLICT, "another part of package %s is being written",
			k->id);
	if (offset > k->received.v)
		return err_field(e, ERR_CONFLICT, "offset",
			"offset is %lld, received were %lld bytes: go on from there",
			(long long)offset, (long long)k->received.v);
	if (r->raw_len == 0)
		return err_set(e, ERR_INVALID, "the part is empty");
	if (offset + (int64_t)r->raw_len > k->size.v)
		return err_set(e, ERR_UNPROCESSABLE,
			"the part ends at byte %lld, the package was announced with %lld",
			(long long)(offset + (int64_t)r->raw_len), (long long)k->size.v);
	return true;
}

void package_part(struct request *r)
{
	const struct package *k = request_object(r);
	const char *text = request_query(r, "offset");
	char key[PLATFORM_TURN_SIZE];
	struct err e = ERR_INIT;
	int64_t offset = 0;
	struct part *t;

	if (k == NULL)
		return;
	if (text && !num_i64(text, 0, INT64_MAX / 2, &offset))
		err_field(&e, ERR_INVALID, "offset", "offset is '%.40s': give a number of bytes",
			text);
	else
		part_check(r, k, offset, &e);
	if (e.code != ERR_NONE) {
		request_fail(r, &e);
		return;
	}
	t = mem_alloc(sizeof *t);
	t->turn = (struct turn){.ctx = t, .run = part_write, .over = part_written};
	t->r = r;
	snprintf(t->id, sizeof t->id, "%s", k->id);
	snprintf(t->sha256, sizeof t->sha256, "%s", k->sha256);
	t->offset = offset;
	t->last = offset + (int64_t)r->raw_len == k->size.v;
	t->dir = fsio_join(r->platform->dir, "packages");
	t->path = package_file(r->platform, k->id, true);
	t->final = package_file(r->platform, k->id, false);
	map_set(&r->platform->package_parts, t->id, t);
	platform_hold(r->platform);
	turns_queue(r->platform->turns, &t->turn, platform_turn(k->org_id, key));
}
