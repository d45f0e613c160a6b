#include "io/decoder.h"

#include "base/mem.h"
#include "base/vec.h"

#include <bzlib.h>
#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { BLOCK = 64 * 1024, MEMORY_LEAST = 16 << 20 /* xz -6 and zstd -19 fit */ };

/* `step` moves bytes from `in` to `out`; false: damaged, or an error of its own in `e`. */
struct method {
	const char *magic;
	size_t magic_len;
	bool (*open)(struct decoder *d);
	bool (*step)(struct decoder *d, struct err *e);
	void (*close)(struct decoder *d);
};

struct decoder {
	int fd;
	int64_t memory, taken;
	const struct method *method; /* NULL: plain */
	bool begun;                  /* the first bytes were looked at */
	bool last;                   /* the file was read to its end */
	bool whole;                  /* what is packed ended here: nothing is missing */
	union {
		z_stream gzip;
		bz_stream bzip2;
		lzma_stream xz;
		ZSTD_DStream *zstd;
	};
	unsigned char *at; /* what is left of `in` */
	size_t left, made; /* bytes at `at`; bytes in `out` */
	unsigned char in[BLOCK], out[BLOCK];
};

static bool archive_damaged(struct err *e)
{
	return err_set(e, ERR_UNPROCESSABLE, "the archive is damaged or cut short");
}

static bool too_large(const struct decoder *d, const char *how, struct err *e)
{
	return err_set(e, ERR_UNPROCESSABLE,
		"unpacking it takes more memory than the %lld MiB it may: pack it anew, as %s does",
		(long long)(d->memory >> 20), how);
}

/* ---- gzip ---- */

static bool gzip_open(struct decoder *d)
{
	return inflateInit2(&d->gzip, 15 + 16) == Z_OK;
}

/* Members may follow each other; whatever else follows the last one is no part of it. */
static bool gzip_step(struct decoder *d, struct err *e)
{
	int code = Z_OK;

	if (d->whole) {
		d->left = *d->at == 0x1f ? d->left : 0;
		d->last |= d->left == 0;
		if (d->left == 0)
			return true;
		d->whole = false;
		inflateReset(&d->gzip);
	}
	d->gzip.next_in = d->at;
	d->gzip.avail_in = (unsigned)d->left;
	d->gzip.next_out = d->out;
	d->gzip.avail_out = BLOCK;
	code = inflate(&d->gzip, Z_NO_FLUSH);
	d->at = d->gzip.next_in;
	d->left = d->gzip.avail_in;
	d->made = BLOCK - d->gzip.avail_out;
	d->whole = code == Z_STREAM_END;
	return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR || archive_damaged(e);
}

static void gzip_close(struct decoder *d)
{
	inflateEnd(&d->gzip);
}

/* ---- bzip2 ---- */

static bool bzip2_open(struct decoder *d)
{
	d->bzip2 = (bz_stream){0};
	return BZ2_bzDecompressInit(&d->bzip2, 0, 0) == BZ_OK;
}

static bool bzip2_step(struct decoder *d, struct err *e)
{
	int code;

	if (d->whole) {
		d->left = *d->at == 'B' ? d->left : 0;
		d->last |= d->left == 0;
		if (d->left == 0)
			return true;
		d->whole = false;
		BZ2_bzDecompressEnd(&d->bzip2);
		if (!bzip2_open(d))
			return archive_damaged(e);
	}
	d->bzip2.next_in = (char *)d->at;
	d->bzip2.avail_in = (unsigned)d->left;
	d->bzip2.next_out = (char *)d->out;
	d->bzip2.avail_out = BLOCK;
	code = BZ2_bzDecompress(&d->bzip2);
	d->at = (unsigned char *)d->bzip2.next_in;
	d->left = d->bzip2.avail_in;
	d->made = BLOCK - d->bzip2.avail_out;
	d->whole = code == BZ_STREAM_END;
	return code == BZ_OK || code == BZ_STREAM_END || archive_damaged(e);
}

static void bzip2_close(struct decoder *d)
{
	BZ2_bzDecompressEnd(&d->bzip2);
}

/* ---- xz ---- */

static bool xz_open(struct decoder *d)
{
	d->xz = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&d->xz, (uint64_t)d->memory, LZMA_CONCATENATED) == LZMA_OK;
}

static bool xz_step(struct decoder *d, struct err *e)
{
	lzma_ret code;

	d->xz.next_in = d->at;
	d->xz.avail_in = d->left;
	d->xz.next_out = d->out;
	d->xz.avail_out = BLOCK;
	code = lzma_code(&d->xz, d->last ? LZMA_FINISH : LZMA_RUN);
	d->at = d->at + (d->left - d->xz.avail_in);
	d->left = d->xz.avail_in;
	d->made = BLOCK - d->xz.avail_out;
	d->whole = code == LZMA_STREAM_END;
	if (code == LZMA_MEMLIMIT_ERROR)
		return too_large(d, "xz -6", e);
	return code == LZMA_OK || code == LZMA_STREAM_END || archive_damaged(e);
}

static void xz_close(struct decoder *d)
{
	lzma_end(&d->xz);
}

/* ---- zstd ---- */

static bool zstd_open(struct decoder *d)
{
	int log = 0;

	while (d->memory >> (log + 1) > 0)
		log++;
	d->zstd = ZSTD_createDStream();
	return d->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, log));
}

static bool zstd_step(struct decoder *d, struct err *e)
{
	ZSTD_inBuffer in = {d->at, d->left, 0};
	ZSTD_outBuffer out = {d->out, BLOCK, 0};
	size_t code = ZSTD_decompressStream(d->zstd, &out, &in);

	d->at += in.pos;
	d->left -= in.pos;
	d->made = out.pos;
	d->whole = code == 0;
	if (ZSTD_isError(code) &&
		ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
		return too_large(d, "zstd -19", e);
	return !ZSTD_isError(code) || archive_damaged(e);
}

static void zstd_close(struct decoder *d)
{
	ZSTD_freeDStream(d->zstd);
}

static const struct method methods[] = {
	{"\x1f\x8b", 2, gzip_open, gzip_step, gzip_close},
	{"BZh", 3, bzip2_open, bzip2_step, bzip2_close},
	{"\xfd"
	 "7zXZ\0",
		6, xz_open, xz_step, xz_close},
	{"\x28\xb5\x2f\xfd", 4, zstd_open, zstd_step, zstd_close},
	{"\x50\x2a\x4d\x18", 4, zstd_open, zstd_step, zstd_close}, /* pzstd's frame of sizes */
};

/* ---- Reading ---- */

/* The first read is never short but at the end of the file: it must show the magic. */
static bool fill(struct decoder *d, struct err *e)
{
	d->at = d->in;
	while (d->left < BLOCK) {
		ssize_t n = read(d->fd, d->in + d->left, BLOCK - d->left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_UNAVAILABLE, "it cannot be read: %s",
				strerror(errno));
		d->left += (size_t)n;
		d->taken += n;
		d->last = n == 0;
		if (n == 0)
			break;
	}
	return true;
}

static bool begin(struct decoder *d, struct err *e)
{
	if (!fill(d, e))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (d->left >= methods[i].magic_len &&
			memcmp(d->in, methods[i].magic, methods[i].magic_len) == 0) {
			if (!methods[i].open(d))
				return err_set(e, ERR_UNAVAILABLE, "there is no memory for it");
			d->method = &methods[i];
		}
	d->begun = true;
	d->whole = d->method == NULL;
	return true;
}

ssize_t decoder_read(struct decoder *d, const void **block, struct err *e)
{
	if (!d->begun && !begin(d, e))
		return -1;
	for (;;) {
		if (d->left == 0 && !d->last && !fill(d, e))
			return -1;
		*block = d->method ? d->out : d->at;
		d->made = d->method ? 0 : d->left;
		if (d->method == NULL)
			d->left = 0;
		else if ((d->left > 0 || !d->whole) && !d->method->step(d, e))
			return -1;
		if (d->made > 0 || (d->left == 0 && d->last && d->whole))
			return (ssize_t)d->made;
		if (d->left == 0 && d->last) {
			archive_damaged(e);
			return -1;
		}
	}
}

struct decoder *decoder_new(int fd, int64_t memory)
{
	struct decoder *d = mem_alloc(sizeof *d);

	d->fd = fd;
	d->memory = memory > MEMORY_LEAST ? memory : MEMORY_LEAST;
	return d;
}

void decoder_free(struct decoder *d)
{
	if (d && d->method)
		d->method->close(d);
	free(d);
}

int64_t decoder_taken(const struct decoder *d)
{
	return d->taken;
}
