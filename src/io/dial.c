#include "io/dial.h"

#include "io/tls.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

/* ---- What curl is told ---- */

void dial_set(CURL *easy, const struct dial *d, char error[CURL_ERROR_SIZE], void *owner)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)owner);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never join a thread that resolves */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(d->connect_ms ? d->connect_ms : DIAL_CONNECT_MS));
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (d->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, d->ca_file);
	if (d->direct)
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

/* ---- What a failure is called ---- */

static const char check_endpoint[] = "check the endpoint, and that the platform runs";

static const char *host_of(const char *site)
{
	const char *host = strstr(site, "://");

	return host ? host + 3 : site;
}

/* curl checks the host's name itself and says so only in words. */
static void explain_tls(CURL *easy, const char *site, const char *error, struct err *e)
{
	const char *host = host_of(site);
	long verified = 0;

	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
	if (strstr(error, "target host name") || strstr(error, "common name"))
		tls_explain(e, host, X509_V_ERR_HOSTNAME_MISMATCH);
	else if (verified != 0)
		tls_explain(e, host, verified);
	else
		err_set(e, ERR_UNAVAILABLE, "the certificate of %s is not accepted: %s", host,
			*error ? error : "it could not be verified");
}

static void explain_connect(CURL *easy, const char *site, struct err *e)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	err_set(e, ERR_UNAVAILABLE, "%s cannot be reached: %s; %s", site,
		number ? strerror((int)number) : "no connection", check_endpoint);
}

/* Without a ca_file it is the system's own bundle that is missing: no setting of ours is wrong. */
static void explain_authorities(CURL *easy, const char *ca_file, const char *site,
	const char *error, struct err *e)
{
	char *bundle = NULL;

	if (ca_file) {
		err_set(e, ERR_INVALID, "the ca_file of the context cannot be used: %s", error);
		return;
	}
	curl_easy_getinfo(easy, CURLINFO_CAINFO, &bundle);
	err_set(e, ERR_INVALID,
		"this machine has no certificate authorities (%s cannot be read), so %s cannot be "
		"trusted: install the package ca-certificates, or name the platform's authority as "
		"ca_file of the context",
		bundle ? bundle : "the system's bundle", host_of(site));
}

bool dial_explain(CURL *easy, const char *ca_file, const char *site, const char *error,
	CURLcode result, struct err *e)
{
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		err_set(e, ERR_UNAVAILABLE,
			"%s cannot be reached: there is no such host; check the endpoint", site);
		return true;
	case CURLE_COULDNT_CONNECT: explain_connect(easy, site, e); return true;
	case CURLE_OPERATION_TIMEDOUT:
		err_set(e, ERR_UNAVAILABLE, "%s cannot be reached: no connection within %d s; %s",
			site, DIAL_CONNECT_MS / 1000, check_endpoint);
		return true;
	case CURLE_PEER_FAILED_VERIFICATION: explain_tls(easy, site, error, e); return true;
	case CURLE_SSL_CONNECT_ERROR:
		err_set(e, ERR_UNAVAILABLE, "%s speaks no TLS 1.2 or newer: %s; check the endpoint",
			site, *error ? error : "the handshake failed");
		return true;
	case CURLE_SSL_CACERT_BADFILE:
		explain_authorities(easy, ca_file, site, error, e);
		return true;
	default: return false;
	}
}
