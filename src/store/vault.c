#include "store/inside.h"

#include "base/mem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

/* A sealed secret: format byte, 12 bytes of IV, ciphertext, 16 bytes of tag (NIST SP 800-38D). */
enum { VAULT_FORMAT = 1, IV_SIZE = 12, TAG_SIZE = 16, SECRET_MAX = 256 };

static bool vault_encrypt(const uint8_t *key, const char *id, const char *secret, size_t len,
	uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *iv = out + 1, *text = iv + IV_SIZE, *tag = text + len;
	int n;
	bool good;

	out[0] = VAULT_FORMAT;
	good = ctx && getrandom(iv, IV_SIZE, 0) == IV_SIZE &&
		EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
		EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)id, (int)strlen(id)) == 1 &&
		EVP_EncryptUpdate(ctx, text, &n, (const uint8_t *)secret, (int)len) == 1 &&
		EVP_EncryptFinal_ex(ctx, tag, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

bool store_seal(struct store *s, const char *access_key, const char *secret, struct buf *sealed,
	struct err *e)
{
	uint8_t out[1 + IV_SIZE + SECRET_MAX + TAG_SIZE];
	size_t len = strlen(secret);

	if (len > SECRET_MAX)
		return err_set(e, ERR_INVALID, "the secret of key %s is longer than %d bytes",
			access_key, SECRET_MAX);
	if (!vault_encrypt(s->master, access_key, secret, len, out))
		return err_set(e, ERR_INTERNAL, "cannot encrypt the secret of key %s", access_key);
	buf_add(sealed, out, 1 + IV_SIZE + len + TAG_SIZE);
	return true;
}

static bool vault_decrypt(const uint8_t *key, const char *id, const uint8_t *in, size_t len,
	uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const uint8_t *iv = in + 1, *text = iv + IV_SIZE, *tag = text + len;
	int n;
	bool good;

	good = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)id, (int)strlen(id)) == 1 &&
		EVP_DecryptUpdate(ctx, out, &n, text, (int)len) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *)tag) == 1 &&
		EVP_DecryptFinal_ex(ctx, out + n, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

bool store_unseal(struct store *s, const char *access_key, const void *sealed, size_t len,
	struct buf *secret, struct err *e)
{
	const uint8_t *in = sealed;
	uint8_t out[SECRET_MAX];
	size_t text = len - 1 - IV_SIZE - TAG_SIZE;
	bool good;

	if (len < 1 + IV_SIZE + TAG_SIZE || text > SECRET_MAX || in[0] != VAULT_FORMAT)
		return err_set(e, ERR_INTERNAL, "the stored secret of key %s is malformed",
			access_key);
	good = vault_decrypt(s->master, access_key, in, text, out);
	if (good)
		buf_add(secret, out, text);
	else
		err_set(e, ERR_INTERNAL,
			"the stored secret of key %s does not open with master.key: it was altered, or "
			"the master key is another one",
			access_key);
	OPENSSL_cleanse(out, sizeof out);
	return good;
}
