/*
 * Frameworks side by side, by version: a file of YAML that says which interpreter runs what. Kept as
 * {"NAME": {"VERSION": {"python": PATH} or {"image": NAME}}}, in the order of the file.
 */
#ifndef MLTOP_KINDS_CATALOGUE_H
#define MLTOP_KINDS_CATALOGUE_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

enum { CATALOGUE_FRAMEWORKS_MAX = 200, CATALOGUE_VERSIONS_MAX = 200 };

/*
 * Reads the file, looks whether its interpreters are there (blocks), and answers what the caller owns.
 * NULL: `e`, with file and line. An empty path is an empty catalogue.
 */
json_t *catalogue_read(const char *path, struct err *e);

/* Texts are the catalogue's; one of `python` and `image` is NULL. */
struct catalogue_choice {
	const char *version, *python, *image;
};
/*
 * `version` NULL or "": the last one. False: `e` says what there is; in an empty catalogue whatever
 * is asked for is right, and chooses nothing.
 */
bool catalogue_choose(const json_t *catalogue, const char *framework, const char *version,
	struct catalogue_choice *out, struct err *e);

/* Adds {"NAME": ["VERSION", ...]} to `out`. */
void catalogue_list(const json_t *catalogue, json_t *out);

#endif
