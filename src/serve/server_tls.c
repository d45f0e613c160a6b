/* What TLS connections share: certificate, versions, and HTTP/1.1 as the only protocol above. */
#include "serve/http.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

static int alpn_asked(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *ctx)
{
	static const unsigned char ours[] = "\x08http/1.1";

	(void)ssl, (void)ctx;
	if (SSL_select_next_proto((unsigned char **)out, out_len, ours, sizeof ours - 1, in,
		    in_len) == OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool tls_failed(struct err *e, const char *what, const char *file)
{
	char why[160];

	ERR_error_string_n(ERR_peek_last_error(), why, sizeof why);
	ERR_clear_error();
	return err_set(e, ERR_INVALID, "%s %s cannot be used: %s", what, file, why);
}

static bool load(SSL_CTX *tls, const char *cert, const char *key, struct err *e)
{
	if (SSL_CTX_use_certificate_chain_file(tls, cert) != 1)
		return tls_failed(e, "tls.cert", cert);
	if (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		return tls_failed(e, "tls.key", key);
	return SSL_CTX_check_private_key(tls) == 1 || tls_failed(e, "tls.key", key);
}

SSL_CTX *tls_context(const char *cert, const char *key, struct err *e)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_options(tls,
		SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
			SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(tls,
		SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(tls, alpn_asked, NULL);
	if (load(tls, cert, key, e))
		return tls;
	SSL_CTX_free(tls);
	return NULL;
}
