/*
 * Why a program failed, read from the end of its log: the error that matters, in one line, and
 * where it stands. Of several ranks in one log it is the first that failed: the others die of
 * that. What the log does not say is not guessed.
 *
 * Pure; any thread.
 */
#ifndef MLTOP_CORE_FAILURE_FAILURE_H
#define MLTOP_CORE_FAILURE_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FAILURE_TAIL = 256 * 1024, /* bytes of a log's end that are worth looking at */
	FAILURE_BYTES = 240,       /* of the line */
};

struct failure {
	char text[FAILURE_BYTES + 1]; /* clean; "ValueError: corrupt sample 20 (train.py:8)" */
	uint64_t offset;              /* in the log: begin of the line that says so */
	int first_failed;             /* the rank that who started them names; -1: none */
};

/*
 * `bytes` is the log's end, which begins at `offset` of it; of more than FAILURE_TAIL bytes the last
 * ones are read. False: it says nothing of that kind.
 */
bool failure_read(struct failure *f, const char *bytes, size_t len, uint64_t offset);
/* "SIGSEGV (segmentation fault)"; NULL: no signal that has a name here. */
const char *failure_signal(int number);
/*
 * What an exit code of its own says: 127 that the command was not found, 128 + n that a signal ended
 * what a shell had started. NULL: nothing; valid until the next call by this thread.
 */
const char *failure_exit_code(int64_t code);

#endif
