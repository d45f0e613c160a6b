#include "io/http_inside.h"

#include "io/tls.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

static const char check_endpoint[] = "check the endpoint, and that the platform runs";

static void host_of(const struct http_call *c, char *out, size_t size)
{
	const char *host = strstr(c->site, "://");

	snprintf(out, size, "%s", host ? host + 3 : c->site);
}

/* curl checks the host's name itself and says so only in words. */
static void explain_tls(const struct http_call *c, struct err *e)
{
	char host[300];
	long verified = 0;

	host_of(c, host, sizeof host);
	curl_easy_getinfo(c->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
	if (strstr(c->error, "target host name") || strstr(c->error, "common name"))
		tls_explain(e, host, X509_V_ERR_HOSTNAME_MISMATCH);
	else if (verified != 0)
		tls_explain(e, host, verified);
	else
		err_set(e, ERR_UNAVAILABLE, "the certificate of %s is not accepted: %s", host,
			*c->error ? c->error : "it could not be verified");
}

static void explain_connect(const struct http_call *c, struct err *e)
{
	long number = 0;

	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &number);
	err_set(e, ERR_UNAVAILABLE, "%s cannot be reached: %s; %s", c->site,
		number ? strerror((int)number) : "no connection", check_endpoint);
}

static void explain_timeout(const struct http_call *c, struct err *e)
{
	err_set(e, ERR_UNAVAILABLE, "%s cannot be reached: no connection within %d s; %s", c->site,
		HTTP_CONNECT_MS / 1000, check_endpoint);
}

/* What we ended ourselves. */
static void explain_stop(const struct http_call *c, struct err *e, bool *transport)
{
	switch (c->stop) {
	case STOP_TOO_LARGE:
		err_set(e, ERR_TOO_LARGE,
			"%s answered with more than %zu bytes: ask for less, by a filter or a "
			"limit",
			c->site, c->answer_max);
		return;
	case STOP_HEADERS:
		err_set(e, ERR_TOO_LARGE,
			"%s answered with more than %d KiB of header: it is no platform", c->site,
			HTTP_HEADERS_MAX / 1024);
		return;
	case STOP_SILENT:
		*transport = true;
		err_set(e, ERR_UNAVAILABLE,
			"%s took the request but sent no answer within %d s; "
			"try again, or look whether the platform is overloaded",
			c->site, HTTP_HEADER_MS / 1000);
		return;
	default:
		*transport = true;
		err_set(e, ERR_UNAVAILABLE,
			"the answer of %s stopped halfway: nothing more came for %d s; try again",
			c->site, HTTP_STALL_MS / 1000);
		return;
	}
}

static void explain_curl(const struct http_call *c, CURLcode result, struct err *e)
{
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		err_set(e, ERR_UNAVAILABLE,
			"%s cannot be reached: there is no such host; check the endpoint", c->site);
		return;
	case CURLE_COULDNT_CONNECT: explain_connect(c, e); return;
	case CURLE_OPERATION_TIMEDOUT: explain_timeout(c, e); return;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		err_set(e, ERR_UNAVAILABLE, "%s closed the connection without an answer; try again",
			c->site);
		return;
	case CURLE_PARTIAL_FILE:
		err_set(e, ERR_UNAVAILABLE,
			"the answer of %s was cut short after %zu bytes; try again", c->site,
			c->body.len);
		return;
	default:
		err_set(e, ERR_UNAVAILABLE, "%s gave no usable answer: %s", c->site,
			*c->error ? c->error : curl_easy_strerror(result));
		return;
	}
}

/* A body without a length ends with the connection: a reset there is a cut, too. */
static bool is_cut(const struct http_call *c, CURLcode result)
{
	return c->phase == PHASE_BODY && result == CURLE_RECV_ERROR;
}

void http_explain(const struct http_call *c, CURLcode result, struct err *e, bool *transport)
{
	*transport = false;
	if (c->stop != STOP_NONE) {
		explain_stop(c, e, transport);
	} else if (result == CURLE_PEER_FAILED_VERIFICATION) {
		explain_tls(c, e);
	} else if (result == CURLE_SSL_CONNECT_ERROR) {
		err_set(e, ERR_UNAVAILABLE, "%s speaks no TLS 1.2 or newer: %s; check the endpoint",
			c->site, *c->error ? c->error : "the handshake failed");
	} else if (result == CURLE_SSL_CACERT_BADFILE) {
		err_set(e, ERR_INVALID, "the ca_file of the context cannot be used: %s", c->error);
	} else {
		*transport = result == CURLE_COULDNT_RESOLVE_HOST ||
			result == CURLE_COULDNT_CONNECT || result == CURLE_OPERATION_TIMEDOUT ||
			result == CURLE_GOT_NOTHING || result == CURLE_RECV_ERROR ||
			result == CURLE_SEND_ERROR || result == CURLE_PARTIAL_FILE;
		explain_curl(c, is_cut(c, result) ? CURLE_PARTIAL_FILE : result, e);
	}
}
