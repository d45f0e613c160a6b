/*
 * What tasks leave in MLTOP_OUTPUT_DIR, one folder a job, kept over its attempts: how an engine
 * that keeps outputs gives them.
 */
#ifndef MLTOP_ENGINE_OUTPUTS_H
#define MLTOP_ENGINE_OUTPUTS_H

#include "base/err.h"
#include "base/vec.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

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
void output_files_free(struct output_files *files);

/*
 * A place is the engine's word for where a job's outputs are. What takes one needs no engine, which
 * may be closed meanwhile, and may wait: it is for the pool.
 */
struct engine_outputs {
	char *(*place)(struct engine *en, const char *uid); /* on the loop; the caller frees */
	/* At most `most` of them; where nothing is there is nothing to list. */
	void (*list)(const char *place, size_t most, struct output_files *out);
	/* A descriptor to read at offsets; -1: ERR_NOT_FOUND, or ERR_INVALID for a path that may not
	 * be. Links are followed as long as they stay inside. */
	int (*open)(const char *place, const char *path, int64_t *size, struct err *e);
	/* On the disk, as du counts, until `stop` is set; -1: there are none. */
	int64_t (*bytes)(const char *place, atomic_bool *stop);
	/* Out of the way in one step, on the loop: who runs again at this moment gets a folder of its
	 * own. Then what was taken goes, also what an earlier daemon had taken. */
	bool (*take)(const char *place, struct err *e);
	void (*remove_taken)(const char *place, atomic_bool *stop);
};

#endif
