/*
 * The lines of a log's end, and the table of readers that look for errors in them. A reader is a
 * small function that knows one language or launcher, and no other reader. Private to the folder.
 */
#ifndef MLTOP_CORE_FAILURE_READERS_H
#define MLTOP_CORE_FAILURE_READERS_H

#include "base/buf.h"
#include "base/vec.h"
#include "core/failure/failure.h"

struct line {
	const char *text; /* without sequences, prefix of the rank and blanks at the end */
	uint64_t offset;
	int rank;   /* -1: it says none */
	bool taken; /* it belongs to an error above */
};

struct lines {
	VEC(struct line) all;
	struct buf text; /* what they point into */
	bool ranks;      /* of several */
	int cause_rank;  /* that a launcher says failed first; -1: none does */
	size_t steps;    /* lines that were gone over: what takes too many is left */
};

enum weight {
	WEIGHT_HINT,     /* a line that looks like it */
	WEIGHT_LAUNCHER, /* who started it says that it failed */
	WEIGHT_SYMPTOM,  /* it failed because another one did */
	WEIGHT_ERROR,
};

struct error {
	size_t line; /* that says it */
	int rank;
	enum weight weight;
	char text[2 * FAILURE_BYTES];
};

struct errors {
	VEC(struct error) all;
};

/* Looks at line `at`; an error that begins there is added. Returns how many lines it took, 0: none. */
typedef size_t reader(struct lines *l, size_t at, struct errors *out);

reader read_python, read_python_alone;                                            /* python.c */
reader read_terminate, read_abort, read_sanitizer, read_faulthandler;             /* native.c */
reader read_java, read_node, read_go, read_rust, read_julia, read_r;              /* languages.c */
reader read_torchrun, read_mpi, read_nccl, read_not_found, read_usage, read_hint; /* launchers.c */

/* ---- What readers share (lines.c) ---- */

/* Splits, cleans and finds the ranks. */
void lines_init(struct lines *l, const char *bytes, size_t len, uint64_t offset);
void lines_release(struct lines *l);
/* Text of line `at` of the same rank as line `of`; NULL: there is none, or another rank's. */
const char *line_of(const struct lines *l, size_t at, size_t of);
/* The next line of that rank behind `at`; all.len: none. */
size_t line_next(struct lines *l, size_t at);
/* Lines of that rank behind `at`, before `next`, are of the error at `at`. */
void lines_take(struct lines *l, size_t at, size_t next);
/* Is it a file of the person's own, none of an interpreter or an installed package? */
bool own_file(const char *path, size_t len);
bool starts(const char *text, const char *with);
/* Behind `with`, where the text begins with it; else NULL. */
const char *behind(const char *text, const char *with);
const char *base_name(const char *path, size_t len, size_t *out_len);
/* Adds an error; what is too long is cut. */
void error_add(struct errors *out, const struct lines *l, size_t line, enum weight weight,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
