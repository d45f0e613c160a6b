/*
 * TLS as a client: what both curl (http.c) and libwebsockets (ws.c) are told, and what a failed
 * check is called. Nothing here runs for http:// endpoints: setting TLS up costs about 30 ms.
 */
#ifndef MLTOP_IO_TLS_H
#define MLTOP_IO_TLS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * "the certificate of HOST is not accepted: it expired; ...": the failed check named, and what to
 * do. `code` is OpenSSL's X509_V_ERR_* (x509_vfy.h, "Certificate verify status codes").
 */
void tls_explain(struct err *e, const char *host, long code);

/*
 * Is the certificate (an X509 *) made out for this host? A host that is an IP address must be among
 * the certificate's addresses (RFC 9110 section 4.3.5).
 */
bool tls_host_matches(void *certificate, const char *host);

#endif
