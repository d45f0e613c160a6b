/*
 * Event files among the outputs of a job, as TensorBoard's default reader takes them: a file whose
 * name has "tfevents" in it, each folder a run, its files in the order of their names. A look reads on
 * where the one before ended. For the pool: one look at a time.
 *
 * What is told goes by what is on the disk, and by the order in which it came there: where a file
 * is gone, became shorter or is another one by that name, its run is read anew. Links to folders are
 * not followed.
 */
#ifndef MLTOP_WORK_EVENT_FOLDER_H
#define MLTOP_WORK_EVENT_FOLDER_H

#include "core/events/scalars.h"
#include "engine/outputs.h"

enum {
	EVENT_FILES_MAX = 2000,
	EVENT_HEAD = 4096, /* bytes by which a file is known again */
	/*
	 * Of all files in one look: what is left is for the next, so that none holds a thread for long.
	 * More than a record may have, for a look begins at a record.
	 */
	EVENT_LOOK_BYTES = 512 * 1024 * 1024,
};

struct event_file {
	char *path;          /* relative to the outputs */
	char *run;           /* its folder; "." for that of the outputs */
	int64_t size, mtime; /* as listed when it was read to its end */
	size_t head_len;
	uint32_t head;    /* checksum of its first bytes */
	uint64_t offset;  /* where its next record begins */
	uint64_t skipped; /* records whose checksum is wrong */
	bool opened;      /* once */
	bool passed;      /* values were passed over */
	bool damaged;     /* nothing more of it can be read */
	char *why;        /* that, or why it cannot be read now; NULL: it is good */
};

/* Zeroed: nothing was read yet. */
struct event_folder {
	struct scalars scalars;
	VEC(struct event_file) files; /* by path */
	bool more;                    /* there is more than was read, or than may be */
};

void event_folder_release(struct event_folder *f);
size_t event_folder_bytes(const struct event_folder *f); /* of memory, about */
/* Gives up when `stop` is set. */
void event_folder_look(struct event_folder *f, const struct engine_outputs *outputs,
	const char *place, atomic_bool *stop);

#endif
