/* The public client's signatures: published vectors, every signed field flipped, what is refused. */
#include "core/wire/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NO_MD5 "d41d8cd98f00b204e9800998ecf8427e"
#define SIGNATURE "2RiDHGBaCYJ7nTJWkBEsqOBF2cY="

/* A request with the headers of the published vector. */
struct sent {
	char authorization[64], time[32], md5[64], key[200];
	struct sign_pair headers[4];
	struct sign_request r;
	struct sign_claim claim;
};

static void sent_init(struct sent *s, const char *path_text)
{
	*s = (struct sent){.authorization = "Galaxy V3 " SIGNATURE,
		.time = "1474203860",
		.md5 = NO_MD5,
		.key = "AK"};
	s->headers[0] = (struct sign_pair){"authorization", s->authorization};
	s->headers[1] = (struct sign_pair){"x-xiaomi-timestamp", s->time};
	s->headers[2] = (struct sign_pair){"x-xiaomi-content-md5", s->md5};
	s->headers[3] = (struct sign_pair){"x-xiaomi-secret-key-id", s->key};
	s->r = (struct sign_request){.method = "POST",
		.path = "/cloud_ml/v1/train",
		.path_text = path_text,
		.headers = s->headers,
		.header_count = 4,
		.body_md5 = NO_MD5};
}

static bool parses(struct sent *s, enum err_code *why)
{
	struct err e = ERR_INIT;
	bool good = sign_galaxy_v3.parse(&s->r, &s->claim, &e);

	*why = e.code;
	return good;
}

static bool good_with(struct sent *s, const char *secret)
{
	enum err_code why;

	return parses(s, &why) && sign_galaxy_v3.verify(&s->r, &s->claim, secret);
}

static void test_vector(void **state)
{
	struct sent s;

	(void)state;
	sent_init(&s, "/cloud_ml//v1/train");
	assert_true(good_with(&s, "sk"));
	assert_string_equal(s.claim.access_key, "AK");
	assert_int_equal(s.claim.time_ms, 1474203860000);
	assert_string_equal(s.claim.nonce, "galaxy-v3.POST." SIGNATURE);
	assert_false(good_with(&s, "sl"));
	assert_false(good_with(&s, ""));
}

/* The path as sent, or with one slash before it: nothing else. */
static void test_slashes(void **state)
{
	static const char *const wrong[] = {"/cloud_ml/v1/train", "///cloud_ml//v1/train",
		"//cloud_ml//v1/train", "/cloud_ml//v1/train/", "/cloud_ml//v1/Train",
		"/cloud_ml//v1/%74rain"};
	struct sent s;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		sent_init(&s, wrong[i]);
		assert_false(good_with(&s, "sk"));
	}
	/* What was signed is one slash more than what is sent. */
	sent_init(&s, "cloud_ml//v1/train");
	assert_true(good_with(&s, "sk"));
}

/* Of a text that is signed every bit counts; *text is whole again afterwards. */
static void flip_all(struct sent *s, char *text)
{
	for (size_t i = 0; i < strlen(text) * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
		assert_false(good_with(s, "sk"));
		text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
	}
	assert_true(good_with(s, "sk"));
}

static void test_bit_flips(void **state)
{
	char path[] = "/cloud_ml//v1/train";
	struct sent s;

	(void)state;
	sent_init(&s, path);
	flip_all(&s, path);
	flip_all(&s, s.time);
	flip_all(&s, s.md5);
	flip_all(&s, s.authorization);
	flip_all(&s, s.r.body_md5);
}

/* Other texts that decode to the same bytes would be signatures that nobody has seen yet. */
static void test_one_spelling(void **state)
{
	static const char *const same[] = {
		"2RiDHGBaCYJ7nTJWkBEsqOBF2cZ=", "2RiDHGBaCYJ7nTJWkBEsqOBF2cY",
		"2RiDHGBaCYJ7nTJWkBEsqOBF2cY==", " 2RiDHGBaCYJ7nTJWkBEsqOBF2cY",
		"2RiDHGBaCYJ7nTJWkBEsqOBF2cY=\t"};
	struct sent s;

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		sent_init(&s, "/cloud_ml//v1/train");
		snprintf(s.authorization, sizeof s.authorization, "Galaxy V3 %s", same[i]);
		assert_false(good_with(&s, "sk"));
	}
}

static void refused(const char *where, const char *text, enum err_code wanted)
{
	enum err_code why;
	struct sent s;

	sent_init(&s, "/cloud_ml//v1/train");
	for (size_t i = 0; i < 4; i++)
		if (strcmp(s.headers[i].name, where) == 0 && text != NULL)
			s.headers[i].value = text;
		else if (strcmp(s.headers[i].name, where) == 0)
			s.headers[i].name = "x-other";
	assert_false(parses(&s, &why));
	assert_int_equal(why, wanted);
}

static void test_parse_refuses(void **state)
{
	char key[200];

	(void)state;
	memset(key, 'A', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	refused("authorization", NULL, ERR_NONE);
	refused("authorization", "Galaxy V2 " SIGNATURE, ERR_NONE);
	refused("authorization", "galaxy v3 " SIGNATURE, ERR_NONE);
	refused("authorization", "Galaxy V3 ", ERR_UNAUTHORIZED);
	refused("authorization", "Galaxy V3  " SIGNATURE, ERR_UNAUTHORIZED);
	refused("authorization", "Galaxy V3 " SIGNATURE SIGNATURE, ERR_UNAUTHORIZED);
	refused("x-xiaomi-timestamp", NULL, ERR_UNAUTHORIZED);
	refused("x-xiaomi-timestamp", "", ERR_UNAUTHORIZED);
	refused("x-xiaomi-timestamp", "-1", ERR_UNAUTHORIZED);
	refused("x-xiaomi-timestamp", "+1474203860", ERR_UNAUTHORIZED);
	refused("x-xiaomi-timestamp", "1474203860.5", ERR_UNAUTHORIZED);
	refused("x-xiaomi-timestamp", "1474203860000", ERR_UNAUTHORIZED);
	refused("x-xiaomi-content-md5", NULL, ERR_UNAUTHORIZED);
	refused("x-xiaomi-content-md5", "", ERR_UNAUTHORIZED);
	refused("x-xiaomi-secret-key-id", NULL, ERR_UNAUTHORIZED);
	refused("x-xiaomi-secret-key-id", "", ERR_UNAUTHORIZED);
	refused("x-xiaomi-secret-key-id", key, ERR_UNAUTHORIZED);
}

/* Without the MD5 of the body nothing is right. */
static void test_body(void **state)
{
	struct sent s;

	(void)state;
	sent_init(&s, "/cloud_ml//v1/train");
	snprintf(s.r.body_md5, sizeof s.r.body_md5, "%s", "0cc175b9c0f1b6a831c399e269772661");
	assert_false(good_with(&s, "sk"));
	s.r.body_md5[0] = '\0';
	assert_false(good_with(&s, "sk"));
	assert_true(sign_galaxy_v3.weak);
	assert_int_equal(sign_galaxy_v3.window_ms, 60000);
}

/* ---- V2 ---- */

#define V2_DATE "Sat, 21 Nov 2026 22:55:57 GMT"

/* Computed with the object store's own signer, secret "sk". */
static const struct {
	const char *method, *path, *query[2][2], *mode, *signature;
} v2_vectors[] = {
	{"HEAD", "/probe", {{0}}, NULL, "FaUQ/do0YSrE3GMSSmlTfqwdbR0="},
	{"PUT", "/probe/user_packages/pkg.cloudml_20261121_225557.tar.gz", {{0}}, NULL,
		"t8jddmR6jOjJKVhZ6TO36AXftBk="},
	{"PUT", "/probe/user_packages/big.tar.gz", {{"uploads", "true"}}, "DIRECT",
		"fHM5BH/V2+QZXsnCVg8eSsWVYqU="},
	{"PUT", "/probe/user_packages/big.tar.gz", {{"uploadId", "u1"}, {"partNumber", "1"}}, NULL,
		"9j2UFoQSIFDAvlFqTnsQFu+3QYA="},
};

static bool v2_good(size_t i, const char *date, const char *secret)
{
	char authorization[64];
	struct sign_pair headers[3] = {{"authorization", authorization}, {"date", date},
		{"x-xiaomi-multipart-upload-mode", v2_vectors[i].mode}};
	struct sign_pair query[2];
	struct sign_request r = {.method = v2_vectors[i].method,
		.path = v2_vectors[i].path,
		.query = query,
		.headers = headers,
		.header_count = v2_vectors[i].mode ? 3 : 2};
	struct sign_claim claim;

	while (r.query_count < 2 && v2_vectors[i].query[r.query_count][0] != NULL) {
		query[r.query_count] = (struct sign_pair){v2_vectors[i].query[r.query_count][0],
			v2_vectors[i].query[r.query_count][1]};
		r.query_count++;
	}
	snprintf(authorization, sizeof authorization, "Galaxy-V2 AK:%s", v2_vectors[i].signature);
	return sign_galaxy_v2.parse(&r, &claim, NULL) && claim.time_ms == 1795301757000 &&
		strcmp(claim.access_key, "AK") == 0 && sign_galaxy_v2.verify(&r, &claim, secret);
}

static void test_v2_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof v2_vectors / sizeof v2_vectors[0]; i++) {
		assert_true(v2_good(i, V2_DATE, "sk"));
		assert_false(v2_good(i, V2_DATE, "sl"));
		assert_false(v2_good(i, "Sat, 21 Nov 2026 22:55:58 GMT", "sk"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_slashes),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_one_spelling),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_v2_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
