/* Where mltop connects and as whom. */
#include "client_home.h"

#include "base/buf.h"
#include "client/config.h"
#include "client/paths.h"

static bool resolve(const char *endpoint, const char *context)
{
	struct context_options o = {.endpoint = endpoint, .context = context};

	context_release(&got);
	err = (struct err)ERR_INIT;
	return context_resolve(&got, &o, &err);
}

static void expect(const char *name, const char *url, const char *access, const char *secret)
{
	if (err.code != ERR_NONE)
		fail_msg("%s", err.text);
	assert_string_equal(got.name, name);
	assert_string_equal(got.url, url);
	assert_string_equal(got.access_key, access);
	assert_string_equal(got.secret_key, secret);
	assert_false(got.private);
}

#define CONFIG "config/mltop/config.yaml"
static const char two_contexts[] =
	"current: prod-a\n"
	"theme: dark\n"
	"contexts:\n"
	"  prod-a:\n"
	"    endpoint: https://a.example.com/ml\n"
	"    access_key: AKA\n"
	"    secret_file: a.key\n"
	"    org: 7\n"
	"    ca_file: ca.pem\n"
	"  prod-b: {endpoint: 'http://b:81', access_key: AKB, secret_key: SKB}\n";

/* ---- The order ---- */

static void the_first_hit_wins(void **state)
{
	(void)state;
	put(".config/xiaomi/config",
		"{\"xiaomi_access_key_id\": \"XA\", \"xiaomi_secret_access_key\": "
		"\"XS\", \"xiaomi_cloudml_endpoint\": \"x.example.com\"}",
		0600);
	assert_true(resolve(NULL, NULL));
	expect("xiaomi", "x.example.com", "XA", "XS");
	put(CONFIG, two_contexts, 0600);
	put("config/mltop/a.key", "SKA\n", 0600);
	assert_true(resolve(NULL, NULL));
	expect("prod-a", "https://a.example.com/ml", "AKA", "SKA");
	setenv("XIAOMI_CLOUDML_ENDPOINT", "http://env:1", 1);
	assert_true(resolve(NULL, NULL));
	expect("prod-a", "https://a.example.com/ml", "AKA", "SKA"); /* keys are missing */
	setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
	setenv("XIAOMI_SECRET_ACCESS_KEY", "ES", 1);
	assert_true(resolve(NULL, NULL));
	expect("env:1", "http://env:1", "EA", "ES");
	setenv("MLTOP_CONTEXT", "prod-b", 1);
	assert_true(resolve(NULL, NULL));
	expect("prod-b", "http://b:81", "AKB", "SKB");
	assert_true(resolve(NULL, "prod-a"));
	expect("prod-a", "https://a.example.com/ml", "AKA", "SKA");
	assert_true(resolve("http://flag:2", "prod-a"));
	expect("flag:2", "http://flag:2", "EA", "ES");
}

static void an_endpoint_needs_keys(void **state)
{
	(void)state;
	assert_false(resolve("http://flag:2", NULL));
	assert_int_equal(err.code, ERR_INVALID);
	assert_non_null(strstr(err.text, "XIAOMI_SECRET_ACCESS_KEY"));
	setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
	setenv("XIAOMI_SECRET_ACCESS_KEY", "ES", 1);
	assert_false(resolve("ftp://flag:2", NULL));
	assert_int_equal(err.code, ERR_INVALID);
}

/* ---- config.yaml ---- */

static void a_context_has_all_its_parts(void **state)
{
	char *ca = at("config/mltop/ca.pem");

	(void)state;
	put(CONFIG, two_contexts, 0600);
	put("config/mltop/a.key", "SKA\nrest", 0600);
	assert_true(resolve(NULL, "prod-a"));
	assert_string_equal(got.org, "7");
	assert_string_equal(got.ca_file, ca);
	assert_non_null(strstr(got.origin, "config.yaml"));
	assert_true(resolve(NULL, "prod-b"));
	assert_string_equal(got.org, "");
	assert_null(got.ca_file);
	free(ca);
}

static void secrets_that_others_may_read_are_refused(void **state)
{
	(void)state;
	put(CONFIG, two_contexts, 0640);
	put("config/mltop/a.key", "SKA\n", 0600);
	assert_true(resolve(NULL, "prod-a")); /* the file holds no secret of that context */
	assert_false(resolve(NULL, "prod-b"));
	assert_int_equal(err.code, ERR_FORBIDDEN);
	assert_non_null(strstr(err.text, "chmod 600 "));
	assert_non_null(strstr(err.text, "config.yaml"));
	put("config/mltop/a.key", "SKA\n", 0604);
	assert_false(resolve(NULL, "prod-a"));
	assert_non_null(strstr(err.text, "chmod 600 "));
	assert_non_null(strstr(err.text, "a.key"));
	put(".config/xiaomi/config",
		"{\"xiaomi_access_key_id\": \"XA\", \"xiaomi_secret_access_key\": "
		"\"XS\", \"xiaomi_cloudml\": {\"X\": {\"xiaomi_cloudml_endpoint\": \"x\"}}}",
		0644);
	assert_false(resolve(NULL, "X"));
	assert_non_null(strstr(err.text, "chmod 600 "));
}

static void bad_configs_are_named(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"contexts: {a: {endpoint: 'http://a', acces_key: x}}", "unknown key acces_key"},
		{"contexts: {a: {access_key: x, secret_key: y}}", "has no endpoint"},
		{"contexts: {a: {endpoint: 'http://a', access_key: x}}",
			"together with secret_key"},
		{"contexts: {a: {endpoint: 'http://a:0', access_key: x, secret_key: y}}", "port"},
		{"contexts: {a: {endpoint: 'http://a', access_key: x, secret_key: y, secret_file: "
		 "z}}",
			"keep one"},
		{"contexts: {a: {endpoint: [1]}}", "must be a text"},
		{"contexts: {a: 5}", "must have keys"},
		{"contexts: {a: {}, b: {}}", "has several contexts"},
		{"contexts: [", "config.yaml:"},
		{"current: gone\ncontexts: {a: {}}", "there is no context gone"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(CONFIG, cases[i].text, 0600);
		assert_false(resolve(NULL, NULL));
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void the_kept_choice_is_followed(void **state)
{
	char **names;

	(void)state;
	put(CONFIG, two_contexts, 0600);
	put("config/mltop/a.key", "SKA\n", 0600);
	assert_true(context_use("prod-b", &err));
	assert_true(resolve(NULL, NULL));
	expect("prod-b", "http://b:81", "AKB", "SKB");
	assert_false(context_use("nope", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	put(CONFIG, "contexts: {c: {endpoint: 'http://c', access_key: x, secret_key: y}}", 0600);
	assert_false(resolve(NULL, NULL)); /* the choice is gone: that is said, not passed over */
	assert_non_null(strstr(err.text, "mltop context use"));
	assert_true(context_use("c", &err));
	assert_true(resolve(NULL, NULL));
	put(".config/xiaomi/config",
		"{\"xiaomi_cloudml\": {\"X\": {}, \"c\": {}, "
		"\"default_config_context\": \"X\"}}",
		0600);
	names = context_names(&err);
	assert_string_equal(names[0], "c");
	assert_string_equal(names[1], "X");
	assert_null(names[2]);
	free(names[0]);
	free(names[1]);
	free(names);
}

/* ---- The public client's file ---- */

static void the_public_clients_file_is_read(void **state)
{
	static const char text[] =
		"{ \"xiaomi_access_key_id\": \"RA\", \"xiaomi_secret_access_key\": \"RS\","
		"  \"xiaomi_cloudml\": { \"one\": { \"xiaomi_cloudml_endpoint\": "
		"\"one.example.com\" },"
		"    \"two\": { \"xiaomi_cloudml_endpoint\": \"http://two:8/\", "
		"\"xiaomi_access_key_id\": \"TA\","
		"               \"xiaomi_secret_access_key\": \"TS\" }, "
		"\"default_config_context\": \"one\" } }";

	(void)state;
	put(".config/xiaomi/config", text, 0600);
	assert_true(resolve(NULL, NULL));
	expect("one", "one.example.com", "RA", "RS");
	setenv("XIAOMI_CLOUDML_CONFIG_CONTEXT", "two", 1);
	assert_true(resolve(NULL, NULL));
	expect("two", "http://two:8/", "TA", "TS");
	setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
	setenv("XIAOMI_SECRET_ACCESS_KEY", "ES", 1);
	assert_true(resolve(NULL, "one"));
	expect("one", "one.example.com", "EA", "ES");
	assert_false(resolve(NULL, "three"));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_hit_wins),
		TEST(an_endpoint_needs_keys),
		TEST(a_context_has_all_its_parts),
		TEST(secrets_that_others_may_read_are_refused),
		TEST(bad_configs_are_named),
		TEST(the_kept_choice_is_followed),
		TEST(the_public_clients_file_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
