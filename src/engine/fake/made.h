/*
 * Made-up jobs. All there is to know of how one goes follows from its uid, so that whoever writes
 * their past (src/demo) and the engine that goes on with them agree without a word: the uid's time is
 * that of its creation, and its other bytes say that it is made up, how it stands, what it holds, its
 * number, and a seed.
 */
#ifndef MLTOP_ENGINE_FAKE_MADE_H
#define MLTOP_ENGINE_FAKE_MADE_H

#include "base/ulid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum made_class { MADE_RUNNING, MADE_WAITING, MADE_COMPLETED, MADE_FAILED };
enum { MADE_GPUS_MAX = 15, MADE_RECORD = 100 /* bytes of a log record */ };

struct made {
	enum made_class class;
	int gpus; /* at most MADE_GPUS_MAX */
	uint32_t index;
	uint32_t seed;  /* 24 bits */
	int64_t create; /* wall ms */
};

void made_uid(char out[ULID_SIZE], const struct made *m);
/* False: it is a job that somebody submitted. */
bool made_read(struct made *m, const char *uid);

/* Numbers that follow from the seed alone. */
uint64_t made_hash(uint64_t a, uint64_t b, uint64_t c);
double made_unit(uint64_t hash); /* 0 <= x < 1 */
uint64_t made_of(const struct made *m, uint64_t salt);

/* ---- How an attempt goes. Attempts are counted from 1. ---- */

int64_t made_total(const struct made *m, int attempt); /* steps */
double made_rate(const struct made *m, int attempt);   /* steps a second */
double made_part(const struct made *m);  /* of the steps that a finished first attempt did */
int64_t made_wait(const struct made *m); /* ms from its creation to its first start */
int64_t made_start(const struct made *m);
int64_t made_end(const struct made *m); /* of a finished one */
/* Steps of the first attempt by then. */
double made_step(const struct made *m, int64_t now);

struct made_use {
	double cpu, gpu; /* percent; gpu NAN where it has none */
	int64_t memory;  /* bytes */
};
/* What it takes of what it asked for, when its GPUs (or processors) are used to `util` percent. */
void made_use(struct made_use *out, int gpus, double util);
int64_t made_cpu(int gpus);    /* thousandths: what a job with so many GPUs asks for */
int64_t made_memory(int gpus); /* bytes */

/* The name of GPU i of such a platform, and of its one node. */
void made_gpu(char out[48], size_t i);
enum { MADE_NODE_SIZE = 32 };
/* Names of the made-up machines: "demo", "demo-2". */
void made_node(char out[MADE_NODE_SIZE], size_t i);
/* How many there are, as the settings say. */
size_t made_nodes(int64_t gpus, int64_t nodes);
/* The first of `gpus` that is on machine i of `nodes`; of i == nodes it is `gpus`. */
size_t made_node_of(size_t gpus, size_t nodes, size_t i);

/* ---- Logs: nothing is kept, any byte follows from seed and offset ---- */

struct made_log {
	uint64_t seed;
	int64_t total;
	double rate; /* steps a second, once it trains */
	double loss_from;
	int64_t diverges; /* the step from which its loss is no number any more; total: never */
	int64_t prepares; /* so many records tell of a download, then of tokenizing */
	bool validates, saves; /* before, and after, the end of an epoch */
};
struct made_log made_log_of(uint64_t seed, int64_t total, double rate);
/* Of an attempt of a made-up job. */
struct made_log made_log(const struct made *m, int attempt);
/* What the log has said when it has come to a step: a row says the same. */
struct made_said {
	int64_t step, epoch; /* 0: nothing of it yet */
	double loss, acc;    /* NAN where it diverged; acc is of the epoch */
	const char *phase;   /* NULL: nothing was said */
};
enum { MADE_EPOCHS = 10 }; /* of every job */
void made_said(struct made_said *out, const struct made_log *g, double step);
uint64_t made_log_length(int64_t total, double step);
size_t made_log_read(const struct made_log *g, uint64_t end, uint64_t offset, char *out,
	size_t size);

#endif
