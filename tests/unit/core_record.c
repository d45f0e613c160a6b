/* What holds for every record of every kind, tried with random ones. */
#include "core/kinds/job.h"
#include "core/kinds/kinds.h"
#include "unit/core_random.h"

#include "base/utf8.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 300 };

struct rec {
	_Alignas(16) char bytes[KIND_SIZE_MAX];
};

static void same_or_fail(const struct kind *k, const struct rec *a, const struct rec *b,
	const char *what, int round)
{
	struct fieldset changed;

	record_diff(k, a, b, &changed);
	for (size_t i = 0; i < k->field_count; i++)
		if (fieldset_has(&changed, i))
			fail_msg("round %d: %s of %s changed %s", round, what, k->name,
				k->fields[i].name);
}

/* Through text, as it goes over the wire. */
static json_t *over_the_wire(json_t *out)
{
	char *text = json_dumps(out, 0);
	json_t *in;

	assert_non_null(text);
	in = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(in);
	json_decref(out);
	free(text);
	return in;
}

static void each_kind(
	void (*test)(const struct kind *k, struct dice *d, struct arena *a, int round))
{
	for (size_t i = 0; all_kinds[i]; i++) {
		struct dice d = {0x9e3779b97f4a7c15u + i};

		for (int round = 0; round < ROUNDS; round++) {
			struct arena a = ARENA_INIT;

			test(all_kinds[i], &d, &a, round);
			arena_release(&a);
		}
	}
}

static void json_round(const struct kind *k, struct dice *d, struct arena *a, int round)
{
	struct rec one, two = {0};
	struct err e = ERR_INIT;
	json_t *in;

	dice_record(d, k, &one, a, F_SECRET | F_MASKED);
	in = over_the_wire(record_encode(k, &one, NULL));
	assert_true(record_decode(k, &two, a, in, DECODE_SERVER, &e));
	json_decref(in);
	same_or_fail(k, &one, &two, "JSON", round);
}

static void json_keeps_everything(void **state)
{
	(void)state;
	each_kind(json_round);
}

static void pack_round(const struct kind *k, struct dice *d, struct arena *a, int round)
{
	struct rec one, two;
	struct buf packed = BUF_INIT;
	struct err e = ERR_INIT;

	dice_record(d, k, &one, a, F_SECRET);
	memset(&two, 0x5a, sizeof two);
	record_pack(k, &one, &packed);
	if (!record_unpack(k, &two, a, packed.data, packed.len, &e))
		fail_msg("round %d: %s", round, e.text);
	same_or_fail(k, &one, &two, "packing", round);
	/* Cut anywhere, it fails or gives fewer rows, and never reads past the end (sanitizers). */
	for (size_t len = 0; len < packed.len; len += 1 + packed.len / 50) {
		char *part = mem_dup(packed.data, len ? len : 1);

		record_unpack(k, &two, a, part, len, NULL);
		free(part);
	}
	buf_release(&packed);
}

static void packing_keeps_everything(void **state)
{
	(void)state;
	each_kind(pack_round);
}

static void copy_round(const struct kind *k, struct dice *d, struct arena *a, int round)
{
	struct arena own = ARENA_INIT;
	struct rec one, two;
	json_t *before, *after;

	dice_record(d, k, &one, &own, 0);
	record_copy(k, &two, &one, a);
	same_or_fail(k, &one, &two, "copying", round);
	before = record_encode(k, &one, NULL);
	/* The copy must not lean on what it was made from, which is overwritten and freed here. */
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].type->storage == ST_TEXT && *record_text(&one, &k->fields[i]))
			**(char **)(one.bytes + k->fields[i].offset) = '\x01';
	arena_release(&own);
	after = record_encode(k, &two, NULL);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
}

static void copies_stand_alone(void **state)
{
	(void)state;
	each_kind(copy_round);
}

/* A good object with one thing in it that a person may not send. */
static json_t *poisoned(const struct kind *k, struct dice *d, struct arena *a)
{
	static const char *const bad[] = {"{\"no_such_field\": 1}", "{\"x\": [[[]]]}"};
	const struct field *f = &k->fields[dice_below(d, (int64_t)k->field_count)];
	struct rec one;
	json_t *out, *more;

	dice_record(d, k, &one, a, F_SECRET);
	out = record_encode_request(k, &one);
	if (dice_below(d, 2)) {
		more = json_loads(bad[dice_below(d, ARRAY_SIZE(bad))], 0, NULL);
		json_object_update(out, more);
		json_decref(more);
	} else {
		json_object_set_new(out, f->name, json_pack("[[i]]", 1));
	}
	return out;
}

static void failure_round(const struct kind *k, struct dice *d, struct arena *a, int round)
{
	struct rec one, before;
	struct err e = ERR_INIT;
	json_t *in = poisoned(k, d, a);

	dice_record(d, k, &one, a, 0);
	before = one;
	assert_false(record_decode(k, &one, a, in, round % 2 ? DECODE_NEW : DECODE_EDIT, &e));
	json_decref(in);
	assert_memory_equal(&one, &before, k->size);
	assert_true(strlen(e.text) > 10);
	assert_false(record_decode(k, &one, a, NULL, DECODE_SERVER, &e));
	assert_memory_equal(&one, &before, k->size);
}

static void failure_touches_nothing(void **state)
{
	(void)state;
	each_kind(failure_round);
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void order_of(const struct kind *k, const struct field *f, bool descending,
	const struct rec r[3])
{
	int ab = sign(record_compare(k, f, descending, &r[0], &r[1]));
	int ba = sign(record_compare(k, f, descending, &r[1], &r[0]));
	int bc = sign(record_compare(k, f, descending, &r[1], &r[2]));
	int ac = sign(record_compare(k, f, descending, &r[0], &r[2]));

	assert_int_equal(ab, -ba);
	assert_int_equal(record_compare(k, f, descending, &r[0], &r[0]), 0);
	if (ab <= 0 && bc <= 0)
		assert_true(ac <= 0);
	if (ab >= 0 && bc >= 0)
		assert_true(ac >= 0);
	if (ab == 0)
		assert_string_equal(record_uid(k, &r[0]), record_uid(k, &r[1]));
	/* Unknown is last, whatever the direction. */
	if (record_knows(k, &r[0], f) && !record_knows(k, &r[1], f) &&
		!(f->flags & (F_MASKED | F_SECRET | F_LARGE)))
		assert_int_equal(ab, -1);
}

static void a_measure_that_ran_away_is_last(void **state)
{
	static const double wild[] = {NAN, INFINITY, -INFINITY};
	const struct field *loss = kind_field(&job_kind, "loss");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		struct job good = {0}, bad = {0}, unknown = {0};

		job_set(&good, loss, 1e6);
		job_set(&bad, loss, wild[i]);
		for (int descending = 0; descending < 2; descending++) {
			assert_true(record_compare(&job_kind, loss, descending, &good, &bad) < 0);
			assert_true(
				record_compare(&job_kind, loss, descending, &bad, &unknown) < 0);
		}
		assert_int_equal(record_look(&job_kind, &bad, loss).tone, TONE_BAD);
		assert_int_equal(record_look(&job_kind, &good, loss).tone, TONE_PLAIN);
	}
}

/* Few values, so that ties and chains happen. */
static void order_round(const struct kind *k, struct dice *d, struct arena *a, int round)
{
	struct rec r[3], other;
	static const double odd[] = {NAN, INFINITY, -INFINITY, 0, -0.0};

	(void)round;
	dice_record(d, k, &r[0], a, 0);
	for (int i = 1; i < 3; i++) {
		dice_record(d, k, &other, a, 0);
		r[i] = r[0];
		for (size_t j = 0; j < k->field_count; j++) {
			const struct field *f = &k->fields[j];

			if (!(f->flags & F_ALIAS) && dice_below(d, 2)) {
				memcpy(r[i].bytes + f->offset, other.bytes + f->offset, f->size);
				record_know(k, &r[i], f->offset);
				if (!record_knows(k, &other, f))
					record_forget(k, &r[i], f->offset);
				else if (f->type->compare == ft_real.compare)
					*(double *)(r[i].bytes + f->offset) = odd[dice_below(d, 5)];
			}
		}
	}
	for (size_t j = 0; j < k->field_count; j++) {
		order_of(k, &k->fields[j], false, r);
		order_of(k, &k->fields[j], true, r);
	}
}

/* By asking for the order again and again the values of others' masked fields could be found. */
static void order_tells_nothing_of_masked_values(void **state)
{
	static const struct label low[] = {{"TOKEN", "a"}}, high[] = {{"TOKEN", "b"}};
	const struct field *env = kind_field(&job_kind, "env");
	struct job first = {0}, second = {0};

	(void)state;
	job_set(&first, job_name, "a");
	job_set(&second, job_name, "b");
	job_set(&first, env, ((struct labels){high, 1}));
	job_set(&second, env, ((struct labels){low, 1}));
	assert_true(record_compare(&job_kind, env, false, &first, &second) < 0);
	assert_true(record_compare(&job_kind, env, true, &first, &second) < 0);
}

/* A count that the bytes cannot hold is damage, not a reason to ask for that much memory. */
static void packed_counts_are_not_believed(void **state)
{
	uint32_t tag = field_tag("command");
	const unsigned char pack[] = {1, (unsigned char)tag, (unsigned char)(tag >> 8),
		(unsigned char)(tag >> 16), (unsigned char)(tag >> 24), ST_STRINGS, 6, 0xFF, 0xFF,
		0xFF, 0xFF, 0xFF, 0x7F};
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct job j = {0};

	(void)state;
	assert_false(record_unpack(&job_kind, &j, &a, pack, sizeof pack, &e));
	assert_non_null(strstr(e.text, "the stored job is damaged (command)"));
	assert_int_equal(a.used, 0);
	arena_release(&a);
}

static void order_is_total(void **state)
{
	(void)state;
	each_kind(order_round);
}

/* Texts may have come past every decoder: a daemon's own record. */
static void cell_round(const struct kind *k, struct dice *d, struct arena *a, int round)
{
	static const char *const evil[] = {"\x1b[2J", "a\nb", "\xff\xfe",
		"\xc2\x9b"
		"31m",
		"\x7f", "\xe2\x80\xae"};
	struct rec one;

	(void)round;
	dice_record(d, k, &one, a, 0);
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		struct buf cell = BUF_INIT;

		if (f->type->storage == ST_TEXT && !(f->flags & F_ALIAS) && dice_below(d, 2)) {
			*(const char **)(one.bytes + f->offset) = evil[dice_below(d, 6)];
			record_know(k, &one, f->offset);
		}
		record_cell(k, &one, f, 4102444800000, &cell);
		assert_true(cell.len > 0);
		assert_true(utf8_valid(cell.data, cell.len));
		for (size_t n = 0; n < cell.len; n++)
			assert_false((unsigned char)cell.data[n] < ' ' || cell.data[n] == 0x7f);
		assert_null(strstr(cell.data, "\xc2\x9b"));
		assert_null(strstr(cell.data, "\xe2\x80\xae"));
		buf_release(&cell);
	}
}

static void cells_are_safe(void **state)
{
	(void)state;
	each_kind(cell_round);
}

/* Where a cell says the whole value, typing it again gives that value. */
static bool cell_is_whole(const struct field *f, const struct rec *r)
{
	int64_t v;

	if (f->type == &ft_flag || f->type == &ft_name)
		return true;
	if (f->type == &ft_enum)
		return *f->names[*(const unsigned *)(r->bytes + f->offset)] != '\0';
	memcpy(&v, r->bytes + f->offset, sizeof v);
	return f->type == &ft_int && v < 100000 && v >= f->min && v <= f->max;
}

static void typed_round(const struct kind *k, struct dice *d, struct arena *a, int round)
{
	struct rec one, two;
	struct err e = ERR_INIT;

	dice_record(d, k, &one, a, 0);
	two = one;
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		struct buf cell = BUF_INIT;

		if (!(f->flags & (F_NEW | F_EDIT)) || !record_knows(k, &one, f) ||
			!cell_is_whole(f, &one))
			continue;
		record_cell(k, &one, f, 0, &cell);
		if (!record_set_text(k, &two, a, f, cell.data, &e))
			fail_msg("round %d: \"%s\": %s", round, cell.data, e.text);
		same_or_fail(k, &one, &two, "typing", round);
		buf_release(&cell);
	}
}

static void cells_can_be_typed(void **state)
{
	(void)state;
	each_kind(typed_round);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_keeps_everything),
		cmocka_unit_test(packing_keeps_everything),
		cmocka_unit_test(copies_stand_alone),
		cmocka_unit_test(failure_touches_nothing),
		cmocka_unit_test(order_is_total),
		cmocka_unit_test(a_measure_that_ran_away_is_last),
		cmocka_unit_test(order_tells_nothing_of_masked_values),
		cmocka_unit_test(packed_counts_are_not_believed),
		cmocka_unit_test(cells_are_safe),
		cmocka_unit_test(cells_can_be_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
