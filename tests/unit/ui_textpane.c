/* Texts to scroll and search in. */
#include "golden/harness.h"

#include "core/kinds/gpu.h"
#include "core/kinds/job.h"
#include "core/kinds/node.h"
#include "ui/kit/textpane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* describe and the overview are read by people: the wall's clock, with its offset. */
static void times_in_texts_are_local(void **state)
{
	struct textpane p;
	struct buf text = BUF_INIT;
	struct job j = {0};

	(void)state;
	job_set(&j, create_time, (struct when){1767323045000});
	setenv("TZ", "EAST-3", 1);
	tzset();
	textpane_init(&p);
	textpane_record(&p, &job_kind, &j, 0, ~0u);
	textpane_text(&p, &text);
	setenv("TZ", "UTC", 1);
	tzset();
	assert_non_null(strstr(text.data, "2026-01-02T06:04:05+03:00"));
	buf_release(&text);
	textpane_release(&p);
}

/* What is inside a row stands below it, each under its key and further in. */
static void records_inside_are_indented(void **state)
{
	struct device gpus[2] = {{.uuid = NULL}};
	struct node n = {.name = NULL};
	struct textpane p;
	struct buf text = BUF_INIT;

	(void)state;
	record_set(device, &gpus[0], uuid, "GPU-a");
	record_set(device, &gpus[0], util, ((struct percent){93}));
	record_set(device, &gpus[1], uuid, "GPU-b");
	record_set(node, &n, gpus, ((struct records){gpus, 2}));
	textpane_init(&p);
	textpane_record(&p, &node_kind, &n, 0, ~0u);
	textpane_text(&p, &text);
	assert_non_null(strstr(text.data, "  gpus"));
	assert_non_null(strstr(text.data, "\n    GPU-a\n      util"));
	assert_non_null(strstr(text.data, "\n    GPU-b"));
	buf_release(&text);
	textpane_release(&p);
}

static void searches_know_capitals(void **state)
{
	(void)state;
	assert_non_null(find_text("an Error", "error"));
	assert_non_null(find_text("an Error", "Error"));
	assert_null(find_text("an error", "Error"));
	assert_null(find_text("abc", "abd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_in_texts_are_local),
		cmocka_unit_test(records_inside_are_indented),
		cmocka_unit_test(searches_know_capitals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
