/* Handlers of the route table and what they share. Each answers its request exactly once. */
#ifndef KINDS_ROUTES_H
#define KINDS_ROUTES_H

#include "mltopd/platform_inside.h"

extern const struct route routes[]; /* ended by pattern NULL */

/* routes_open.c */
void route_version(struct request *r);
void route_healthz(struct request *r);
void route_readyz(struct request *r);
void route_framework(struct request *r);
void route_authentication(struct request *r);
void route_org_ids(struct request *r);
/* routes_train.c, routes_submit.c, routes_log.c */
void route_train_create(struct request *r);
void route_train_list(struct request *r);
void route_train_one(struct request *r);
void route_train_delete(struct request *r);
void route_train_cancel(struct request *r);
void route_train_retry(struct request *r);
void route_train_start(struct request *r);
void route_train_logs(struct request *r);
void route_train_events(struct request *r);
void route_train_tasks(struct request *r);
void route_train_metrics(struct request *r);
void route_train_hyperparameters(struct request *r);
/* routes_outputs.c */
void route_train_outputs(struct request *r);
/* routes_packages.c */
void route_package_create(struct request *r);
void route_package_list(struct request *r);
void route_package_one(struct request *r);
void route_package_part(struct request *r);
void route_package_delete(struct request *r);
/* routes_admin.c; route_platform: routes_platform.c */
void route_quota_list(struct request *r);
void route_quota_put(struct request *r);
void route_org_list(struct request *r);
void route_org_create(struct request *r);
void route_key_list(struct request *r);
void route_key_create(struct request *r);
void route_key_disable(struct request *r);
void route_key_rotate(struct request *r);
void route_event_list(struct request *r);
void route_audit(struct request *r);
void route_platform(struct request *r);

/* What they share (routes_common.c). */

/* The org that is asked about; NULL after a refusal has been answered. "-1" only where `all`. */
const char *route_org(struct request *r, bool all);
/* The job of the path in that org; NULL: 404 has been answered. */
const struct job *route_job(struct request *r);
void route_absent_job(struct request *r, const char *name);
/* Whole list of a kind, by org, ?filter= ?fields= ?limit= ?continue= and equality parameters. */
void route_rows(struct request *r, const struct rowset *rows, const char *org);
/* {"message": "..."}. */
json_t *route_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Docs of the API, from the tables. */
void routes_docs(struct buf *out);
/* The table itself: [{"method", "pattern", "role", "flags": [words]}], for what is made of it. */
void routes_json(struct buf *out);

#endif
