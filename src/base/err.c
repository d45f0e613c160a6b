#include "base/err.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	enum err_code code;
	int status;
} statuses[] = {
	{ERR_NONE, 200},
	{ERR_INVALID, 400},
	{ERR_UNPROCESSABLE, 422},
	{ERR_UNAUTHORIZED, 401},
	{ERR_FORBIDDEN, 403},
	{ERR_NOT_FOUND, 404},
	{ERR_CONFLICT, 409},
	{ERR_TOO_LARGE, 413},
	{ERR_BUSY, 429},
	{ERR_UNAVAILABLE, 503},
	{ERR_INTERNAL, 500},
};

static void err_fill(struct err *e, enum err_code code, const char *field, const char *format,
	va_list ap)
{
	if (e == NULL)
		return;
	e->code = code;
	snprintf(e->field, sizeof e->field, "%s", field);
	vsnprintf(e->text, sizeof e->text, format, ap);
}

bool err_set(struct err *e, enum err_code code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	err_fill(e, code, "", format, ap);
	va_end(ap);
	return false;
}

bool err_field(struct err *e, enum err_code code, const char *field, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	err_fill(e, code, field, format, ap);
	va_end(ap);
	return false;
}

bool err_errno(struct err *e, int number, const char *what, const char *path)
{
	return err_set(e, ERR_INTERNAL, "%s %s: %s", what, path, strerror(number));
}

void err_prefix(struct err *e, const char *format, ...)
{
	char head[256];
	char tail[sizeof e->text];
	va_list ap;

	if (e == NULL)
		return;
	va_start(ap, format);
	vsnprintf(head, sizeof head, format, ap);
	va_end(ap);
	snprintf(tail, sizeof tail, "%s", e->text);
	snprintf(e->text, sizeof e->text, "%.255s: %.700s", head, tail);
}

int err_http_status(enum err_code code)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].code == code)
			return statuses[i].status;
	return 500;
}

enum err_code err_from_http(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].code;
	if (status >= 200 && status < 300)
		return ERR_NONE;
	return status >= 500 ? ERR_UNAVAILABLE : ERR_INVALID;
}
