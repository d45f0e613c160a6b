/*
 * Following a job's log on standard output (follow.c), and the question that Ctrl-C asks meanwhile
 * (follow_ask.c). Private to these two; others call follow_log of cli.h. All on the loop's thread.
 */
#ifndef MLTOP_FOLLOW_H
#define MLTOP_FOLLOW_H

#include "mltop/cli_link.h"

#include "base/sanitize.h"
#include "client/stream.h"
#include "core/kinds/job.h"

struct follower {
	struct cli *cli;
	const struct follow *what;
	struct stream *stream;
	uv_signal_t interrupt;
	struct cli_link link;
	struct sanitize_stream text;
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
	bool patient, mid_line; /* mid_line: the job's last line is not ended */
	char waits[1024];       /* the reason that was told */
	struct buf held;        /* came while it was asked; at most the stream's window */
};

/* Ends the following, once; what was held is printed. */
void follow_over(struct follower *f, enum follow_end end);
/* Is there anything left to print or to wait for? Ends it when not. */
void follow_settle(struct follower *f);
/* Prints and gives the platform room for as much more. */
void follow_print(struct follower *f, const void *bytes, size_t len);

void follow_interrupted(uv_signal_t *handle, int number);
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
