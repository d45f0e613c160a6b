/*
 * The secrets of a task on their way from the daemon to it. They stand in no file of ours, no argv and
 * no environment but the task's: the shim gets a descriptor at its start, which holds them as
 *
 *   u32 length of the name, u32 length of the value, u8 1: environment, name, value    (little endian)
 *
 * one behind the other, and each step's process reads it anew. Files are in a folder of the spec's,
 * 0400: as root on a tmpfs in the task's own mount view, which is gone with its last process; else in
 * a folder on the machine's /dev/shm, which the shim removes.
 */
#ifndef MLTOP_BASE_TASKSECRET_H
#define MLTOP_BASE_TASKSECRET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TASK_SECRETS_MAX = 64,        /* of a task */
	TASK_SECRET_NAME_MAX = 63,    /* bytes */
	TASK_SECRETS_BYTES = 1 << 20, /* of all records of a task together */
};

struct task_secret {
	const char *name;  /* of the file, or of the variable: letters, digits, _ - . */
	const char *value; /* `size` bytes, any; of a variable without NUL */
	size_t size;
	bool env;
};

/* False: the sentence says which one cannot be given to a task, and why; never its value. */
bool tasksecret_check(const struct task_secret *list, size_t count, struct err *e);
/* Bytes that the records take, and them. */
size_t tasksecret_size(const struct task_secret *list, size_t count);
void tasksecret_encode(char *out, const struct task_secret *list, size_t count);
/*
 * The next record at *at of `len` bytes; false at their end, or where they are damaged. Name and value
 * point into the bytes and are not NUL-ended.
 */
bool tasksecret_next(const char *bytes, size_t len, size_t *at, struct task_secret *out,
	size_t *name_len);

#endif
