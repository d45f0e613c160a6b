/*
 * What an answer says. Bodies are not ours: JSON is parsed within limits, all else becomes one
 * sanitised line.
 */
#include "client/api_inside.h"

#include "base/sanitize.h"
#include "base/timefmt.h"
#include "core/wire/wire.h"

#include <string.h>
#include <strings.h>

enum {
	DEPTH_MAX = 64,
	SHOWN_MAX = 500,      /* bytes of a stranger's text in a sentence */
	SKEW_MS = 240 * 1000, /* clocks further apart explain a refused signature */
};

static bool is_json(const struct http_answer *a)
{
	size_t n = strlen("application/json");

	return strncasecmp(a->content_type, "application/json", n) == 0 &&
		strchr("; \t", a->content_type[n]) != NULL;
}

/* Up to SHOWN_MAX bytes as one line without blanks around it. */
static void one_line(struct buf *out, const char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", *text))
		text++, len--;
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	sanitize_text(out, text, len < SHOWN_MAX ? len : SHOWN_MAX);
}

static const char *message_of(const json_t *body)
{
	const json_t *value = json_object_get(body, "message");

	if (value == NULL)
		value = json_object_get(body, "error");
	return json_string_value(value);
}

/* A status that is not 2xx: the server's own sentence where there is one. */
static void read_refusal(struct api_answer *out, const struct http_answer *a)
{
	const char *message = message_of(out->body);
	const char *field = json_string_value(json_object_get(out->body, "field"));
	enum err_code code = err_from_http(a->status);
	struct buf line = BUF_INIT;

	if (message)
		one_line(&line, message, strlen(message));
	else
		one_line(&line, a->body, a->body_len);
	if (line.len == 0)
		err_set(&out->err, code, "the platform answered with HTTP %d and no reason",
			a->status);
	else if (message)
		err_field(&out->err, code, field ? field : "", "%s", line.data);
	else
		err_set(&out->err, code, "the platform answered with HTTP %d: %s", a->status,
			line.data);
	buf_release(&line);
}

static void note_skew(struct api_answer *out, const struct http_answer *a, int64_t now_ms)
{
	int64_t ahead = now_ms - a->date_ms;
	char how[TIMEFMT_SIZE];
	size_t len = strlen(out->err.text);

	if (a->status != 401 || a->date_ms == 0 || (ahead < SKEW_MS && ahead > -SKEW_MS))
		return;
	timefmt_duration(how, ahead < 0 ? -ahead : ahead);
	snprintf(out->err.text + len, sizeof out->err.text - len,
		"; this machine's clock is %s %s the platform's: set it right", how,
		ahead > 0 ? "ahead of" : "behind");
}

static void note_wait(struct api_answer *out, const struct http_answer *a)
{
	size_t len = strlen(out->err.text);

	if ((a->status == 503 || a->status == 429) && a->retry_after_s > 0)
		snprintf(out->err.text + len, sizeof out->err.text - len,
			"; the platform asks to wait %lld s", (long long)a->retry_after_s);
}

/* Answers that are not JSON although they should be: a proxy's page, most often. */
static void refuse_stranger(struct api_answer *out, const struct http_answer *a)
{
	struct buf line = BUF_INIT;

	one_line(&line, a->body, a->body_len);
	err_set(&out->err, ERR_INTERNAL,
		"the answer is not of a platform (%.80s): %s; check the endpoint",
		*a->content_type ? a->content_type : "no Content-Type", line.data);
	buf_release(&line);
}

static void read_json(struct api_answer *out, const struct http_answer *a)
{
	struct err why = ERR_INIT;

	if (!is_json(a)) {
		refuse_stranger(out, a);
		return;
	}
	if (a->body_len == 0)
		return;
	out->body = wire_json_parse(a->body, a->body_len, DEPTH_MAX, &why);
	if (out->body == NULL)
		err_set(&out->err, ERR_INTERNAL,
			"the platform's answer cannot be read: %s; its version may not fit ours",
			why.text);
}

void answer_read(struct api_answer *out, const struct http_answer *a, struct buf *text,
	bool want_json, int64_t now_ms)
{
	bool good = a->status >= 200 && a->status < 300;

	out->text = a->body;
	out->text_len = a->body_len;
	if (out->err.code != ERR_NONE)
		return;
	if (!good) {
		if (is_json(a) || (a->body_len > 0 && *a->body == '{'))
			out->body = wire_json_parse(a->body, a->body_len, DEPTH_MAX, NULL);
		read_refusal(out, a);
		note_skew(out, a, now_ms);
		note_wait(out, a);
	} else if (want_json) {
		read_json(out, a);
	}
	if (out->body == NULL && !good) {
		sanitize_text(text, a->body, a->body_len);
		out->text = text->data;
		out->text_len = text->len;
	}
}
