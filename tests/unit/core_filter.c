/* The filter language: what matches, what errors say, what completes. */
#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/quota.h"
#include "core/kinds/task.h"
#include "core/schema/filter.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t NOW = 1767236400000; /* 2026-01-01T03:00:00Z */

/* A job that is running; nothing is known of its metric, reason or exit code. */
static struct job sample(void)
{
	static const struct label labels[] = {{"team", "vision"}, {"run", "7"}};
	static const struct label env[] = {{"TOKEN", "hush"}};
	static const char *const command[] = {"python3", "train.py"};
	struct job j = {0};

	job_set(&j, job_name, "resnet50-a");
	job_set(&j, state, WORK_RUNNING);
	job_set(&j, owner, "lin chen");
	job_set(&j, gpu_limit, 8);
	job_set(&j, cpu_limit, (struct mcpu){1500});
	job_set(&j, memory_limit, (struct bytes){(int64_t)4 << 30});
	job_set(&j, gpu_util, (struct percent){94.5});
	job_set(&j, create_time, (struct when){NOW - 90 * 60000});
	job_set(&j, loss, 0.1 + 0.2);
	job_set(&j, max_runtime, (struct ms){7200000});
	job_set(&j, mount_read_only, true);
	job_set(&j, labels, ((struct labels){labels, 2}));
	job_set(&j, env, ((struct labels){env, 1}));
	job_set(&j, command, ((struct strings){command, 2}));
	job_set(&j, message, "");
	return j;
}

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

static const struct {
	const char *text, *says;
} errors[] = {
	{"a b gpux>=1", "column 5: gpux is not a field of a job; did you mean gpu_limit?"},
	{"嵌入 gpux>=1", "column 4: gpux is not a field of a job; did you mean gpu_limit?"},
	{"state=runing",
		"column 7: state is \"runing\": it may be validated, enqueued, creating, "
		"running, completed, failed, error, deleting, enqueuing, processing, "
		"pending, erasing or "
		"modelserved; did you mean running?"},
	{"gpu>=", "column 6: a value is missing here; \"\" is the empty text"},
	{"state=running|", "column 15: a value is missing here; \"\" is the empty text"},
	{"mem>4X", "column 5: mem is \"4X\": compare with a size, such as 4G or 512M"},
	{"age<2parsecs",
		"column 5: age is \"2parsecs\": compare with a time, such as 90s, 2h or 3d"},
	{"age=2h", "column 1: age is never exactly one time: use < or >"},
	{"x command~=train",
		"column 3: command is a long text, and jobs are neither filtered nor sorted by those "
		"(command, job_args, env, prepare_command, finish_command, docker_command): use any "
		"other field, such as "},
	{"!env=TOKEN", "column 2: env is a long text, and jobs are neither filtered nor sorted "},
	{"x owner>li", "column 3: owner has no order: use =, != or ~="},
	{"gpu~=1", "column 1: ~= looks into texts and gpu is none: use = < or >"},
	{"state>running", "column 1: state has no order: use =, != or ~="},
	{"(((",
		"column 1: terms are not grouped by brackets: a blank means and, | divides "
		"values; put a text with brackets in quotes"},
	{"state=running )",
		"column 15: terms are not grouped by brackets: a blank means and, | divides "
		"values; put a text with brackets in quotes"},
	{"owner~=(", "column 8: the regular expression does not parse: "},
	{"owner~=(a)\\1",
		"column 8: the regular expression is refused: back references are not supported"},
	{"owner~=((a{200}){200}){200}",
		"column 8: the regular expression is refused: it is too large with its counts "
		"in {} written out"},
	{"\"open", "column 1: the quote is not closed"},
	{"owner=\"a\"b", "column 10: a blank is missing after the quote"},
	{"! x", "column 2: ! must stand before a term, without a blank"},
	{"!", "column 2: ! must stand before a term, without a blank"},
	{"=x", "column 1: a field is missing before the operator"},
	{"hdfs_endpoin>x", "column 1: hdfs_endpoin is not a field of a job"}, /* always null */
	{"job-name=x", "column 1: job-name is not a field of a job; did you mean job_name?"},
	{"loss=nam",
		"column 6: loss is \"nam\": compare with a number, such as 0.5, or with nan, inf or "
		"-inf"},
	{"progress_rate=nan",
		"column 15: progress_rate is \"nan\": compare with a number, such as 0.5"},
	{"gpu>four", "column 5: gpu is \"four\": compare with a number, such as 4 or 12k"},
};

static void errors_point_at_the_column(void **state)
{
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct filter *f = filter_parse(&job_kind, errors[i].text, &e);
		size_t len = strlen(errors[i].says);

		if (f != NULL)
			fail_msg("accepted: %s", errors[i].text);
		/* Where the sentence here ends in a blank, libc's words follow. */
		if (strncmp(e.text, errors[i].says, len) != 0 ||
			(errors[i].says[len - 1] != ' ' && e.text[len] != '\0'))
			fail_msg("%s: %s", errors[i].text, e.text);
	}
}

static void filters_are_bounded(void **state)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	struct filter *f;

	(void)state;
	for (int i = 0; i < 64; i++)
		buf_adds(&b, "gpu>1 ");
	f = filter_parse(&job_kind, b.data, &e);
	assert_non_null(f);
	filter_free(f);
	buf_adds(&b, "x");
	assert_null(filter_parse(&job_kind, b.data, &e));
	assert_string_equal(e.text, "column 385: there are too many terms: a filter may have 64");
	buf_reset(&b);
	buf_adds(&b, "a");
	for (int i = 0; i < 64; i++)
		buf_adds(&b, "|a");
	assert_null(filter_parse(&job_kind, b.data, &e));
	buf_reset(&b);
	buf_adds(&b, "owner~=");
	for (int i = 0; i < 257; i++)
		buf_addc(&b, 'a');
	assert_null(filter_parse(&job_kind, b.data, &e));
	for (int i = 0; i < 4096; i++)
		buf_addc(&b, 'a');
	assert_null(filter_parse(&job_kind, b.data, &e));
	assert_non_null(strstr(e.text, "4096"));
	assert_null(filter_parse(&job_kind, b.data, NULL));
	buf_release(&b);
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

/* ---- Completion ---- */

static bool completes(const struct kind *k, const char *text, size_t cursor, const char *with)
{
	struct buf out = BUF_INIT;
	bool found = false;

	filter_complete(k, text, cursor, &out);
	for (size_t at = 0; at < out.len && !found; at += strlen(out.data + at) + 1)
		found = strcmp(out.data + at, with) == 0;
	buf_release(&out);
	return found;
}

/* What is seen is what is meant: columns first, in whatever order the rows have. */
static void the_likely_field_comes_first(void **state)
{
	static const char *const cases[][2] = {{"st", "state"}, {"g", "gpu"}, {"o", "owner"},
		{"!re", "!reason"}, {"c", "cpu"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT;

		filter_complete(&job_kind, cases[i][0], strlen(cases[i][0]), &out);
		assert_string_equal(out.data, cases[i][1]);
		buf_release(&out);
	}
}

static void completions(void **state)
{
	(void)state;
	assert_true(completes(&job_kind, "sta", 3, "state"));
	assert_true(completes(&job_kind, "sta", 3, "start_time"));
	assert_false(completes(&job_kind, "sta", 3, "loss"));
	assert_true(completes(&job_kind, "!sta", 4, "!state"));
	assert_true(completes(&job_kind, "gpu>1 sta", 9, "state"));
	assert_true(completes(&job_kind, "state", 5, "state="));
	assert_true(completes(&job_kind, "state", 5, "state~="));
	assert_false(completes(&job_kind, "state", 5, "state<"));
	assert_true(completes(&job_kind, "gpu", 3, "gpu>="));
	assert_true(completes(&job_kind, "gpu", 3, "gpu_limit"));
	assert_false(completes(&job_kind, "gpu", 3, "gpu~="));
	assert_true(completes(&job_kind, "x state=r", 9, "state=running"));
	assert_true(completes(&job_kind, "state=running|en", 16, "state=running|enqueued"));
	assert_true(completes(&job_kind, "state=runningXX", 8, "state=running"));
	assert_true(completes(&job_kind, "mount_read_only!=", 17, "mount_read_only!=yes"));
	assert_true(completes(&job_kind, "", 0, "state"));
	assert_false(completes(&job_kind, "", 0, "fds_endpoint"));
	assert_true(completes(&job_kind, "fds", 3, "fds_endpoint"));
	assert_false(completes(&key_kind, "sec", 3, "secret_key"));
	assert_false(completes(&job_kind, "nofield=", 8, "nofield=yes"));
	assert_true(completes(&job_kind, "why=Q", 99, "why=Quota"));
}

/* ---- Budgets ---- */

/* Whether the sample fits within `steps`; what is left afterwards. */
static bool within(const char *text, const char *message, int64_t steps, int64_t *left)
{
	struct job j = sample();
	struct err e = ERR_INIT;
	struct filter *f = filter_parse(&job_kind, text, &e);
	bool result;

	assert_non_null(f);
	job_set(&j, message, message);
	*left = steps;
	result = filter_match_within(f, &j, NOW, left);
	filter_free(f);
	return result;
}

/* What a hostile filter takes is cut off where its budget ends, soon after at most. */
static void costs_are_bounded(void **state)
{
	static const char *const dear[] = {"message~=\"((a?){20}){10}b\"",
		"message~=\"(a|b)*a(a|b){60}c\""};
	char message[FILTER_TEXT_MAX + 2];
	int64_t left;

	(void)state;
	memset(message, 'a', sizeof message);
	message[FILTER_TEXT_MAX] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(dear); i++) {
		char many[2048] = "";

		assert_false(within(dear[i], message, 1000 * 1000, &left));
		assert_true(left > 0 && left < 900 * 1000);
		for (int k = 0; k < 30; k++)
			sprintf(many + strlen(many), "!%s ", dear[i]);
		assert_false(within(many, message, 1000 * 1000, &left));
		assert_true(left < 0 && left > -10 * 1000);
		/* and not in its favour */
		assert_false(within("!message~=x", message, 100, &left));
		assert_true(left < 0);
	}
	assert_true(within("message~=a$ state=running resnet", message, 100 * 1000, &left));
	assert_true(left > 90 * 1000);
}

/* Texts of more than 1 KiB are equal or not; expressions do not look into them. */
static void long_texts_fit_no_expression(void **state)
{
	char message[FILTER_TEXT_MAX + 2];
	int64_t left;

	(void)state;
	memset(message, 'a', sizeof message);
	message[FILTER_TEXT_MAX + 1] = '\0';
	assert_false(within("message~=a", message, INT64_MAX, &left));
	assert_true(within("message!~=a", message, INT64_MAX, &left));
	message[FILTER_TEXT_MAX] = '\0';
	assert_true(within("message~=a", message, INT64_MAX, &left));
}

/* ---- Fuzzy ---- */

static void fuzzy_prefers_what_was_meant(void **state)
{
	(void)state;
	assert_int_equal(fuzzy_score("xyz", "resnet"), 0);
	assert_int_equal(fuzzy_score("tner", "rent"), 0);
	assert_true(fuzzy_score("", "resnet") > 0);
	assert_true(fuzzy_score("RES", "resnet") > 0);
	assert_true(fuzzy_score("resnet", "resnet") > fuzzy_score("resnet", "resnet50"));
	assert_true(fuzzy_score("chat", "chatty") > fuzzy_score("chat", "llama-chat"));
	assert_true(fuzzy_score("chat", "llama-chat") > fuzzy_score("chat", "llamachat"));
	assert_true(fuzzy_score("chat", "xchat-chat") > fuzzy_score("chat", "xchat-xxxx"));
	assert_true(fuzzy_score("lchat", "llamachat") > 0);
	assert_true(fuzzy_score("chat", "xxchatxx") > fuzzy_score("chat", "c-h-a-t"));
	assert_true(fuzzy_score("rn", "res-net") > fuzzy_score("rn", "xraan"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_matches),
		cmocka_unit_test(what_does_not_match),
		cmocka_unit_test(equal_is_exact),
		cmocka_unit_test(no_limit_is_no_number),
		cmocka_unit_test(nan_and_inf_are_found_by_name),
		cmocka_unit_test(nan_of_another_row_is_unknown),
		cmocka_unit_test(errors_point_at_the_column),
		cmocka_unit_test(filters_are_bounded),
		cmocka_unit_test(ages_use_time),
		cmocka_unit_test(completions),
		cmocka_unit_test(the_likely_field_comes_first),
		cmocka_unit_test(costs_are_bounded),
		cmocka_unit_test(long_texts_fit_no_expression),
		cmocka_unit_test(fuzzy_prefers_what_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
