#include "core/kinds/service.h"

#include "core/kinds/key.h"

#include <string.h>

static const char *const access_words[] = {"key", "open", NULL};
static const char *const retry_words[] = {"once", "refused", NULL};

enum { WHAT, RESOURCES, SERVING, STATUS };
static const char *const sections[] = {"What it serves", "Resources", "Serving", "Status", NULL};

static const struct field fields[] = {
	ROW(service, model_name, name, .label = "Name", .title = "NAME", .width = 20,
		.flags = F_KEY | F_NEEDED | F_NEW, .hint = "digits",
		.doc = "Name of the service, unique in its org until it is deleted."),
	ROW(service, uid, text, .flags = F_UID | F_STATUS, .width = 26, .section = STATUS,
		.doc = "ULID that never comes again, whatever the name."),
	ROW(service, org_id, text, .flags = F_STATUS | F_PAD, .width = 8, .section = STATUS,
		.doc = "Id of the org that it belongs to."),
	ROW(service, org_name, text, .title = "ORG", .flags = F_STATUS | F_PAD, .width = 10,
		.section = STATUS, .doc = "Name of that org."),
	ROW(service, owner, text, .flags = F_STATUS, .width = 8, .section = STATUS,
		.doc = "Name of the access key that made it."),

	ROW(service, model_version, text, .label = "Version", .title = "VERSION",
		.flags = F_NEW | F_EDIT, .width = 8, .max = 63, .standard = "1",
		.doc = "Version of the model that is served; another one replaces all replicas, one "
		       "after the other, and its replicas have it as MODEL_VERSION."),
	ROW(service, model_uri, text, .label = "Model", .flags = F_NEW | F_EDIT | F_NULL,
		.width = 30, .max = 4096, .hint = "/data/digits-1",
		.doc = "Where the model is, which its replicas have as MODEL_URI."),
	ROW(service, command, strings, .label = "Command", .flags = F_NEW | F_NEEDED | F_EDIT,
		.width = 30, .max = 8192, .hint = "python3 serve.py",
		.doc = "Program and arguments of a replica; it serves HTTP at 127.0.0.1 and the port "
		       "that it finds in PORT."),
	ROW(service, env, labels, .label = "Environment", .flags = F_NEW | F_EDIT | F_MASKED,
		.width = 20, .max = 16384,
		.doc = "Environment variables of the replicas; values are masked in every view."),
	ROW(service, work_dir, text, .label = "Folder", .flags = F_NEW | F_EDIT, .width = 20,
		.max = 4096, .doc = "Folder that the command starts in; private platforms only."),

	ROW(service, cpu_limit, cpu, .label = "CPUs", .title = "CPU",
		.flags = F_NEW | F_EDIT | F_NULL, .width = 5, .section = RESOURCES, .min = 10,
		.max = 10240000, .hint = "0.5",
		.doc = "CPUs that each replica may use, at most two decimals."),
	ROW(service, memory_limit, memory, .label = "Memory", .title = "MEM",
		.flags = F_NEW | F_EDIT | F_NULL, .width = 6, .section = RESOURCES, .min = 1 << 20,
		.max = (int64_t)1 << 50, .hint = "4G",
		.doc = "Memory that each replica may use; none given means unlimited."),
	ROW(service, gpu_limit, int, .label = "GPUs", .title = "GPU",
		.flags = F_NEW | F_EDIT | F_NULL, .width = 3, .section = RESOURCES, .min = 0,
		.max = 1024, .standard = "0", .doc = "GPUs that each replica gets for itself."),
	ROW(service, priority, int, .label = "Priority", .title = "PRI", .flags = F_NEW, .width = 4,
		.section = RESOURCES, .min = -1000, .max = 1000, .standard = "0",
		.doc = "Replicas of higher ones are started first among what waits of an org."),

	ROW(service, replicas, int, .label = "Replicas", .title = "WANTED", .flags = F_NEW | F_EDIT,
		.width = 6, .section = SERVING, .min = 0, .max = SERVICE_REPLICAS_MAX,
		.standard = "1",
		.doc = "Replicas that are wanted; those that go are given nothing more and finish what "
		       "they have before they are stopped."),
	ROW(service, ready_path, text, .label = "Ready at", .flags = F_NEW | F_EDIT, .width = 16,
		.section = SERVING, .max = 1024, .hint = "/v2/models/digits/ready",
		.doc = "Path that a replica answers with 200 to 299 when it is ready; none given: it is "
		       "ready when its port takes a connection."),
	ROW(service, start_deadline, duration, .label = "Time to start", .flags = F_NEW | F_EDIT,
		.width = 6, .section = SERVING, .min = 1000, .max = 86400000, .standard = "60s",
		.doc = "A replica that is not ready so long after its start is replaced."),
	ROW(service, stop_grace, duration, .label = "Time to stop", .flags = F_NEW | F_EDIT,
		.width = 6, .section = SERVING, .min = 0, .max = 86400000, .standard = "30s",
		.doc = "Time that a replica has to finish its requests, and again between TERM and KILL."),
	ROW(service, access, enum, .label = "Access", .flags = F_NEW | F_EDIT, .width = 6,
		.section = SERVING, .names = access_words, .standard = "key",
		.doc = "Who may ask it: key, who sends its key as X-Mltop-Service-Key; open, anybody "
		       "who reaches its address."),
	ROW(service, retry, enum, .label = "Retry", .flags = F_NEW | F_EDIT, .width = 7,
		.section = SERVING, .names = retry_words, .standard = "once",
		.doc = "A request of up to 256 KiB whose replica broke off before it answered is sent once "
		       "more, to another one; refused: it fails."),
	ROW(service, service_key, text, .flags = F_SECRET | F_STATUS, .max = 128,
		.section = SERVING,
		.doc = "Its key; told once, when it is made or rotated, and kept nowhere."),
	ROW(service, key_sha256, text, .flags = F_SECRET | F_SEALED | F_STATUS | F_HIDDEN,
		.section = SERVING, .doc = "Hash of its key; it never leaves the platform."),
	ROW(service, generation, int, .flags = F_STATUS | F_HIDDEN, .width = 4, .section = SERVING,
		.doc = "Counts the changes that replace all replicas."),

	ROW(service, state, enum, .flags = F_STATUS | F_PAD, .width = 9, .section = STATUS,
		.names = work_state_words, .looks = work_state_looks,
		.doc = "running: as many replicas are ready as are wanted; creating: fewer are; completed: "
		       "none is wanted."),
	ROW(service, message, text, .flags = F_STATUS, .width = 40, .section = STATUS, .max = 4096,
		.doc = "Why fewer are ready than are wanted, in a sentence."),
	ROW(service, ready_replicas, int, .title = "READY", .flags = F_STATUS, .width = 5,
		.of = "replicas", .section = STATUS, .doc = "Replicas that are given requests."),
	ROW(service, updated_replicas, int, .title = "UPDATED", .flags = F_STATUS, .width = 7,
		.of = "replicas", .section = STATUS,
		.doc = "Of these, those of what is wanted since the last update."),
	ROW(service, in_flight, int, .title = "FLYING", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = STATUS, .doc = "Requests that are being answered."),
	ROW(service, requests_rate, real, .title = "REQ/S", .flags = F_STATUS | F_SAMPLE,
		.width = 7, .section = STATUS,
		.doc = "Requests answered a second, in the last seconds."),
	ROW(service, error_rate, real, .title = "ERR%", .flags = F_STATUS | F_SAMPLE, .width = 5,
		.section = STATUS,
		.doc = "Percent of these that failed: 500 and above, or broken off."),
	ROW(service, latency_p50, real, .title = "P50", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = STATUS, .doc = "Half of these took no longer, in milliseconds."),
	ROW(service, latency_p99, real, .title = "P99", .flags = F_STATUS | F_SAMPLE, .width = 6,
		.section = STATUS, .doc = "99 of 100 took no longer, in milliseconds."),
	ROW(service, address, text, .title = "ADDRESS", .flags = F_STATUS | F_PAD, .width = 21,
		.section = STATUS, .doc = "Where it is asked: host and port."),
	ROW(service, service_port, text, .flags = F_STATUS | F_PAD | F_HIDDEN, .section = STATUS,
		.doc = "Port of that address."),
	ROW(service, last_request, when, .flags = F_STATUS | F_SAMPLE, .width = 20,
		.section = STATUS,
		.doc = "When it was asked last, as far as this run of the platform knows."),
	ROW(service, create_time, when, .flags = F_STATUS | F_PAD, .width = 20, .section = STATUS,
		.doc = "When it was made."),
	ROW(service, update_time, when, .flags = F_STATUS | F_PAD, .width = 20, .section = STATUS,
		.doc = "When it was changed last."),

	ROW_AS(service, "name", model_name, name, .title = "NAME", .width = 20, .flags = F_ALIAS,
		.doc = "Short for model_name."),
	ROW_AS(service, "org", org_name, text, .title = "ORG", .width = 10, .flags = F_ALIAS,
		.doc = "Short for org_name."),
	ROW_AS(service, "age", create_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was made."),
};
KIND_FITS(fields);

static bool texts_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool commands_same(const struct strings *a, const struct strings *b)
{
	for (size_t i = 0; i < a->len && a->len == b->len; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return a->len == b->len;
}

static bool envs_same(const struct labels *a, const struct labels *b)
{
	for (size_t i = 0; i < a->len && a->len == b->len; i++)
		if (strcmp(a->items[i].key, b->items[i].key) != 0 ||
			strcmp(a->items[i].value, b->items[i].value) != 0)
			return false;
	return a->len == b->len;
}

bool service_same_program(const struct service *a, const struct service *b)
{
	return texts_same(a->model_version, b->model_version) &&
		texts_same(a->model_uri, b->model_uri) && commands_same(&a->command, &b->command) &&
		envs_same(&a->env, &b->env) && texts_same(a->work_dir, b->work_dir) &&
		a->cpu_limit.v == b->cpu_limit.v && a->memory_limit.v == b->memory_limit.v &&
		a->gpu_limit == b->gpu_limit;
}

/* The daemon's own, which a replica must not be told otherwise. */
static bool env_good(const struct labels *env, struct err *e)
{
	static const char *const ours[] = {"PORT", "MODEL_NAME", "MODEL_VERSION", "MODEL_URI"};

	for (size_t i = 0; i < env->len; i++)
		for (size_t j = 0; j < ARRAY_SIZE(ours); j++)
			if (strcmp(env->items[i].key, ours[j]) == 0)
				return err_field(e, ERR_UNPROCESSABLE, "env",
					"env.%s is given by the platform: leave it out", ours[j]);
	return true;
}

static bool path_good(const char *path, struct err *e)
{
	if (path == NULL || *path == '\0')
		return true;
	for (const char *c = path; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return err_field(e, ERR_INVALID, "ready_path",
				"ready_path holds what no path may hold: percent-encode it");
	return *path == '/' ||
		err_field(e, ERR_INVALID, "ready_path",
			"ready_path is %.100s: a path begins with /", path);
}

static bool service_check(const void *record, struct err *e)
{
	const struct service *s = record;

	if (s->command.len == 0 || s->command.items[0][0] == '\0')
		return err_field(e, ERR_INVALID, "command",
			"command is needed: the program that serves at the port in PORT");
	return env_good(&s->env, e) && path_good(s->ready_path, e);
}

static const struct kind_action actions[] = {
	{
		.name = "restart",
		.method = "POST",
		.tail = "/restart",
		.least = ROLE_OPERATOR,
		.asks = ASKS_CONFIRM,
		.key = 'R',
		.ask = "Restart",
		.doing = "is restarted",
		.doc = "Replaces all replicas, one after the other: a new one is ready before an old one "
		       "goes.",
	},
	{
		.name = "rotate",
		.method = "POST",
		.tail = "/rotate",
		.least = ROLE_OPERATOR,
		.asks = ASKS_CONFIRM,
		.ask = "Make a new key of",
		.doing = "has a new key",
		.stakes = "Whoever has the old key is refused at once.",
		.doc = "Makes a new key, which the answer has as service_key, once; the old one is refused "
		       "from then on.",
	},
	ACTION_DELETE(ROLE_OPERATOR, "Its address answers no more, and its logs go too.",
		"Stops all replicas and removes the service with its logs."),
};

const struct kind service_kind = {
	.name = "model",
	.plural = "models",
	.path = "/cloud_ml/v1/model",
	.doc = "A model service: replicas of a program behind one address.",
	.can = CAN_LIST | CAN_ONE | CAN_CREATE | CAN_EDIT | CAN_EVENTS | CAN_STREAM,
	.see = ROLE_VIEWER,
	.make = ROLE_OPERATOR,
	.change = ROLE_OPERATOR,
	.org_names = true,
	.stored = true,
	.actions = actions,
	.action_count = ARRAY_SIZE(actions),
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct service),
	.sections = sections,
	.list_fields = "model_name,model_version,state,ready_replicas,requests_rate,error_rate,"
		       "latency_p99,address,age",
	.wide_fields =
		"model_name,model_version,state,ready_replicas,updated_replicas,in_flight,"
		"requests_rate,error_rate,latency_p50,latency_p99,gpu_limit,cpu_limit,memory_limit,"
		"address,access,age,owner,org,message",
	.check = service_check,
};
