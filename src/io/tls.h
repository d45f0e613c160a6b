/* TLS as a client: what a failed check of a certificate is called. */
#ifndef MLTOP_IO_TLS_H
#define MLTOP_IO_TLS_H

#include "base/err.h"

/*
 * "the certificate of HOST is not accepted: it expired; ...": the failed check named, and what to
 * do. `code` is OpenSSL's X509_V_ERR_* (x509_vfy.h, "Certificate verify status codes").
 */
void tls_explain(struct err *e, const char *host, long code);

#endif
