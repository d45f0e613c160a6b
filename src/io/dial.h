/*
 * How curl gets a connection: what requests (http.h) and the websocket (ws.h) both tell it, and
 * what both say when there is none. TLS 1.2 or newer, certificate and host verified; HTTP/1.1.
 */
#ifndef MLTOP_IO_DIAL_H
#define MLTOP_IO_DIAL_H

#include "base/err.h"

#include <curl/curl.h>
#include <stdbool.h>

enum { DIAL_CONNECT_MS = 3000 }; /* to look up, connect and shake hands */

struct dial {
	const char *ca_file; /* NULL: the system's authorities */
	bool direct;         /* no proxy, whatever the environment says */
	int connect_ms;      /* 0: DIAL_CONNECT_MS */
};

/* What curl keeps is copied. `error` holds curl's words; it and `owner` outlive the handle. */
void dial_set(CURL *easy, const struct dial *d, char error[CURL_ERROR_SIZE], void *owner);

/*
 * Why `site` ("http://host:port") was not reached; `ca_file` as it was dialled with. False: the
 * failure is not about connecting.
 */
bool dial_explain(CURL *easy, const char *ca_file, const char *site, const char *error,
	CURLcode result, struct err *e);

#endif
