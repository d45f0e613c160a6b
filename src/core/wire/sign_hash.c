#include "core/wire/sign_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 }; /* bytes of SHA-256's (RFC 2104) */

static void must(bool good)
{
	if (!good)
		abort();
}

void sign_hasher_init(struct sign_hasher *h)
{
	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	must(h->md != NULL && h->ctx != NULL);
}

void sign_hasher_release(struct sign_hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
}

/* Of the two, one behind the other. */
static void hash_both(struct sign_hasher *h, const void *first, size_t first_len,
	const void *second, size_t second_len, unsigned char out[SIGN_HASH_SIZE])
{
	unsigned size = SIGN_HASH_SIZE;

	must(EVP_DigestInit_ex(h->ctx, h->md, NULL) == 1 &&
		EVP_DigestUpdate(h->ctx, first, first_len) == 1 &&
		EVP_DigestUpdate(h->ctx, second, second_len) == 1 &&
		EVP_DigestFinal_ex(h->ctx, out, &size) == 1);
}

void sign_sha256(struct sign_hasher *h, const void *data, size_t len,
	unsigned char out[SIGN_HASH_SIZE])
{
	hash_both(h, data, len, "", 0, out);
}

void sign_hmac(struct sign_hasher *h, const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[SIGN_HASH_SIZE])
{
	unsigned char inner[BLOCK] = {0}, outer[BLOCK];

	if (key_len > BLOCK)
		sign_sha256(h, key, key_len, inner);
	else
		memcpy(inner, key, key_len);
	for (size_t i = 0; i < BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	hash_both(h, inner, BLOCK, data, len, out);
	hash_both(h, outer, BLOCK, out, SIGN_HASH_SIZE, out);
	sign_wipe(inner, sizeof inner);
	sign_wipe(outer, sizeof outer);
}

void sign_hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

void sign_sha256_hex(const void *data, size_t len, char out[SIGN_HEX_SIZE])
{
	struct sign_hasher h;
	unsigned char hash[SIGN_HASH_SIZE];

	sign_hasher_init(&h);
	sign_sha256(&h, data, len, hash);
	sign_hex(hash, sizeof hash, out);
	sign_hasher_release(&h);
}

bool sign_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void sign_wipe(void *data, size_t len)
{
	OPENSSL_cleanse(data, len);
}

void sign_payload(const struct sign_request *r, char out[SIGN_HEX_SIZE])
{
	if (r->body_sha256[0] != '\0')
		memcpy(out, r->body_sha256, SIGN_HEX_SIZE);
	else
		sign_sha256_hex(r->body_len ? r->body : "", r->body_len, out);
}
