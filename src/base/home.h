/* Folders below the person's home. */
#ifndef MLTOP_BASE_HOME_H
#define MLTOP_BASE_HOME_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * May we make `path`? What is below $HOME is made only by HOME's owner: under sudo with the user's
 * HOME, folders such as ~/.local would become root's, 0700, and shut out every other program of the
 * user. ERR_FORBIDDEN then; what is there already, or lies elsewhere, is fine. For folders that were
 * chosen for the person; one that he named himself is his to judge.
 */
bool home_ours(const char *path, struct err *e);
/* fsio_mkdirs where home_ours. */
bool home_mkdirs(const char *path, mode_t mode, struct err *e);

#endif
