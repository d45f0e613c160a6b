/*
 * A made-up platform: a store whose jobs, with their past, events, orgs and quotas, follow from a
 * seed. What changes is kept by the SQLite store behind it; what is as it was made is in no file.
 *
 * Its settings: demo.jobs (of the first org), demo.seed, demo.orgs (names), and of the
 * engine that goes on with it fake.gpus and fake.changes.
 */
#ifndef MLTOP_DEMO_STORE_DEMO_H
#define MLTOP_DEMO_STORE_DEMO_H

#include "store/store.h"

extern const struct store_ops store_demo;

#endif
