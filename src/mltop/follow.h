/*
 * Following a job's log on standard output (follow.c, follow_paint.c), and the question that Ctrl-C
 * asks meanwhile (follow_ask.c). Private to follow*.c; others call follow_log of cli.h. All on the
 * loop's thread.
 */
#ifndef MLTOP_FOLLOW_H
#define MLTOP_FOLLOW_H

#include "mltop/cli_link.h"

#include "base/paint.h"
#include "client/stream.h"
#include "core/kinds/job.h"

#include <uv.h>

struct follower {
	struct cli *cli;
	const struct follow *what;
	struct stream *stream;
	uv_signal_t interrupt;
	struct cli_link link;
	char *uid;
	uint32_t sub;            /* of the attempt that is read now */
	int64_t attempt;         /* that one; 0 until the platform has said */
	uint64_t next, newest;   /* next: offset after the last byte taken */
	bool state_known, ended; /* of the attempt */
	struct arena arena;
	struct job row;
	bool row_final, closing;
	enum follow_end end;
	struct err err;
	/* the question */
	uv_poll_t keys;
	int keys_fd; /* what it polls, while it is asked */
	bool asking, cancelled;
	/* what is told of it (follow_tell.c) */
	uv_timer_t patience;
	bool patient;
	char waits[1024]; /* the reason that was told */
	struct buf held;  /* came while it was asked; at most the stream's window */
	/* on a terminal (follow_paint.c) */
	struct paint paint;
	uv_timer_t redraw;
	bool unpainted; /* bytes came since */
};

/* Ends the following, once; what was held is printed. */
void follow_over(struct follower *f, enum follow_end end);
/* Prints and gives the platform room for as much more. */
void follow_print(struct follower *f, const void *bytes, size_t len);

void follow_paint_open(struct follower *f); /* `redraw` is closed by who closes the others */
/* False: nobody reads it. */
bool follow_paint(struct follower *f, const void *bytes, size_t len);
/* We say something on standard error next: that begins on a line of its own. */
void follow_paint_aside(struct follower *f);
/* The same where the person's ^C already stands behind the job's text. */
void follow_paint_ask(struct follower *f);
/* Writes what is left, and releases. */
void follow_paint_end(struct follower *f);

void follow_interrupted(uv_signal_t *handle, int number);
char *follow_path(const struct follower *f, const char *tail); /* of the job; the caller frees */
/* Asks the platform to cancel the job; a refusal is said and the log goes on. */
void follow_cancel(struct follower *f);
/* Keeps bytes while the question stands, so that they do not bury it; false: print them. */
bool follow_ask_hold(struct follower *f, const void *bytes, size_t len);
void follow_ask_close(struct follower *f);

/* Says why the job waits, once it has waited for a while and whenever the reason changes. */
void follow_tell_open(struct follower *f); /* `patience` is closed by who closes the others */
void follow_tell_row(struct follower *f);  /* the row has changed */
void follow_tell_end(struct follower *f);
/* As a shell has it: 128 + signal, 127 and 126 for a command that is not there or is none. */
int follow_job_code(const struct job *j);

#endif
