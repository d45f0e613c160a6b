/*
 * A made-up platform: jobs with their past, events, orgs and quotas that follow from a seed, before
 * any store. What changes is kept by that store; what is as it was made is in no file.
 *
 * Its settings: demo.jobs (of the first org), demo.seed, demo.orgs (names), and of the
 * engine that goes on with it fake.gpus and fake.changes.
 */
#ifndef MLTOP_DEMO_STORE_DEMO_H
#define MLTOP_DEMO_STORE_DEMO_H

#include "store/store.h"

extern const struct store_front store_demo;

#endif
