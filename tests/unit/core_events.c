/* Event files: records whole, torn, lying and huge; values of every writer; what a tag keeps. */
#include "core/events/answer.h"
#include "unit/core_event_files.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- What was read ---- */

struct told {
	char tag[EVENT_TAG_MAX + 1];
	struct event_value v;
};

struct all {
	struct told told[64];
	size_t count;
};

static void tell(void *ctx, const struct event_value *value)
{
	struct all *all = ctx;
	struct told *t = &all->told[all->count++];

	assert_true(all->count <= ARRAY_SIZE(all->told));
	strcpy(t->tag, value->tag);
	t->v = *value;
}

/* In pieces of `each` bytes; whether all of it could be read. */
static bool read_in(const struct buf *file, size_t each, struct all *all, struct err *e)
{
	struct event_reader *r = event_reader_new(0, tell, all);
	bool good = true;

	all->count = 0;
	for (size_t at = 0; good && at < file->len; at += each) {
		size_t n = file->len - at < each ? file->len - at : each;
		char *piece = mem_dup(file->data + at, n);

		good = event_reader_feed(r, piece, n, e);
		free(piece);
	}
	event_reader_free(r);
	return good;
}

static void from_hex(struct buf *out, const char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (; hex[0]; hex += 2)
		buf_addc(out,
			(char)((strchr(digits, hex[0]) - digits) << 4 |
				(strchr(digits, hex[1]) - digits)));
}

/* As TensorFlow wrote them. */
static const char version_hex[] =
	"1800000000000000a37f4b2209000000c00b5ad6411a0d627261696e2e4576656e743a324ca9a464";
static const char loss_hex[] =
	"1a00000000000000129bd82d09000040c00b5ad64110072a0d0a0b0a046c6f7373150000803e7e41c5ab";

static void records_of_tensorflow_are_read_however_they_are_cut(void **state)
{
	struct buf file = BUF_INIT, made = BUF_INIT;
	struct all all;

	(void)state;
	from_hex(&file, version_hex);
	from_hex(&file, loss_hex);
	for (size_t each = 1; each <= file.len; each++) {
		assert_true(read_in(&file, each, &all, NULL));
		assert_int_equal(all.count, 1);
		assert_string_equal(all.told[0].tag, "loss");
		assert_int_equal(all.told[0].v.step, 7);
		assert_int_equal(all.told[0].v.wall, 1500000001000);
		assert_true(all.told[0].v.known && all.told[0].v.number == 0.25);
		assert_int_equal(all.told[0].v.class, EVENT_SCALAR);
	}
	put_scalar(&made, "loss", 7, 1500000001.0, 0.25F);
	assert_memory_equal(made.data, file.data + file.len - made.len, made.len);
	buf_release(&file);
	buf_release(&made);
}

static void a_torn_end_is_read_once_it_is_whole(void **state)
{
	struct buf file = BUF_INIT;
	struct all all = {.count = 0};
	struct event_reader *r;
	size_t whole, first;

	(void)state;
	put_scalar(&file, "a", 1, 1, 1);
	first = file.len;
	put_scalar(&file, "a", 2, 2, 2);
	whole = file.len;
	for (size_t cut = 0; cut < whole; cut++) {
		all.count = 0;
		r = event_reader_new(0, tell, &all);
		assert_true(event_reader_feed(r, file.data, cut, NULL));
		assert_int_equal(event_reader_offset(r), cut < first ? 0 : first);
		assert_int_equal(event_reader_needs(r),
			cut < 12                                   ? 0
				: cut < first                      ? first
				: cut >= first + 12 && cut < whole ? whole
								   : 0);
		/* Another reader, at another time. */
		size_t from = (size_t)event_reader_offset(r);

		event_reader_free(r);
		r = event_reader_new(from, tell, &all);
		assert_true(event_reader_feed(r, file.data + from, whole - from, NULL));
		assert_int_equal(event_reader_offset(r), whole);
		assert_int_equal(all.count, 2);
		event_reader_free(r);
	}
	buf_release(&file);
}

static void a_wrong_checksum_of_data_costs_its_record_alone(void **state)
{
	struct buf file = BUF_INIT;
	struct all all;
	struct event_reader *r;
	size_t first;

	(void)state;
	put_scalar(&file, "a", 1, 1, 1);
	first = file.len;
	put_scalar(&file, "a", 2, 2, 2);
	file.data[first - 5] ^= 1; /* in the number */
	assert_true(read_in(&file, 7, &all, NULL));
	assert_int_equal(all.count, 1);
	assert_int_equal(all.told[0].v.step, 2);
	r = event_reader_new(0, tell, &all);
	assert_true(event_reader_feed(r, file.data, file.len, NULL));
	assert_int_equal(event_reader_skipped(r), 1);
	event_reader_free(r);
	buf_release(&file);
}

/* What the file says is good before, and wrong from there on. */
static void stops(const struct buf *file, size_t before, const char *what)
{
	struct all all = {.count = 0};
	struct err e = ERR_INIT;
	struct event_reader *r = event_reader_new(0, tell, &all);

	assert_false(event_reader_feed(r, file->data, file->len, &e));
	assert_int_equal(e.code, ERR_INVALID);
	if (strstr(e.text, what) == NULL)
		fail_msg("'%s' is not in '%s'", what, e.text);
	assert_int_equal(event_reader_offset(r), before);
	assert_int_equal(all.count, 1);
	event_reader_free(r);
	for (size_t each = 1; each < 20; each++) {
		assert_false(read_in(file, each, &all, NULL));
		assert_int_equal(all.count, 1);
	}
}

static void a_damaged_file_stops_with_its_place(void **state)
{
	static const char *const no_events[] = {
		"2a02"
		"1080"
		"01",   /* a number longer than its summary */
		"0b",   /* a group */
		"00",   /* field 0 */
		"2a05", /* a summary longer than the record */
		"2a03"
		"0a0500", /* a value longer than its summary */
		"2a02"
		"0a01"
		"00",                       /* likewise, with bytes behind it */
		"10ffffffffffffffffffff01", /* a number of 77 bits */
		"10ff",                     /* one that does not end */
		"09000000",                 /* half a double */
		"09000000000000f87f",       /* a time that is nan */
		"2a04"
		"0a02"
		"0aff", /* a tag longer than its value */
		"2a06"
		"0a04"
		"0a02"
		"c328", /* a tag that is no UTF-8 */
	};
	struct buf file = BUF_INIT, data = BUF_INIT;
	size_t before;

	(void)state;
	put_scalar(&file, "a", 1, 1, 1);
	before = file.len;
	put_scalar(&file, "a", 2, 2, 2);
	file.data[before + 8] ^= 1;
	stops(&file, before, "length with a wrong checksum in the record at byte");
	buf_cut(&file, before);
	put_head(&file, EVENT_RECORD_MAX + 1);
	stops(&file, before, "a length that no event has");
	for (size_t i = 0; i < ARRAY_SIZE(no_events); i++) {
		buf_cut(&file, before);
		buf_reset(&data);
		from_hex(&data, no_events[i]);
		put_record(&file, &data);
		put_scalar(&file, "a", 2, 2, 2);
		stops(&file, before, "in the record at byte");
	}
	buf_release(&file);
	buf_release(&data);
}

/* ---- Values ---- */

static void a_value_without_number_is_passed_over(void **state)
{
	struct buf file = BUF_INIT, values = BUF_INIT, value = BUF_INIT, big = BUF_INIT;
	struct all all;

	(void)state;
	/* A picture of 3 MB, then a scalar, in one event: TensorFlow 1 merged them. */
	for (int i = 0; i < 3 * 1024 * 1024; i++)
		buf_addc(&big, (char)i);
	put_text(&value, 1, "picture");
	put_field(&value, 4, &big);
	put_field(&values, 1, &value);
	put_simple(&values, "loss", 0.5F);
	/* A histogram that is small. */
	put_text(&value, 1, "weights");
	put_text(&value, 5, "some buckets");
	put_field(&values, 1, &value);
	put_event(&file, 3, 10, &values);
	for (size_t each = 1; each < 100000000; each *= 97) {
		assert_true(read_in(&file, each, &all, NULL));
		assert_int_equal(all.count, 2);
		assert_string_equal(all.told[0].tag, "loss");
		assert_int_equal(all.told[0].v.step, 3);
		assert_string_equal(all.told[1].tag, "weights");
		assert_int_equal(all.told[1].v.class, EVENT_OTHER);
		assert_false(all.told[1].v.known);
	}
	buf_release(&file);
	buf_release(&values);
	buf_release(&value);
	buf_release(&big);
}

static void too_many_values_in_one_record_are_told(void **state)
{
	struct buf file = BUF_INIT, values = BUF_INIT;
	struct scalars s = {0};
	struct event_reader *r = event_reader_new(0, scalar_run_take, scalars_run(&s, "."));

	(void)state;
	for (int i = 0; i < 200000; i++)
		put_simple(&values, "loss", 1);
	put_event(&file, 1, 1, &values);
	put_scalar(&file, "loss", 2, 2, 2);
	assert_true(event_reader_feed(r, file.data, file.len, NULL));
	assert_true(event_reader_passed(r));
	assert_int_equal(scalar_tag_count(s.runs.items[0]->tags.items[0]), 2);
	event_reader_free(r);
	scalars_release(&s);
	buf_release(&file);
	buf_release(&values);
}

struct tensor {
	const char *hex, *plugin; /* a TensorProto; NULL: no metadata */
	bool known;
	enum event_class class;
	double number;
};

static void tensor_read(const struct tensor *t, struct told *out)
{
	struct buf file = BUF_INIT, values = BUF_INIT, value = BUF_INIT, inner = BUF_INIT,
		   plugin = BUF_INIT;
	struct all all;

	put_text(&value, 1, "tag");
	from_hex(&inner, t->hex);
	put_field(&value, 8, &inner);
	if (t->plugin) {
		put_text(&plugin, 1, t->plugin);
		put_field(&inner, 1, &plugin);
		put_field(&value, 9, &inner);
	}
	put_field(&values, 1, &value);
	put_event(&file, 1, 1, &values);
	assert_true(read_in(&file, file.len, &all, NULL));
	assert_int_equal(all.count, 1);
	*out = all.told[0];
	buf_release(&file);
	buf_release(&values);
	buf_release(&value);
	buf_release(&inner);
	buf_release(&plugin);
}

static void tensors_of_every_writer_are_numbers(void **state)
{
	static const struct tensor tensors[] = {
		/* TF2 and Keras: float32 in content; then tensorboard's own and torch's new style. */
		{"08011200"
		 "2204"
		 "0000803e",
			"scalars", true, EVENT_SCALAR, 0.25},
		{"0801"
		 "2a04"
		 "0000803e",
			"scalars", true, EVENT_SCALAR, 0.25},
		{"0801"
		 "2d"
		 "0000803e",
			"scalars", true, EVENT_SCALAR, 0.25},
		{"0802"
		 "3208"
		 "000000000000d03f",
			"scalars", true, EVENT_SCALAR, 0.25},
		{"0802"
		 "2208"
		 "000000000000d03f",
			"scalars", true, EVENT_SCALAR, 0.25},
		{"0803"
		 "2204"
		 "f9ffffff",
			"scalars", true, EVENT_SCALAR, -7},
		{"0803"
		 "3a0107",
			"scalars", true, EVENT_SCALAR, 7},
		{"0809"
		 "2208"
		 "f9ffffffffffffff",
			"scalars", true, EVENT_SCALAR, -7},
		{"0809"
		 "520107",
			"scalars", true, EVENT_SCALAR, 7},
		{"0813"
		 "2202"
		 "00b8",
			"scalars", true, EVENT_SCALAR, -0.5},
		{"0813"
		 "2202"
		 "0100",
			"scalars", true, EVENT_SCALAR, 0x1p-24},
		{"0813"
		 "6a03"
		 "80f801",
			"scalars", true, EVENT_SCALAR, 1.0 / 0.0 * 1},
		{"080e"
		 "2202"
		 "80be",
			"scalars", true, EVENT_SCALAR, -0.25},
		{"0801"
		 "2204"
		 "0000807f",
			"scalars", true, EVENT_SCALAR, 1.0 / 0.0},
		/* Of one dimension, of two values, of half a value, a text. */
		{"0801"
		 "1204"
		 "12020801"
		 "2204"
		 "0000803e",
			"scalars", false, EVENT_SCALAR, 0},
		{"0801"
		 "2a08"
		 "0000803e0000803e",
			"scalars", false, EVENT_SCALAR, 0},
		{"0801"
		 "2202"
		 "803e",
			"scalars", false, EVENT_SCALAR, 0},
		{"0807"
		 "420161",
			"scalars", false, EVENT_SCALAR, 0},
		/* Of another plugin, or of none: it is no scalar, whatever it holds. */
		{"0801"
		 "2204"
		 "0000803e",
			"histograms", true, EVENT_OTHER, 0.25},
		{"0801"
		 "2204"
		 "0000803e",
			NULL, true, EVENT_OTHER, 0.25},
	};
	struct told told;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tensors); i++) {
		tensor_read(&tensors[i], &told);
		if (told.v.class != tensors[i].class || told.v.known != tensors[i].known ||
			(told.v.known && told.v.number != tensors[i].number))
			fail_msg("tensor %s: known %d number %g", tensors[i].hex, told.v.known,
				told.v.number);
	}
}

static void a_value_that_would_swell_is_passed_over(void **state)
{
	struct buf file = BUF_INIT, values = BUF_INIT, value = BUF_INIT;
	struct all all;

	(void)state;
	/* Each unknown field of two bytes would be kept in some forty. */
	put_text(&value, 1, "tag");
	while (value.len < EVENT_VALUE_MAX - 2)
		buf_add(&value, "\x78\x01", 2);
	put_field(&values, 1, &value);
	put_event(&file, 1, 1, &values);
	put_scalar(&file, "loss", 2, 2, 2);
	assert_true(read_in(&file, file.len, &all, NULL));
	assert_int_equal(all.count, 1);
	assert_string_equal(all.told[0].tag, "loss");
	buf_release(&file);
	buf_release(&values);
	buf_release(&value);
}

static void names_are_bounded(void **state)
{
	struct buf file = BUF_INIT, name = BUF_INIT, values = BUF_INIT, value = BUF_INIT;
	struct all all;

	(void)state;
	for (int i = 0; i < EVENT_TAG_MAX; i++)
		buf_addc(&name, 'n');
	put_scalar(&file, name.data, 1, 1, 1);
	buf_addc(&name, 'n');
	put_scalar(&file, name.data, 2, 1, 1);
	put_scalar(&file, "", 3, 1, 1);
	buf_add(&value,
		"\x0a\x03"
		"a\0b",
		5);
	put_field(&values, 1, &value);
	put_event(&file, 4, 1, &values);
	assert_true(read_in(&file, file.len, &all, NULL));
	assert_int_equal(all.count, 2);
	assert_int_equal(all.told[0].v.step, 1);
	assert_int_equal(all.told[1].v.step, 3);
	buf_release(&file);
	buf_release(&name);
	buf_release(&values);
	buf_release(&value);
}

static void times_are_ms_and_bounded(void **state)
{
	static const struct {
		double wall;
		int64_t ms;
	} rows[] = {{1.2345678, 1235}, {-2, -2000}, {1e300, INT64_C(1) << 53},
		{-INFINITY, -(INT64_C(1) << 53)}};
	struct buf file = BUF_INIT;
	struct all all;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		put_scalar(&file, "a", -5 + (int)i, rows[i].wall, 1);
	assert_true(read_in(&file, file.len, &all, NULL));
	assert_int_equal(all.count, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(all.told[i].v.wall == rows[i].ms);
		assert_true(all.told[i].v.step == -5 + (int64_t)i);
	}
	buf_release(&file);
}

/* ---- What a tag keeps ---- */

static void take(struct scalar_run *run, const char *tag, int64_t step, double number)
{
	struct event_value v = {.tag = tag,
		.step = step,
		.wall = step * 10,
		.class = EVENT_SCALAR,
		.known = true,
		.number = number};

	scalar_run_take(run, &v);
}

static void steps_are(const struct scalar_tag *t, const int64_t *steps, size_t count)
{
	assert_int_equal(scalar_tag_count(t), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(scalar_tag_point(t, i)->step, steps[i]);
}

static void a_step_back_takes_those_of_its_own_tag(void **state)
{
	struct scalars s = {0};
	struct scalar_run *run = scalars_run(&s, "train");
	struct event_value hole = {.tag = "a", .step = 2, .class = EVENT_SCALAR};

	(void)state;
	for (int step = 0; step < 6; step++) {
		take(run, "a", step, step);
		take(run, "b", step, step);
	}
	take(run, "a", 3, 30);
	steps_are(run->tags.items[0], (int64_t[]){0, 1, 2, 3}, 4);
	assert_true(scalar_tag_point(run->tags.items[0], 3)->value == 30);
	steps_are(run->tags.items[1], (int64_t[]){0, 1, 2, 3, 4, 5}, 6);
	/* One that is no number takes them too, and is not there itself. */
	scalar_run_take(run, &hole);
	steps_are(run->tags.items[0], (int64_t[]){0, 1}, 2);
	take(run, "a", -1, 0);
	steps_are(run->tags.items[0], (int64_t[]){-1}, 1);
	assert_int_equal(s.points, 7);
	assert_true(scalar_tag_whole(run->tags.items[0]));
	scalars_release(&s);
}

static void what_a_tag_is_its_first_value_says(void **state)
{
	struct scalars s = {0};
	struct scalar_run *run = scalars_run(&s, "train"), *other = scalars_run(&s, "other");
	struct event_value picture = {.tag = "a", .class = EVENT_OTHER};
	struct event_value tensor = {.tag = "b",
		.step = 2,
		.class = EVENT_OTHER,
		.known = true,
		.number = 5};

	(void)state;
	scalar_run_take(run, &picture);
	take(run, "a", 1, 1);
	assert_int_equal(scalar_tag_count(run->tags.items[0]), 0);
	take(other, "a", 1, 1);
	assert_int_equal(scalar_tag_count(other->tags.items[0]), 1);
	/* Only the first of a tag may have said what it is. */
	take(run, "b", 1, 1);
	scalar_run_take(run, &tensor);
	assert_int_equal(scalar_tag_count(run->tags.items[1]), 2);
	scalars_drop(&s, run);
	assert_null(scalars_find(&s, "train"));
	assert_ptr_equal(scalars_find(&s, "other"), other);
	assert_int_equal(s.points, 1);
	assert_int_equal(s.tags, 1);
	scalars_release(&s);
}

static void many_points_are_kept_evenly(void **state)
{
	struct scalars s = {0};
	struct scalar_run *run = scalars_run(&s, ".");
	const struct scalar_tag *t;

	(void)state;
	for (int step = 0; step < 1000 * 1000; step++) {
		take(run, "a", step, step);
		t = run->tags.items[0];
		assert_true(scalar_tag_count(t) <= SCALAR_POINTS_MAX + 1);
		assert_int_equal(scalar_tag_point(t, 0)->step, 0);
		assert_int_equal(scalar_tag_point(t, scalar_tag_count(t) - 1)->step, step);
	}
	assert_false(scalar_tag_whole(t));
	assert_true(scalar_tag_count(t) > SCALAR_POINTS_MAX / 2);
	for (size_t i = 1; i + 1 < scalar_tag_count(t); i++)
		assert_int_equal(scalar_tag_point(t, i)->step, i * t->stride);
	/* Back to where there was a checkpoint. */
	take(run, "a", 500 * 1000, 1);
	t = run->tags.items[0];
	assert_int_equal(scalar_tag_point(t, scalar_tag_count(t) - 1)->step, 500 * 1000);
	for (size_t i = 1; i < scalar_tag_count(t); i++)
		assert_true(scalar_tag_point(t, i - 1)->step < scalar_tag_point(t, i)->step);
	scalars_release(&s);
}

static void many_tags_share_the_room(void **state)
{
	struct scalars s = {0};
	struct scalar_run *run = scalars_run(&s, ".");
	char name[32];

	(void)state;
	for (int step = 0; step < 9000; step++)
		for (int tag = 0; tag < 40; tag++) {
			snprintf(name, sizeof name, "tag-%d", tag);
			take(run, name, step, step);
		}
	for (int tag = 0; tag < SCALAR_TAGS_MAX + 10; tag++) {
		snprintf(name, sizeof name, "late-%d", tag);
		for (int step = 0; step < 150; step++)
			take(run, name, step, step);
	}
	assert_true(s.full);
	assert_int_equal(s.tags, SCALAR_TAGS_MAX);
	assert_true(s.points <= SCALAR_POINTS_ALL);
	assert_true(scalars_bytes(&s) < 32 * 1024 * 1024);
	scalars_release(&s);
	assert_int_equal(s.points, 0);
}

/* ---- What is answered ---- */

static json_t *answered(const struct scalars *s, const struct scalar_query *q, bool *cut)
{
	struct buf text = BUF_INIT;
	json_t *list;

	*cut = scalars_write(s, q, &text);
	assert_true(text.len < 4 * 1024 * 1024);
	list = json_loadb(text.data, text.len, 0, NULL);
	assert_non_null(list);
	buf_release(&text);
	return list;
}

static void an_answer_is_bounded_whatever_names_there_are(void **state)
{
	struct scalar_query q = SCALAR_QUERY_INIT;
	struct scalars s = {0};
	struct scalar_run *run = scalars_run(&s, "a\"\\\x01");
	char name[EVENT_TAG_MAX + 1];
	json_t *list;
	bool cut;

	(void)state;
	memset(name, 1, sizeof name - 1);
	name[sizeof name - 1] = '\0';
	take(run, "first", 3, 0.1);
	list = answered(&s, &q, &cut);
	assert_false(cut);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "run")),
		"a\"\\\x01");
	json_decref(list);
	for (int tag = 0; tag < SCALAR_TAGS_MAX; tag++) {
		char digits[16];

		snprintf(digits, sizeof digits, "%07d", tag);
		memcpy(name, digits, 7);
		name[7] = 1;
		for (int step = 0; step < 20; step++)
			take(run, name, step, step ? 1.0 / 3 : NAN);
	}
	list = answered(&s, &q, &cut);
	assert_true(cut);
	assert_true(json_array_size(list) > 100);
	json_decref(list);
	q.tag = "first";
	list = answered(&s, &q, &cut);
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	scalars_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_tensorflow_are_read_however_they_are_cut),
		cmocka_unit_test(a_torn_end_is_read_once_it_is_whole),
		cmocka_unit_test(a_wrong_checksum_of_data_costs_its_record_alone),
		cmocka_unit_test(a_damaged_file_stops_with_its_place),
		cmocka_unit_test(a_value_without_number_is_passed_over),
		cmocka_unit_test(too_many_values_in_one_record_are_told),
		cmocka_unit_test(tensors_of_every_writer_are_numbers),
		cmocka_unit_test(a_value_that_would_swell_is_passed_over),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(times_are_ms_and_bounded),
		cmocka_unit_test(a_step_back_takes_those_of_its_own_tag),
		cmocka_unit_test(what_a_tag_is_its_first_value_says),
		cmocka_unit_test(many_points_are_kept_evenly),
		cmocka_unit_test(many_tags_share_the_room),
		cmocka_unit_test(an_answer_is_bounded_whatever_names_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
