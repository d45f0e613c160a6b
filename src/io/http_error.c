#include "io/http_inside.h"

#include "io/dial.h"

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
		if (c->uploaded < c->request_len) {
			err_set(e, ERR_UNAVAILABLE,
				"%s stopped taking the request after %lld of %lld bytes: nothing went on for "
				"%d s; try again",
				c->site, (long long)c->uploaded, (long long)c->request_len,
				HTTP_HEADER_MS / 1000);
			return;
		}
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
	} else {
		*transport = result == CURLE_COULDNT_RESOLVE_HOST ||
			result == CURLE_COULDNT_CONNECT || result == CURLE_OPERATION_TIMEDOUT ||
			result == CURLE_GOT_NOTHING || result == CURLE_RECV_ERROR ||
			result == CURLE_SEND_ERROR || result == CURLE_PARTIAL_FILE;
		if (!dial_explain(c->easy, c->http->ca_file, c->site, c->error, result, e))
			explain_curl(c, is_cut(c, result) ? CURLE_PARTIAL_FILE : result, e);
	}
}
