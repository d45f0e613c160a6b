/*
 * Files of packages that people upload: <state>/packages/<id>, and <id>.part until all of it is
 * there.
 */
#ifndef KINDS_PACKAGES_H
#define KINDS_PACKAGES_H

#include "kinds/kinds.h"

#define PACKAGE_PART_MAX ((size_t)1 << 40) /* the size that was announced is what counts */

/* A part of it is being written, or a change of it is on its way to the disk. */
bool package_busy(const struct platform *p, const struct package *k);
void package_part(struct request *r); /* package_part.c */
/* The caller frees. */
char *package_file(struct platform *p, const char *id, bool part);
size_t packages_of(struct platform *p, const char *org_id);
/* The package that a trainer_uri names; NULL: it names none that is here. */
const struct package *package_of_uri(struct platform *p, const char *org_id, const char *uri);

void packages_loaded(struct platform *p); /* uploads that are not complete: what has come */
/* The file behind a trainer_uri, checked by who may name it; the caller frees. */
char *packages_path(struct platform *p, const char *org_id, const char *uri, struct err *e);

#endif
