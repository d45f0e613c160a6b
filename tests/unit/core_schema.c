/* Single facts: what is accepted and refused, how it looks on the wire, what an error says. */
#include "core/kinds/key.h"
#include "core/kinds/org.h"
#include "core/kinds/quota.h"
#include "unit/core_fixture.h"

#include <math.h>

/* ---- Refusals of what a person gives ---- */

static const struct {
	const char *more, *field, *says;
} refusals[] = {
	{"\"memory_limit\": \"4 GB\"", "memory_limit",
		"memory_limit is \"4 GB\": give a number with unit K, M, G or T, such as \"4G\""},
	{"\"memory_limit\": 4", "memory_limit",
		"memory_limit is 4: give a number with unit K, M, G or T, such as \"4G\""},
	{"\"memory_limit\": \"4\"", "memory_limit",
		"memory_limit is \"4\": give a number with unit K, M, G or T, such as \"4G\""},
	{"\"memory_limit\": \"1K\"", "memory_limit",
		"memory_limit is \"1K\": it may be 1M to 1024T"},
	{"\"cpu_limit\": \"0.125\"", "cpu_limit",
		"cpu_limit is \"0.125\": give a number of CPUs with at most two decimals, such as "
		"\"0.5\""},
	{"\"cpu_limit\": 0.125", "cpu_limit",
		"cpu_limit is 0.125: give a number of CPUs with at most two decimals, such as "
		"\"0.5\""},
	{"\"cpu_limit\": \"99999\"", "cpu_limit",
		"cpu_limit is \"99999\": it may be 0.01 to 10240"},
	{"\"gpu_limit\": 1.5", "gpu_limit", "gpu_limit is 1.5: give a whole number, such as 1"},
	{"\"gpu_limit\": -1", "gpu_limit", "gpu_limit is -1: it may be 0 to 1024"},
	{"\"gpu_limit\": true", "gpu_limit", "gpu_limit is true: give a whole number, such as 1"},
	{"\"job_nam\": \"x\"", "job_nam",
		"job_nam is not a field of a job; did you mean job_name?"},
	{"\"gpu\": 1", "gpu", "gpu is not a field of a job; did you mean gpu_limit?"},
	{"\"memory\": \"4G\"", "memory",
		"memory is not a field of a job; did you mean memory_limit?"},
	{"\"stat\": 1", "stat", "stat is not a field of a job"},
	{"\"zzzzzzzz\": 1", "zzzzzzzz", "zzzzzzzz is not a field of a job"},
	{"\"a\\u001b[2J\": 1", "a\x1b[2J", "\"a^[[2J\" is not a field of a job"},
	{"\"state\": \"running\"", "state", "state is set by the platform: leave it out"},
	{"\"restart_policy\": \"alway\"", "restart_policy",
		"restart_policy is \"alway\": it may be never, on-failure or always; "
		"did you mean always?"},
	{"\"max_runtime\": \"2 hours\"", "max_runtime",
		"max_runtime is \"2 hours\": give a number of seconds, or a time such as \"90s\", "
		"\"2h\" or \"1h30m\""},
	{"\"max_runtime\": 0", "max_runtime", "max_runtime is 0: it may be 1s to 366d"},
	{"\"mount_read_only\": \"maybe\"", "mount_read_only",
		"mount_read_only is \"maybe\": give true or false"},
	{"\"framework_version\": 1.10", "framework_version",
		"framework_version is 1.1: give a text, in quotes"},
	{"\"module_name\": \"a\\nb\"", "module_name",
		"module_name is \"a b\": it may have one line only"},
	{"\"job_args\": \"a\\u001b[31m\"", "job_args",
		"job_args is \"a^[[31m\": it may have no control characters"},
	{"\"job_args\": \"a\\u009b31m\"", "job_args", NULL},
	{"\"labels\": {\"a=b\": \"c\"}", "labels",
		"labels is an object: a key may be neither empty nor hold ="},
	{"\"env\": {\"TOKEN\": \"***\"}", "env",
		"env is not what it must be: a value is ***, the mask that is shown in place of "
		"the real "
		"one: give that or leave it out"},
	{"\"env\": {\"A\": 1.5}", "env",
		"env is not what it must be: each value must be a text, in quotes"},
	{"\"module_name\": null, \"command\": \"python3 x.py\"", "command",
		"command is \"python3 x.py\": give a list of words, such as [\"python3\", "
		"\"train.py\"]"},
	{"\"command\": [1]", "command", "command is 1: word 1 must be a text, in quotes"},
	{"\"command\": [\"x\"]", "command",
		"command and module_name are both given: a job runs one of them"},
	{"\"trainer_uri\": null", "trainer_uri",
		"trainer_uri is needed: where the package with module 'digits.train' is"},
	{"\"job_name\": null", "job_name", "job_name is needed, such as \"digits\""},
	{"\"job_name\": \"My Job\"", "job_name",
		"job_name is \"My Job\": use lower-case letters, digits and - (dots between such "
		"names), "
		"with a letter or digit at both ends"},
	{"\"job_name\": \"a..b\"", "job_name", NULL},
	{"\"job_name\": \"a-.b\"", "job_name", NULL},
	{"\"job_name\": \"-a\"", "job_name", NULL},
	{"\"job_name\": \"a-\"", "job_name", NULL},
	{"\"job_name\": \"\"", "job_name", NULL},
	{"\"job_name\": \"a23456789012345678901234567890123456789012345678901234567890abcd\"",
		"job_name", "job_name has 64 bytes: it may have 63"},
};

static void persons_are_told_what_is_wrong(void **state)
{
	struct fixture x;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (decode_job(&x, refusals[i].more, DECODE_NEW))
			fail_msg("accepted: %s", refusals[i].more);
		assert_string_equal(x.e.field, refusals[i].field);
		assert_true(strlen(x.e.text) > 10);
		if (refusals[i].says)
			assert_string_equal(x.e.text, refusals[i].says);
		fixture_release(&x);
	}
}

static void long_texts_are_refused_and_cut(void **state)
{
	char more[4096], word[3001];
	struct fixture x;

	(void)state;
	memset(word, 'a', 3000);
	word[3000] = '\0';
	snprintf(more, sizeof more, "\"fds_bucket\": \"%s\"", word);
	assert_false(decode_job(&x, more, DECODE_NEW));
	assert_string_equal(x.e.text, "fds_bucket has 3000 bytes: it may have 1024");
	fixture_release(&x);
	/* "é" takes two bytes: 1023 x's and the first half of one must not be kept. */
	snprintf(more, sizeof more, "\"fds_bucket\": \"%.1023s\xc3\xa9tail\"", word);
	assert_true(decode_job(&x, more, DECODE_SERVER));
	assert_int_equal(strlen(x.j.fds_bucket), 1023);
	fixture_release(&x);
}

/* ---- What is accepted ---- */

static void persons_may_write_as_they_do(void **state)
{
	struct fixture x;

	(void)state;
	assert_true(decode_job(&x,
		"\"cpu_limit\": 1.25, \"memory_limit\": \"0.5G\", \"gpu_limit\": \"2\","
		"\"max_runtime\": 90, \"stop_grace\": \"1m\", \"env\": {\"EPOCHS\": 3},"
		"\"labels\": {\"team\": \"vision\"}, \"priority\": 5.0, \"finish_command\": "
		"\"a\\n\\tb\","
		"\"docker_image\": null, \"mount_read_only\": \"True\", \"framework_version\": 2",
		DECODE_NEW));
	assert_int_equal(x.j.cpu_limit.v, 1250);
	assert_int_equal(x.j.memory_limit.v, 512 << 20);
	assert_int_equal(x.j.gpu_limit, 2);
	assert_int_equal(x.j.max_runtime.v, 90000);
	assert_int_equal(x.j.stop_grace.v, 60000);
	assert_string_equal(x.j.env.items[0].value, "3");
	assert_int_equal(x.j.priority, 5);
	assert_string_equal(x.j.finish_command, "a\n\tb");
	assert_string_equal(x.j.framework_version, "2");
	assert_true(x.j.mount_read_only);
	assert_false(record_knows(&job_kind, &x.j, kind_field(&job_kind, "docker_image")));
	fixture_release(&x);
	assert_true(decode_job(&x, "\"job_name\": \"a.b-c\"", DECODE_NEW));
	fixture_release(&x);
}

static void orgs_have_no_dots(void **state)
{
	struct org o = {0};
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_false(
		record_set_text(&org_kind, &o, &a, kind_field(&org_kind, "org_name"), "a.b", &e));
	assert_string_equal(e.field, "org_name");
	assert_true(record_set_text(&org_kind, &o, &a, kind_field(&org_kind, "name"), " ab ", &e));
	assert_string_equal(o.org_name, "ab");
	arena_release(&a);
}

/* ---- Servers ---- */

static void servers_are_forgiven(void **state)
{
	struct fixture x;

	(void)state;
	assert_true(decode_job(&x,
		"\"job_name\": \"Odd Name\", \"no_such\": [1], \"state\": \"flying\", "
		"\"org_name\": \"\","
		"\"gpu_limit\": 5000, \"cpu_limit\": \"0.125\", \"loss\": \"bad\", \"tasks\": null,"
		"\"create_time\": \"yesterday\", \"message\": \"a\\u001b[2Jb\\u202e\", "
		"\"service_port\": 8080,"
		"\"job_args\": \"a\\n\\tb\\u0007\"",
		DECODE_SERVER));
	assert_string_equal(x.j.job_name, "Odd Name");
	assert_int_equal(x.j.gpu_limit, 5000);
	assert_int_equal(x.j.cpu_limit.v, 125);
	assert_string_equal(x.j.service_port, "8080");
	assert_null(strchr(x.j.message, '\x1b'));
	assert_null(strstr(x.j.message, "\xe2\x80\xae"));
	assert_memory_equal(x.j.job_args, "a\n\tb", 4);
	assert_null(strchr(x.j.job_args, '\a'));
	for (const char *const *f = (const char *const[]){"state", "org_name", "loss", "tasks",
		     "create_time", NULL};
		*f; f++)
		if (record_knows(&job_kind, &x.j, kind_field(&job_kind, *f)))
			fail_msg("%s should be unknown", *f);
	fixture_release(&x);
}

static void only_changed_fields_arrive(void **state)
{
	struct fixture x;
	const char *name;
	json_t *in = json_pack("{s:f, s:s, s:n}", "loss", 0.25, "job_name", "n", "gpu_limit");

	(void)state;
	assert_true(decode_job(&x, "\"job_name\": \"n\", \"gpu_limit\": 2, \"loss\": 1",
		DECODE_SERVER));
	name = x.j.job_name;
	assert_true(record_decode(&job_kind, &x.j, &x.a, in, DECODE_SERVER, &x.e));
	assert_true(x.j.loss == 0.25);
	assert_ptr_equal(x.j.job_name, name); /* the same text is not copied again */
	assert_false(record_knows(&job_kind, &x.j, kind_field(&job_kind, "gpu")));
	assert_int_equal(x.j.gpu_limit, 0);
	json_decref(in);
	fixture_release(&x);
}

/* ---- Edits ---- */

static void edits_take_only_what_may_change(void **state)
{
	struct quota q;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	json_t *in = json_pack("{s:s, s:s}", "train_memory_quota", "4.0G", "total_gpu_quota", "-1");
	json_t *bad = json_pack("{s:s}", "train_gpu_used", "4");

	(void)state;
	quota_init(&q);
	assert_true(record_decode(&quota_kind, &q, &a, in, DECODE_EDIT, &e));
	assert_true(q.train.memory_quota.v == (int64_t)4 << 30);
	assert_int_equal(q.total.gpu_quota, -1);
	assert_false(record_decode(&quota_kind, &q, &a, bad, DECODE_EDIT, &e));
	assert_string_equal(e.text, "train_gpu_used is set by the platform: leave it out");
	json_decref(in);
	json_decref(bad);
	in = json_pack("{s:s}", "train_memory_quota", "-2.0G");
	assert_false(record_decode(&quota_kind, &q, &a, in, DECODE_EDIT, &e));
	json_decref(in);
	arena_release(&a);
}

/* ---- Wire ---- */

static void sizes_are_exact_on_the_wire(void **state)
{
	static const struct {
		int64_t bytes;
		const char *wire;
	} sizes[] = {
		{0, "0K"},
		{1, "0.0009765625K"},
		{512, "0.5K"},
		{1024, "1K"},
		{1 << 20, "1M"},
		{(int64_t)4 << 30, "4G"},
		{(int64_t)3 << 29, "1.5G"},
		{1600 << 20, "1600M"},
		{322122547, "307.2M"},
		{(int64_t)1 << 40, "1T"},
		{1023, "0.9990234375K"},
		{((int64_t)1 << 30) + 1, "1048576.0009765625K"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct bytes v = {sizes[i].bytes}, back = {-1};
		json_t *out = ft_memory.encode(kind_field(&job_kind, "memory_limit"), &v);

		if (sizes[i].wire)
			assert_string_equal(json_string_value(out), sizes[i].wire);
		assert_true(ft_memory.decode(kind_field(&job_kind, "memory_limit"), &back, NULL,
			out, DECODE_SERVER, NULL));
		assert_true(back.v == v.v);
		json_decref(out);
	}
}

static void whole_objects_have_the_client_s_keys(void **state)
{
	struct fixture x;
	struct fieldset only;
	json_t *out;

	(void)state;
	assert_true(decode_job(&x, "\"cpu_limit\": \"0.50\", \"env\": {\"K\": \"secret\"}",
		DECODE_NEW));
	job_set(&x.j, loss, NAN);
	out = record_encode(&job_kind, &x.j, NULL);
	assert_string_equal(json_string_value(json_object_get(out, "cpu_limit")), "0.5");
	assert_string_equal(json_string_value(json_object_get(out, "org_name")), "");
	assert_true(json_is_null(json_object_get(out, "docker_image")));
	assert_string_equal(json_string_value(json_object_get(out, "loss")), "nan");
	assert_null(json_object_get(out, "message"));
	assert_null(json_object_get(out, "gpu"));
	assert_string_equal(json_string_value(json_object_get(json_object_get(out, "env"), "K")),
		"***");
	json_decref(out);
	assert_true(fieldset_parse(&only, &job_kind, "job_name,cpu,state", &x.e));
	out = record_encode(&job_kind, &x.j, &only);
	assert_int_equal(json_object_size(out), 2); /* state is not known; cpu comes as cpu_limit */
	assert_non_null(json_object_get(out, "cpu_limit"));
	json_decref(out);
	out = record_encode_request(&job_kind, &x.j);
	assert_string_equal(json_string_value(json_object_get(json_object_get(out, "env"), "K")),
		"secret");
	assert_null(json_object_get(out, "loss"));
	json_decref(out);
	fixture_release(&x);
}

static void secrets_stay_inside(void **state)
{
	struct key key = {.access_key = "AK", .secret_key = "hush"};
	struct buf out = BUF_INIT;
	struct fieldset all;
	struct err e;
	json_t *json;
	char *text;

	(void)state;
	record_know(&key_kind, &key, offsetof(struct key, access_key));
	record_know(&key_kind, &key, offsetof(struct key, secret_key));
	json = record_encode(&key_kind, &key, NULL);
	text = json_dumps(json, 0);
	assert_null(strstr(text, "hush"));
	free(text);
	json_decref(json);
	fieldset_all(&all, &key_kind);
	assert_false(
		fieldset_has(&all, kind_index(&key_kind, kind_field(&key_kind, "secret_key"))));
	assert_false(fieldset_parse(&all, &key_kind, "secret_key", &e));
	assert_null(filter_parse(&key_kind, "secret_key=hush", &e));
	record_pack(&key_kind, &key, &out);
	record_cell(&key_kind, &key, kind_field(&key_kind, "secret_key"), 0, &out);
	assert_null(memmem(out.data, out.len, "hush", 4));
	buf_release(&out);
}

/* ---- Field lists ---- */

static void field_lists_parse(void **state)
{
	struct fieldset s;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(fieldset_parse(&s, &job_kind, "job_name,age", &e));
	assert_true(fieldset_has(&s, kind_index(&job_kind, kind_field(&job_kind, "create_time"))));
	assert_true(fieldset_has(&s, kind_index(&job_kind, kind_field(&job_kind, "age"))));
	assert_false(fieldset_parse(&s, &job_kind, "job_name,stat", &e));
	assert_string_equal(e.text, "stat is not a field of a job; did you mean state?");
	assert_false(fieldset_parse(&s, &job_kind, "", &e));
	assert_false(fieldset_parse(&s, &job_kind, "job_name,", &e));
}

/* ---- The store's form ---- */

static void packing_skips_what_it_does_not_know(void **state)
{
	static const struct field more_rows[] = {
		ROW(org, description, text, .doc = "."),
		ROW_AS(org, "later", org_name, text, .doc = "."),
		ROW(org, run_uid, int, .doc = "."),
	};
	const struct kind newer = {.name = "org",
		.fields = more_rows,
		.field_count = 3,
		.size = sizeof(struct org)};
	struct org o = {.org_name = "from later", .description = "d", .run_uid = -7}, back;
	struct arena a = ARENA_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	memset(&o.record, 0xff, sizeof o.record);
	record_pack(&newer, &o, &out);
	assert_true(record_unpack(&org_kind, &back, &a, out.data, out.len, NULL));
	assert_null(back.org_name);
	assert_string_equal(back.description, "d");
	assert_int_equal(back.run_uid, -7);
	out.data[0] = 9;
	assert_false(record_unpack(&org_kind, &back, &a, out.data, out.len, NULL));
	assert_string_equal(back.description, "d");
	buf_release(&out);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(persons_are_told_what_is_wrong),
		cmocka_unit_test(long_texts_are_refused_and_cut),
		cmocka_unit_test(persons_may_write_as_they_do),
		cmocka_unit_test(orgs_have_no_dots),
		cmocka_unit_test(servers_are_forgiven),
		cmocka_unit_test(only_changed_fields_arrive),
		cmocka_unit_test(edits_take_only_what_may_change),
		cmocka_unit_test(sizes_are_exact_on_the_wire),
		cmocka_unit_test(whole_objects_have_the_client_s_keys),
		cmocka_unit_test(secrets_stay_inside),
		cmocka_unit_test(field_lists_parse),
		cmocka_unit_test(packing_skips_what_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
