/*
 * What serves: for each model service its replicas, brought to what is wanted (core/service), the
 * balancer before them (src/balance), and what its row says of both. Loop thread only.
 */
#ifndef KINDS_SERVICES_H
#define KINDS_SERVICES_H

#include "core/kinds/service.h"
#include "kinds/platform.h"

struct services;

/* Takes up all services that the store has; once, after work has adopted what runs. */
void services_open(struct platform *p);
/* Addresses are closed; replicas go on, and the next start takes them up. */
void services_close(struct platform *p);
/* Looks at them in this turn of the loop: one was made, changed or removed. */
void services_soon(struct platform *p);

/*
 * Opens the address of a service that is to be made, and fills in `address` and `service_port`, whose
 * texts are in `a`. Where it is then not stored, the next look closes it.
 */
bool services_listen(struct platform *p, struct service *s, struct arena *a, struct err *e);

/* Could a replica of it ever run here? */
bool replica_possible(struct platform *p, const struct service *s, struct err *e);

/* A fresh key, for whoever made the service; what is kept of it is its hash. */
enum { SERVICE_KEY_SIZE = 65 };
void service_key_make(char key[SERVICE_KEY_SIZE], char hash[SERVICE_KEY_SIZE]);

#endif
