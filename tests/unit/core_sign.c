/* The signer: published vectors, every signed field flipped, the forms that real clients sign. */
#include "core/wire/query.h"
#include "core/wire/sign.h"
#include "core/wire/sign_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t midnight_2026 = 1767225600000; /* 2026-01-01T00:00:00Z */
static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static const char *signature_of(const struct buf *authorization)
{
	const char *at = strstr(authorization->data, "Signature=");

	assert_non_null(at);
	return at + strlen("Signature=");
}

/* ---- Vectors ---- */

static void test_aws_get_vanilla(void **state)
{
	/* AWS Signature Version 4 test suite, get-vanilla. */
	static const struct sign_words aws = {
		.key_prefix = "AWS4",
		.algorithm = "AWS4-HMAC-SHA256",
		.region = "us-east-1",
		.service = "service",
		.terminator = "aws4_request",
		.date_header = "x-amz-date",
		.nonce_header = "x-amz-nonce",
	};
	static const struct sign_pair headers[] = {
		{"host", "example.amazonaws.com"},
		{"x-amz-date", "20150830T123600Z"},
	};
	struct sign_request r = {.method = "GET",
		.path = "/",
		.headers = headers,
		.header_count = 2};
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(sign_request_with(&aws, &r, "AKIDEXAMPLE",
		"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 0, &out, NULL));
	assert_string_equal(out.data,
		"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
		"SignedHeaders=host;x-amz-date, Signature="
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
	buf_release(&out);
}

static const struct sign_pair get_query[] = {{"org_id", "7"}, {"a", "b"}};
static const struct sign_pair get_headers[] = {
	{"host", "127.0.0.1:28999"},
	{"x-mltop-date", "20260101T000000Z"},
	{"x-mltop-nonce", "n1"},
};

static struct sign_request get_request(void)
{
	return (struct sign_request){
		.method = "GET",
		.path = "/cloud_ml/v1/train",
		.query = get_query,
		.query_count = 2,
		.headers = get_headers,
		.header_count = 3,
	};
}

static void test_mltop_get_sorted(void **state)
{
	struct sign_request r = get_request();
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(sign_request(&r, "AK", "SK", midnight_2026, &out, NULL));
	assert_memory_equal(signature_of(&out), "72b48abe", 8);
	buf_release(&out);
}

static void test_mltop_get_as_sent(void **state)
{
	struct sign_request r = get_request();
	struct buf query = BUF_INIT, rest = BUF_INIT;
	unsigned char key[SIGN_HASH_SIZE];
	char out[SIGN_HEX_SIZE];
	struct sign_hasher h;

	(void)state;
	sign_canonical_query(&r, SIGN_QUERY_RECEIVED, &query);
	assert_true(sign_canonical_rest(&r, "host;x-mltop-date;x-mltop-nonce", empty_hash, &rest));
	sign_hasher_init(&h);
	sign_day_key(&h, &sign_mltop_words, "SK", "20260101T000000Z", key);
	sign_compute(&h, &sign_mltop_words,
		&(struct sign_parts){r.method, r.path, query.data, rest.data}, "20260101T000000Z",
		key, out);
	sign_hasher_release(&h);
	assert_string_equal(out,
		"e300e004467b47a6d141a899a623d8084d1060bb0106ddec891a460b954fc01b");
	buf_release(&query);
	buf_release(&rest);
	assert_false(sign_canonical_rest(&r, "host;x-none", empty_hash, &rest));
	buf_release(&rest);
	sign_sha256_hex("", 0, out);
	assert_string_equal(out, SIGN_EMPTY_SHA256);
}

/* RFC 4231, cases 2, 3 and 6: a short key, one as long as the hash, one longer than a block. */
static void test_hmac(void **state)
{
	static const char first[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	unsigned char key[131], data[50], mac[SIGN_HASH_SIZE];
	char hex[SIGN_HEX_SIZE];
	struct sign_hasher h;

	(void)state;
	sign_hasher_init(&h);
	sign_hmac(&h, "Jefe", 4, "what do ya want for nothing?", 28, mac);
	sign_hex(mac, sizeof mac, hex);
	assert_string_equal(hex,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	memset(data, 0xdd, sizeof data);
	sign_hmac(&h, key, 20, data, sizeof data, mac);
	sign_hex(mac, sizeof mac, hex);
	assert_string_equal(hex,
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	sign_hmac(&h, key, sizeof key, first, sizeof first - 1, mac);
	sign_hex(mac, sizeof mac, hex);
	assert_string_equal(hex,
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	sign_hasher_release(&h);
}

static void test_mltop_post(void **state)
{
	static const struct sign_pair headers[] = {
		{"content-type", "application/json"},
		{"host", "127.0.0.1:28999"},
		{"x-mltop-date", "20260101T000000Z"},
	};
	static const char body[] = "{\"job_name\":\"j\"}";
	struct sign_request r = {
		.method = "POST",
		.path = "/cloud_ml/v1/train",
		.headers = headers,
		.header_count = 3,
		.body = body,
		.body_len = sizeof body - 1,
	};
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(sign_request(&r, "AK", "SK", midnight_2026, &out, NULL));
	assert_string_equal(signature_of(&out),
		"89e7f49cb990dd95ffdf701cf1fee864e561dcb2f7db550ec0eedcde747766fc");
	buf_release(&out);
}

static void test_date_added(void **state)
{
	static const struct sign_pair headers[] = {{"x-mltop-nonce", "n1"},
		{"host", "127.0.0.1:28999"}};
	struct sign_request r = get_request();
	struct buf out = BUF_INIT;

	(void)state;
	r.headers = headers;
	r.header_count = 2;
	assert_true(sign_request(&r, "AK", "SK", midnight_2026, &out, NULL));
	assert_memory_equal(signature_of(&out), "72b48abe", 8);
	buf_release(&out);
}

/* ---- Verification ---- */

struct signed_request {
	struct sign_request r;
	struct sign_pair headers[8];
	struct buf authorization;
};

/* A POST with everything in it, signed by SK. */
static void make_signed(struct signed_request *s)
{
	static const char body[] = "{\"job_name\":\"j\"}";

	*s = (struct signed_request){.r = {.method = "POST",
					     .path = "/cloud_ml/v1/train",
					     .query = get_query,
					     .query_count = 2,
					     .header_count = 3,
					     .body = body,
					     .body_len = sizeof body - 1}};
	buf_init(&s->authorization, 0);
	memcpy(s->headers, get_headers, sizeof get_headers);
	s->r.headers = s->headers;
	assert_true(sign_request(&s->r, "AK", "SK", midnight_2026, &s->authorization, NULL));
	s->headers[3] = (struct sign_pair){"authorization", s->authorization.data};
	s->r.header_count = 4;
}

static bool accepts(const struct sign_request *r, const char *secret)
{
	struct sign_claim claim;
	struct err e = ERR_INIT;

	return sign_sigv4.parse(r, &claim, &e) && sign_sigv4.verify(r, &claim, secret);
}

static void test_verify_good(void **state)
{
	struct signed_request s;
	struct sign_claim claim;

	(void)state;
	make_signed(&s);
	assert_true(sign_sigv4.parse(&s.r, &claim, NULL));
	assert_string_equal(claim.access_key, "AK");
	assert_string_equal(claim.nonce, "n1");
	assert_string_equal(claim.scope, "20260101/local/cloudml/mltop4_request");
	assert_int_equal(claim.time_ms, midnight_2026);
	assert_true(sign_sigv4.verify(&s.r, &claim, "SK"));
	assert_false(sign_sigv4.verify(&s.r, &claim, "SL"));
	assert_false(sign_sigv4.verify(&s.r, &claim, ""));
	buf_release(&s.authorization);
}

/* Each thing that is signed, changed alone, must spoil the signature. */
static void test_verify_every_field(void **state)
{
	static const struct sign_pair other_query[] = {{"org_id", "8"}, {"a", "b"}};
	static const struct sign_pair more_query[] = {{"org_id", "7"}, {"a", "b"}, {"c", ""}};
	struct signed_request s;

	(void)state;
	make_signed(&s);
	assert_true(accepts(&s.r, "SK"));
#define SPOILED(member, value)                     \
	do {                                       \
		struct signed_request t = s;       \
		t.r.headers = t.headers;           \
		t.member = (value);                \
		assert_false(accepts(&t.r, "SK")); \
	} while (0)
	SPOILED(r.method, "DELETE");
	SPOILED(r.path, "/cloud_ml/v1/traim");
	SPOILED(r.query, other_query);
	SPOILED(r.query_count, 1);
	SPOILED(r.body, "{\"job_name\":\"k\"}");
	SPOILED(r.body_len, 3);
	SPOILED(headers[0].value, "127.0.0.1:28998");
	SPOILED(headers[1].value, "20260101T000001Z");
	SPOILED(headers[2].value, "n2");
	{
		struct signed_request t = s;

		t.r.headers = t.headers;
		t.r.query = more_query;
		t.r.query_count = 3;
		assert_false(accepts(&t.r, "SK"));
	}
	buf_release(&s.authorization);
}

/* Every single bit of the Authorization header matters, but for the case of nothing at all. */
static void test_verify_bit_flips(void **state)
{
	struct signed_request s;

	(void)state;
	make_signed(&s);
	for (size_t i = 0; i < s.authorization.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			char *at = &s.authorization.data[i];
			struct sign_claim claim;

			*at = (char)(*at ^ (1 << bit));
			if (sign_sigv4.parse(&s.r, &claim, NULL) &&
				strcmp(claim.access_key, "AK") == 0)
				assert_false(sign_sigv4.verify(&s.r, &claim, "SK") &&
					strchr(", \t", *at) == NULL);
			*at = (char)(*at ^ (1 << bit));
		}
	buf_release(&s.authorization);
}

static void test_verify_path_forms(void **state)
{
	static const char *const signed_as[] = {
		"/cloud_ml/v1/train",
		"//cloud_ml/v1/train",
		"/cloud_ml//v1/train",
	};
	struct signed_request s;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		make_signed(&s);
		s.r.path = signed_as[i];
		s.r.header_count = 3;
		buf_reset(&s.authorization);
		assert_true(sign_request(&s.r, "AK", "SK", midnight_2026, &s.authorization, NULL));
		s.headers[3].value = s.authorization.data;
		s.r.header_count = 4;
		s.r.path = "/cloud_ml/v1/train";
		assert_true(accepts(&s.r, "SK"));
		buf_release(&s.authorization);
	}
}

/* curl 7.88 signs the query as its caller wrote it: unsorted, and with ',' not encoded. */
static void test_verify_query_forms(void **state)
{
	static const struct sign_pair query[] = {{"fields", "b,a"}, {"filter", "x=1"}};
	static const char *const wants[SIGN_QUERY_FORMS] = {
		[SIGN_QUERY_SORTED] = "fields=b%2Ca&filter=x%3D1",
		[SIGN_QUERY_RECEIVED] = "fields=b%2Ca&filter=x%3D1",
		[SIGN_QUERY_PLAIN] = "fields=b,a&filter=x=1",
		[SIGN_QUERY_TEXT] = "fields=b%2ca&&filter=x=1&",
	};
	struct sign_request r = {.query = query,
		.query_count = 2,
		.query_text = "fields=b%2ca&&filter=x=1&"};

	(void)state;
	for (int form = 0; form < SIGN_QUERY_FORMS; form++) {
		struct buf out = BUF_INIT;

		sign_canonical_query(&r, (enum sign_query_form)form, &out);
		assert_string_equal(out.data, wants[form]);
		buf_release(&out);
	}
}

/* A '=' moved from between name and value into the name is another request, in every form. */
static void test_query_is_divided_where_it_was(void **state)
{
	static const struct sign_pair one[] = {{"a", "b=c"}}, other[] = {{"a=b", "c"}};

	(void)state;
	for (int form = 0; form < SIGN_QUERY_FORMS; form++) {
		struct sign_request r = {.query = one, .query_count = 1};
		struct buf x = BUF_INIT, y = BUF_INIT;

		sign_canonical_query(&r, (enum sign_query_form)form, &x);
		r.query = other;
		sign_canonical_query(&r, (enum sign_query_form)form, &y);
		assert_string_not_equal(x.data, y.data);
		buf_release(&x);
		buf_release(&y);
	}
}

static void test_query_sorts_values(void **state)
{
	static const struct sign_pair query[] = {{"b", "2"}, {"a-b", "1"}, {"a", "2"}, {"a", "1"}};
	struct sign_request r = {.query = query, .query_count = 4};
	struct buf out = BUF_INIT;

	(void)state;
	sign_query(&r, &out);
	assert_string_equal(out.data, "a=1&a=2&a-b=1&b=2");
	buf_release(&out);
}

/* ---- Claims ---- */

static void parse_one(const char *authorization, const char *date, enum err_code wants)
{
	struct sign_pair headers[] = {
		{"host", "h"},
		{"x-mltop-date", date},
		{"x-mltop-nonce", "n 1"},
		{"authorization", authorization},
	};
	struct sign_request r = {.method = "GET",
		.path = "/",
		.headers = headers,
		.header_count = 4};
	struct sign_claim claim = {.access_key = "untouched"};
	struct err e = ERR_INIT;

	e.code = ERR_INTERNAL;
	if (sign_sigv4.parse(&r, &claim, &e)) {
		assert_int_equal(wants, 99);
		return;
	}
	assert_int_equal(e.code, wants);
	assert_string_equal(claim.access_key, "untouched");
}

#define SIG "e300e004467b47a6d141a899a623d8084d1060bb0106ddec891a460b954fc01b"
#define CRED "Credential=AK/20260101/local/cloudml/mltop4_request"
#define DATE "20260101T000000Z"

static void test_parse_refuses(void **state)
{
	static const char *const bad[] = {
		"MLTOP4-HMAC-SHA256 ",
		"MLTOP4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
		"MLTOP4-HMAC-SHA256 Credential=/20260101/local/cloudml/mltop4_request, "
		"SignedHeaders=host;x-mltop-date, Signature=" SIG,
		"MLTOP4-HMAC-SHA256 Credential=AK/20260102/local/cloudml/mltop4_request, "
		"SignedHeaders=host;x-mltop-date, Signature=" SIG,
		"MLTOP4-HMAC-SHA256 " CRED ", SignedHeaders=x-mltop-date, Signature=" SIG,
		"MLTOP4-HMAC-SHA256 " CRED ", SignedHeaders=host, Signature=" SIG,
		"MLTOP4-HMAC-SHA256 " CRED ", SignedHeaders=x-mltop-date;host, Signature=" SIG,
		"MLTOP4-HMAC-SHA256 " CRED ", SignedHeaders=host;host;x-mltop-date, Signature=" SIG,
		"MLTOP4-HMAC-SHA256 " CRED ", SignedHeaders=host;x-mltop-date;, Signature=" SIG,
		"MLTOP4-HMAC-SHA256 " CRED ", SignedHeaders=host;x-mltop-date, Signature=" SIG "0",
		"MLTOP4-HMAC-SHA256 " CRED ", SignedHeaders=host;x-mltop-date, Signature=abc",
		"MLTOP4-HMAC-SHA256 " CRED
		", SignedHeaders=host;x-mltop-date;x-mltop-nonce, Signature=" SIG,
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		parse_one(bad[i], DATE, ERR_UNAUTHORIZED);
	parse_one("MLTOP4-HMAC-SHA256 " CRED ", SignedHeaders=host;x-mltop-date, Signature=" SIG,
		"20260101T000000", ERR_UNAUTHORIZED);
	parse_one("Galaxy V3 abc", DATE, ERR_NONE);
	parse_one("MLTOP4-HMAC-SHA256X a", DATE, ERR_NONE);
	parse_one("", DATE, ERR_NONE);
}

/* A nonce that is not in SignedHeaders is nobody's. */
static void test_parse_unsigned_nonce(void **state)
{
	struct sign_pair headers[] = {
		{"host", "h"},
		{"x-mltop-date", DATE},
		{"x-mltop-nonce", "n1"},
		{"authorization",
			"MLTOP4-HMAC-SHA256 " CRED
			",SignedHeaders=host;x-mltop-date,Signature=" SIG},
	};
	struct sign_request r = {.method = "GET",
		.path = "/",
		.headers = headers,
		.header_count = 4};
	struct sign_claim claim;

	(void)state;
	assert_true(sign_sigv4.parse(&r, &claim, NULL));
	assert_string_equal(claim.nonce, "");
}

static void test_signed_header_names(void **state)
{
	const char *a = "MLTOP4-HMAC-SHA256 " CRED
			", SignedHeaders=host;x-mltop-date, Signature=" SIG;
	char name[64];

	(void)state;
	assert_true(sign_signed_header(a, 0, name));
	assert_string_equal(name, "host");
	assert_true(sign_signed_header(a, 1, name));
	assert_string_equal(name, "x-mltop-date");
	assert_false(sign_signed_header(a, 2, name));
	assert_false(sign_signed_header("nothing", 0, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aws_get_vanilla),
		cmocka_unit_test(test_mltop_get_sorted),
		cmocka_unit_test(test_mltop_get_as_sent),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_mltop_post),
		cmocka_unit_test(test_date_added),
		cmocka_unit_test(test_verify_good),
		cmocka_unit_test(test_verify_every_field),
		cmocka_unit_test(test_verify_bit_flips),
		cmocka_unit_test(test_verify_path_forms),
		cmocka_unit_test(test_verify_query_forms),
		cmocka_unit_test(test_query_is_divided_where_it_was),
		cmocka_unit_test(test_query_sorts_values),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_unsigned_nonce),
		cmocka_unit_test(test_signed_header_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
