/*
 * The public client's signatures, as cloud-ml-sdk 0.3.71 (cloud_ml_common/auth/signature.py) and
 * galaxy-fds-sdk 1.4.44 make them. Both are HMAC-SHA1 under the secret key.
 */
#include "core/wire/sign.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/timefmt.h"
#include "core/wire/sign_hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHA1_SIZE = 20, BASE64_SIZE = 28 /* of one, without the NUL */ };

static bool refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_UNAUTHORIZED, "Unauthorized: %s", why);
}

/*
 * Compared as text: other texts that stand for the same bytes would be other signatures to whoever
 * remembers them.
 */
static bool mac_is(const char *secret, const struct buf *text, const char *wanted)
{
	unsigned char mac[SHA1_SIZE], got[BASE64_SIZE + 1];
	unsigned size = sizeof mac;

	if (HMAC(EVP_sha1(), secret, (int)strlen(secret), (const unsigned char *)text->data,
		    text->len, mac, &size) == NULL)
		return false;
	EVP_EncodeBlock(got, mac, sizeof mac);
	return sign_equal(got, wanted, BASE64_SIZE);
}

/* What stands behind the scheme's word, of exactly that length; NULL with ERR_NONE: another scheme. */
static const char *parse_word(const struct sign_request *r, const char *word, struct err *e)
{
	const char *authorization = sign_header(r, "authorization");
	size_t len = strlen(word);

	if (authorization == NULL || strncmp(authorization, word, len) != 0) {
		if (e != NULL)
			e->code = ERR_NONE;
		return NULL;
	}
	return authorization + len;
}

static bool parse_signature(struct sign_claim *claim, const char *text, struct err *e)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	if (strlen(text) != BASE64_SIZE || strspn(text, digits) != BASE64_SIZE - 1 ||
		text[BASE64_SIZE - 1] != '=')
		return refuse(e, "the signature must be the base64 of an HMAC-SHA1");
	memcpy(claim->signature, text, BASE64_SIZE + 1);
	return true;
}

static bool parse_key(struct sign_claim *claim, const char *key, size_t len, struct err *e)
{
	if (len == 0 || len >= sizeof claim->access_key)
		return refuse(e, "the access key is missing or too long");
	memcpy(claim->access_key, key, len);
	claim->access_key[len] = '\0';
	return true;
}

/* It has none of its own: the signature stands for it, and the method, which not all cover. */
static void make_nonce(struct sign_claim *claim, const char *scheme, const char *method)
{
	snprintf(claim->nonce, sizeof claim->nonce, "%s.%s.%s", scheme, method, claim->signature);
}

/* ---- V3: the platform's own calls ---- */

static const char v3_time[] = "x-xiaomi-timestamp", v3_md5[] = "x-xiaomi-content-md5",
		  v3_key[] = "x-xiaomi-secret-key-id";

static bool v3_parse_time(const struct sign_request *r, struct sign_claim *claim, struct err *e)
{
	const char *text = sign_header(r, v3_time);
	int64_t seconds;

	if (text == NULL || strlen(text) > 12 || strspn(text, "0123456789") != strlen(text) ||
		!num_i64(text, 0, 999999999999, &seconds))
		return refuse(e, "X-Xiaomi-Timestamp must hold the seconds since 1970");
	snprintf(claim->date, sizeof claim->date, "%s", text);
	claim->time_ms = seconds * 1000;
	return true;
}

static bool v3_parse(const struct sign_request *r, struct sign_claim *claim, struct err *e)
{
	const char *signature = parse_word(r, "Galaxy V3 ", e), *key = sign_header(r, v3_key),
		   *md5 = sign_header(r, v3_md5);
	struct sign_claim found = {0};

	if (signature == NULL || !parse_signature(&found, signature, e) ||
		!v3_parse_time(r, &found, e) ||
		!parse_key(&found, key ? key : "", key ? strlen(key) : 0, e))
		return false;
	if (md5 == NULL || strlen(md5) != SIGN_MD5_SIZE - 1)
		return refuse(e, "X-Xiaomi-Content-MD5 must hold the MD5 of the body in hex");
	make_nonce(&found, "galaxy-v3", r->method);
	*claim = found;
	return true;
}

/*
 * The path as it was sent, percent-encoded. A client whose endpoint ends with a slash signs one
 * more than newer HTTP libraries send. Both forms are computed, whether or not the first is right.
 */
static bool v3_verify(const struct sign_request *r, const struct sign_claim *claim,
	const char *secret)
{
	const char *md5 = sign_header(r, v3_md5);
	bool good = false;

	for (int slashes = 0; slashes < 2; slashes++) {
		struct buf text = BUF_INIT;

		buf_addf(&text, "%s%s\n%s\n%s\n", slashes ? "/" : "",
			r->path_text ? r->path_text : r->path, claim->date, r->body_md5);
		good |= mac_is(secret, &text, claim->signature);
		buf_release(&text);
	}
	return good && md5 != NULL && strlen(md5) == SIGN_MD5_SIZE - 1 &&
		sign_equal(md5, r->body_md5, SIGN_MD5_SIZE - 1);
}

static bool v3_wants(const char *name)
{
	return strcmp(name, v3_time) == 0 || strcmp(name, v3_md5) == 0 || strcmp(name, v3_key) == 0;
}

const struct sign_scheme sign_galaxy_v3 = {
	.name = "Galaxy V3",
	.parse = v3_parse,
	.verify = v3_verify,
	.wants = v3_wants,
	.window_ms = SIGN_GALAXY_WINDOW_MS,
	.weak = true,
};

/* ---- V2: packages as objects in buckets ---- */

static bool v2_wants(const char *name)
{
	return strcmp(name, "date") == 0 || strcmp(name, "content-md5") == 0 ||
		strcmp(name, "content-type") == 0 || strncmp(name, "x-xiaomi-", 9) == 0;
}

static bool v2_parse(const struct sign_request *r, struct sign_claim *claim, struct err *e)
{
	const char *key = parse_word(r, "Galaxy-V2 ", e), *colon, *date = sign_header(r, "date");
	struct sign_claim found = {0};

	if (key == NULL)
		return false;
	colon = strchr(key, ':');
	if (colon == NULL)
		return refuse(e, "Galaxy-V2 must be followed by KEY:SIGNATURE");
	if (!parse_key(&found, key, (size_t)(colon - key), e) ||
		!parse_signature(&found, colon + 1, e))
		return false;
	if (date == NULL || !timefmt_parse_http(date, &found.time_ms))
		return refuse(e,
			"the header Date must hold a time like Sat, 21 Nov 2026 22:55:57 GMT");
	make_nonce(&found, "galaxy-v2", r->method);
	*claim = found;
	return true;
}

static int pair_order(const void *a, const void *b)
{
	const struct sign_pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->value, y->value);
}

/* Of `from`, sorted, those that `wants` says; how many. */
static size_t pick(const struct sign_pair *from, size_t count, bool (*wants)(const char *name),
	struct sign_pair out[SIGN_PAIRS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < SIGN_PAIRS_MAX; i++)
		if (wants(from[i].name))
			out[n++] = from[i];
	qsort(out, n, sizeof *out, pair_order);
	return n;
}

static bool is_resource(const char *name)
{
	static const char *const names[] = {"acl", "quota", "uploads", "partNumber", "uploadId",
		"storageAccessToken", "metadata"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool is_extra(const char *name)
{
	return strncmp(name, "x-xiaomi-", 9) == 0;
}

static void v2_text(const struct sign_request *r, struct buf *out)
{
	const char *md5 = sign_header(r, "content-md5"), *type = sign_header(r, "content-type");
	struct sign_pair some[SIGN_PAIRS_MAX] = {{0}};
	size_t n = pick(r->headers, r->header_count, is_extra, some);

	buf_addf(out, "%s\n%s\n%s\n%s\n", r->method, md5 ? md5 : "", type ? type : "",
		sign_header(r, "date"));
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s:%s\n", some[i].name, some[i].value);
	buf_adds(out, r->path);
	n = pick(r->query, r->query_count, is_resource, some);
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%c%s%s%s", i ? '&' : '?', some[i].name, *some[i].value ? "=" : "",
			some[i].value);
}

static bool v2_verify(const struct sign_request *r, const struct sign_claim *claim,
	const char *secret)
{
	struct buf text = BUF_INIT;
	bool good;

	v2_text(r, &text);
	good = mac_is(secret, &text, claim->signature);
	buf_release(&text);
	return good;
}

const struct sign_scheme sign_galaxy_v2 = {
	.name = "Galaxy V2",
	.parse = v2_parse,
	.verify = v2_verify,
	.wants = v2_wants,
	.window_ms = SIGN_GALAXY_WINDOW_MS,
	.weak = true,
	.objects = true,
};
