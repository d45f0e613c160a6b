/*
 * What went wrong, as a sentence for the person who must act.
 *
 * Functions that can fail return bool and take a `struct err *` as last argument; on failure they
 * fill it and leave their other outputs untouched. The text says what failed, on what, why, and
 * what to do, in one line without a final newline; outside bytes in it must be sanitised by
 * whoever shows it. `e` may be NULL where the caller does not care.
 */
#ifndef MLTOP_BASE_ERR_H
#define MLTOP_BASE_ERR_H

#include <stdbool.h>

/* The kinds a caller acts on; the daemon maps them to HTTP codes, the client to exit codes. */
enum err_code {
	ERR_NONE,
	ERR_INVALID, /* the input is wrong: 400, and 422 where it parsed but cannot be */
	ERR_UNPROCESSABLE,
	ERR_UNAUTHORIZED, /* 401 */
	ERR_FORBIDDEN,    /* 403 */
	ERR_NOT_FOUND,    /* 404 */
	ERR_CONFLICT,     /* 409 */
	ERR_TOO_LARGE,    /* 413 */
	ERR_BUSY,         /* 429 */
	ERR_UNAVAILABLE,  /* 503; for a client: not reachable */
	ERR_INTERNAL,     /* 500 */
};

struct err {
	enum err_code code;
	char field[64]; /* the field at fault, as named on the wire; "" where none */
	char text[1024];
};

#define ERR_INIT  \
	{         \
		0 \
	}

/* All return false, so that a function can end with `return err_set(...)`. */
bool err_set(struct err *e, enum err_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool err_field(struct err *e, enum err_code code, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool err_errno(struct err *e, int number, const char *what, const char *path);
void err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
int err_http_status(enum err_code code);
enum err_code err_from_http(int status);

#endif
