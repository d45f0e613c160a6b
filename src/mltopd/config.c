#include "mltopd/config.h"

#include "base/mem.h"
#include "base/num.h"
#include "core/progress/progress.h"
#include "core/usage/spent.h"
#include "kinds/catalogue.h"
#include "serve/peer.h"

#include <assert.h>
#include <string.h>

/* Read at the start only, or again at a reload. */
#define FIXED .flags = F_NEW
#define LIVE .flags = F_NEW | F_EDIT
#define DAYS(n) ((int64_t)(n)*86400000)
#define PRICE_MOST ((int64_t)PRICE_MAX * 1000000)

const char *const config_engines[] = {"local", "kubernetes", "fake", NULL};
const char *const config_stores[] = {"sqlite", "demo", NULL};
static const char *const galaxy_words[] = {"secure", "never", "always",
	NULL}; /* enum weak_signing */
static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};

static const struct field fields[] = {
	ROW(config, listen, text, FIXED, .standard = "127.0.0.1:8470", .max = 128,
		.doc = "Address and port; port 0 picks one."),
	ROW(config, insecure_listen, flag, FIXED, .standard = "no",
		.doc = "Allow an address that is not loopback without TLS."),
	ROW(config, listen_unix, text, FIXED, .standard = "", .max = 4096,
		.doc = "Unix socket to listen on as well, for a proxy on this machine; mode 0660."),
	ROW(config, trusted_proxies, strings, FIXED, .standard = "", .max = 4096,
		.doc = "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, "
		       "networks such as 10.0.0.0/8, or unix for listen_unix. From all others they are "
		       "ignored."),
	ROW(config, tls.cert, text, FIXED, .standard = "", .max = 4096,
		.doc = "Certificate chain, PEM."),
	ROW(config, tls.key, text, FIXED, .standard = "", .max = 4096, .doc = "Its key, PEM."),
	ROW(config, prefix, text, FIXED, .standard = "", .max = 255,
		.doc = "Path before /cloud_ml/v1 that a proxy leaves in."),
	ROW(config, origins, strings, FIXED, .standard = "", .max = 4096,
		.doc = "Origin values that websockets may carry."),
	ROW(config, signing.galaxy, enum, LIVE, .standard = "secure", .names = galaxy_words,
		.doc = "Where the public client's signatures (Galaxy V3) are taken, which say little of the "
		       "request they are for: secure: over TLS, here or at a trusted proxy, and from this "
		       "machine where no proxy is trusted; never; always."),
	ROW(config, state_dir, text, FIXED, .standard = "", .max = 4096,
		.doc = "State folder; empty: $MLTOP_STATE_DIR, else "
		       "$XDG_STATE_HOME/mltop/<machine-id>."),
	ROW(config, engine, enum, FIXED, .standard = "local", .names = config_engines,
		.doc = "What runs the jobs."),
	ROW(config, store, enum, FIXED, .standard = "sqlite", .names = config_stores,
		.doc = "What keeps them; demo: a made-up platform, for the engine fake."),
	ROW(config, shim, text, FIXED, .standard = "", .max = 4096,
		.doc = "Path of mltop-shim; empty: beside mltopd, else in ../libexec/mltop."),
	ROW(config, private, flag, FIXED, .standard = "no",
		.doc = "One person's own platform: no limits but memory, key made at first start."),
	ROW(config, idle_exit, duration, LIVE, .standard = "10m", .max = DAYS(366),
		.doc = "A private platform ends after so long without live jobs and viewers; 0: "
		       "never."),
	ROW(config, log_level, enum, LIVE, .standard = "info", .names = log_levels,
		.doc = "What the daemon's own log holds."),
	ROW(config, limits.connections, int, LIVE, .standard = "1024", .min = 1, .max = 60000,
		.doc = "Connections at once."),
	ROW(config, limits.per_key, int, LIVE, .standard = "64", .min = 1, .max = 60000,
		.doc = "Connections of one key."),
	ROW(config, limits.per_address, int, LIVE, .standard = "16", .min = 1, .max = 60000,
		.doc = "Connections of one address that have not signed anything yet."),
	ROW(config, limits.streams_per_key, int, LIVE, .standard = "32", .min = 1, .max = 10000,
		.doc = "Stream sockets of one key, which a team may share: one for each dashboard."),
	ROW(config, limits.requests_per_second, int, LIVE, .standard = "50", .min = 1,
		.max = 1000000, .doc = "Requests a second of one key."),
	ROW(config, limits.request_burst, int, LIVE, .standard = "100", .min = 1, .max = 1000000,
		.doc = "Requests of one key that may come at once."),
	ROW(config, limits.list, int, LIVE, .standard = "500", .min = 1, .max = 1000000,
		.doc = "Rows of a page of a list."),
	ROW(config, limits.jobs_per_org, int, LIVE, .standard = "100000", .min = 1, .max = 10000000,
		.doc = "Job records that an org may have, finished ones counted; a private platform "
		       "has no such limit."),
	ROW(config, events.in_memory, int, FIXED, .standard = "2000", .min = 100, .max = 1000000,
		.doc = "Events that /events and streams know."),
	ROW(config, events.per_job, int, LIVE, .standard = "100", .min = 10, .max = 10000,
		.doc = "Events kept of one job."),
	LOCAL_SETTINGS(config),
	ROW_AS(config, "local.uid_range", uid_range, text, FIXED, .standard = "300000-365535",
		.max = 64, .doc = "Unix users for orgs, where a shared mltopd runs as root."),
	ROW(config, packages.max_size, bytes, LIVE, .standard = "2G", .min = 1024,
		.max = (int64_t)1 << 44, .doc = "Size of an uploaded package."),
	ROW(config, packages.max_entries, int, LIVE, .standard = "20000", .min = 1, .max = 1000000,
		.doc = "Files and folders that a package may hold."),
	ROW(config, packages.max_ratio, int, LIVE, .standard = "200", .min = 1, .max = 1000000,
		.doc = "Unpacked bytes for each packed one, of a package with more than 256 MiB "
		       "unpacked."),
	ROW(config, packages.file_roots, strings, LIVE, .standard = "", .max = 65536,
		.doc = "Folders that file:// may name on a shared platform; a private one reads "
		       "all."),
	ROW(config, packages.per_org, int, LIVE, .standard = "1000", .min = 1, .max = 1000000,
		.doc = "Uploaded packages of one org."),
	ROW(config, packages.keep, duration, LIVE, .standard = "30d", .max = DAYS(3660),
		.doc = "An uploaded package that no unfinished job names goes after so long; 0: "
		       "never."),
	ROW(config, outputs.keep, duration, LIVE, .standard = "0", .max = DAYS(3660),
		.doc = "Outputs of a job that ended longer ago go; 0: they stay until it is deleted."),
	ROW(config, outputs.bytes_per_org, bytes, LIVE, .standard = "0", .max = (int64_t)1 << 60,
		.doc = "Outputs of one org on the disk; finished jobs' oldest go first; 0: no limit."),
	ROW(config, outputs.look, duration, LIVE, .standard = "1h", .min = 100, .max = DAYS(1),
		.doc = "Time between two looks at what is kept, where one of the two above is set."),
	ROW(config, audit.keep, duration, LIVE, .standard = "0", .max = DAYS(36600),
		.doc = "Audit records older than that go, oldest first; a record of the chain keeps its "
		       "hash up to there. 0: all stay."),
	ROW(config, usage.keep, duration, LIVE, .standard = "400d", .max = DAYS(1830),
		.doc = "What removed jobs spent on days that were over so long ago is forgotten; 0: "
		       "never. Jobs that are there are counted whatever their age."),
	ROW(config, usage.price_gpu_hour, decimal, LIVE, .standard = "0", .max = PRICE_MOST,
		.doc = "Price of a GPU for an hour, as usage tells costs; they are computed when somebody "
		       "asks, so a new price is that of the past too."),
	ROW(config, usage.price_cpu_hour, decimal, LIVE, .standard = "0", .max = PRICE_MOST,
		.doc = "Price of a CPU for an hour."),
	ROW(config, usage.price_gib_hour, decimal, LIVE, .standard = "0", .max = PRICE_MOST,
		.doc = "Price of a GiB of memory for an hour."),
	ROW(config, usage.currency, text, LIVE, .standard = "", .max = 16,
		.doc = "What costs are in, such as EUR: told beside them."),
	ROW(config, frameworks.python, text, FIXED, .standard = "python3", .max = 4096,
		.doc = "Interpreter that is asked once for its version and those of its frameworks."),
	ROW(config, frameworks.names, strings, FIXED, .max = 4096,
		.standard = "numpy,scipy,scikit-learn,torch,tensorflow,jax,xgboost,lightgbm,"
			    "onnxruntime",
		.doc = "Distributions to look for."),
	ROW(config, frameworks.catalogue, text, LIVE, .standard = "", .max = 4096,
		.doc = "File of YAML with frameworks side by side, NAME: VERSION: and below that prefix "
		       "(a venv), python (an interpreter) or image: what a job's framework and "
		       "framework_version choose. Where there is one, others are refused."),
	ROW(config, progress.patterns, strings, LIVE, .standard = "", .max = 65536,
		.doc = "How logs of a framework say how far a training is, where that is not seen by "
		       "itself: FRAMEWORK=PATTERN, * for all; patterns as in a job's "
		       "progress_patterns, which come first. For jobs that start from then on."),
	ROW(config, metrics.token_file, text, LIVE, .standard = "", .max = 4096,
		.doc = "File whose first line Prometheus gives as bearer token for /metrics; empty: "
		       "nobody may read that."),
	ROW(config, services.listen, text, FIXED, .standard = "127.0.0.1", .max = 64,
		.doc = "Address, without a port, at which model services are reached; each has a port of "
		       "its own there."),
	ROW(config, services.replica_ports, int, FIXED, .standard = "21000", .min = 1024,
		.max = 63000,
		.doc = "First of the 2,000 ports of 127.0.0.1 that replicas of model services are given."),
	FAKE_SETTINGS(config),
	DEMO_SETTINGS(config),
};
KIND_FITS(fields);

const struct kind config_kind = {.name = "configuration",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = offsetof(struct config, texts)};

void config_init(struct config *c)
{
	*c = (struct config){0};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		bool good = config_set_value(c, &fields[i], json_string(fields[i].standard), NULL);

		assert(good);
		(void)good;
	}
}

void config_release(struct config *c)
{
	arena_release(&c->texts);
	*c = (struct config){0};
}

void config_copy(struct config *to, const struct config *from)
{
	*to = (struct config){0};
	record_copy(&config_kind, to, from, &to->texts);
}

/* ---- Across settings ---- */

bool config_listen(const struct config *c, char address[64], int *port, struct err *e)
{
	const char *text = c->listen, *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	int64_t number;

	if (colon == NULL || len == 0 || len > 60 || !num_i64(colon + 1, 0, 65535, &number))
		return err_field(e, ERR_INVALID, "listen",
			"listen is '%.60s': give ADDRESS:PORT, such as 127.0.0.1:8470", text);
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	memcpy(address, text, len);
	address[len] = '\0';
	*port = (int)number;
	return true;
}

static bool proxies_valid(const struct strings *proxies, struct err *e)
{
	struct network unwanted;

	for (size_t i = 0; i < proxies->len; i++)
		if (strcmp(proxies->items[i], "unix") != 0 &&
			!network_parse(&unwanted, proxies->items[i], e)) {
			err_prefix(e, "trusted_proxies");
			return false;
		}
	return true;
}

static bool patterns_valid(const struct strings *patterns, struct err *e)
{
	for (size_t i = 0; i < patterns->len; i++) {
		const char *item = patterns->items[i], *pattern = strchr(item, '=');
		struct progress_rules *rules;

		if (pattern == NULL || pattern == item)
			return err_field(e, ERR_INVALID, "progress.patterns",
				"progress.patterns: %.60s: give FRAMEWORK=PATTERN, or *=PATTERN for all",
				item);
		pattern++;
		rules = progress_rules_new(&pattern, 1, NULL, e);
		progress_rules_free(rules);
		if (rules == NULL) {
			err_prefix(e, "progress.patterns");
			return false;
		}
	}
	return true;
}

static bool catalogue_valid(const char *path, struct err *e)
{
	json_t *catalogue = catalogue_read(path, e);

	json_decref(catalogue);
	return catalogue != NULL;
}

bool config_check(const struct config *c, struct err *e)
{
	bool cert = *c->tls.cert, key = *c->tls.key;
	char address[64];
	int port;

	if (!config_listen(c, address, &port, e))
		return false;
	if (cert != key)
		return err_set(e, ERR_INVALID, "tls.cert and tls.key are needed together");
	if (!catalogue_valid(c->frameworks.catalogue, e) ||
		!proxies_valid(&c->trusted_proxies, e) || !patterns_valid(&c->progress.patterns, e))
		return false;
	if (strncmp(address, "127.", 4) != 0 && strcmp(address, "::1") != 0 &&
		strcmp(address, "localhost") != 0 && !cert && !c->insecure_listen)
		return err_set(e, ERR_INVALID,
			"listen is %s without TLS: requests could be read and replayed on the way; give "
			"tls.cert and tls.key, or say --insecure-listen",
			address);
	return true;
}

bool config_same_fixed(const struct config *a, const struct config *b, struct err *e)
{
	struct fieldset other;

	record_diff(&config_kind, a, b, &other);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fieldset_has(&other, i) && !(fields[i].flags & F_EDIT))
			return err_set(e, ERR_INVALID,
				"%s cannot change while mltopd runs: restart it", fields[i].name);
	return true;
}

const void *config_of_engine(const struct config *c)
{
	return c->engine == ENGINE_LOCAL   ? (const void *)&c->local
		: c->engine == ENGINE_FAKE ? (const void *)&c->fake
					   : NULL;
}

void config_docs(struct buf *out)
{
	buf_adds(out,
		"In a file each name's parts are sections within sections; on the command line `--set "
		"NAME=VALUE`, items of a list divided by commas. What says `edit` is taken over at a "
		"reload (HUP).\n\n");
	kind_docs(&config_kind, out);
}
