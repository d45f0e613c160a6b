/* What the files of usage share. */
#ifndef MLTOP_KINDS_USAGE_H
#define MLTOP_KINDS_USAGE_H

#include "core/kinds/usage.h"
#include "kinds/kinds.h"

/*
 * The org that is meant, by ?org= (its name or id) or ?org_id=; NULL: all that the caller may see. False:
 * it has been answered.
 */
bool usage_org(struct request *r, const char **org_id);
/* Its name; its id where it is not there any more. Borrowed. */
const char *usage_org_name(struct request *r, const char *org_id);

#endif
