#include "core/wire/sign.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "core/wire/query.h"
#include "core/wire/sign_hash.h"

#include <stdlib.h>
#include <string.h>

const struct sign_words sign_mltop_words = {
	.key_prefix = "MLTOP4",
	.algorithm = "MLTOP4-HMAC-SHA256",
	.region = "local",
	.service = "cloudml",
	.terminator = "mltop4_request",
	.date_header = "x-mltop-date",
	.nonce_header = "x-mltop-nonce",
};

const char *sign_header(const struct sign_request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

/* ---- The canonical request ---- */

/*
 * What RFC 3986 section 3.4 lets stand in a query besides unreserved characters, without & and +.
 * In a value also '=': in a name it would make "a%3Db=c" and "a=b=c" one text to be signed.
 */
static const char name_plain[] = "!$'()*,;:@/?", value_plain[] = "!$'()*,;:@/?=";

struct encoded_pair {
	char *text; /* name, NUL, then "name=value" begins at `whole` */
	char *whole;
};

static int compare_encoded(const void *a, const void *b)
{
	const struct encoded_pair *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : strcmp(x->whole, y->whole);
}

static struct encoded_pair encode_pair(const struct sign_pair *p, enum sign_query_form form)
{
	bool plain = form == SIGN_QUERY_PLAIN;
	const char *in_name = plain ? name_plain : "", *in_value = plain ? value_plain : "";
	struct buf b = BUF_INIT;
	struct encoded_pair out;
	size_t whole;

	percent_encode(&b, p->name, strlen(p->name), in_name);
	buf_addc(&b, '\0');
	whole = b.len;
	percent_encode(&b, p->name, strlen(p->name), in_name);
	buf_addc(&b, '=');
	percent_encode(&b, p->value, strlen(p->value), in_value);
	out.text = buf_detach(&b);
	out.whole = out.text + whole;
	return out;
}

void sign_canonical_query(const struct sign_request *r, enum sign_query_form form, struct buf *out)
{
	struct encoded_pair pairs[SIGN_PAIRS_MAX];
	size_t n = r->query_count < SIGN_PAIRS_MAX ? r->query_count : SIGN_PAIRS_MAX;

	if (form == SIGN_QUERY_TEXT && r->query_text != NULL) {
		buf_adds(out, r->query_text);
		return;
	}
	for (size_t i = 0; i < n; i++)
		pairs[i] = encode_pair(&r->query[i], form);
	if (form == SIGN_QUERY_SORTED)
		qsort(pairs, n, sizeof pairs[0], compare_encoded);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, '&');
		buf_adds(out, pairs[i].whole);
		free(pairs[i].text);
	}
}

void sign_query(const struct sign_request *r, struct buf *out)
{
	sign_canonical_query(r, SIGN_QUERY_SORTED, out);
}

/* A header's value without blanks around it, and with runs of blanks as one. */
static void canonical_value(const char *value, struct buf *out)
{
	bool gap = false, any = false;

	for (; *value != '\0'; value++) {
		if (*value == ' ' || *value == '\t') {
			gap = any;
			continue;
		}
		if (gap)
			buf_addc(out, ' ');
		buf_addc(out, *value);
		gap = false;
		any = true;
	}
}

static bool canonical_headers(const struct sign_request *r, const char *signed_headers,
	struct buf *out)
{
	while (*signed_headers != '\0') {
		size_t len = strcspn(signed_headers, ";");
		char name[64];
		const char *value;

		if (len == 0 || len >= sizeof name)
			return false;
		memcpy(name, signed_headers, len);
		name[len] = '\0';
		value = sign_header(r, name);
		if (value == NULL)
			return false;
		buf_addf(out, "%s:", name);
		canonical_value(value, out);
		buf_addc(out, '\n');
		signed_headers += len + (signed_headers[len] == ';');
	}
	return true;
}

bool sign_canonical_rest(const struct sign_request *r, const char *signed_headers,
	const char *payload, struct buf *out)
{
	buf_addc(out, '\n');
	if (!canonical_headers(r, signed_headers, out))
		return false;
	buf_addc(out, '\n');
	buf_adds(out, signed_headers);
	buf_addc(out, '\n');
	buf_adds(out, payload);
	return true;
}

/* ---- Key chain and signature ---- */

static void hmac_text(struct sign_hasher *h, const unsigned char key[SIGN_HASH_SIZE],
	const char *text, unsigned char out[SIGN_HASH_SIZE])
{
	sign_hmac(h, key, SIGN_HASH_SIZE, text, strlen(text), out);
}

void sign_day_key(struct sign_hasher *h, const struct sign_words *w, const char *secret,
	const char *date, unsigned char out[SIGN_HASH_SIZE])
{
	struct buf first = BUF_INIT;
	unsigned char a[SIGN_HASH_SIZE], b[SIGN_HASH_SIZE];

	buf_addf(&first, "%s%s", w->key_prefix, secret);
	sign_hmac(h, first.data, first.len, date, strnlen(date, 8), a);
	hmac_text(h, a, w->region, b);
	hmac_text(h, b, w->service, a);
	hmac_text(h, a, w->terminator, out);
	sign_wipe(first.data, first.len);
	sign_wipe(a, sizeof a);
	sign_wipe(b, sizeof b);
	buf_release(&first);
}

void sign_compute(struct sign_hasher *h, const struct sign_words *w, const struct sign_parts *p,
	const char *date, const unsigned char key[SIGN_HASH_SIZE], char out[SIGN_HEX_SIZE])
{
	struct buf text = BUF_INIT;
	unsigned char hash[SIGN_HASH_SIZE];
	char request_hash[SIGN_HEX_SIZE];

	buf_reserve(&text, strlen(p->path) + strlen(p->query) + strlen(p->rest) + 64);
	buf_addf(&text, "%s\n%s\n%s%s", p->method, p->path, p->query, p->rest);
	sign_sha256(h, text.data, text.len, hash);
	sign_hex(hash, sizeof hash, request_hash);
	buf_reset(&text);
	buf_addf(&text, "%s\n%s\n%.8s/%s/%s/%s\n%s", w->algorithm, date, date, w->region,
		w->service, w->terminator, request_hash);
	sign_hmac(h, key, SIGN_HASH_SIZE, text.data, text.len, hash);
	sign_hex(hash, sizeof hash, out);
	buf_release(&text);
}

/* ---- Signing ---- */

static int compare_names(const void *a, const void *b)
{
	const struct sign_pair *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The headers to sign, sorted, with the date header among them. */
static size_t collect_headers(const struct sign_words *w, const struct sign_request *r,
	const char *date, struct sign_pair out[SIGN_HEADERS_MAX + 1])
{
	size_t n = r->header_count;

	memcpy(out, r->headers, n * sizeof *out);
	if (sign_header(r, w->date_header) == NULL)
		out[n++] = (struct sign_pair){w->date_header, date};
	qsort(out, n, sizeof *out, compare_names);
	return n;
}

static bool check_headers(const struct sign_request *r, struct err *e)
{
	if (r->header_count > SIGN_HEADERS_MAX || r->query_count > SIGN_PAIRS_MAX)
		return err_set(e, ERR_INVALID,
			"the request cannot be signed: it has more than %d headers or %d parameters",
			SIGN_HEADERS_MAX, SIGN_PAIRS_MAX);
	for (size_t i = 0; i < r->header_count; i++)
		if (strlen(r->headers[i].name) > 63)
			return err_set(e, ERR_INVALID,
				"the request cannot be signed: a header's name is over 63 bytes");
	return true;
}

bool sign_request_with(const struct sign_words *w, const struct sign_request *r,
	const char *access_key, const char *secret, int64_t now_ms, struct buf *authorization,
	struct err *e)
{
	struct sign_pair headers[SIGN_HEADERS_MAX + 1];
	struct sign_request sorted = *r;
	struct sign_hasher h;
	struct buf names = BUF_INIT, query = BUF_INIT, rest = BUF_INIT;
	char now[TIMEFMT_SIZE], payload[SIGN_HEX_SIZE], signature[SIGN_HEX_SIZE];
	unsigned char key[SIGN_HASH_SIZE];
	const char *date;

	if (!check_headers(r, e))
		return false;
	timefmt_sigv4(now, now_ms);
	sorted.headers = headers;
	sorted.header_count = collect_headers(w, r, now, headers);
	date = sign_header(&sorted, w->date_header);
	for (size_t i = 0; i < sorted.header_count; i++)
		buf_addf(&names, "%s%s", i ? ";" : "", headers[i].name);
	sign_payload(r, payload);
	sign_canonical_query(&sorted, SIGN_QUERY_SORTED, &query);
	sign_canonical_rest(&sorted, names.data, payload, &rest);
	sign_hasher_init(&h);
	sign_day_key(&h, w, secret, date, key);
	sign_compute(&h, w, &(struct sign_parts){r->method, r->path, query.data, rest.data}, date,
		key, signature);
	sign_hasher_release(&h);
	buf_addf(authorization, "%s Credential=%s/%.8s/%s/%s/%s, SignedHeaders=%s, Signature=%s",
		w->algorithm, access_key, date, w->region, w->service, w->terminator, names.data,
		signature);
	sign_wipe(key, sizeof key);
	buf_release(&names);
	buf_release(&query);
	buf_release(&rest);
	return true;
}

bool sign_request(const struct sign_request *r, const char *access_key, const char *secret,
	int64_t now_ms, struct buf *authorization, struct err *e)
{
	return sign_request_with(&sign_mltop_words, r, access_key, secret, now_ms, authorization,
		e);
}
