/*
 * Settings of the daemon: a record of a kind of its own (core/schema/schema.h), from whose rows
 * come the YAML reader, --set, --check-config and the reference page. A row's name is the path of
 * its member: `limits.list`. Rows with F_EDIT may change while mltopd runs (HUP).
 */
#ifndef MLTOP_MLTOPD_CONFIG_H
#define MLTOP_MLTOPD_CONFIG_H

#include "demo/settings.h"
#include "engine/fake/settings.h"
#include "engine/local/settings.h"

/* Order as in the rows' words. */
enum config_engine { ENGINE_LOCAL, ENGINE_KUBERNETES, ENGINE_FAKE };

/* Texts are never NULL once it is init'ed; they live until config_release. */
struct config {
	struct record record;
	const char *listen, *listen_unix, *prefix, *state_dir, *shim;
	bool insecure_listen, private;
	struct strings trusted_proxies, origins;
	struct {
		unsigned galaxy; /* enum weak_signing */
	} signing;
	struct {
		const char *cert, *key;
	} tls;
	unsigned engine, store, log_level; /* enum config_engine; config_stores; enum log_level */
	struct ms idle_exit;
	struct {
		int64_t connections, per_key, per_address, streams_per_key, requests_per_second,
			request_burst, list, jobs_per_org;
	} limits;
	struct {
		int64_t in_memory, per_job;
	} events;
	struct local_settings local;
	const char *uid_range;
	struct {
		struct bytes max_size;
		int64_t max_entries, max_ratio, per_org;
		struct strings file_roots;
		struct ms keep;
	} packages;
	struct {
		struct ms keep, look;
		struct bytes bytes_per_org;
	} outputs;
	struct {
		struct ms keep;
	} audit;
	struct {
		struct ms keep;
		struct micro price_gpu_hour, price_cpu_hour, price_gib_hour;
		const char *currency;
	} usage;
	struct {
		const char *python;
		struct strings names;
		const char *catalogue;
	} frameworks;
	struct {
		struct strings patterns;
	} progress;
	struct {
		const char *token_file;
	} metrics;
	struct {
		const char *listen;
		int64_t replica_ports;
	} services;
	struct fake_settings fake;
	struct demo_settings demo;
	struct arena texts; /* behind all rows: no part of the record */
};

extern const struct kind config_kind;
extern const char *const config_engines[], *const config_stores[]; /* words by value */

/* Everything as it is where nothing is set. A zeroed struct can be released. */
void config_init(struct config *c);
void config_release(struct config *c);
void config_copy(struct config *to, const struct config *from); /* `to` is not init'ed */

/* One setting; takes over `value`. Items of a list may be a text, divided by commas. */
bool config_set_value(struct config *c, const struct field *f, json_t *value, struct err *e);
/* "demo.jobs=10000": the value is checked. */
bool config_set(struct config *c, const char *assignment, struct err *e);
/* Reads a YAML file; unknown keys, wrong types and limits are errors with file and line. */
bool config_read(struct config *c, const char *path, struct err *e);
/* Across settings: TLS files in pairs, not loopback without TLS. */
bool config_check(const struct config *c, struct err *e);

/* Are they alike but for settings that a reload may change? The first other one is named. */
bool config_same_fixed(const struct config *a, const struct config *b, struct err *e);
/* The rows as Markdown. */
void config_docs(struct buf *out);
/* What the engine that is set asks for: its struct of settings. NULL: it has none. */
const void *config_of_engine(const struct config *c);

/* "127.0.0.1:8470" or "[::1]:0"; `address` has room for 64 bytes. */
bool config_listen(const struct config *c, char address[64], int *port, struct err *e);

#endif
