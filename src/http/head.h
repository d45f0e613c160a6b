/*
 * The head of an HTTP/1 request or answer, read strictly: what is not exactly as RFC 9112 has it is refused,
 * because a proxy in front that follows the RFC could have read it as something else. Pure.
 *
 * Stricter than the RFC where it leaves a choice: one Host also in HTTP/1.0, a target that is a path
 * or an http or https URI without user (a proxy may send that; its host then stands for Host),
 * Content-Length once and as digits, no lines folded, no bare CR or LF, no Content-Length
 * beside Transfer-Encoding, no coding but an empty chunked body (which a public client sends with
 * every signed GET), and no field twice of those that decide something.
 */
#ifndef MLTOP_HTTP_HEAD_H
#define MLTOP_HTTP_HEAD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HEAD_BYTES_MAX = 16 * 1024, /* with its empty line */
	HEAD_FIELDS_MAX = 100,
};

/* Looks at bytes as they come. All zero at the start of each request. */
struct head_scan {
	size_t at;    /* bytes looked at; once the head is whole, its length */
	size_t line;  /* bytes of the line so far */
	size_t lines; /* whole ones */
	bool cr;      /* the last byte was CR */
	bool answer;  /* set by the caller: it is no request */
};

enum head_answer { HEAD_MORE, HEAD_WHOLE, HEAD_WRONG, HEAD_LARGE };

/*
 * Goes on in `bytes`, the same as before with more behind them. HEAD_WRONG: no more bytes can mend
 * it, and *e says why. HEAD_LARGE: over HEAD_BYTES_MAX or HEAD_FIELDS_MAX.
 */
enum head_answer head_look(struct head_scan *s, const char *bytes, size_t len, struct err *e);

struct head_field {
	const char *name, *value; /* lower case; without blanks around it */
};

struct head {
	char *text;                /* what the texts are in; owned */
	int status;                /* of an answer, 100 to 599 */
	const char *reason;        /* behind it; may be "" */
	const char *method, *path; /* of the target before '?', as it came; "/" where it has none */
	const char *query;         /* behind the first '?'; NULL: there is none */
	const char *authority; /* of an absolute target: the value of Host; NULL: it is a path */
	bool http11, keep_alive;
	bool has_length, chunked; /* chunked, by head_read: its body is to be 0 CR LF CR LF */
	bool expects;             /* Expect: 100-continue */
	bool upgrade;             /* an Upgrade that Connection names */
	uint64_t length;
	struct head_field fields[HEAD_FIELDS_MAX];
	size_t count;
};

/* Reads the whole head of `len` bytes that head_look has seen. False: *e, and nothing to release. */
bool head_read(struct head *h, const char *bytes, size_t len, struct err *e);
/* The same for one that is passed on: whatever its method, its body may be chunked (http/chunks.h). */
bool head_read_relayed(struct head *h, const char *bytes, size_t len, struct err *e);
/*
 * An answer, from status to length; method, path, Host, expects are unset. Whether it has a body at
 * all depends on the request, too (RFC 9112 section 6.3).
 */
bool head_read_answer(struct head *h, const char *bytes, size_t len, struct err *e);
void head_release(struct head *h);

/* The value of the only field of that lower-case name; NULL: none, or more than one. */
const char *head_get(const struct head *h, const char *name);
size_t head_count(const struct head *h, const char *name);
/* Is `word` among the items of the list (RFC 9110 section 5.6.1) in all fields of that name? */
bool head_lists(const struct head *h, const char *name, const char *word);

#endif
