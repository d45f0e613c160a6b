/*
 * Settings of the daemon: one table with name, type, default and a line of documentation, from
 * which come the YAML reader, --set, --check-config and the man page. Every value is kept as the
 * text that a person wrote and was checked when it was set.
 */
#ifndef MLTOPD_CONFIG_H
#define MLTOPD_CONFIG_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Order as in the table of config.c. */
enum setting {
	SET_LISTEN,
	SET_INSECURE_LISTEN,
	SET_LISTEN_UNIX,
	SET_TRUSTED_PROXIES,
	SET_TLS_CERT,
	SET_TLS_KEY,
	SET_PREFIX,
	SET_ORIGINS,
	SET_STATE_DIR,
	SET_ENGINE,
	SET_STORE,
	SET_SHIM,
	SET_PRIVATE,
	SET_IDLE_EXIT,
	SET_LOG_LEVEL,
	SET_CONNECTIONS,
	SET_PER_KEY,
	SET_PER_ADDRESS,
	SET_STREAMS_PER_KEY,
	SET_REQUESTS_PER_SECOND,
	SET_REQUEST_BURST,
	SET_LIST_MAX,
	SET_JOBS_PER_ORG,
	SET_EVENTS_KEPT,
	SET_EVENTS_PER_JOB,
	SET_LOCAL_MAX_TASKS,
	SET_LOCAL_PROCESSES,
	SET_LOCAL_PATH,
	SET_LOCAL_LOG_LIMIT,
	SET_LOCAL_LOG_RESERVE,
	SET_LOCAL_SAMPLE,
	SET_LOCAL_UID_RANGE,
	SET_PACKAGE_MAX,
	SET_PACKAGE_ENTRIES,
	SET_PACKAGE_RATIO,
	SET_PACKAGE_ROOTS,
	SET_PACKAGES_PER_ORG,
	SET_PACKAGE_KEEP,
	SET_OUTPUTS_KEEP,
	SET_OUTPUTS_BYTES,
	SET_OUTPUTS_LOOK,
	SET_FRAMEWORK_PYTHON,
	SET_FRAMEWORKS,
	SET_FAKE_GPUS,
	SET_FAKE_CHANGES,
	SET_FAKE_SEED,
	SET_DEMO_JOBS,
	SET_DEMO_SEED,
	SET_DEMO_ORGS,
	SET_COUNT,
};

struct config {
	char *values[SET_COUNT]; /* NULL: the default */
};

#define CONFIG_INIT \
	{           \
		0   \
	}
void config_release(struct config *c);
void config_copy(struct config *to, const struct config *from);

/* By its name; NULL: there is none of that name. */
const char *config_named(const struct config *c, const char *name);
/* "demo.jobs=10000": the value is checked. */
bool config_set(struct config *c, const char *assignment, struct err *e);
bool config_set_value(struct config *c, enum setting which, const char *text, struct err *e);
/* Reads a YAML file; unknown keys, wrong types and limits are errors with file and line. */
bool config_read(struct config *c, const char *path, struct err *e);
/* Across settings: TLS files in pairs, not loopback without TLS. */
bool config_check(const struct config *c, struct err *e);

const char *config_text(const struct config *c, enum setting which); /* "" when unset */
int64_t config_int(const struct config *c, enum setting which); /* counts, bytes, milliseconds */
bool config_bool(const struct config *c, enum setting which);
/* Item `i` of a comma-separated list; appends to `out` and says whether there is one. */
bool config_item(const struct config *c, enum setting which, size_t i, struct buf *out);

/* Are they alike but for settings that a reload may change? The first other one is named. */
bool config_same_fixed(const struct config *a, const struct config *b, struct err *e);
/* The table as Markdown. */
void config_docs(struct buf *out);

/* "127.0.0.1:8470" or "[::1]:0"; `address` has room for 64 bytes. */
bool config_listen(const struct config *c, char address[64], int *port, struct err *e);

#endif
