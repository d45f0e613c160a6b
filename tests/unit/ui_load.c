/* 10,000 rows of which 1,000 change a second: order and selection. How long it takes, make bench says. */
#include "golden/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROWS = 10000 };

static unsigned random_next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static json_t *change(unsigned *seed, int rows, int64_t now)
{
	static const char *const states[] = {"running", "enqueued", "completed", "failed"};
	json_t *job = harness_job((int)(random_next(seed) % (unsigned)rows), now);

	json_object_set_new(job, "gpu_util", json_integer(random_next(seed) % 101));
	json_object_set_new(job, "gpu_limit", json_integer(random_next(seed) % 16));
	json_object_set_new(job, "state", json_string(states[random_next(seed) % 4]));
	return job;
}

static void send_changes(struct harness *h, unsigned *seed, int count)
{
	struct msg m = {.type = MSG_ROWS, .sub = 1};
	json_t *rows = json_array();

	for (int i = 0; i < count; i++)
		json_array_append_new(rows, change(seed, ROWS, h->now));
	m.rows = rows;
	m.now = h->now;
	m.mono = h->mono;
	app_update(h->app, &m, &h->cmds);
	json_decref(rows);
}

static void name_at(const struct harness *h, int y, char out[16])
{
	int to = 0;

	for (int x = 1; x < 10; x++)
		out[to++] = h->grid.cells[y * h->grid.cols + x].text[0];
	out[to] = '\0';
}

static int selected_row(const struct harness *h)
{
	for (int y = 3; y < h->rows - 1; y++)
		if (h->grid.cells[y * h->grid.cols].selected)
			return y;
	return -1;
}

static void selection_stays_on_its_row(void **state)
{
	struct app_options o = {.context = "load"};
	struct harness h;
	unsigned seed = 3;
	char before[16], after[16];

	(void)state;
	harness_open(&h, &o);
	harness_jobs(&h, ROWS);
	harness_key(&h, "S");
	harness_type(&h, "g");
	harness_key(&h, "enter");
	for (int i = 0; i < 37; i++)
		harness_key(&h, "j");
	name_at(&h, selected_row(&h), before);
	for (int i = 0; i < 100; i++) {
		send_changes(&h, &seed, 200);
		harness_draw(&h);
		assert_true(selected_row(&h) > 0);
		name_at(&h, selected_row(&h), after);
		assert_string_equal(before, after);
	}
	harness_close(&h);
}

/* Whatever changed in between, the rows on the screen are in the order that sorting anew gives. */
static void order_is_that_of_sorting_anew(void **state)
{
	struct app_options o = {.context = "load"};
	struct harness h;
	unsigned seed = 11;

	(void)state;
	harness_open(&h, &o);
	harness_jobs(&h, 2000);
	harness_key(&h, "S");
	harness_type(&h, "g");
	harness_key(&h, "enter");
	for (int round = 0; round < 30; round++) {
		struct grid had;

		send_changes(&h, &seed, 97);
		harness_key(&h, round % 2 ? "g" : "G");
		grid_init(&had);
		grid_resize(&had, h.grid.cols, h.grid.rows);
		app_view(h.app, &had);
		harness_key(&h, "I");
		harness_key(&h, "I");
		harness_key(&h, round % 2 ? "g" : "G");
		assert_true(grid_equal(&had, &h.grid));
		grid_release(&had);
	}
	harness_close(&h);
}

/* Rows that arrive piece by piece do not drag the cursor along before anybody moved it. */
static void the_cursor_waits_on_the_first_row(void **state)
{
	struct app_options o = {.context = "load"};
	struct harness h;
	char name[16];

	(void)state;
	harness_open(&h, &o);
	for (int i = 40; i-- > 0;) {
		struct msg m = {.type = MSG_ROWS, .sub = 1};
		json_t *rows = json_pack("[o]", harness_job(i, h.now));

		m.rows = rows;
		harness_send(&h, &m);
		json_decref(rows);
		assert_int_equal(selected_row(&h), 3);
	}
	name_at(&h, 3, name);
	assert_string_equal(name, "job-00000");
	harness_close(&h);
}

static void gone_rows_go(void **state)
{
	struct app_options o = {.context = "load"};
	struct harness h;

	(void)state;
	harness_open(&h, &o);
	harness_jobs(&h, 50);
	for (int i = 0; i < 49; i++) {
		char json[160];

		snprintf(json, sizeof json, "{\"t\":\"gone\",\"sub\":1,\"uids\":[\"01J%023d\"]}",
			i);
		harness_text(&h, json);
	}
	char name[16];

	assert_int_equal(selected_row(&h), 3);
	name_at(&h, 3, name);
	assert_string_equal(name, "job-00049");
	/* A new snapshot without it: it stays until the snapshot is whole. */
	harness_text(&h, "{\"t\":\"reset\",\"sub\":1}");
	assert_int_equal(selected_row(&h), 3);
	harness_text(&h, "{\"t\":\"synced\",\"sub\":1}");
	assert_int_equal(selected_row(&h), -1);
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selection_stays_on_its_row),
		cmocka_unit_test(order_is_that_of_sorting_anew),
		cmocka_unit_test(gone_rows_go),
		cmocka_unit_test(the_cursor_waits_on_the_first_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
