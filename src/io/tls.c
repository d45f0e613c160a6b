#include "io/tls.h"

#include "base/mem.h"

#include <openssl/x509_vfy.h>

static const struct {
	long code;
	const char *why, *advice;
} reasons[] = {
	{X509_V_ERR_CERT_HAS_EXPIRED, "it has expired",
		"renew it on the platform, or check this machine's clock"},
	{X509_V_ERR_CERT_NOT_YET_VALID, "it is not valid yet", "check this machine's clock"},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "it is signed by itself",
		"name its authority as ca_file of the context"},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "its authority is not known here",
		"name that authority as ca_file of the context"},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "its authority is not known here",
		"name that authority as ca_file of the context"},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "its authority is not known here",
		"name that authority as ca_file of the context"},
	{X509_V_ERR_HOSTNAME_MISMATCH, "it is made out for another host",
		"use the name that the certificate has as endpoint"},
	{X509_V_ERR_IP_ADDRESS_MISMATCH, "it is made out for another address",
		"use the name that the certificate has as endpoint"},
	{X509_V_ERR_CERT_REVOKED, "it was revoked", "ask the platform's administrator"},
};

void tls_explain(struct err *e, const char *host, long code)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code) {
			err_set(e, ERR_UNAVAILABLE, "the certificate of %s is not accepted: %s; %s",
				host, reasons[i].why, reasons[i].advice);
			return;
		}
	err_set(e, ERR_UNAVAILABLE,
		"the certificate of %s is not accepted: %s; ask the platform's administrator", host,
		X509_verify_cert_error_string(code));
}
