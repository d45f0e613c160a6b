/*
 * Every attack of the corpus through every form of the sanitiser, cut at every byte, and random
 * mixtures of them; an oracle that shares no code with it reads the result.
 */
#include "base/paint.h"
#include "base/mem.h"
#include "base/utf8.h"

#include "attack_corpus.h"
#include "pty_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const allow_nothing[] = {NULL};

static void judge(const char *name, const char *how, const char *const *allowed,
	const struct buf *text)
{
	struct pty_oracle o;

	pty_oracle_init(&o, allowed);
	pty_oracle_feed(&o, text->data, text->len);
	if (!pty_oracle_end(&o))
		fail_msg("%s, %s: %s", name, how, o.first);
}

/* What must hold of any text we made: whole characters, marks only on a base and three at most. */
static void check_marks(const char *name, const struct buf *text)
{
	const char *at = text->data;

	while (at < text->data + text->len) {
		int width;
		size_t n;

		if (*at == '\n' || *at == '\033') {
			at++;
			continue;
		}
		n = utf8_cluster(at, &width);
		/* The longest base and three marks are 4 + 3 * 4 bytes. */
		if (width == 0 || n > 16)
			fail_msg("%s: a cluster of %zu bytes and %d cells", name, n, width);
		at += n;
	}
}

static void check_runs(const char *name, const struct sanitized_line *line)
{
	for (size_t i = 0; i < line->run_count; i++) {
		size_t at = line->runs[i].at;

		assert_in_range(line->runs[i].style.fg + 1, 0, 256);
		assert_in_range(line->runs[i].style.bg + 1, 0, 256);
		if (at > line->text.len || (i > 0 && at <= line->runs[i - 1].at))
			fail_msg("%s: run %zu is out of order", name, i);
		if (at < line->text.len && ((unsigned char)line->text.data[at] & 0xC0) == 0x80)
			fail_msg("%s: run %zu parts a character", name, i);
	}
}

static void as_field_and_line(const char *name, const char *bytes, size_t len)
{
	struct buf field = BUF_INIT;
	struct sanitized_line line;

	sanitize_text(&field, bytes, len);
	judge(name, "as a field", allow_nothing, &field);
	check_marks(name, &field);
	buf_release(&field);
	sanitized_line_init(&line);
	for (int fold = 0; fold < 2; fold++) {
		sanitize_log_line(&line, bytes, len, fold);
		judge(name, fold ? "as a folded line" : "as a raw line", allow_nothing, &line.text);
		check_marks(name, &line.text);
		check_runs(name, &line);
	}
	sanitized_line_release(&line);
}

/* Streams the bytes in parts that end where `next_cut` says. */
static void stream_in_parts(struct buf *out, const char *bytes, size_t len, bool colour,
	size_t (*next_cut)(size_t at, size_t len, void *arg), void *arg)
{
	struct paint p;

	paint_init(&p, PAINT_ENDED, colour);
	for (size_t at = 0; at < len;) {
		size_t cut = next_cut(at, len, arg);
		/* A copy of the exact size: reading past a part is then seen by AddressSanitizer.
		 */
		char *part = mem_dup(bytes + at, cut - at);

		paint_add(&p, part, cut - at, out);
		free(part);
		at = cut;
	}
	paint_end(&p, out);
	paint_release(&p);
}

static size_t cut_nowhere(size_t at, size_t len, void *arg)
{
	(void)at;
	(void)arg;
	return len;
}

static size_t cut_once(size_t at, size_t len, void *arg)
{
	size_t where = *(size_t *)arg;

	return at < where && where < len ? where : len;
}

static size_t cut_everywhere(size_t at, size_t len, void *arg)
{
	(void)len;
	(void)arg;
	return at + 1;
}

static size_t cut_at_random(size_t at, size_t len, void *arg)
{
	unsigned *seed = arg;
	size_t n = 1 + (size_t)rand_r(seed) % (rand_r(seed) % 8 == 0 ? 100000 : 40);

	return n < len - at ? at + n : len;
}

static void assert_same(const char *name, const char *how, const struct buf *a, const struct buf *b)
{
	if (a->len != b->len || memcmp(a->data, b->data, a->len) != 0)
		fail_msg("%s: %s changes the output\n%s\n%s", name, how, a->data, b->data);
}

static void as_stream(const char *name, const char *bytes, size_t len, struct buf *whole)
{
	struct buf plain = BUF_INIT;

	stream_in_parts(whole, bytes, len, true, cut_nowhere, NULL);
	judge(name, "as a stream", pty_allow_text, whole);
	stream_in_parts(&plain, bytes, len, false, cut_nowhere, NULL);
	judge(name, "as a stream without colours", pty_allow_plain, &plain);
	check_marks(name, &plain);
	buf_release(&plain);
}

/* Drawn on a terminal of some width after each few bytes. */
static void as_live(const char *name, const char *bytes, size_t len)
{
	struct buf out = BUF_INIT;
	struct paint p;

	paint_init(&p, PAINT_LIVE, true);
	paint_size(&p, 20, 5);
	for (size_t at = 0; at < len; at += 7) {
		paint_add(&p, bytes + at, len - at < 7 ? len - at : 7, &out);
		if (at % 3 == 0)
			paint_now(&p, &out);
	}
	paint_end(&p, &out);
	judge(name, "drawn", pty_allow_live, &out);
	paint_release(&p);
	buf_release(&out);
}

static void attacks_do_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ATTACK_COUNT; i++) {
		const struct attack *a = &attacks[i];
		struct buf whole = BUF_INIT, again = BUF_INIT;

		as_field_and_line(a->name, a->bytes, a->len);
		as_stream(a->name, a->bytes, a->len, &whole);
		as_live(a->name, a->bytes, a->len);
		for (size_t cut = 1; cut < a->len; cut++) {
			buf_reset(&again);
			stream_in_parts(&again, a->bytes, a->len, true, cut_once, &cut);
			assert_same(a->name, "one cut", &whole, &again);
		}
		buf_reset(&again);
		stream_in_parts(&again, a->bytes, a->len, true, cut_everywhere, NULL);
		assert_same(a->name, "a cut at every byte", &whole, &again);
		buf_release(&whole);
		buf_release(&again);
	}
}

/* Every beginning of every attack is an attack too: what a name cut at its limit looks like. */
static void beginnings_do_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ATTACK_COUNT; i++)
		for (size_t len = 0; len < attacks[i].len; len++) {
			char *part = mem_dup(attacks[i].bytes, len);

			as_field_and_line(attacks[i].name, part, len);
			free(part);
		}
}

static void build_long(struct buf *in, const struct attack_long *a)
{
	buf_adds(in, a->head);
	for (size_t i = 0; i < a->times; i++)
		buf_adds(in, a->unit);
	buf_adds(in, a->tail);
}

static void long_attacks_do_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ATTACK_LONG_COUNT; i++) {
		struct buf in = BUF_INIT, whole = BUF_INIT, again = BUF_INIT;
		unsigned seed = (unsigned)i;

		build_long(&in, &attacks_long[i]);
		as_field_and_line(attacks_long[i].name, in.data, in.len);
		as_stream(attacks_long[i].name, in.data, in.len, &whole);
		stream_in_parts(&again, in.data, in.len, true, cut_at_random, &seed);
		assert_same(attacks_long[i].name, "random cuts", &whole, &again);
		buf_release(&in);
		buf_release(&whole);
		buf_release(&again);
	}
}

/* Pieces of attacks behind one another, with random bytes between. */
static void build_mixture(struct buf *in, unsigned *seed)
{
	int parts = 1 + rand_r(seed) % 12;

	while (parts-- > 0) {
		const struct attack *a = &attacks[(size_t)rand_r(seed) % ATTACK_COUNT];
		size_t from = (size_t)rand_r(seed) % (a->len + 1);
		size_t len = (size_t)rand_r(seed) % (a->len - from + 1);

		buf_add(in, a->bytes + from, len);
		for (int n = rand_r(seed) % 4; n > 0; n--)
			buf_addc(in, (char)rand_r(seed));
	}
}

static void mixtures_do_nothing(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 3000; round++) {
		struct buf in = BUF_INIT, whole = BUF_INIT, again = BUF_INIT;
		unsigned seed = round;
		char name[32];

		snprintf(name, sizeof name, "mixture %u", round);
		build_mixture(&in, &seed);
		as_field_and_line(name, in.data, in.len);
		as_stream(name, in.data, in.len, &whole);
		as_live(name, in.data, in.len);
		stream_in_parts(&again, in.data, in.len, true, cut_at_random, &seed);
		assert_same(name, "random cuts", &whole, &again);
		buf_release(&in);
		buf_release(&whole);
		buf_release(&again);
	}
}

/* Sanitised text is what it is: nothing in it is substituted a second time. */
static void sanitising_twice_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ATTACK_COUNT; i++) {
		struct buf once = BUF_INIT, twice = BUF_INIT;

		sanitize_text(&once, attacks[i].bytes, attacks[i].len);
		sanitize_text(&twice, once.data, once.len);
		assert_same(attacks[i].name, "a second time", &once, &twice);
		buf_release(&once);
		buf_release(&twice);
	}
}

/* The oracle must see what it is there for: nearly all of the corpus is a fault as it stands. */
static void the_oracle_sees_raw_attacks(void **state)
{
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < ATTACK_COUNT; i++) {
		struct pty_oracle o;

		pty_oracle_init(&o, pty_allow_text);
		pty_oracle_feed(&o, attacks[i].bytes, attacks[i].len);
		seen += !pty_oracle_end(&o);
	}
	/* The rest are colours, marks and widths, which are no control functions. */
	assert_int_equal(seen, ATTACK_COUNT - 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oracle_sees_raw_attacks),
		cmocka_unit_test(attacks_do_nothing),
		cmocka_unit_test(beginnings_do_nothing),
		cmocka_unit_test(long_attacks_do_nothing),
		cmocka_unit_test(mixtures_do_nothing),
		cmocka_unit_test(sanitising_twice_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
