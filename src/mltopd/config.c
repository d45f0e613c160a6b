#include "mltopd/config.h"

#include "base/mem.h"
#include "base/num.h"
#include "io/yaml.h"
#include "serve/peer.h"

#include <stdlib.h>
#include <string.h>

enum type { TEXT, COUNT, BYTES, DURATION, BOOL, WORD, LIST };

/* `live`: a reload (HUP) may change it. Limits are in counts, bytes or milliseconds. */
static const struct row {
	const char *name;
	enum type type;
	const char *standard;
	int64_t min, max;
	const char *words; /* of WORD, divided by blanks */
	bool live;
	const char *doc;
} rows[SET_COUNT] = {
	[SET_LISTEN] = {"listen", TEXT, "127.0.0.1:8470", 0, 128, NULL, false,
		"Address and port; port 0 picks one."},
	[SET_INSECURE_LISTEN] = {"insecure_listen", BOOL, "no", 0, 0, NULL, false,
		"Allow an address that is not loopback without TLS."},
	[SET_LISTEN_UNIX] = {"listen_unix", TEXT, "", 0, 4096, NULL, false,
		"Unix socket to listen on as well, for a proxy on this machine; mode 0660."},
	[SET_TRUSTED_PROXIES] = {"trusted_proxies", LIST, "", 0, 4096, NULL, false,
		"Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, networks "
		"such as 10.0.0.0/8, or unix for listen_unix. From all others they are ignored."},
	[SET_TLS_CERT] = {"tls.cert", TEXT, "", 0, 4096, NULL, false, "Certificate chain, PEM."},
	[SET_TLS_KEY] = {"tls.key", TEXT, "", 0, 4096, NULL, false, "Its key, PEM."},
	[SET_PREFIX] = {"prefix", TEXT, "", 0, 255, NULL, false,
		"Path before /cloud_ml/v1 that a proxy leaves in."},
	[SET_ORIGINS] = {"origins", LIST, "", 0, 4096, NULL, false,
		"Origin values that websockets may carry."},
	[SET_STATE_DIR] = {"state_dir", TEXT, "", 0, 4096, NULL, false,
		"State folder; empty: $MLTOP_STATE_DIR, else $XDG_STATE_HOME/mltop/<machine-id>."},
	[SET_ENGINE] = {"engine", WORD, "local", 0, 0, "local kubernetes fake", false,
		"What runs the jobs."},
	[SET_STORE] = {"store", WORD, "sqlite", 0, 0, "sqlite demo", false,
		"What keeps them; demo: a made-up platform, for the engine fake."},
	[SET_SHIM] = {"shim", TEXT, "", 0, 4096, NULL, false,
		"Path of mltop-shim; empty: beside mltopd, else in ../libexec/mltop."},
	[SET_PRIVATE] = {"private", BOOL, "no", 0, 0, NULL, false,
		"One person's own platform: no limits but memory, key made at first start."},
	[SET_IDLE_EXIT] = {"idle_exit", DURATION, "10m", 0, (int64_t)366 * 86400000, NULL, true,
		"A private platform ends after so long without live jobs and viewers; 0: never."},
	[SET_LOG_LEVEL] = {"log_level", WORD, "info", 0, 0, "error warn info debug", true,
		"What the daemon's own log holds."},
	[SET_CONNECTIONS] = {"limits.connections", COUNT, "1024", 1, 60000, NULL, true,
		"Connections at once."},
	[SET_PER_KEY] = {"limits.per_key", COUNT, "64", 1, 60000, NULL, true,
		"Connections of one key."},
	[SET_PER_ADDRESS] = {"limits.per_address", COUNT, "16", 1, 60000, NULL, true,
		"Connections of one address that have not signed anything yet."},
	[SET_STREAMS_PER_KEY] = {"limits.streams_per_key", COUNT, "8", 1, 10000, NULL, true,
		"Stream sockets of one key."},
	[SET_REQUESTS_PER_SECOND] = {"limits.requests_per_second", COUNT, "50", 1, 1000000, NULL,
		true, "Requests a second of one key."},
	[SET_REQUEST_BURST] = {"limits.request_burst", COUNT, "100", 1, 1000000, NULL, true,
		"Requests of one key that may come at once."},
	[SET_LIST_MAX] = {"limits.list", COUNT, "500", 1, 1000000, NULL, true,
		"Rows of a page of a list."},
	[SET_JOBS_PER_ORG] = {"limits.jobs_per_org", COUNT, "100000", 1, 10000000, NULL, true,
		"Job records that an org may have, finished ones counted; a private platform has no such limit."},
	[SET_EVENTS_KEPT] = {"events.in_memory", COUNT, "2000", 100, 1000000, NULL, false,
		"Events that /events and streams know."},
	[SET_EVENTS_PER_JOB] = {"events.per_job", COUNT, "100", 10, 10000, NULL, true,
		"Events kept of one job."},
	[SET_LOCAL_MAX_TASKS] = {"local.max_tasks", COUNT, "0", 0, 1000000, NULL, false,
		"Tasks that run at once; 0: as many as CPUs."},
	[SET_LOCAL_PROCESSES] = {"local.processes_per_org", COUNT, "8192", 0, 1000000, NULL, false,
		"Processes and threads of an org's tasks together, where each org has a Unix user; "
		"a quarter of the machine's at most; 0: no limit."},
	[SET_LOCAL_PATH] = {"local.path", TEXT, "/usr/local/bin:/usr/bin:/bin", 0, 4096, NULL,
		false, "PATH of tasks, where each org has a Unix user; a job may set its own."},
	[SET_LOCAL_LOG_LIMIT] = {"local.log_limit", BYTES, "1G", 0, (int64_t)1 << 50, NULL, false,
		"Log kept of an attempt, the newest part; 0: all."},
	[SET_LOCAL_LOG_RESERVE] = {"local.log_reserve", BYTES, "256M", 0, (int64_t)1 << 50, NULL,
		false,
		"Free space that logs leave on the disk, a fiftieth of it at most: what a task writes "
		"then is not kept; 0: none."},
	[SET_LOCAL_SAMPLE] = {"local.sample", DURATION, "2s", 100, 3600000, NULL, false,
		"Time between two samples of CPU and memory."},
	[SET_LOCAL_UID_RANGE] = {"local.uid_range", TEXT, "300000-365535", 0, 64, NULL, false,
		"Unix users for orgs, where a shared mltopd runs as root."},
	[SET_PACKAGE_MAX] = {"packages.max_size", BYTES, "2G", 1024, (int64_t)1 << 44, NULL, true,
		"Size of an uploaded package."},
	[SET_PACKAGE_ENTRIES] = {"packages.max_entries", COUNT, "20000", 1, 1000000, NULL, true,
		"Files and folders that a package may hold."},
	[SET_PACKAGE_RATIO] = {"packages.max_ratio", COUNT, "200", 1, 1000000, NULL, true,
		"Unpacked bytes for each packed one, of a package with more than 256 MiB unpacked."},
	[SET_PACKAGE_ROOTS] = {"packages.file_roots", LIST, "", 0, 65536, NULL, true,
		"Folders that file:// may name on a shared platform; a private one reads all."},
	[SET_PACKAGES_PER_ORG] = {"packages.per_org", COUNT, "1000", 1, 1000000, NULL, true,
		"Uploaded packages of one org."},
	[SET_PACKAGE_KEEP] = {"packages.keep", DURATION, "30d", 0, (int64_t)3660 * 86400000, NULL,
		true,
		"An uploaded package that no unfinished job names goes after so long; 0: never."},
	[SET_OUTPUTS_KEEP] = {"outputs.keep", DURATION, "0", 0, (int64_t)3660 * 86400000, NULL,
		true,
		"Outputs of a job that ended longer ago go; 0: they stay until it is deleted."},
	[SET_OUTPUTS_BYTES] = {"outputs.bytes_per_org", BYTES, "0", 0, (int64_t)1 << 60, NULL, true,
		"Outputs of one org on the disk; finished jobs' oldest go first; 0: no limit."},
	[SET_OUTPUTS_LOOK] = {"outputs.look", DURATION, "1h", 100, 86400000, NULL, true,
		"Time between two looks at what is kept, where one of the two above is set."},
	[SET_FRAMEWORK_PYTHON] = {"frameworks.python", TEXT, "python3", 0, 4096, NULL, false,
		"Interpreter that is asked once for its version and those of its frameworks."},
	[SET_FRAMEWORKS] = {"frameworks.names", LIST,
		"numpy,scipy,scikit-learn,torch,tensorflow,jax,xgboost,lightgbm,onnxruntime", 0,
		4096, NULL, false, "Distributions to look for."},
	[SET_FAKE_GPUS] = {"fake.gpus", COUNT, "64", 0, 1024, NULL, false,
		"GPUs that the fake engine has."},
	[SET_FAKE_CHANGES] = {"fake.changes", COUNT, "5", 0, 1000000, NULL, false,
		"Rows of made-up jobs that it changes a second."},
	[SET_FAKE_SEED] = {"fake.seed", COUNT, "1", 0, INT64_MAX, NULL, false,
		"What chance is made from."},
	[SET_DEMO_JOBS] = {"demo.jobs", COUNT, "200", 0, 1000000, NULL, false,
		"Jobs of the made-up platform's first org."},
	[SET_DEMO_SEED] = {"demo.seed", COUNT, "1", 0, INT64_MAX, NULL, false,
		"The same seed makes the same jobs."},
	[SET_DEMO_ORGS] = {"demo.orgs", LIST, "local,research", 0, 128, NULL, false,
		"Its orgs, one or two; the second has some jobs more and a quarter of the GPUs."},
};

void config_release(struct config *c)
{
	for (int i = 0; i < SET_COUNT; i++)
		free(c->values[i]);
	*c = (struct config)CONFIG_INIT;
}

void config_copy(struct config *to, const struct config *from)
{
	for (int i = 0; i < SET_COUNT; i++)
		to->values[i] = mem_strdup(from->values[i]);
}

const char *config_text(const struct config *c, enum setting which)
{
	return c->values[which] ? c->values[which] : rows[which].standard;
}

static bool parse_number(const struct row *row, const char *text, int64_t *out)
{
	switch (row->type) {
	case BYTES: return num_bytes(text, out);
	case DURATION: return num_duration(text, out);
	default: return num_i64(text, INT64_MIN, INT64_MAX, out);
	}
}

static bool parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*out = strcmp(text, yes[i]) == 0;
			return true;
		}
	return false;
}

int64_t config_int(const struct config *c, enum setting which)
{
	int64_t value = 0;

	parse_number(&rows[which], config_text(c, which), &value);
	return value;
}

bool config_bool(const struct config *c, enum setting which)
{
	bool value = false;

	parse_bool(config_text(c, which), &value);
	return value;
}

bool config_item(const struct config *c, enum setting which, size_t i, struct buf *out)
{
	const char *at = config_text(c, which);

	for (; i > 0 && at; i--) {
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	while (at && *at == ' ')
		at++;
	if (at == NULL || *at == '\0')
		return false;
	buf_add(out, at, strcspn(at, ","));
	while (out->len && out->data[out->len - 1] == ' ')
		buf_cut(out, out->len - 1);
	return true;
}

static bool check_number(const struct row *row, const char *text, struct err *e)
{
	static const char *const wanted[] = {[COUNT] = "a whole number",
		[BYTES] = "a size such as 4G",
		[DURATION] = "a time such as 10m"};
	int64_t value;

	if (!parse_number(row, text, &value))
		return err_field(e, ERR_INVALID, row->name, "%s is '%.60s': give %s", row->name,
			text, wanted[row->type]);
	if (value < row->min || value > row->max)
		return err_field(e, ERR_INVALID, row->name, "%s is '%.60s': %s is %lld%s",
			row->name, text, value < row->min ? "the least" : "the most",
			(long long)(value < row->min ? row->min : row->max),
			row->type == DURATION        ? " ms"
				: row->type == BYTES ? " bytes"
						     : "");
	return true;
}

static bool check_word(const struct row *row, const char *text, struct err *e)
{
	size_t len = strlen(text);

	for (const char *at = row->words; *at;) {
		size_t n = strcspn(at, " ");

		if (n == len && memcmp(at, text, n) == 0)
			return true;
		at += n + (at[n] == ' ');
	}
	return err_field(e, ERR_INVALID, row->name, "%s is '%.60s': give one of %s", row->name,
		text, row->words);
}

static bool check_value(const struct row *row, const char *text, struct err *e)
{
	bool flag;

	switch (row->type) {
	case COUNT:
	case BYTES:
	case DURATION: return check_number(row, text, e);
	case WORD: return check_word(row, text, e);
	case BOOL:
		return parse_bool(text, &flag) ||
			err_field(e, ERR_INVALID, row->name, "%s is '%.60s': give yes or no",
				row->name, text);
	default:
		return strlen(text) <= (size_t)row->max ||
			err_field(e, ERR_INVALID, row->name, "%s has more than %lld bytes",
				row->name, (long long)row->max);
	}
}

bool config_set_value(struct config *c, enum setting which, const char *text, struct err *e)
{
	if (!check_value(&rows[which], text, e))
		return false;
	free(c->values[which]);
	c->values[which] = mem_strdup(text);
	return true;
}

/* The setting of that name; SET_COUNT: none. */
static enum setting find(const char *name, size_t len)
{
	for (int i = 0; i < SET_COUNT; i++)
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			return (enum setting)i;
	return SET_COUNT;
}

const char *config_named(const struct config *c, const char *name)
{
	enum setting which = find(name, strlen(name));

	return which == SET_COUNT ? NULL : config_text(c, which);
}

bool config_set(struct config *c, const char *assignment, struct err *e)
{
	size_t len = strcspn(assignment, "=");
	enum setting which = find(assignment, len);

	if (assignment[len] == '\0')
		return err_set(e, ERR_INVALID, "--set %.80s: give KEY=VALUE", assignment);
	if (which == SET_COUNT)
		return err_set(e, ERR_INVALID,
			"--set %.*s: there is no such setting; `mltopd docs config` lists them",
			(int)(len > 80 ? 80 : len), assignment);
	return config_set_value(c, which, assignment + len + 1, e);
}

/* ---- The file ---- */

struct reading {
	struct config *c;
	const char *file;
	const struct yaml_lines *lines;
};

static bool read_fail(const struct reading *r, const char *path, struct err *e, const char *why)
{
	return err_set(e, ERR_INVALID, "%s:%d: %s", r->file, yaml_line(r->lines, path), why);
}

static bool list_text(const json_t *value, struct buf *out)
{
	const json_t *item;
	size_t i;

	json_array_foreach(value, i, item) {
		if (!json_is_string(item) || strchr(json_string_value(item), ','))
			return false;
		buf_addf(out, "%s%s", i ? "," : "", json_string_value(item));
	}
	return true;
}

static bool value_text(enum type type, const json_t *value, struct buf *out)
{
	if (type == LIST && json_is_array(value))
		return list_text(value, out);
	if (json_is_string(value))
		buf_adds(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buf_addf(out, "%g", json_real_value(value));
	else if (json_is_boolean(value))
		buf_adds(out, json_is_true(value) ? "yes" : "no");
	else
		return false;
	return true;
}

static bool read_value(const struct reading *r, const char *path, const json_t *value,
	struct err *e)
{
	enum setting which = find(path, strlen(path));
	struct buf text = BUF_INIT;
	struct err inner = ERR_INIT;
	bool good;

	if (which == SET_COUNT)
		return read_fail(r, path, e,
			"there is no such setting; `mltopd docs config` lists them");
	good = value_text(rows[which].type, value, &text);
	if (!good)
		read_fail(r, path, e, "a single value is wanted here");
	else if (!config_set_value(r->c, which, text.data, &inner))
		good = read_fail(r, path, e, inner.text);
	buf_release(&text);
	return good;
}

static bool is_section(const char *path)
{
	size_t len = strlen(path);

	for (int i = 0; i < SET_COUNT; i++)
		if (strncmp(rows[i].name, path, len) == 0 && rows[i].name[len] == '.')
			return true;
	return false;
}

static bool read_object(const struct reading *r, const char *path, const json_t *object,
	struct err *e)
{
	const char *key;
	json_t *value;
	bool good = true;

	json_object_foreach((json_t *)object, key, value) {
		struct buf below = BUF_INIT;

		buf_addf(&below, "%s%s%s", path, *path ? "." : "", key);
		if (json_is_object(value) && is_section(below.data))
			good = read_object(r, below.data, value, e);
		else if (!json_is_null(value) || !is_section(below.data))
			good = read_value(r, below.data, value, e);
		buf_release(&below);
		if (!good)
			break;
	}
	return good;
}

bool config_read(struct config *c, const char *path, struct err *e)
{
	struct yaml_lines lines = YAML_LINES_INIT;
	struct reading r = {c, path, &lines};
	json_t *root = yaml_load(path, &lines, e);
	bool good = root != NULL;

	if (good && json_is_object(root))
		good = read_object(&r, "", root, e);
	else if (good && !json_is_null(root))
		good = err_set(e, ERR_INVALID, "%s:1: settings are KEY: VALUE lines", path);
	json_decref(root);
	yaml_lines_release(&lines);
	return good;
}

/* ---- Across settings ---- */

bool config_listen(const struct config *c, char address[64], int *port, struct err *e)
{
	const char *text = config_text(c, SET_LISTEN);
	const char *colon = strrchr(text, ':');
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

static bool proxies_valid(const struct config *c, struct err *e)
{
	struct network unwanted;
	struct buf one = BUF_INIT;
	bool ok = true;

	for (size_t i = 0; ok && config_item(c, SET_TRUSTED_PROXIES, i, &one); i++) {
		ok = strcmp(one.data, "unix") == 0 || network_parse(&unwanted, one.data, e);
		buf_reset(&one);
	}
	buf_release(&one);
	if (!ok)
		err_prefix(e, "trusted_proxies");
	return ok;
}

bool config_check(const struct config *c, struct err *e)
{
	bool cert = *config_text(c, SET_TLS_CERT), key = *config_text(c, SET_TLS_KEY);
	char address[64];
	int port;

	if (!config_listen(c, address, &port, e))
		return false;
	if (cert != key)
		return err_set(e, ERR_INVALID, "tls.cert and tls.key are needed together");
	if (!proxies_valid(c, e))
		return false;
	if (strncmp(address, "127.", 4) != 0 && strcmp(address, "::1") != 0 &&
		strcmp(address, "localhost") != 0 && !cert && !config_bool(c, SET_INSECURE_LISTEN))
		return err_set(e, ERR_INVALID,
			"listen is %s without TLS: requests could be read and replayed on the way; give "
			"tls.cert and tls.key, or say --insecure-listen",
			address);
	return true;
}

bool config_same_fixed(const struct config *a, const struct config *b, struct err *e)
{
	for (int i = 0; i < SET_COUNT; i++)
		if (!rows[i].live &&
			strcmp(config_text(a, (enum setting)i), config_text(b, (enum setting)i)) !=
				0)
			return err_set(e, ERR_INVALID,
				"%s cannot change while mltopd runs: restart it", rows[i].name);
	return true;
}

void config_docs(struct buf *out)
{
	static const char *const types[] = {[TEXT] = "text",
		[COUNT] = "number",
		[BYTES] = "size",
		[DURATION] = "time",
		[BOOL] = "yes or no",
		[WORD] = "word",
		[LIST] = "list"};

	buf_adds(out, "| setting | type | default | reload | |\n|---|---|---|---|---|\n");
	for (int i = 0; i < SET_COUNT; i++)
		buf_addf(out, "| `%s` | %s%s%s%s | %s%s%s | %s | %s |\n", rows[i].name,
			types[rows[i].type], rows[i].words ? " (" : "",
			rows[i].words ? rows[i].words : "", rows[i].words ? ")" : "",
			*rows[i].standard ? "`" : "", rows[i].standard,
			*rows[i].standard ? "`" : "", rows[i].live ? "yes" : "no", rows[i].doc);
}
