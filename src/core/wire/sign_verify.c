/* The server's half of the signer: what an Authorization header claims, and whether it is true. */
#include "core/wire/sign.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "core/wire/sign_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_UNAUTHORIZED, "Unauthorized: %s", why);
}

/* ---- Authorization: ALGORITHM Credential=..., SignedHeaders=..., Signature=... ---- */

/* The text after "NAME=" up to a comma or the end; NULL when the header has no such part. */
static const char *find_part(const char *authorization, const char *name, size_t *len)
{
	size_t name_len = strlen(name);
	const char *at = strchr(authorization, ' ');

	while (at != NULL && *at != '\0') {
		at += strspn(at, " ,\t");
		if (strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
			at += name_len + 1;
			*len = strcspn(at, ", \t");
			return at;
		}
		at += strcspn(at, ",");
	}
	return NULL;
}

static bool copy_part(const char *authorization, const char *name, char *out, size_t size)
{
	size_t len = 0;
	const char *at = find_part(authorization, name, &len);

	if (at == NULL || len == 0 || len >= size)
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	return true;
}

bool sign_signed_header(const char *authorization, size_t index, char name[64])
{
	size_t len = 0;
	const char *at = find_part(authorization, "SignedHeaders", &len);
	const char *end;

	if (at == NULL)
		return false;
	end = at + len;
	for (size_t i = 0; at < end; i++) {
		const char *semicolon = memchr(at, ';', (size_t)(end - at));
		size_t part = (size_t)((semicolon ? semicolon : end) - at);

		if (i == index) {
			if (part == 0 || part > 63)
				return false;
			memcpy(name, at, part);
			name[part] = '\0';
			return true;
		}
		at += part + 1;
	}
	return false;
}

/* AK/DATE/local/cloudml/mltop4_request; an access key holds no '/'. */
static bool parse_credential(const struct sign_words *w, struct sign_claim *claim,
	const char *credential)
{
	size_t ak = strcspn(credential, "/");
	char scope[sizeof claim->scope];

	if (ak == 0 || ak >= sizeof claim->access_key || credential[ak] != '/')
		return false;
	snprintf(scope, sizeof scope, "%.8s/%s/%s/%s", claim->date, w->region, w->service,
		w->terminator);
	if (strcmp(scope, credential + ak + 1) != 0)
		return false;
	memcpy(claim->access_key, credential, ak);
	claim->access_key[ak] = '\0';
	memcpy(claim->scope, scope, sizeof scope);
	return true;
}

static bool is_signed(const struct sign_claim *claim, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = claim->signed_headers; *at != '\0';) {
		size_t part = strcspn(at, ";");

		if (part == len && memcmp(at, name, len) == 0)
			return true;
		at += part + (at[part] == ';');
	}
	return false;
}

/* Sorted and without doubles, as SigV4 wants it: one list has one spelling. */
static bool signed_headers_sorted(const char *list)
{
	char before[64] = "";

	for (const char *at = list; *at != '\0';) {
		size_t part = strcspn(at, ";");
		char name[64];

		if (part == 0 || part >= sizeof name)
			return false;
		memcpy(name, at, part);
		name[part] = '\0';
		if (strcmp(before, name) >= 0)
			return false;
		memcpy(before, name, part + 1);
		at += part;
		if (*at == ';' && *++at == '\0')
			return false;
	}
	return true;
}

static bool parse_date(const struct sign_words *w, const struct sign_request *r,
	struct sign_claim *claim, struct err *e)
{
	const char *date = sign_header(r, w->date_header);

	if (date == NULL || strlen(date) != 16 || !timefmt_parse_sigv4(date, &claim->time_ms))
		return refuse(e,
			"the header x-mltop-date must hold a time like "
			"20260102T030405Z");
	memcpy(claim->date, date, 17);
	return true;
}

/* A nonce counts only when it is signed: anybody on the way could have added another. */
static bool parse_nonce(const struct sign_words *w, const struct sign_request *r,
	struct sign_claim *claim, struct err *e)
{
	const char *nonce = sign_header(r, w->nonce_header);
	size_t len = nonce ? strlen(nonce) : 0;

	if (nonce == NULL || !is_signed(claim, w->nonce_header))
		return true;
	if (len == 0 || len >= sizeof claim->nonce)
		return refuse(e, "the header x-mltop-nonce must have 1 to 128 characters");
	for (size_t i = 0; i < len; i++)
		if (nonce[i] <= ' ' || nonce[i] > '~')
			return refuse(e,
				"the header x-mltop-nonce must be printable ASCII "
				"without blanks");
	memcpy(claim->nonce, nonce, len + 1);
	return true;
}

static bool parse_parts(const struct sign_words *w, const struct sign_request *r,
	const char *authorization, struct sign_claim *claim, struct err *e)
{
	char credential[sizeof claim->access_key + sizeof claim->scope];

	if (!parse_date(w, r, claim, e))
		return false;
	if (!copy_part(authorization, "Credential", credential, sizeof credential) ||
		!parse_credential(w, claim, credential))
		return refuse(e,
			"Credential must be ACCESS_KEY/DATE/local/cloudml/mltop4_request "
			"with the date of x-mltop-date");
	if (!copy_part(authorization, "SignedHeaders", claim->signed_headers,
		    sizeof claim->signed_headers) ||
		!signed_headers_sorted(claim->signed_headers) || !is_signed(claim, "host") ||
		!is_signed(claim, w->date_header))
		return refuse(e, "SignedHeaders must be a sorted list with host and x-mltop-date");
	if (!copy_part(authorization, "Signature", claim->signature, sizeof claim->signature) ||
		strspn(claim->signature, "0123456789abcdef") != SIGN_HEX_SIZE - 1)
		return refuse(e, "Signature must be 64 lower-case hex digits");
	return parse_nonce(w, r, claim, e);
}

static bool sigv4_parse(const struct sign_request *r, struct sign_claim *claim, struct err *e)
{
	const struct sign_words *w = &sign_mltop_words;
	const char *authorization = sign_header(r, "authorization");
	size_t word = strlen(w->algorithm);
	struct sign_claim found = {0};

	if (authorization == NULL || strncmp(authorization, w->algorithm, word) != 0 ||
		authorization[word] != ' ') {
		if (e != NULL)
			e->code = ERR_NONE;
		return false;
	}
	if (!parse_parts(w, r, authorization, &found, e))
		return false;
	*claim = found;
	return true;
}

/* ---- Verification ---- */

/*
 * Paths that one request line may have been signed as. The server sees runs of '/' as one,
 * while public clients put the slash that ends their endpoint
 * before the path, or keep one inside the base ("/cloud_ml//v1").
 */
enum { PATH_FORMS = 3 };

/* How many there are; released by the caller. */
static size_t path_forms(const char *path, struct buf forms[PATH_FORMS])
{
	static const char base[] = "/cloud_ml/";
	const char *inside = strstr(path, base);
	size_t before = inside ? (size_t)(inside - path) + strlen(base) : 0;

	for (int i = 0; i < PATH_FORMS; i++)
		buf_init(&forms[i], 0);
	buf_adds(&forms[0], path);
	buf_addf(&forms[1], "/%s", path);
	if (inside == NULL)
		return 2;
	buf_add(&forms[2], path, before);
	buf_addf(&forms[2], "/%s", path + before);
	return 3;
}

/* The query in the forms that differ: most have one only. How many; released by the caller. */
static size_t query_forms(const struct sign_request *r, struct buf forms[SIGN_QUERY_FORMS])
{
	size_t count = 0;

	for (int form = 0; form < SIGN_QUERY_FORMS; form++) {
		struct buf here = BUF_INIT;
		size_t same = 0;

		sign_canonical_query(r, (enum sign_query_form)form, &here);
		while (same < count && strcmp(forms[same].data, here.data) != 0)
			same++;
		if (same == count)
			forms[count++] = here;
		else
			buf_release(&here);
	}
	return count;
}

static void forms_release(struct buf *forms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_release(&forms[i]);
}

/* Does one of the forms give the signature? Each is computed, whether or not one before it was right. */
static bool forms_verify(const struct sign_request *r, const struct sign_claim *claim,
	const char *rest, const char *secret)
{
	struct buf paths[PATH_FORMS], queries[SIGN_QUERY_FORMS] = {BUF_INIT};
	size_t path_count = path_forms(r->path, paths), query_count = query_forms(r, queries);
	unsigned char key[SIGN_HASH_SIZE];
	char signature[SIGN_HEX_SIZE];
	struct sign_hasher h;
	bool good = false;

	sign_hasher_init(&h);
	sign_day_key(&h, &sign_mltop_words, secret, claim->date, key);
	for (size_t i = 0; i < path_count; i++)
		for (size_t k = 0; k < query_count; k++) {
			struct sign_parts p = {r->method, paths[i].data, queries[k].data, rest};

			sign_compute(&h, &sign_mltop_words, &p, claim->date, key, signature);
			good |= sign_equal(signature, claim->signature, SIGN_HEX_SIZE - 1);
		}
	sign_wipe(key, sizeof key);
	sign_hasher_release(&h);
	forms_release(paths, path_count);
	forms_release(queries, query_count);
	return good;
}

static bool sigv4_verify(const struct sign_request *r, const struct sign_claim *claim,
	const char *secret)
{
	struct buf rest = BUF_INIT;
	char payload[SIGN_HEX_SIZE];
	bool good;

	sign_payload(r, payload);
	good = sign_canonical_rest(r, claim->signed_headers, payload, &rest) &&
		forms_verify(r, claim, rest.data, secret);
	buf_release(&rest);
	return good;
}

const struct sign_scheme sign_sigv4 = {
	.name = "MLTOP4-HMAC-SHA256",
	.parse = sigv4_parse,
	.verify = sigv4_verify,
	.window_ms = SIGN_WINDOW_MS,
};
