#include "core/wire/sign_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static void sign_sha256(const void *data, size_t len, unsigned char out[SIGN_HASH_SIZE])
{
	unsigned size = SIGN_HASH_SIZE;

	EVP_Digest(data, len, out, &size, EVP_sha256(), NULL);
}

void sign_hmac(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[SIGN_HASH_SIZE])
{
	unsigned size = SIGN_HASH_SIZE;

	HMAC(EVP_sha256(), key, (int)key_len, data, len, out, &size);
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
	unsigned char hash[SIGN_HASH_SIZE];

	sign_sha256(data, len, hash);
	sign_hex(hash, sizeof hash, out);
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
