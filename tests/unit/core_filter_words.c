/* The filter language: what errors say, what completes, and what a filter may cost. */
#include "core_filter_sample.h"

#include "core/kinds/key.h"

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
		cmocka_unit_test(errors_point_at_the_column),
		cmocka_unit_test(filters_are_bounded),
		cmocka_unit_test(completions),
		cmocka_unit_test(the_likely_field_comes_first),
		cmocka_unit_test(costs_are_bounded),
		cmocka_unit_test(long_texts_fit_no_expression),
		cmocka_unit_test(fuzzy_prefers_what_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
