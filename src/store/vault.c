#include "store/inside.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* What is sealed: format byte, 12 bytes of IV, ciphertext, 16 bytes of tag (NIST SP 800-38D). */
enum {
	VAULT_FORMAT = 1,
	IV_SIZE = 12,
	TAG_SIZE = 16,
	AROUND = 1 + IV_SIZE + TAG_SIZE,
};

/* `out` has room for AROUND bytes more than the secret. */
static bool vault_encrypt(const uint8_t *key, const char *bound, const void *secret, size_t len,
	uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *iv = out + 1, *text = iv + IV_SIZE, *tag = text + len;
	int n;
	bool good;

	out[0] = VAULT_FORMAT;
	good = ctx && getrandom(iv, IV_SIZE, 0) == IV_SIZE &&
		EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
		EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)bound, (int)strlen(bound)) == 1 &&
		EVP_EncryptUpdate(ctx, text, &n, secret, (int)len) == 1 &&
		EVP_EncryptFinal_ex(ctx, tag, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

bool store_seal(struct store *s, const char *bound, const void *secret, size_t len,
	struct buf *sealed, struct err *e)
{
	if (len > STORE_SECRET_MAX)
		return err_set(e, ERR_INVALID, "the secret of %s is longer than %d bytes", bound,
			STORE_SECRET_MAX);
	buf_reserve(sealed, AROUND + len);
	if (!vault_encrypt(s->master, bound, secret, len, (uint8_t *)sealed->data + sealed->len))
		return err_set(e, ERR_INTERNAL, "cannot encrypt the secret of %s", bound);
	sealed->len += AROUND + len;
	sealed->data[sealed->len] = '\0';
	return true;
}

static bool vault_decrypt(const uint8_t *key, const char *bound, const uint8_t *in, size_t len,
	uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const uint8_t *iv = in + 1, *text = iv + IV_SIZE, *tag = text + len;
	int n;
	bool good;

	good = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)bound, (int)strlen(bound)) == 1 &&
		EVP_DecryptUpdate(ctx, out, &n, text, (int)len) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *)tag) == 1 &&
		EVP_DecryptFinal_ex(ctx, out + n, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

/* Room is made once: a text that grew would leave copies of itself behind. */
bool store_unseal(struct store *s, const char *bound, const void *sealed, size_t len,
	struct buf *secret, struct err *e)
{
	const uint8_t *in = sealed;
	size_t text = len - AROUND;

	if (len < AROUND || text > STORE_SECRET_MAX || in[0] != VAULT_FORMAT)
		return err_set(e, ERR_INTERNAL, "the stored secret of %s is malformed", bound);
	buf_reserve(secret, text);
	if (!vault_decrypt(s->master, bound, in, text, (uint8_t *)secret->data + secret->len)) {
		OPENSSL_cleanse(secret->data + secret->len, text);
		return err_set(e, ERR_INTERNAL,
			"the stored secret of %s does not open with master.key: it was altered, or the "
			"master key is another one",
			bound);
	}
	secret->len += text;
	secret->data[secret->len] = '\0';
	return true;
}

enum { MARK_SIZE = 32 };

static void mac(const uint8_t *key, size_t key_len, const void *text, size_t len,
	uint8_t out[MARK_SIZE])
{
	unsigned size = MARK_SIZE;

	if (HMAC(EVP_sha256(), key, (int)key_len, text, len, out, &size) == NULL)
		abort(); /* it has no memory */
}

void store_mark(const struct store *s, const void *text, size_t len, char out[STORE_HASH_HEX])
{
	static const char what[] = "requests", digits[] = "0123456789abcdef";
	uint8_t key[MARK_SIZE], mark[MARK_SIZE];

	mac(s->master, sizeof s->master, what, sizeof what - 1, key);
	mac(key, sizeof key, text, len, mark);
	for (size_t i = 0; i < sizeof mark; i++) {
		out[2 * i] = digits[mark[i] >> 4];
		out[2 * i + 1] = digits[mark[i] & 15];
	}
	out[2 * sizeof mark] = '\0';
	OPENSSL_cleanse(key, sizeof key);
}
