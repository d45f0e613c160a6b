/* Packed archives from strangers: every way of packing, damage, and what memory they may ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "io/archive.h"
#include "io/decoder.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SPARSE_FROM = 1536 };

struct world {
	char dir[200], path[256];
	struct buf bytes;
};

static int world_make(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%.150s/mltop-decoder-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof w->path, "%s/p", w->dir);
	buf_init(&w->bytes, 0);
	*state = w;
	return 0;
}

static int world_release(void **state)
{
	struct world *w = *state;

	fsio_remove_tree(w->dir, NULL);
	buf_release(&w->bytes);
	free(w);
	return 0;
}

static void world_write(struct world *w)
{
	assert_true(fsio_write(w->path, w->bytes.data, w->bytes.len, 0600, NULL));
}

/* ---- Making ---- */

static la_ssize_t bytes_made(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	(void)a;
	buf_add(ctx, bytes, len);
	return (la_ssize_t)len;
}

/* Appends a tar of one file of `size` bytes, zeros behind `text`, packed by the filters. */
static void tar_make(struct buf *out, const char *text, int64_t size, int filter, int over)
{
	static const char zeros[1 << 16];
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	int64_t left = size - (int64_t)strlen(text);

	archive_write_set_format_pax_restricted(a);
	archive_write_add_filter(a, filter);
	if (over)
		archive_write_add_filter(a, over);
	archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(archive_write_open(a, out, NULL, bytes_made, NULL), ARCHIVE_OK);
	archive_entry_set_pathname(entry, "top/file");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, size);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	archive_write_data(a, text, strlen(text));
	for (; left > 0; left -= (int64_t)sizeof zeros)
		archive_write_data(a, zeros,
			left < (int64_t)sizeof zeros ? (size_t)left : sizeof zeros);
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
}

static const struct {
	const char *name;
	int filter;
} ways[] = {
	{"plain", ARCHIVE_FILTER_NONE},
	{"gzip", ARCHIVE_FILTER_GZIP},
	{"bzip2", ARCHIVE_FILTER_BZIP2},
	{"xz", ARCHIVE_FILTER_XZ},
	{"zstd", ARCHIVE_FILTER_ZSTD},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* The dictionary that the first block of an xz stream at `from` asks for; see its format, 3.1. */
static void xz_dictionary_set(struct buf *b, size_t from, unsigned char property)
{
	unsigned char *header = (unsigned char *)b->data + from + 12;
	size_t len = ((size_t)header[0] + 1) * 4;
	uint32_t crc;

	assert_int_equal(header[1], 0); /* one filter, no sizes */
	assert_int_equal(header[2], 0x21);
	header[4] = property;
	crc = lzma_crc32(header, len - 4, 0);
	for (int i = 0; i < 4; i++)
		header[len - 4 + (size_t)i] = (unsigned char)(crc >> (8 * i));
}

/* ---- Cases ---- */

static void test_ways(void **state)
{
	struct world *w = *state;
	char dest[256], path[300];

	snprintf(dest, sizeof dest, "%s/out", w->dir);
	snprintf(path, sizeof path, "%s/top/file", dest);
	for (size_t i = 0; i < WAYS; i++) {
		struct err e = ERR_INIT;
		struct buf text = BUF_INIT;

		buf_reset(&w->bytes);
		tar_make(&w->bytes, ways[i].name, 300000, ways[i].filter, 0);
		world_write(w);
		if (!archive_unpack(w->path, dest, NULL, &e))
			print_error("%s: %s\n", ways[i].name, e.text);
		assert_int_equal(e.code, 0);
		assert_true(fsio_read(path, &text, 1 << 20, &e));
		assert_int_equal(text.len, 300000);
		assert_string_equal(text.data, ways[i].name);
		buf_release(&text);
		assert_true(fsio_remove_tree(dest, NULL));
	}
}

/* What decoder_read gives of the file, and how it ended. */
static int64_t decoded(struct world *w, struct err *e)
{
	int fd = open(w->path, O_RDONLY | O_CLOEXEC);
	struct decoder *d = decoder_new(fd, 0);
	const void *block;
	int64_t sum = 0;
	ssize_t n;

	while ((n = decoder_read(d, &block, e)) > 0)
		sum += n;
	decoder_free(d);
	close(fd);
	return n < 0 ? -1 : sum;
}

/* Members follow each other, as pigz, pbzip2, pixz and pzstd write them. */
static void test_members(void **state)
{
	struct world *w = *state;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < WAYS; i++) {
		int64_t one;

		buf_reset(&w->bytes);
		tar_make(&w->bytes, "one", 100000, ways[i].filter, 0);
		world_write(w);
		one = decoded(w, &e);
		assert_true(one > 100000);
		tar_make(&w->bytes, "two", 100000, ways[i].filter, 0);
		world_write(w);
		assert_int_equal(decoded(w, &e), 2 * one);
	}
}

static void test_cut_and_damaged(void **state)
{
	struct world *w = *state;

	for (size_t i = 1; i < WAYS; i++) {
		struct err e = ERR_INIT;
		size_t half;

		buf_reset(&w->bytes);
		tar_make(&w->bytes, ways[i].name, 300000, ways[i].filter, 0);
		half = w->bytes.len / 2;
		w->bytes.data[half] = (char)~w->bytes.data[half];
		world_write(w);
		assert_false(archive_check(w->path, NULL, NULL, &e));
		w->bytes.data[half] = (char)~w->bytes.data[half];
		world_write(w);
		e = (struct err)ERR_INIT;
		assert_true(archive_check(w->path, NULL, NULL, &e));
		assert_int_equal(truncate(w->path, (off_t)half), 0);
		assert_int_equal(decoded(w, &e), -1);
		assert_non_null(strstr(e.text, "is damaged or cut short"));
		assert_int_equal(e.code, ERR_UNPROCESSABLE);
	}
}

static long peak_kib(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss;
}

static void refused_for_memory(struct world *w, const char *how)
{
	struct err e = ERR_INIT;
	long before = peak_kib();

	world_write(w);
	assert_false(archive_check(w->path, NULL, NULL, &e));
	assert_non_null(strstr(e.text, "more memory than the 40 MiB it may"));
	assert_non_null(strstr(e.text, how));
	assert_true(peak_kib() - before < 64 * 1024);
}

/* A dictionary of 1.5 GiB is one byte; what it is filled with are zeros, 500 of them for a byte. */
static void test_memory(void **state)
{
	struct world *w = *state;
	struct err e = ERR_INIT;
	size_t second;

	tar_make(&w->bytes, "x", 100000, ARCHIVE_FILTER_XZ, 0);
	second = w->bytes.len;
	xz_dictionary_set(&w->bytes, 0, 37);
	refused_for_memory(w, "xz -6");
	/* It may also come later than the first header. */
	xz_dictionary_set(&w->bytes, 0, 22);
	tar_make(&w->bytes, "x", 100000, ARCHIVE_FILTER_XZ, 0);
	xz_dictionary_set(&w->bytes, second, 37);
	world_write(w);
	assert_int_equal(decoded(w, &e), -1);
	assert_non_null(strstr(e.text, "more memory"));

	buf_reset(&w->bytes);
	tar_make(&w->bytes, "x", 100000, ARCHIVE_FILTER_ZSTD, 0);
	assert_int_equal(w->bytes.data[4] & 0xe0, 0); /* no size in the header: a window follows */
	w->bytes.data[5] = (27 - 10) << 3;
	refused_for_memory(w, "zstd -19");
}

/* The memory of one decoder for each layer: there is one. */
static void test_packed_twice(void **state)
{
	struct world *w = *state;

	for (size_t i = 1; i < WAYS; i++) {
		struct err e = ERR_INIT;

		buf_reset(&w->bytes);
		tar_make(&w->bytes, "x", 1000, ARCHIVE_FILTER_BZIP2, ways[i].filter);
		world_write(w);
		assert_false(archive_check(w->path, NULL, NULL, &e));
		assert_non_null(strstr(e.text, "is not a whole tar archive"));
	}
}

static void header_add(struct buf *b, const char *name, char type, size_t size)
{
	char h[512] = {0};
	unsigned sum = 0;

	snprintf(h, 100, "%s", name);
	snprintf(h + 100, 8, "%07o", 0644u);
	snprintf(h + 108, 8, "%07o", 0u);
	snprintf(h + 116, 8, "%07o", 0u);
	snprintf(h + 124, 12, "%011o", (unsigned)size);
	snprintf(h + 136, 12, "%011o", 0u);
	memset(h + 148, ' ', 8);
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	buf_add(b, h, sizeof h);
}

/* The map of a sparse file stands before its bytes; libarchive keeps 48 bytes for 4 of it. */
static void test_header_is_bounded(void **state)
{
	static const char pax[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
				  "31 GNU.sparse.realsize=9999999\n"
				  "24 GNU.sparse.name=file\n";
	struct world *w = *state;
	struct err e = ERR_INIT;
	size_t size = 24 << 20;
	long before;

	header_add(&w->bytes, "PaxHeader", 'x', sizeof pax - 1);
	buf_add(&w->bytes, pax, sizeof pax - 1);
	while (w->bytes.len % 512)
		buf_addc(&w->bytes, '\0');
	header_add(&w->bytes, "file", '0', size);
	assert_true(w->bytes.len == SPARSE_FROM);
	buf_adds(&w->bytes, "99999999\n");
	while (w->bytes.len < SPARSE_FROM + size)
		buf_adds(&w->bytes, "1\n1\n");
	world_write(w);
	before = peak_kib();
	assert_false(archive_check(w->path, NULL, NULL, &e));
	assert_non_null(strstr(e.text, "header of an entry has more than 2 MiB"));
	assert_true(peak_kib() - before < 128 * 1024);
}

/* Zeros, masks, repeating tables: what people pack unpacks to hundreds of times its size. */
static void test_zeros_are_no_bomb(void **state)
{
	struct world *w = *state;
	struct err e = ERR_INIT;

	tar_make(&w->bytes, "", 8 << 20, ARCHIVE_FILTER_GZIP, 0);
	assert_true(w->bytes.len * 200 < 8 << 20);
	world_write(w);
	assert_true(archive_check(w->path, NULL, NULL, &e));
	buf_reset(&w->bytes);
	tar_make(&w->bytes, "", 300 << 20, ARCHIVE_FILTER_ZSTD, 0);
	world_write(w);
	assert_false(archive_check(w->path, NULL, NULL, &e));
	assert_non_null(strstr(e.text, "more than 200 times its size"));
	assert_non_null(strstr(e.text, ".mltopignore"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ways, world_make, world_release),
		cmocka_unit_test_setup_teardown(test_members, world_make, world_release),
		cmocka_unit_test_setup_teardown(test_cut_and_damaged, world_make, world_release),
		cmocka_unit_test_setup_teardown(test_memory, world_make, world_release),
		cmocka_unit_test_setup_teardown(test_packed_twice, world_make, world_release),
		cmocka_unit_test_setup_teardown(test_header_is_bounded, world_make, world_release),
		cmocka_unit_test_setup_teardown(test_zeros_are_no_bomb, world_make, world_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
