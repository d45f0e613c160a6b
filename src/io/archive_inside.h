/* What archive.c and archive_module.c share. */
#ifndef MLTOP_IO_ARCHIVE_INSIDE_H
#define MLTOP_IO_ARCHIVE_INSIDE_H

#include "base/map.h"
#include "io/archive.h"

/* Paths relative to the archive; the value is one of these marks. */
extern char archive_is_file[1], archive_is_folder[1];

/* Finds `module` among `paths`; `label` names the archive or folder in the error. */
bool module_find(const struct map *paths, const char *module, const char *label,
	char root[ARCHIVE_ROOT_SIZE], struct err *e);

#endif
