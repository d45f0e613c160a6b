/* A folder on its way into a package: what goes along, and what is told of it at a terminal. */
#ifndef MLTOP_CLI_PACKING_H
#define MLTOP_CLI_PACKING_H

#include "core/text/ignore.h"

#include <stdbool.h>
#include <stdint.h>

enum { PACKING_BIGGEST = 3 };

struct packing {
	const struct ignore *rules; /* borrowed */
	int folder;
	int64_t files, bytes, told;
	struct {
		char *path;
		int64_t bytes;
	} big[PACKING_BIGGEST]; /* the biggest first */
};

void packing_begin(struct packing *p, const struct ignore *rules, const char *folder);
/* For archive_folder.skip; ctx is the packing. */
bool packing_skips(void *ctx, const char *path, bool folder);
/* Packed into `fd` (good), or not: says how much it is and what is big in it. */
void packing_done(struct packing *p, int fd, bool good);

#endif
