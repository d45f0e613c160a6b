/* Routes of quotas that only the public client has. */
#ifndef MLTOP_KINDS_QUOTA_CLIENT_H
#define MLTOP_KINDS_QUOTA_CLIENT_H

#include "kinds/kinds.h"

enum { ORG_MAIL_MAX = 128 }; /* bytes */

void quota_read(struct request *r);  /* POST /quota */
void quota_apply(struct request *r); /* POST /application */

#endif
