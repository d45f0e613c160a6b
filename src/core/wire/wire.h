/*
 * Frames of GET /cloud_ml/v1/stream, subprotocol "mltop.v1". Shared by daemon and client.
 *
 * Text frames are JSON objects. From the client:
 *   {"t":"sub","id":N,"kind":"job","org":"" ,"fields":"a,b","filter":"...","v":"VERSION"}
 *       rows of a kind; org: "" the key's own, an id, or "-1" all (admins); v: the last that came,
 *       for who goes on with rows that it holds
 *   {"t":"sub","id":N,"kind":"log","org":"","of":KIND,"object":NAME-or-UID,"task":"master-0",
 *    "attempt":0,"gen":G,"offset":O,"tail":BYTES,"credit":BYTES}   attempt 0: newest; offset -1: `tail` bytes
 *    before the end; "job":NAME-or-UID in place of "of" and "object" is the older form
 *   {"t":"credit","id":N,"bytes":B}            the client has stored B more bytes
 *   {"t":"unsub","id":N}
 *   {"t":"ping","id":N}                        answered {"t":"pong","id":N}: round trip, for the header
 * From the daemon:
 *   {"t":"row","id":N,"v":"VERSION","rows":[{...},...]}    new or changed; uid always there
 *   {"t":"gone","id":N,"v":"VERSION","uids":["...",...]}   deleted, or no longer matching
 *   {"t":"synced","id":N,"v":"VERSION"}                    the snapshot is whole
 *   {"t":"reset","id":N}                                   drop the rows, a new snapshot follows:
 *       the "v" of the subscription is of another server, or of this one before it started anew
 * VERSION is a string of decimal digits that names the server and how far it has come; of one server
 * a later one is never smaller.
 *   {"t":"log","id":N,"uid":U,"task":T,"attempt":A,"gen":G,"offset":O,"oldest":O,"newest":O}
 *                                              begins a log; offset is where bytes start
 *   {"t":"gap","id":N,"offset":O,"lost":L}     L bytes from O on are not there; bytes go on at O+L
 *       L 0: the task's supervisor died here, and how much is missing is not known
 *   {"t":"end","id":N,"offset":TOTAL,"state":S,"exit_code":C,"signal":S}   the log is whole; code
 *                                        and signal only where it exited, or was ended by one
 *   {"t":"error","id":N,"code":HTTP,"message":"...","field":F}   that subscription is over (id 0: the
 *       socket); the field that is at fault, only where it is one
 * Binary frames are log bytes, little endian: u32 sub, u32 generation, u64 offset, u32 length,
 * u32 crc32c(bytes), then the bytes.
 */
#ifndef MLTOP_CORE_WIRE_H
#define MLTOP_CORE_WIRE_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_PROTOCOL "mltop.v1"
#define WIRE_PATH "/cloud_ml/v1/stream"
#define WIRE_LOG_OF "job" /* where a log subscription does not say of what kind */
enum {
	WIRE_LOG_HEADER = 24,
	WIRE_LOG_CHUNK = 64 * 1024, /* bytes of log in a frame at most */
	WIRE_TEXT_MAX = 256 * 1024, /* a text frame at most, either way */
	WIRE_SUBS_MAX = 64,         /* subscriptions on one socket */
	WIRE_CREDIT = 1024 * 1024,  /* window per log stream */
};

struct wire_log {
	uint32_t sub, generation;
	uint64_t offset;
	uint32_t length;
	const void *bytes; /* borrowed */
};

/*
 * A version: the server's number in the low bits, how many changes it has seen in those above. Programs
 * of before servers were named read it as one number, so it stays one.
 */
enum { WIRE_SERVER_BITS = 24 };
uint64_t wire_version(uint32_t server, uint64_t changes);
/* May rows of version `held` be gone on with at a server that stands at `now`? */
bool wire_version_holds(uint64_t held, uint64_t now);

/* `out` has room for WIRE_LOG_HEADER; the bytes follow it in the frame. */
void wire_log_header(char out[WIRE_LOG_HEADER], const struct wire_log *log);
bool wire_log_decode(struct wire_log *log, const void *frame, size_t len, struct err *e);

enum wire_type {
	WIRE_SUB,
	WIRE_UNSUB,
	WIRE_CREDIT_MORE,
	WIRE_PING,
	WIRE_PONG,
	WIRE_ROW,
	WIRE_GONE,
	WIRE_SYNCED,
	WIRE_RESET,
	WIRE_LOG,
	WIRE_GAP,
	WIRE_END,
	WIRE_ERROR,
};

/* A decoded text frame. Texts and JSON are borrowed from `root`, which wire_frame_release drops. */
struct wire_frame {
	enum wire_type type;
	uint32_t id;
	json_t *root;
	const char *kind, *org, *fields, *filter, *of, *object, *job, *task, *uid, *message, *field,
		*state;
	uint64_t version; /* "v" */
	int64_t attempt, offset, tail, credit, oldest, newest, lost, exit_code, signal, code;
	uint32_t generation;
	json_t *rows, *uids; /* arrays or NULL */
};
/* Bounded: WIRE_TEXT_MAX bytes, depth 16, no duplicate keys, no NUL; wrong types are an error. */
bool wire_frame_decode(struct wire_frame *f, const char *text, size_t len, struct err *e);
void wire_frame_release(struct wire_frame *f);

/* JSON of outside origin within limits: depth, no duplicates, no NUL. */
json_t *wire_json_parse(const char *text, size_t len, size_t max_depth, struct err *e);

#endif
