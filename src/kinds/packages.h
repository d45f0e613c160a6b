/*
 * Packages that people upload: files under <state>/packages, a row each. An upload is made of
 * parts at growing offsets; it counts when all bytes are there and their SHA-256 is as announced.
 */
#ifndef KINDS_PACKAGES_H
#define KINDS_PACKAGES_H

#include "mltopd/platform_inside.h"

enum { PACKAGE_PART_MAX = 4 << 20, PACKAGE_NAME_MAX = 128 };

struct package {
	char id[ULID_SIZE];
	char *org_id, *name;
	char sha256[SIGN_HEX_SIZE]; /* lower-case hex */
	int64_t size, received;
	int64_t create_time;
	bool complete;
	bool busy; /* a part is being written */
};

struct package *package_find(struct platform *p, const char *org_id, const char *id);
json_t *package_json(const struct package *k);
/* Row of the store. */
void package_pack(const struct package *k, struct buf *out);
char *package_file(struct platform *p, const struct package *k, bool part);
void package_free(struct package *k);
size_t packages_of(struct platform *p, const char *org_id);

#endif
