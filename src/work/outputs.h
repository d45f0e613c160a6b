/*
 * What tasks leave in MLTOP_OUTPUT_DIR: <state>/tasks/<uid>/output, one folder a job, kept over its
 * attempts. All here but outputs_files_free reads the disk: for the pool. No link is followed out of
 * it, and a daemon that is root sees only files of the folder's owner: a hard link of the task's to
 * somebody else's file is not there.
 */
#ifndef MLTOP_WORK_OUTPUTS_H
#define MLTOP_WORK_OUTPUTS_H

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum { OUTPUTS_FILES_MAX = 10000, OUTPUTS_DEPTH_MAX = 32, OUTPUTS_PATH_MAX = 1024 };

struct output_file {
	char *path;    /* relative to the folder; valid UTF-8, no control characters */
	char *link;    /* where it leads, from where it stands; NULL: it is no link */
	int64_t size;  /* bytes */
	int64_t mtime; /* wall ms */
};

struct output_files {
	VEC(struct output_file) list; /* by path */
	bool more;                    /* there are more than were to be listed */
	int64_t unnamed;        /* with names or links that JSON cannot hold, or too long ones */
	VEC(char *) unreadable; /* folders below that cannot be looked into, or lie too deep */
};

/* The caller frees. */
char *outputs_folder(const char *state_dir, const char *job_uid);
/* At most `most` of them. An absent folder holds nothing. */
void outputs_list(const char *folder, size_t most, struct output_files *out);
void outputs_files_free(struct output_files *files);
/* A descriptor to read one file; -1: ERR_NOT_FOUND, or ERR_INVALID for a path that may not be. */
int outputs_open(const char *folder, const char *path, int64_t *size, struct err *e);
/* Bytes on the disk of all files below, as du counts them. */
int64_t outputs_bytes(const char *folder);

#endif
