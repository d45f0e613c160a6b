/* The store behind a log pane, against a naive model of it. */
#include "base/fsio.h"
#include "base/mem.h"
#include "base/vec.h"
#include "unit_kit/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void expect_line(struct logstore *s, int64_t line, const char *text, uint64_t offset,
	bool partial)
{
	struct logstore_line got;

	assert_int_equal(logstore_window(s, line, 1, &got, NULL), 1);
	assert_non_null(got.bytes);
	assert_string_equal(got.bytes, text);
	assert_int_equal(got.len, strlen(text));
	assert_int_equal(got.full_len, strlen(text));
	assert_int_equal(got.offset, offset);
	assert_int_equal(got.partial, partial);
}

static int64_t find(struct logstore *s, const char *pattern, bool backwards, int64_t from,
	int *steps)
{
	int64_t resume = 0;
	int n = 1;

	while (!logstore_find(s, pattern, backwards, &from, &resume))
		n++;
	if (steps)
		*steps = n;
	return from;
}

/* ---- Lines ---- */

static void an_empty_store_has_no_lines(void **state)
{
	struct logstore *s = kit_store_new();
	struct logstore_line line;

	(void)state;
	assert_int_equal(logstore_lines(s), 0);
	assert_int_equal(logstore_window(s, 0, 1, &line, NULL), 0);
	assert_int_equal(find(s, "x", false, 0, NULL), -1);
	assert_int_equal(find(s, "x", true, 0, NULL), -1);
	logstore_free(s);
}

static void lines_come_back_with_their_offsets(void **state)
{
	struct logstore *s = kit_store_new();

	(void)state;
	assert_true(logstore_append(s, 1000, "one\ntw", 6, NULL));
	assert_int_equal(logstore_first(s), 1000);
	assert_int_equal(logstore_lines(s), 2);
	expect_line(s, 1, "tw", 1004, true);
	kit_add_text(s, "o\n\nfour");
	assert_int_equal(logstore_next(s), 1013);
	assert_int_equal(logstore_lines(s), 4);
	expect_line(s, 0, "one", 1000, false);
	expect_line(s, 1, "two", 1004, false);
	expect_line(s, 2, "", 1008, false);
	expect_line(s, 3, "four", 1009, true);
	kit_add_text(s, "\n");
	expect_line(s, 3, "four", 1009, false);
	assert_int_equal(logstore_lines(s), 4);
	logstore_free(s);
}

/* The supervisor died: how much is missing nobody knows, but a hole is a row. */
static void a_gap_of_unknown_size_is_a_row_once(void **state)
{
	struct logstore *s = kit_store_new();
	struct logstore_line rows[4];

	(void)state;
	kit_add_text(s, "cut he");
	assert_true(logstore_gap(s, 6, 0, NULL));
	assert_true(logstore_gap(s, 6, 0, NULL)); /* told again after a cut */
	assert_int_equal(logstore_next(s), 6);
	assert_int_equal(logstore_lines(s), 2);
	assert_int_equal(logstore_window(s, 0, 4, rows, NULL), 2);
	assert_string_equal(rows[0].bytes, "cut he");
	assert_null(rows[1].bytes);
	assert_int_equal(rows[1].offset, 6);
	kit_add_text(s, "on\n");
	expect_line(s, 2, "on", 6, false);
	logstore_free(s);
}

static void bytes_that_do_not_join_are_refused(void **state)
{
	struct logstore *s = kit_store_new();
	struct err e = ERR_INIT;

	(void)state;
	kit_add_text(s, "abc\n");
	assert_false(logstore_append(s, 3, "x", 1, &e));
	assert_non_null(strstr(e.text, "does not join"));
	assert_false(logstore_append(s, 5, "x", 1, NULL));
	assert_false(logstore_gap(s, 5, 7, NULL));
	assert_int_equal(logstore_next(s), 4);
	assert_int_equal(logstore_lines(s), 1);
	logstore_free(s);
}

static void a_gap_is_a_row_and_moves_the_offset(void **state)
{
	struct logstore *s = kit_store_new();
	struct logstore_line rows[8];

	(void)state;
	kit_add_text(s, "first\ncut he");
	assert_true(logstore_gap(s, 12, 100, NULL));
	kit_add_text(s, "re it goes on\n");
	assert_int_equal(logstore_lines(s), 4);
	assert_int_equal(logstore_window(s, 0, 8, rows, NULL), 4);
	assert_string_equal(rows[1].bytes, "cut he");
	assert_false(rows[1].partial);
	assert_null(rows[2].bytes);
	assert_int_equal(rows[2].lost, 100);
	assert_int_equal(rows[2].offset, 12);
	assert_string_equal(rows[3].bytes, "re it goes on");
	assert_int_equal(rows[3].offset, 112);
	/* A text over the gap is none. */
	assert_int_equal(find(s, "here", false, 0, NULL), -1);
	assert_int_equal(find(s, "here", true, 3, NULL), -1);
	assert_int_equal(find(s, "re it", false, 0, NULL), 3);
	logstore_free(s);
}

/* ---- The huge line ---- */

static void a_line_of_64_mib_costs_a_window(void **state)
{
	enum { PART = 1 << 20, PARTS = 64 };
	struct logstore *s = kit_store_new();
	char *part = mem_alloc(PART + 1);
	struct logstore_line rows[3];
	int steps;

	(void)state;
	memset(part, 'x', PART);
	kit_add_text(s, "before\n");
	for (int i = 0; i < PARTS; i++)
		assert_true(logstore_append(s, logstore_next(s), part, PART, NULL));
	kit_add_text(s, "needle\nafter\n");
	assert_int_equal(logstore_lines(s), 3);
	assert_int_equal(logstore_window(s, 0, 3, rows, NULL), 3);
	assert_int_equal(rows[1].len, 64 * 1024);
	assert_int_equal(rows[1].full_len, (size_t)PARTS * PART + 6);
	assert_int_equal(rows[1].bytes[64 * 1024 - 1], 'x');
	assert_string_equal(rows[2].bytes, "after");
	assert_int_equal(find(s, "needle", false, 0, &steps), 1);
	assert_in_range(steps, PARTS / 4, PARTS / 4 + 2);
	assert_int_equal(find(s, "before", true, 2, &steps), 0);
	assert_in_range(steps, PARTS / 4, PARTS / 4 + 2);
	free(part);
	logstore_free(s);
}

/* ---- Saving ---- */

static void saving_writes_all_bytes_and_spares_links(void **state)
{
	struct logstore *s = kit_store_new();
	char *path = fsio_join(kit_root, "saved"), *link = fsio_join(kit_root, "link");
	struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	kit_add_text(s, "a\n\x01\xff raw");
	assert_true(logstore_save(s, path, &e));
	assert_true(fsio_read(path, &text, 100, NULL));
	assert_string_equal(text.data, "a\n\x01\xff raw");
	kit_add_text(s, "!");
	assert_true(logstore_save(s, path, &e)); /* a plain file is replaced */
	buf_reset(&text);
	assert_true(fsio_read(path, &text, 100, NULL));
	assert_string_equal(text.data, "a\n\x01\xff raw!");
	assert_int_equal(symlink(path, link), 0);
	assert_false(logstore_save(s, link, &e));
	assert_int_equal(e.code, ERR_CONFLICT);
	buf_release(&text);
	unlink(path);
	unlink(link);
	free(path);
	free(link);
	logstore_free(s);
}

/* ---- The model: rows as texts ---- */

struct model_row {
	char *bytes;
	size_t len;
	uint64_t offset, lost;
	bool whole, gap;
};
struct model {
	VEC(struct model_row) rows;
	uint64_t next;
};

static void model_add(struct model *m, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++, m->next++) {
		struct model_row *last = m->rows.len ? &m->rows.items[m->rows.len - 1] : NULL;

		if (last == NULL || last->whole) {
			struct model_row row = {NULL, 0, m->next, 0, false};

			vec_push(&m->rows, row);
			last = &m->rows.items[m->rows.len - 1];
		}
		if (bytes[i] == '\n') {
			last->whole = true;
			continue;
		}
		if ((last->len & (last->len - 1)) == 0)
			last->bytes = mem_realloc(last->bytes, last->len * 2 + 2);
		last->bytes[last->len++] = bytes[i];
	}
}

static void model_gap(struct model *m, uint64_t lost)
{
	struct model_row row = {NULL, 0, m->next, lost, true, true};

	if (lost == 0 && m->rows.len && m->rows.items[m->rows.len - 1].gap)
		return;
	if (m->rows.len)
		m->rows.items[m->rows.len - 1].whole = true;
	vec_push(&m->rows, row);
	m->next += lost;
}

static int64_t model_find(const struct model *m, const char *pattern, bool backwards, int64_t from)
{
	for (int64_t i = from; i >= 0 && i < (int64_t)m->rows.len; i += backwards ? -1 : 1) {
		const struct model_row *r = &m->rows.items[i];

		for (size_t k = 0; k + strlen(pattern) <= r->len; k++)
			if (strncasecmp(r->bytes + k, pattern, strlen(pattern)) == 0)
				return i;
	}
	return -1;
}

static void model_release(struct model *m)
{
	for (size_t i = 0; i < m->rows.len; i++)
		free(m->rows.items[i].bytes);
	vec_release(&m->rows);
}

static unsigned below(unsigned *seed, unsigned n)
{
	return (unsigned)rand_r(seed) % n;
}

static void random_append(struct logstore *s, struct model *m, unsigned *seed)
{
	static char bytes[200 * 1024];
	size_t len = below(seed, 40) == 0 ? below(seed, sizeof bytes) : below(seed, 60);
	unsigned lines = len > 100 ? 90000 : 1 + below(seed, 20);

	for (size_t i = 0; i < len; i++)
		bytes[i] = below(seed, lines) == 0 ? '\n' : "abAB\r\0z"[below(seed, 7)];
	assert_true(logstore_append(s, m->next, bytes, len, NULL));
	model_add(m, bytes, len);
}

static void compare_window(struct logstore *s, const struct model *m, int64_t line, size_t count)
{
	struct logstore_line got[64];
	size_t n = logstore_window(s, line, count, got, NULL);
	size_t left = line < (int64_t)m->rows.len ? m->rows.len - (size_t)line : 0;

	assert_int_equal(n, left < count ? left : count);
	for (size_t i = 0; i < n; i++) {
		const struct model_row *r = &m->rows.items[(size_t)line + i];
		size_t shown = r->len < 64 * 1024 ? r->len : 64 * 1024, from = 0;

		/* Of a long line that is redrawn its newest redraws. */
		for (size_t at = r->len - shown; r->len > shown && at + 1 < r->len && !from; at++)
			from = r->bytes[at] == '\r' ? at : 0;
		shown = from ? r->len - from : shown;

		assert_int_equal(got[i].offset, r->offset);
		assert_int_equal(got[i].lost, r->lost);
		assert_int_equal(got[i].partial, !r->whole);
		assert_int_equal(got[i].bytes == NULL, r->gap);
		if (r->gap)
			continue;
		assert_int_equal(got[i].full_len, r->len);
		assert_int_equal(got[i].len, shown);
		assert_memory_equal(got[i].bytes, r->bytes ? r->bytes + from : "", shown);
	}
}

static void compare_find(struct logstore *s, const struct model *m, unsigned *seed)
{
	char pattern[5] = "";
	int64_t from;
	bool backwards = below(seed, 2);

	if (m->rows.len == 0)
		return;
	from = (int64_t)below(seed, (unsigned)m->rows.len);
	for (unsigned i = 0, n = 1 + below(seed, 4); i < n; i++)
		pattern[i] = "ab\rz"[below(seed, 4)];
	assert_int_equal(find(s, pattern, backwards, from, NULL),
		model_find(m, pattern, backwards, from));
}

static void it_behaves_as_the_model(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		unsigned seed = round;
		struct logstore *s = kit_store_new();
		struct model m = {.next = below(&seed, 1000)};

		for (int step = 0; step < 60; step++) {
			if (below(&seed, 12) == 0) {
				uint64_t lost = below(&seed, 3) ? below(&seed, 5000) : 0;

				assert_true(logstore_gap(s, m.next, lost, NULL));
				model_gap(&m, lost);
			} else {
				random_append(s, &m, &seed);
			}
			assert_int_equal(logstore_lines(s), m.rows.len);
			assert_int_equal(logstore_next(s), m.next);
			compare_window(s, &m, below(&seed, (unsigned)m.rows.len + 2),
				1 + below(&seed, 40));
			compare_find(s, &m, &seed);
		}
		compare_window(s, &m, 0, 64);
		model_release(&m);
		logstore_free(s);
	}
}

/* ---- Search ---- */

static void capitals_in_the_pattern_make_case_matter(void **state)
{
	struct logstore *s = kit_store_new();

	(void)state;
	kit_add_text(s, "Error here\nerror there\n");
	assert_int_equal(find(s, "error", false, 0, NULL), 0);
	assert_int_equal(find(s, "Error", false, 1, NULL), -1);
	assert_int_equal(find(s, "error", false, 1, NULL), 1);
	assert_int_equal(find(s, "Error", true, 1, NULL), 0);
	assert_int_equal(find(s, "", false, 0, NULL), -1);
	assert_int_equal(find(s, "here\nerror", false, 0, NULL), -1);
	logstore_free(s);
}

/* A hit that lies over the end of one step is found, from both sides, once. */
static void hits_over_a_step_are_found(void **state)
{
	enum { STEP = 4 * 1024 * 1024 };
	struct logstore *s = kit_store_new();
	char *fill = mem_alloc(STEP);

	(void)state;
	for (int shift = -5; shift <= 1; shift++) {
		logstore_free(s);
		s = kit_store_new();
		memset(fill, '.', STEP);
		fill[100] = '\n';
		assert_true(logstore_append(s, 0, fill, (size_t)(STEP + shift - 1), NULL));
		kit_add_text(s, "\nneedle\n");
		memset(fill, ',', STEP);
		assert_true(logstore_append(s, logstore_next(s), fill, (size_t)(STEP - 4), NULL));
		assert_int_equal(find(s, "needle", false, 0, NULL), 2);
		assert_int_equal(find(s, "needle", true, 3, NULL), 2);
		assert_int_equal(find(s, "needle", false, 3, NULL), -1);
		assert_int_equal(find(s, "needle", true, 1, NULL), -1);
	}
	free(fill);
	logstore_free(s);
}

static void the_spool_has_no_name(void **state)
{
	char *dir = fsio_join(kit_root, "cache/deep");
	struct logstore *s = logstore_new(dir, NULL);
	struct stat st;

	(void)state;
	assert_non_null(s);
	kit_add_text(s, "x\n");
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(rmdir(dir), 0); /* empty */
	free(dir);
	logstore_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_store_has_no_lines),
		cmocka_unit_test(lines_come_back_with_their_offsets),
		cmocka_unit_test(a_gap_of_unknown_size_is_a_row_once),
		cmocka_unit_test(bytes_that_do_not_join_are_refused),
		cmocka_unit_test(a_gap_is_a_row_and_moves_the_offset),
		cmocka_unit_test(a_line_of_64_mib_costs_a_window),
		cmocka_unit_test(saving_writes_all_bytes_and_spares_links),
		cmocka_unit_test(it_behaves_as_the_model),
		cmocka_unit_test(capitals_in_the_pattern_make_case_matter),
		cmocka_unit_test(hits_over_a_step_are_found),
		cmocka_unit_test(the_spool_has_no_name),
	};

	return cmocka_run_group_tests(tests, kit_root_make, kit_root_remove);
}
