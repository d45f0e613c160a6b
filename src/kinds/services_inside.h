/* What the files about services share. Private to them. */
#ifndef KINDS_SERVICES_INSIDE_H
#define KINDS_SERVICES_INSIDE_H

#include "balance/balance.h"
#include "core/service/replicas.h"
#include "kinds/services.h"

#include <uv.h>

enum { REPLICA_PORTS = 2000 }; /* from the setting's on */

struct services {
	struct platform *p;
	uv_timer_t timer;
	struct serving *first;
	int next_port; /* where the look for a free one begins, from the first on */
	int claims
		[REPLICA_PORTS]; /* descriptors that say to other platforms which are ours; 0: none */
};

/* A service. */
struct serving {
	struct services *of; /* gone before it when all of them end */
	struct platform *p;
	struct serving *next;
	char uid[ULID_SIZE];
	struct balancer *balancer;
	uint32_t mark; /* of connections to its replicas */
	bool listens, told_deaf;
	bool stored; /* its row was there */
	bool open;
	char key_hash[SERVICE_KEY_SIZE];
	int64_t made; /* mono ms */
	struct standing *replicas;
	struct balance_stats counted; /* at the last look at the figures */
	int64_t counted_at;           /* mono ms */
};

/* A replica of it, as it is known here. */
struct standing {
	struct serving *of;
	struct standing *next;
	char uid[ULID_SIZE];
	int port;
	int64_t index, attempt;
	uint64_t generation;
	enum replica_stage stage;
	int64_t since;           /* mono ms */
	bool there;              /* its row was seen in this look */
	struct backend *backend; /* SERVING and DRAINING */
	bool drained;
	struct probe *probe; /* one that is on its way */
	int64_t probed;      /* mono ms */
	int fails;           /* probes in a row, while it serves */
	char why[256];       /* it is not ready */
};

/* replicas_of_service.c: brings the service's replicas to what is wanted, and its row to what there is. */
void serving_look(struct serving *sv, const struct service *s, int64_t now);
void standing_free(struct standing *st);

/* services_ports.c: claims those that rows have, and lets go of all others. */
void ports_claim(struct services *all);
void ports_let_go(struct services *all);
/* One that nobody has, claimed for the row that is put at once; 0: none is left. */
int port_choose(struct services *all);

/* services_replicas.c: rows of replicas made and removed. */
void replica_make(struct services *all, const struct service *s, int64_t index);
/* Removes those whose service was deleted; true: there are any. */
bool replicas_left(struct platform *p);
/* Stopped where it runs, then removed with its logs. */
void replica_remove(struct platform *p, const char *uid);

#endif
