/* A kind that runs besides the train job: what is alike of all is done to it without knowing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/kinds/kinds.h"
#include "core/kinds/workload.h"

#include <string.h>

struct service {
	struct workload;
	const char *name;
	int64_t replicas;
};

#define STATUS(member, token, ...)                                                             \
	ROW(service, member, token, .flags = F_STATUS, .width = 8, .doc = "Of all that runs.", \
		__VA_ARGS__)
#define ROWS(state_row)                                                                            \
	{                                                                                          \
		ROW(service, name, name, .flags = F_KEY | F_NEEDED | F_NEW, .width = 8,            \
			.doc = "Its name."),                                                       \
			ROW(service, replicas, int, .flags = F_NEW, .width = 8,                    \
				.doc = "How many."),                                               \
			ROW(service, uid, text, .flags = F_UID | F_STATUS, .width = 8,             \
				.doc = "Its uid."),                                                \
			STATUS(org_id, text), STATUS(org_name, text), STATUS(owner, text),         \
			STATUS(priority, int), state_row,                                          \
			STATUS(reason, enum, .names = work_reason_words),                          \
			STATUS(limits_enforced, enum, .names = enforced_words),                    \
			STATUS(cancelled, flag), STATUS(held, flag), STATUS(message, text),        \
			STATUS(exit_code, int), STATUS(signal, int), STATUS(attempt, int),         \
			STATUS(attempts_uncounted, int), STATUS(tasks, int),                       \
			STATUS(create_time, when), STATUS(update_time, when),                      \
			STATUS(start_time, when), STATUS(end_time, when), STATUS(node_name, text), \
			ROW(service, cpu_used, percent, .flags = F_STATUS | F_SAMPLE, .width = 8,  \
				.doc = "A sample."),                                               \
	}
static const struct field fields[] = ROWS(
	STATUS(state, enum, .names = work_state_words, .looks = work_state_looks));
static const struct field elsewhere[] = ROWS(
	ROW_AS(service, "state", replicas, int, .flags = F_STATUS, .width = 8, .doc = "Wrong."));

static const char *const sections[] = {"Service", NULL};
#define SERVICE(rows)                                                                          \
	{                                                                                      \
		.name = "service", .plural = "services", .path = "/cloud_ml/v1/services",      \
		.doc = "A service.", .can = CAN_LIST | CAN_RUN, .fields = rows,                \
		.field_count = ARRAY_SIZE(rows), .size = sizeof(struct service),               \
		.sections = sections, .list_fields = "name,state", .wide_fields = "name,state" \
	}
static const struct kind service_kind = SERVICE(fields);

static void test_it_is_a_workload(void **state)
{
	struct kind wrong = SERVICE(elsewhere);
	struct err e = ERR_INIT;

	(void)state;
	assert_true(kind_check(&service_kind, &e));
	assert_true(kind_runs(&service_kind));
	assert_null(workload_lacks(&service_kind));
	assert_string_equal(workload_lacks(&wrong), "state");
	assert_false(kind_check(&wrong, &e));
	wrong.can = CAN_LIST;
	assert_false(kind_runs(&wrong));
}

static void test_cancelled_and_held_follow(void **state)
{
	struct service s = {.replicas = 2};
	struct workload *w = (struct workload *)&s;

	(void)state;
	workload_set(&service_kind, w, state, WORK_FAILED);
	workload_settle(&service_kind, w);
	assert_false(s.cancelled); /* why is not known */
	workload_set(&service_kind, w, reason, REASON_CANCELLED);
	workload_settle(&service_kind, w);
	assert_true(s.cancelled && record_has(service, &s, cancelled));
	workload_set(&service_kind, w, state, WORK_ENQUEUED);
	workload_set(&service_kind, w, reason, REASON_HELD);
	workload_settle(&service_kind, w);
	assert_true(s.held && !s.cancelled);
	assert_int_equal(s.replicas, 2);
}

static void test_samples_are_copied_or_forgotten(void **state)
{
	struct service from = {.replicas = 2}, to = {.replicas = 3};

	(void)state;
	record_set(service, &from, cpu_used, (struct percent){50});
	record_set(service, &from, attempt, 7);
	workload_samples_copy(&service_kind, &to, &from);
	assert_true(to.cpu_used.v == 50 && record_has(service, &to, cpu_used));
	assert_false(record_has(service, &to, attempt));
	assert_int_equal(to.replicas, 3);
	workload_samples_copy(&service_kind, &to, NULL);
	assert_true(to.cpu_used.v == 0 && !record_has(service, &to, cpu_used));
}

/* A kind without an epoch or a loss runs as well: what the log says of them is not in its rows. */
static void test_a_sample_without_a_row_changes_nothing(void **state)
{
	struct service s = {.replicas = 2}, before;
	struct workload *w = (struct workload *)&s;

	(void)state;
	workload_tell(&service_kind, w, cpu_used, true, (struct percent){50});
	assert_true(s.cpu_used.v == 50 && record_has(service, &s, cpu_used));
	before = s;
	workload_tell(&service_kind, w, loss, true, 0.5);
	workload_tell(&service_kind, w, phase, true, "training");
	workload_hide(&service_kind, w, failure);
	assert_memory_equal(&s, &before, sizeof s);
	workload_tell(&service_kind, w, cpu_used, false, (struct percent){70});
	assert_true(s.cpu_used.v == 0 && !record_has(service, &s, cpu_used));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_a_workload),
		cmocka_unit_test(test_cancelled_and_held_follow),
		cmocka_unit_test(test_samples_are_copied_or_forgotten),
		cmocka_unit_test(test_a_sample_without_a_row_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
