/* Names that are taken: by whom, in which org, and whose they are after they were given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/kinds/job.h"
#include "core/kinds/org.h"
#include "model/sets.h"

static void test_names(void **state)
{
	struct sets sets = {.len = 0};
	struct rowset jobs, orgs;
	struct set *s;

	(void)state;
	rowset_init(&jobs, &job_kind);
	rowset_init(&orgs, &org_kind);
	sets_add(&sets,
		&(struct set){"job", &job_kind, &jobs, .name_field = "job_name",
			.org_field = "org_id"});
	sets_add(&sets, &(struct set){"org", &org_kind, &orgs, .name_field = "org_name"});
	s = sets_of(&sets, &job_kind);
	assert_ptr_equal(s, sets_named(&sets, "job"));
	assert_ptr_not_equal(s, sets_of(&sets, &org_kind));
	assert_null(sets_named(&sets, "none"));
	set_name_take(s, "1", "x", "first");
	assert_string_equal(set_name_uid(s, "1", "x"), "first");
	/* Of that org, and of that kind. */
	assert_null(set_name_uid(s, "2", "x"));
	assert_null(set_name_uid(sets_of(&sets, &org_kind), "1", "x"));
	/* Only whoever has it gives it up: a newer one keeps it. */
	assert_false(set_name_give(s, "1", "x", "other"));
	set_name_take(s, "1", "x", "second");
	assert_false(set_name_give(s, "1", "x", "first"));
	assert_string_equal(set_name_uid(s, "1", "x"), "second");
	assert_true(set_name_give(s, "1", "x", "second"));
	assert_null(set_name_uid(s, "1", "x"));
	assert_false(set_name_give(s, "1", "x", "second"));
	set_name_take(s, "1", "y", "left"); /* released with the rest */
	sets_release(&sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
