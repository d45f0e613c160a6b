/* Sets of rows: found by uid, changed without end, and no larger for it. */
#include "core/kinds/job.h"
#include "core/kinds/quota.h"
#include "core/schema/rowset.h"
#include "unit/core_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static json_t *job_json(int n, const char *message)
{
	char uid[32], name[32];

	snprintf(uid, sizeof uid, "01UID%021d", n);
	snprintf(name, sizeof name, "job-%d", n);
	return json_pack("{s:s, s:s, s:s, s:i}", "uid", uid, "job_name", name, "message", message,
		"gpu_limit", n);
}

static struct job *put(struct rowset *s, int n, const char *message, bool *added)
{
	json_t *in = job_json(n, message);
	struct err e = ERR_INIT;
	struct job *j = rowset_put_json(s, in, added, &e);

	if (j == NULL)
		fail_msg("%s", e.text);
	json_decref(in);
	return j;
}

/* A sanitiser sees when a copy's texts are gone; without one the freed bytes are at least written over. */
static void a_copy_is_good_while_it_is_put_back(void **state)
{
	char message[2000];
	struct rowset s;
	struct job copy;
	int moves = 0;

	(void)state;
	rowset_init(&s, &job_kind);
	s.keeps_moved = true;
	memset(message, 'm', sizeof message);
	message[sizeof message - 1] = '\0';
	put(&s, 1, message, NULL);
	for (int i = 0; i < 500; i++) {
		size_t used = s.text.used;

		copy = *(const struct job *)s.rows[0];
		copy.gpu_limit = i;
		rowset_put(&s, &copy, NULL);
		moves += s.text.used < used;
		assert_string_equal(copy.job_name, "job-1");
		assert_string_equal(copy.message, message);
	}
	assert_in_range(moves, 2, 250);
	rowset_release(&s);
}

/* Rows are told whole: an ended job's time left is not in its row, and must not stay from before. */
static void what_a_row_says_no_more_is_unknown(void **state)
{
	json_t *in = job_json(1, "m");
	struct rowset s;
	const struct job *j;

	(void)state;
	rowset_init(&s, &job_kind);
	json_object_set_new(in, "progress_eta", json_integer(19));
	j = rowset_put_json(&s, in, NULL, NULL);
	assert_true(record_has(job, j, progress_eta));
	json_decref(in);
	assert_ptr_equal(put(&s, 1, "m", NULL), j);
	assert_false(record_has(job, j, progress_eta));
	assert_int_equal(j->gpu_limit, 1);
	rowset_release(&s);
}

static void rows_are_found_and_removed(void **state)
{
	struct rowset s;
	struct job *first;
	bool added = false;

	(void)state;
	rowset_init(&s, &job_kind);
	for (int i = 0; i < 1000; i++) {
		put(&s, i, "m", &added);
		assert_true(added);
	}
	first = rowset_find(&s, "01UID000000000000000000007");
	assert_string_equal(first->job_name, "job-7");
	assert_ptr_equal(put(&s, 7, "again", &added), first);
	assert_false(added);
	assert_string_equal(first->message, "again");
	assert_int_equal(s.changes, 1001);
	/* By its own text, which goes with the row. */
	assert_true(rowset_remove(&s, first->uid));
	assert_false(rowset_remove(&s, "01UID000000000000000000007"));
	assert_null(rowset_find(&s, "01UID000000000000000000007"));
	assert_int_equal(s.len, 999);
	for (size_t i = 0; i < s.len; i++) {
		const struct job *j = s.rows[i];

		assert_int_equal(j->gpu_limit, i < 7 ? i : i + 1); /* the order of arrival stays */
		assert_ptr_equal(rowset_find(&s, j->uid), j);
	}
	rowset_clear(&s);
	assert_int_equal(s.len, 0);
	assert_null(rowset_find(&s, "01UID000000000000000000008"));
	put(&s, 1, "m", &added);
	assert_true(added);
	rowset_release(&s);
}

/* A plain Cloud-ML server sends no uid. */
static void names_stand_in_for_uids(void **state)
{
	struct rowset s;
	json_t *in = json_pack("{s:s, s:s}", "job_name",
		"n\xc2\x9b"
		"1",
		"state", "running");
	json_t *none = json_pack("{s:s}", "state", "running");
	struct err e = ERR_INIT;
	bool added;
	struct job *j;

	(void)state;
	rowset_init(&s, &job_kind);
	j = rowset_put_json(&s, in, &added, &e);
	assert_non_null(j);
	assert_true(added);
	assert_ptr_equal(rowset_put_json(&s, in, &added, &e), j);
	assert_false(added);
	/* The row is known by its text as it was made safe, so that its own key finds it. */
	assert_ptr_equal(rowset_find(&s, record_uid(&job_kind, j)), j);
	assert_null(rowset_put_json(&s, none, &added, &e));
	assert_string_equal(e.text,
		"a job from the server has neither uid nor job_name: it cannot be "
		"told from the others");
	assert_null(rowset_put_json(&s, NULL, &added, &e));
	assert_int_equal(s.len, 1);
	json_decref(in);
	json_decref(none);
	rowset_release(&s);
}

static void puts_are_copies(void **state)
{
	struct rowset s;
	struct arena a = ARENA_INIT;
	struct dice d = {7};
	_Alignas(16) char rec[KIND_SIZE_MAX];
	struct fieldset changed, none = {0};
	bool added;
	void *row;

	(void)state;
	rowset_init(&s, &quota_kind);
	dice_record(&d, &quota_kind, rec, &a, 0);
	((struct quota *)rec)->org_id = arena_strdup(&a, "7");
	record_know(&quota_kind, rec, offsetof(struct quota, org_id));
	row = rowset_put(&s, rec, &added);
	assert_true(added);
	arena_release(&a);
	assert_ptr_equal(rowset_find(&s, "7"), row);
	/* Its own row put again: texts that it points at are the set's. */
	assert_ptr_equal(rowset_put(&s, row, &added), row);
	assert_false(added);
	record_diff(&quota_kind, row, rowset_find(&s, "7"), &changed);
	assert_memory_equal(&changed, &none, sizeof none);
	rowset_release(&s);
}

/*
 * A million changes of text over a thousand rows: what the arena holds stays within twice what is
 * alive (plus what is not worth a rewrite), and every row says what it was told last.
 */
static void memory_stays_bounded(void **state)
{
	enum { ROWS = 1000, CHANGES = 1000000 };
	struct rowset s;
	json_t *in[ROWS], *message = NULL;
	size_t most = 0;
	bool added;

	(void)state;
	rowset_init(&s, &job_kind);
	for (int i = 0; i < ROWS; i++) {
		in[i] = job_json(i, "");
		rowset_put_json(&s, in[i], &added, NULL);
	}
	for (int n = 0; n < CHANGES; n++) {
		char text[64];

		snprintf(text, sizeof text, "change %d of the row, in so many words", n);
		message = json_string(text);
		json_object_set_new(in[n % ROWS], "message", message);
		rowset_put_json(&s, in[n % ROWS], &added, NULL);
		most = s.text.used > most ? s.text.used : most;
	}
	assert_true(most < 2 * s.live_estimate + 128 * 1024);
	assert_true(s.live_estimate < ROWS * 200);
	for (int i = 0; i < ROWS; i++) {
		const struct job *j = s.rows[i];
		char text[64];

		snprintf(text, sizeof text, "change %d of the row, in so many words",
			CHANGES - ROWS + i);
		assert_string_equal(j->message, text);
		json_decref(in[i]);
	}
	for (int i = 0; i < ROWS; i++)
		rowset_remove(&s, record_uid(&job_kind, s.rows[s.len - 1]));
	assert_int_equal(s.live_estimate, 0);
	assert_true(s.text.used < 128 * 1024);
	rowset_release(&s);
}

/* Rows that come and go in any order stand by uid, and what is behind any uid is found. */
static void rows_stand_in_order(void **state)
{
	enum { UIDS = 200, STEPS = 20000 };
	bool there[UIDS] = {false};
	struct dice d = {7};
	struct rowset s;

	(void)state;
	rowset_init(&s, &job_kind);
	s.by_order = true;
	for (int step = 0; step < STEPS; step++) {
		int n = (int)dice_below(&d, UIDS);
		char uid[32];
		size_t behind = 0, at;

		snprintf(uid, sizeof uid, "01UID%021d", n);
		there[n] = dice_below(&d, 2) == 0;
		if (there[n])
			put(&s, n, "m", NULL);
		else
			rowset_remove(&s, uid);
		at = rowset_after(&s, uid);
		for (int i = n + 1; i < UIDS; i++)
			behind += there[i];
		assert_int_equal(s.len - at, behind);
		for (size_t i = 1; i < s.len; i++)
			assert_true(strcmp(record_uid(&job_kind, s.rows[i - 1]),
					    record_uid(&job_kind, s.rows[i])) < 0);
	}
	assert_int_equal(rowset_after(&s, NULL), 0);
	assert_int_equal(rowset_after(&s, ""), 0);
	assert_int_equal(rowset_after(&s, "~"), s.len);
	rowset_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_row_says_no_more_is_unknown),
		cmocka_unit_test(rows_are_found_and_removed),
		cmocka_unit_test(a_copy_is_good_while_it_is_put_back),
		cmocka_unit_test(names_stand_in_for_uids),
		cmocka_unit_test(puts_are_copies),
		cmocka_unit_test(memory_stays_bounded),
		cmocka_unit_test(rows_stand_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
