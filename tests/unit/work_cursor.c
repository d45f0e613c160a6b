/* A place in a log, over an engine that answers at once or later. */
#include "base/buf.h"
#include "base/mem.h"
#include "work/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* An engine whose only task has this log. */
struct play {
	struct engine base;
	const char *text; /* NULL: no log yet */
	uint32_t generation;
	uint64_t oldest;    /* those before it were dropped */
	uint64_t hole, gap; /* so many bytes from there on are missing */
	bool final, unreadable;
	uint64_t counted; /* so many bytes more than can be read yet */
	bool stuck;       /* at the end it tells of a gap of nothing */
	bool late;        /* answers when `answer` is called */
	struct log_ask *asked;
	int cancelled;
};

static enum log_step bytes_give(const struct play *p, struct log_ask *ask, void *out)
{
	size_t len = strlen(p->text);

	if (ask->offset < p->oldest) {
		ask->gap = (struct log_gap){ask->offset, p->oldest - ask->offset};
		return LOG_GAP;
	}
	if (p->gap && ask->offset == p->hole) {
		ask->gap = (struct log_gap){p->hole, p->gap};
		return LOG_GAP;
	}
	ask->gap = (struct log_gap){ask->offset, 0};
	if (ask->offset >= len)
		return p->stuck ? LOG_GAP : LOG_END;
	ask->len = len - ask->offset < ask->size ? len - ask->offset : ask->size;
	if (p->gap && ask->offset < p->hole && ask->offset + ask->len > p->hole)
		ask->len = p->hole - ask->offset;
	memcpy(out, p->text + ask->offset, ask->len);
	return LOG_BYTES;
}

static enum log_step answer_make(const struct play *p, struct log_ask *ask, void *out)
{
	if (p->unreadable) {
		err_set(&ask->e, ERR_UNAVAILABLE, "no descriptor is free");
		return LOG_NOT_NOW;
	}
	if (p->text == NULL) {
		err_set(&ask->e, ERR_NOT_FOUND, "the task has no log yet");
		return LOG_NONE;
	}
	if (ask->size)
		return bytes_give(p, ask, out);
	ask->range = (struct log_range){p->generation, p->oldest, strlen(p->text) + p->counted,
		p->final};
	return LOG_BEGUN;
}

static enum log_step play_ask(struct engine *en, const struct task_ref *ref, struct log_ask *ask)
{
	struct play *p = (struct play *)en;

	assert_string_equal(ref->uid, "uid");
	assert_int_equal(ref->attempt, 3);
	if (!p->late)
		return answer_make(p, ask, ask->out);
	assert_null(p->asked); /* one at a time */
	p->asked = ask;
	return LOG_COMING;
}

static void play_cancel(struct engine *en, struct log_ask *ask)
{
	struct play *p = (struct play *)en;

	assert_ptr_equal(p->asked, ask);
	p->asked = NULL;
	p->cancelled++;
}

static const struct engine_ops play_ops = {.log_ask = play_ask, .log_cancel = play_cancel};

/* The late answer comes, from memory that is gone afterwards. */
static void answer(struct play *p)
{
	struct log_ask *ask = p->asked;
	char *bytes = mem_alloc(ask->size + 1);
	enum log_step step = answer_make(p, ask, bytes);

	p->asked = NULL;
	ask->answered(ask, step, bytes);
	memset(bytes, '#', ask->size + 1);
	free(bytes);
}

static int ready_count;

static void ready(void *ctx)
{
	(void)ctx;
	ready_count++;
}

static struct play play_of(const char *text, bool late)
{
	ready_count = 0;
	return (struct play){.base = {&play_ops}, .text = text, .late = late};
}

static struct log_cursor *cursor_of(struct engine *const *en)
{
	struct task_ref ref = {"uid", "main", 3};

	return log_cursor_open(en, &ref, ready, NULL);
}

/* A step, the answer waited for. */
static enum log_step next(struct play *p, struct log_cursor *c, char *out, size_t size,
	struct log_piece *piece)
{
	enum log_step step = log_cursor_next(c, out, size, piece);

	while (step == LOG_COMING) {
		int before = ready_count;

		assert_int_equal(log_cursor_next(c, out, size, piece), LOG_COMING);
		answer(p);
		assert_int_equal(ready_count, before + 1);
		step = log_cursor_next(c, out, size, piece);
	}
	return step;
}

/* All steps up to an end as text: bytes as they are, "<gap N>", "<begun>", then "." or "!". */
static void expect_read(struct play *p, struct log_cursor *c, size_t size, const char *text)
{
	struct buf got = BUF_INIT;
	struct log_piece piece;
	char out[64];
	enum log_step step;

	do {
		step = next(p, c, out, size, &piece);
		if (step == LOG_BYTES)
			buf_add(&got, out, piece.len);
		else if (step == LOG_GAP)
			buf_addf(&got, "<gap %d>", (int)piece.lost);
		else if (step == LOG_BEGUN)
			buf_adds(&got, "<begun>");
	} while (step == LOG_BYTES || step == LOG_GAP || step == LOG_BEGUN);
	assert_int_equal(step, LOG_END);
	buf_adds(&got, piece.range.final ? "!" : ".");
	assert_string_equal(got.data, text);
	buf_release(&got);
}

static void reads_all(bool late)
{
	struct play p = play_of("one two three", late);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);

	expect_read(&p, c, 4, "<begun>one two three.");
	expect_read(&p, c, 4, ".");
	p.text = "one two three four";
	p.final = true;
	expect_read(&p, c, 64, " four!");
	assert_int_equal(log_cursor_offset(c), 18);
	log_cursor_close(c);
}

static void test_bytes_then_the_end(void **state)
{
	(void)state;
	reads_all(false);
	reads_all(true);
}

static void reads_gaps(bool late)
{
	struct play p = play_of("0123456789", late);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);

	p.oldest = 2;
	p.hole = 5;
	p.gap = 3;
	expect_read(&p, c, 64, "<begun>234<gap 3>89.");
	log_cursor_seek(c, 0);
	expect_read(&p, c, 64, "<gap 2>234<gap 3>89.");
	log_cursor_close(c);
}

static void test_gaps(void **state)
{
	(void)state;
	reads_gaps(false);
	reads_gaps(true);
}

/* An engine that says so again and again must hold nobody. */
static void test_a_gap_that_leads_nowhere_is_an_end(void **state)
{
	struct play p = play_of("0123456789", false);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);

	(void)state;
	p.stuck = true;
	expect_read(&p, c, 64, "<begun>0123456789.");
	log_cursor_close(c);
}

static void other_generation(bool late)
{
	struct play p = play_of("0123456789", late);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);

	expect_read(&p, c, 64, "<begun>0123456789.");
	p.generation = 1;
	p.text = "abc";
	expect_read(&p, c, 64, "<begun>abc.");
	log_cursor_close(c);
}

static void test_another_generation_begins_anew(void **state)
{
	(void)state;
	other_generation(false);
	other_generation(true);
}

static void not_now(bool late)
{
	struct play p = play_of(NULL, late);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);
	struct log_piece piece;
	char out[8];

	assert_int_equal(next(&p, c, out, 4, &piece), LOG_NONE);
	assert_string_equal(piece.e.text, "the task has no log yet");
	p.text = "0123456789";
	assert_int_equal(next(&p, c, out, 4, &piece), LOG_BEGUN);
	assert_int_equal(next(&p, c, out, 4, &piece), LOG_BYTES);
	p.unreadable = true;
	assert_int_equal(next(&p, c, out, 4, &piece), LOG_NOT_NOW);
	assert_string_equal(piece.e.text, "no descriptor is free");
	assert_int_equal(next(&p, c, out, 4, &piece), LOG_NOT_NOW);
	p.unreadable = false;
	expect_read(&p, c, 4, "456789.");
	log_cursor_close(c);
}

static void test_what_cannot_be_read_now_is_read_later(void **state)
{
	(void)state;
	not_now(false);
	not_now(true);
}

/* More came than there is room for now. */
static void test_late_bytes_are_given_in_pieces(void **state)
{
	struct play p = play_of("0123456789", true);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);
	struct log_piece piece;
	char out[16];

	(void)state;
	assert_int_equal(next(&p, c, out, 8, &piece), LOG_BEGUN);
	assert_int_equal(log_cursor_next(c, out, 8, &piece), LOG_COMING);
	answer(&p);
	for (uint64_t at = 0; at < 8; at += 2) {
		assert_int_equal(log_cursor_next(c, out, 2, &piece), LOG_BYTES);
		assert_int_equal(piece.len, 2);
		assert_int_equal(piece.offset, at);
		assert_memory_equal(out, p.text + at, 2);
	}
	assert_int_equal(log_cursor_next(c, out, 2, &piece), LOG_COMING);
	log_cursor_close(c);
	assert_int_equal(p.cancelled, 1);
}

static void test_seek_forgets_what_came(void **state)
{
	struct play p = play_of("0123456789", true);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);
	struct log_piece piece;
	char out[16];

	(void)state;
	assert_int_equal(next(&p, c, out, 8, &piece), LOG_BEGUN);
	assert_int_equal(log_cursor_next(c, out, 8, &piece), LOG_COMING);
	answer(&p);
	log_cursor_seek(c, 7);
	expect_read(&p, c, 8, "789.");
	log_cursor_close(c);
}

static void test_look_tells_the_range_and_stays(void **state)
{
	struct play p = play_of("0123", false);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);
	struct log_piece piece;
	char out[16];

	(void)state;
	expect_read(&p, c, 8, "<begun>0123.");
	p.text = "0123456789";
	log_cursor_look(c);
	assert_int_equal(log_cursor_next(c, out, 8, &piece), LOG_BEGUN);
	assert_int_equal(piece.range.newest, 10);
	expect_read(&p, c, 8, "456789.");
	log_cursor_close(c);
}

/* The last bytes are told of before they can be read: that is not the end. */
static void test_the_end_is_where_all_was_given(void **state)
{
	struct play p = play_of("0123", false);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);

	(void)state;
	p.final = true;
	p.counted = 2;
	expect_read(&p, c, 8, "<begun>0123.");
	p.counted = 0;
	p.text = "012345";
	expect_read(&p, c, 8, "45!");
	log_cursor_close(c);
}

static void test_without_an_engine_there_is_no_log(void **state)
{
	struct engine *en = NULL;
	struct log_cursor *c = cursor_of(&en);
	struct log_piece piece;
	char out[4];

	(void)state;
	assert_int_equal(log_cursor_next(c, out, 4, &piece), LOG_NONE);
	log_cursor_close(c);
	log_cursor_close(NULL);
}

/* What would have woken the reader came before it took the answer that there is no more. */
static void an_end_that_is_not_the_last_word(void **state)
{
	struct play p = play_of("begun", true);
	struct engine *en = &p.base;
	struct log_cursor *c = cursor_of(&en);
	struct log_piece piece;
	char out[16];

	(void)state;
	assert_int_equal(next(&p, c, out, sizeof out, &piece), LOG_BEGUN);
	assert_int_equal(next(&p, c, out, sizeof out, &piece), LOG_BYTES);
	assert_int_equal(log_cursor_next(c, out, sizeof out, &piece), LOG_COMING);
	answer(&p); /* no more bytes */
	assert_int_equal(log_cursor_next(c, out, sizeof out, &piece), LOG_COMING);
	answer(&p); /* and it is not final */
	p.text = "begun, over";
	p.final = true;
	log_cursor_news(c);
	assert_int_equal(next(&p, c, out, sizeof out, &piece), LOG_BYTES);
	assert_memory_equal(out, ", over", piece.len);
	assert_int_equal(next(&p, c, out, sizeof out, &piece), LOG_END);
	assert_true(piece.range.final);
	log_cursor_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_that_is_not_the_last_word),
		cmocka_unit_test(test_bytes_then_the_end),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_a_gap_that_leads_nowhere_is_an_end),
		cmocka_unit_test(test_another_generation_begins_anew),
		cmocka_unit_test(test_what_cannot_be_read_now_is_read_later),
		cmocka_unit_test(test_late_bytes_are_given_in_pieces),
		cmocka_unit_test(test_seek_forgets_what_came),
		cmocka_unit_test(test_look_tells_the_range_and_stays),
		cmocka_unit_test(test_the_end_is_where_all_was_given),
		cmocka_unit_test(test_without_an_engine_there_is_no_log),
	};

	return cmocka_run_group_tests_name("work_cursor", tests, NULL, NULL);
}
