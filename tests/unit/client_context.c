/* Where mltop connects and as whom. */
#include "client_home.h"

#include "base/buf.h"
#include "client/config.h"
#include "client/credentials.h"
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

/* With one key, or an empty one as a script has it, nothing goes to some other platform instead. */
static void an_endpoint_of_the_environment_needs_both_keys(void **state)
{
	static const char *const secrets[] = {NULL, ""};

	(void)state;
	put(CONFIG, two_contexts, 0600);
	assert_true(context_use("prod-b", &err));
	setenv("XIAOMI_CLOUDML_ENDPOINT", "http://env:1", 1);
	setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		if (secrets[i])
			setenv("XIAOMI_SECRET_ACCESS_KEY", secrets[i], 1);
		assert_false(resolve(NULL, NULL));
		assert_int_equal(err.code, ERR_INVALID);
		assert_non_null(strstr(err.text, "XIAOMI_CLOUDML_ENDPOINT http://env:1: set"));
	}
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

static void listed(const json_t *rows, size_t i, const char *name, const char *endpoint,
	bool current)
{
	const json_t *row = json_array_get(rows, i);
	const char *url = json_string_value(json_object_get(row, "endpoint"));

	assert_string_equal(json_string_value(json_object_get(row, "name")), name);
	assert_string_equal(url ? url : "", endpoint ? endpoint : "");
	assert_int_equal(json_is_true(json_object_get(row, "current")), current);
}

static void the_kept_choice_is_followed(void **state)
{
	json_t *rows;

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
		"{\"xiaomi_cloudml\": {\"X\": {\"xiaomi_cloudml_endpoint\": \"x.example.com\"}, \"c\": {}, "
		"\"default_config_context\": \"X\"}}",
		0600);
	rows = context_list(&(struct context_options){0}, NULL, &err);
	assert_int_equal(json_array_size(rows), 3);
	listed(rows, 0, "c", "http://c", true);
	listed(rows, 1, "X", "x.example.com", false);
	listed(rows, 2, "local", NULL, false);
	json_decref(rows);
	setenv("XIAOMI_CLOUDML_ENDPOINT", "http://env:1", 1);
	setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
	setenv("XIAOMI_SECRET_ACCESS_KEY", "ES", 1);
	rows = context_list(&(struct context_options){0}, NULL, &err);
	listed(rows, 0, "c", "http://c", false);
	listed(rows, 3, "env:1", "http://env:1", true);
	json_decref(rows);
	setenv("MLTOP_CONTEXT", "X", 1);
	rows = context_list(&(struct context_options){0}, NULL, &err);
	listed(rows, 1, "X", "x.example.com", true);
	json_decref(rows);
}

static void undecided(const struct context_options *o, const char *says)
{
	struct err why = ERR_INIT;
	json_t *rows = context_list(o, &why, &err), *row;
	size_t i;

	assert_non_null(rows);
	json_array_foreach(rows, i, row)
		assert_false(json_is_true(json_object_get(row, "current")));
	if (strstr(why.text, says) == NULL)
		fail_msg("\"%s\" says nothing of %s", why.text, says);
	json_decref(rows);
}

/* A list that marks none says what would decide, or who named one that is not there. */
static void a_list_without_a_choice_says_why(void **state)
{
	struct context_options none = {0};

	(void)state;
	put(CONFIG,
		"contexts: {a: {endpoint: 'http://a', access_key: x, secret_key: y}, "
		"b: {endpoint: 'http://b', access_key: x, secret_key: y}}",
		0600);
	undecided(&none, "has several contexts: choose one by `mltop context use NAME`");
	setenv("MLTOP_CONTEXT", "gone", 1);
	undecided(&none, "MLTOP_CONTEXT is gone");
	undecided(&(struct context_options){.context = "typo"}, "--context is typo");
	undecided(&(struct context_options){.endpoint = "http://e"}, "XIAOMI_ACCESS_KEY_ID");
	unsetenv("MLTOP_CONTEXT");
	assert_true(context_use("b", &err));
	put(CONFIG, "contexts: {a: {endpoint: 'http://a', access_key: x, secret_key: y}}", 0600);
	undecided(&none, "the choice of `mltop context use` is b");
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

/* ---- Keys that no header can carry ---- */

static void keys_with_blanks_are_refused_where_they_come_from(void **state)
{
	static const char *const bad[] = {"SK\r", "SK\n", "SK ", " SK", "S\tK", "S\xc3\xa4",
		"S\x7f"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
		setenv("XIAOMI_SECRET_ACCESS_KEY", bad[i], 1);
		assert_false(resolve("http://flag:2", NULL));
		assert_int_equal(err.code, ERR_INVALID);
		assert_non_null(strstr(err.text, "XIAOMI_SECRET_ACCESS_KEY"));
		setenv("XIAOMI_SECRET_ACCESS_KEY", "ES", 1);
		setenv("XIAOMI_ACCESS_KEY_ID", bad[i], 1);
		assert_false(resolve("http://flag:2", NULL));
		assert_non_null(strstr(err.text, "XIAOMI_ACCESS_KEY_ID"));
	}
	put(CONFIG, "contexts: {a: {endpoint: 'http://a', access_key: A, secret_file: a.key}}",
		0600);
	put("config/mltop/a.key", "SK \r\n", 0600);
	assert_false(resolve(NULL, "a"));
	assert_non_null(strstr(err.text, "the secret key of context a holds a blank"));
	put("config/mltop/a.key", "\xef\xbb\xbfSK\r\n", 0600);
	assert_true(resolve(NULL, "a"));
	assert_string_equal(got.secret_key, "SK");
	put(CONFIG, "contexts: {a: {endpoint: 'http://a', access_key: \"A\\r\", secret_key: S}}",
		0600);
	assert_false(resolve(NULL, "a"));
	assert_non_null(strstr(err.text, "a carriage return at its end"));
}

/* Whoever made the context: nothing that would end a header is signed. */
static void no_header_carries_a_return(void **state)
{
	struct context c = {.access_key = (char *)"A\r\nX: y", .secret_key = (char *)"S"};
	struct signed_request r = {0};
	struct url u;

	(void)state;
	assert_true(url_parse(&u, "http://a", &err));
	assert_false(credentials_sign(&r, &c, &u, "GET", "/x", NULL, NULL, NULL, 0, 1, &err));
	assert_null(r.target);
}

/* ---- A home that is somebody else's (sudo with the user's HOME) ---- */

static void nothing_is_made_in_anothers_home(void **state)
{
	char *home = at("theirs"), *config = at("theirs/.local");
	struct stat st;

	(void)state;
	if (geteuid() == 0) {
		assert_int_equal(mkdir(home, 0755), 0);
		assert_int_equal(chown(home, 12345, 12345), 0);
		setenv("HOME", home, 1);
	} else {
		setenv("HOME", "/usr", 1); /* root's, which we are not */
	}
	unsetenv("XDG_STATE_HOME");
	assert_false(context_use("local", &err));
	assert_int_equal(err.code, ERR_FORBIDDEN);
	assert_non_null(strstr(err.text, "set HOME"));
	free(got.name);
	got = (struct context){0};
	assert_false(private_start(&got, NULL, &err));
	assert_int_equal(err.code, ERR_FORBIDDEN);
	assert_int_equal(stat(config, &st), -1);
	free(config);
	free(home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_hit_wins),
		TEST(an_endpoint_needs_keys),
		TEST(an_endpoint_of_the_environment_needs_both_keys),
		TEST(a_context_has_all_its_parts),
		TEST(secrets_that_others_may_read_are_refused),
		TEST(bad_configs_are_named),
		TEST(the_kept_choice_is_followed),
		TEST(a_list_without_a_choice_says_why),
		TEST(the_public_clients_file_is_read),
		TEST(keys_with_blanks_are_refused_where_they_come_from),
		TEST(no_header_carries_a_return),
		TEST(nothing_is_made_in_anothers_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
