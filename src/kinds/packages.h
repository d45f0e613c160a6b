/*
 * Files of packages that people upload: <state>/packages/<id>, and <id>.part until all of it is
 * there.
 */
#ifndef MLTOP_KINDS_PACKAGES_H
#define MLTOP_KINDS_PACKAGES_H

#include "kinds/kinds.h"

/* The bucket and folder that the public client puts packages into where it is told no other. */
#define PACKAGE_BUCKET "cloudmlusers"
#define PACKAGE_FOLDER "user_packages"
#define PACKAGE_PART_MAX ((size_t)1 << 40) /* the size that was announced is what counts */

/* A part of it is being written, or a change of it is on its way to the disk. */
bool package_busy(const struct platform *p, const struct package *k);
void package_part(struct request *r); /* package_part.c */
/* The caller frees. */
char *package_file(struct platform *p, const char *id, bool part);
size_t packages_of(struct platform *p, const char *org_id);
/* Is that the org's bucket: its name, its id, or the one that the public client has by itself? */
bool package_bucket(struct platform *p, const char *org_id, const char *bucket);
/* The newest whole one of that name; NULL: none. */
const struct package *package_named(const struct platform *p, const char *org_id, const char *name);
/* The package that a trainer_uri names; NULL: it names none that is here. */
const struct package *package_of_uri(struct platform *p, const char *org_id, const char *uri);

/* Is there room for one more of that size in the caller's org? What is old goes first. */
bool package_fits(struct request *r, const struct package *k, struct err *e);
/*
 * Keeps `len` bytes of the file `from` as `final`, synced, by way of `part`. From the pool; false:
 * nothing is left.
 */
bool package_store(const char *dir, const char *part, const char *final, int from, int64_t len,
	struct err *e);

/* ---- package_object.c: the calls that the public client makes of an object store ---- */

enum { FDS_WHOLE_MAX = 20 << 20 }; /* bytes: it sends what is larger in parts */

void fds_bucket_is(struct request *r);
void fds_object_is(struct request *r);
void fds_object_put(struct request *r);

/* `before`: what some of its versions put in front. */
#define FDS_ROUTES(before)                                                                       \
	{.method = METHOD_HEAD,                                                                  \
		.pattern = before "/{bucket}",                                                   \
		.least = ROLE_VIEWER,                                                            \
		.flags = ROUTE_OBJECTS,                                                          \
		.handle = fds_bucket_is,                                                         \
		.doc = "Is it the org's bucket? Its name, its id, or " PACKAGE_BUCKET            \
		       ". For the public client, as the next two; signed as Galaxy-V2."},        \
		{.method = METHOD_HEAD,                                                          \
			.pattern = before "/{bucket}/" PACKAGE_FOLDER "/{object}",               \
			.least = ROLE_VIEWER,                                                    \
			.flags = ROUTE_OBJECTS,                                                  \
			.handle = fds_object_is,                                                 \
			.doc = "Is there a package of that name?"},                              \
	{                                                                                        \
		.method = METHOD_PUT, .pattern = before "/{bucket}/" PACKAGE_FOLDER "/{object}", \
		.least = ROLE_OPERATOR, .flags = ROUTE_CHANGES | ROUTE_RAW_BODY | ROUTE_OBJECTS, \
		.body_max = FDS_WHOLE_MAX, .handle = fds_object_put,                             \
		.doc = "Makes a package of that name, which trainer_uri names as "               \
		       "fds://BUCKET/" PACKAGE_FOLDER "/NAME; below 20 MiB."                     \
	}

void packages_loaded(struct platform *p); /* uploads that are not complete: what has come */
/* The file behind a trainer_uri, checked by who may name it; the caller frees. */
char *packages_path(struct platform *p, const char *org_id, const char *uri, struct err *e);

#endif
