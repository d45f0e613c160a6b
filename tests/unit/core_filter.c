/* The filter language: what matches. */
#include "core_filter_sample.h"

#include "core/kinds/key.h"
#include "core/kinds/quota.h"
#include "core/kinds/task.h"

#include <math.h>

static bool matches(const char *text)
{
	struct job j = sample();
	struct err e = ERR_INIT;
	struct filter *f = filter_parse(&job_kind, text, &e);
	bool result;

	if (f == NULL)
		fail_msg("%s: %s", text, e.text);
	result = filter_match(f, &j, NOW);
	filter_free(f);
	return result;
}

static const char *const hits[] = {
	"",
	"   ",
	"state=running",
	"state==running",
	"state=enqueued|running",
	"zzz|res",
	"gpu>=4",
	"gpu>=8",
	"gpu=8",
	"gpu!=7",
	"gpu!=7|9",
	"gpu<8.5",
	"gpu=1|8",
	"gpu<1k",
	"cpu>=0.5",
	"cpu=1.5",
	"mem>3.9G",
	"mem=4096M",
	"mem<=4G",
	"util>90",
	"util>90%",
	"util<95",
	"age<2h",
	"age>89m",
	"age<=90m",
	"create_time>2025-12-31",
	"create_time>=2026-01-01T01:30:00Z",
	"max_runtime=2h",
	"max_runtime<3h",
	"loss=0.3",
	"loss<0.31",
	"mount_read_only=yes",
	"owner~=li",
	"owner~=^li|nobody",
	"!owner~=zhang",
	"owner!~=zhang",
	"owner=\"lin chen\"",
	"owner!=lin",
	"owner~=\"n c\"",
	"state~=^run",
	"labels=team",
	"labels=team=vision",
	"team=vision",
	"team=speech|vision",
	"team!=speech",
	"run~=^[0-9]$",
	"!project=vision",
	"labels~=^run=[0-9]+$",
	"message=\"\"",
	"!why=\"\"",
	"resnet",
	"rn50",
	"res|bert",
	"\"net50\"",
	"\"NET\"|\"50-a\"",
	"!bert",
	"!\"bert\"",
	"state=running gpu>=4 age<2h owner~=li !name~=test",
	"  gpu>1\t gpu<9 ",
	"name=resnet50-a",
	"!metric_value>1",
	"!metric_value=1",
	"!exit_code=0",
	"gpu_util=94.5",
	"state!=failed|error",
};
static const char *const misses[] = {
	"state=failed",
	"state!=running",
	"!state=running",
	"gpu>8",
	"gpu<8",
	"gpu!=8",
	"gpu!=1|8",
	"mem>4G",
	"cpu<1.5",
	"util<10",
	"age<1h",
	"age>90m",
	"create_time>2026-01-02",
	"owner=lin",
	"owner~=LIN",
	"owner~=zhang",
	"!owner~=lin",
	"labels=vision",
	"labels=team=speech",
	"team=speech",
	"team!=vision",
	"project=vision",
	"project!=vision",
	"train.py", /* words do not look into the command */
	"hush",
	"message=x",
	"mount_read_only=no",
	"bert",
	"50ser",
	"\"NEt\"",
	"!res",
	"name=resnet50",
	"loss=0.31",
	"loss>0.300001",
	/* Nothing is known of these: no comparison is true. */
	"metric_value>1",
	"metric_value<1",
	"metric_value=1",
	"metric_value!=1",
	"exit_code!=0",
	"node_name=x",
	"node_name!=x",
	"node_name~=.",
	"reason=Quota",
	"reason!=Quota",
	"gpu>=4 state=failed",
};

static void what_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hits); i++)
		if (!matches(hits[i]))
			fail_msg("does not match: %s", hits[i]);
}

static void what_does_not_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(misses); i++)
		if (matches(misses[i]))
			fail_msg("matches: %s", misses[i]);
}

/* Whether the one known field of a record fits. */
static bool fits(const struct kind *k, const char *text, const void *rec)
{
	struct err e = ERR_INIT;
	struct filter *f = filter_parse(k, text, &e);
	bool result;

	if (f == NULL)
		fail_msg("%s: %s", text, e.text);
	result = filter_match(f, rec, NOW);
	filter_free(f);
	return result;
}

/* Large whole numbers are told apart to the last one, and times as they are shown: to the second. */
static void equal_is_exact(void **state)
{
	struct job j = {0};

	(void)state;
	job_set(&j, log_bytes, (struct bytes){10000000001});
	job_set(&j, create_time, (struct when){NOW + 250});
	assert_true(fits(&job_kind, "log_bytes=10000000001", &j));
	assert_false(fits(&job_kind, "log_bytes=10000000000", &j));
	assert_true(fits(&job_kind, "log_bytes!=10000000000", &j));
	assert_true(fits(&job_kind, "create_time=2026-01-01T03:00:00Z", &j));
	assert_true(fits(&job_kind, "create_time=2026-01-01T03:00:00.25Z", &j));
	assert_false(fits(&job_kind, "create_time=2026-01-01T03:00:01Z", &j));
	assert_false(fits(&job_kind, "create_time=2026-01-01T02:59:59Z", &j));
}

static void no_limit_is_no_number(void **state)
{
	struct quota q;

	(void)state;
	quota_init(&q);
	q.total.gpu_quota = 4;
	assert_false(fits(&quota_kind, "gpu_max=inf", &q));
	assert_true(fits(&quota_kind, "gpu_max!=inf", &q));
	assert_true(fits(&quota_kind, "gpu_max<inf", &q));
	assert_true(fits(&quota_kind, "cpu_max=inf", &q));
	assert_false(fits(&quota_kind, "cpu_max=4", &q));
	assert_true(fits(&quota_kind, "cpu_max>1000", &q));
}

/* Of a row whose values nobody is shown, only keys can be asked for, in whatever way. */
struct hiding {
	struct record record;
	const char *name;
	struct labels env;
};

static const struct field hiding_fields[] = {
	ROW(hiding, name, text, .flags = F_KEY),
	ROW(hiding, env, labels, .flags = F_MASKED),
};

static const struct kind hiding_kind = {
	.name = "hiding",
	.plural = "hidings",
	.fields = hiding_fields,
	.field_count = ARRAY_SIZE(hiding_fields),
	.size = sizeof(struct hiding),
	.list_fields = "name",
};

static void masked_values_cannot_be_asked_for(void **state)
{
	static const struct label env[] = {{"TOKEN", "hush"}};
	static const char *const asks[] = {"env=TOKEN=hush", "env~=hush", "env~==h", "env=hush",
		"hush"};
	struct hiding h = {0};

	(void)state;
	record_set(hiding, &h, name, "x");
	record_set(hiding, &h, env, ((struct labels){env, 1}));
	assert_true(fits(&hiding_kind, "env=TOKEN", &h));
	assert_true(fits(&hiding_kind, "env~=^TOK", &h));
	for (size_t i = 0; i < ARRAY_SIZE(asks); i++)
		if (fits(&hiding_kind, asks[i], &h))
			fail_msg("%s", asks[i]);
}

/* A training that has run away is found by name, and by no order. */
static void nan_and_inf_are_found_by_name(void **state)
{
	static const struct {
		double loss;
		const char *text;
		bool fits;
	} rows[] = {
		{NAN, "loss=nan", true},
		{NAN, "loss=NaN", true},
		{NAN, "loss!=nan", false},
		{NAN, "loss=1|nan", true},
		{NAN, "loss=1", false},
		{NAN, "loss!=1", true},
		{NAN, "loss>1", false},
		{NAN, "loss<1", false},
		{NAN, "loss=inf", false},
		{INFINITY, "loss=inf", true},
		{INFINITY, "loss=-inf", false},
		{INFINITY, "loss>1", false},
		{INFINITY, "loss<1", false},
		{-INFINITY, "loss=-inf", true},
		{-INFINITY, "loss<1", false},
		{0.5, "loss=nan", false},
		{0.5, "loss!=nan", true},
		{0.5, "loss=inf", false},
		{0.5, "loss!=inf", true},
		{0.5, "loss<inf", false},
		{0.5, "loss<1", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct job j = {0};

		job_set(&j, loss, rows[i].loss);
		if (fits(&job_kind, rows[i].text, &j) != rows[i].fits)
			fail_msg("%s of %g", rows[i].text, rows[i].loss);
	}
}

/* Of what cannot be that in the sense of its row. */
static void nan_of_another_row_is_unknown(void **state)
{
	static const char *const texts[] = {"progress_rate=1", "progress_rate!=1",
		"progress_rate>1", "progress_rate<1"};
	struct job j = {0};

	(void)state;
	job_set(&j, progress_rate, NAN);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(fits(&job_kind, texts[i], &j));
}

static void ages_use_time(void **state)
{
	struct filter *f = filter_parse(&job_kind, "state=running age<2h", NULL);

	(void)state;
	assert_true(filter_uses_time(f));
	filter_free(f);
	f = filter_parse(&job_kind, "state=running create_time>2025-01-01 max_runtime<2h", NULL);
	assert_false(filter_uses_time(f));
	filter_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_matches),
		cmocka_unit_test(what_does_not_match),
		cmocka_unit_test(equal_is_exact),
		cmocka_unit_test(no_limit_is_no_number),
		cmocka_unit_test(masked_values_cannot_be_asked_for),
		cmocka_unit_test(nan_and_inf_are_found_by_name),
		cmocka_unit_test(nan_of_another_row_is_unknown),
		cmocka_unit_test(ages_use_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
