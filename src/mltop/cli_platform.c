/* Verbs on the platform itself, contexts, demo, version and completion. */
#include "mltop/cli.h"

#include "base/num.h"
#include "core/kinds/context.h"

#include <stdlib.h>
#include <string.h>

/* ---- platform ---- */

static bool counts_bytes(const char *key)
{
	size_t len = strlen(key);

	return strcmp(key, "memory") == 0 || (len > 6 && strcmp(key + len - 6, "_bytes") == 0);
}

static void print_status_value(const struct cli *c, const char *key, const json_t *value)
{
	char size[32], *text;

	if (json_is_integer(value) && counts_bytes(key)) {
		cli_size_text(size, sizeof size, json_integer_value(value));
		puts(size);
		return;
	}
	text = json_is_string(value) ? mem_strdup(json_string_value(value))
				     : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	output_text(c, text ? text : "-");
	putchar('\n');
	free(text);
}

/* For a person; other forms have the platform's own numbers. */
static void print_status(const struct cli *c, const json_t *status, int depth)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)status, key, value) {
		if (json_is_object(value)) {
			printf("%*s%s\n", depth * 2, "", key);
			print_status(c, value, depth + 1);
		} else {
			printf("%*s%-*s ", depth * 2, "", 20 - depth * 2, key);
			print_status_value(c, key, value);
		}
	}
}

int cli_platform_status(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *status = NULL;
	bool ok = private_find(&c->context, cli_value(c, "state-dir"), &e) &&
		cli_call(c, "GET", "/cloud_ml/v1/platform", NULL, &status, &e);

	if (!ok && e.code == ERR_NOT_FOUND) {
		printf("not running; `mltop` or `mltop run` starts it\n");
		return EXIT_UNREACHABLE;
	}
	if (ok) {
		json_object_set_new(status, "url", json_string(c->context.url));
		if (cli_has(c, "output") || cli_has(c, "json"))
			ok = output_one(c, NULL, status, &e);
		else
			print_status(c, status, 0);
	}
	json_decref(status);
	return ok ? EXIT_DONE : cli_fail(&e);
}

int cli_platform_stop(struct cli *c)
{
	struct err e = ERR_INIT;

	if (!private_stop(cli_value(c, "state-dir"), &e))
		return cli_fail(&e);
	printf("stopped; running jobs go on and are found again at the next start\n");
	return EXIT_DONE;
}

/* ---- audit ---- */

static void print_chains(const json_t *answer)
{
	const json_t *chain;
	size_t i;

	printf("%s\n", json_string_value(json_object_get(answer, "message")));
	json_array_foreach(json_object_get(answer, "chains"), i, chain) {
		const char *org = json_string_value(json_object_get(chain, "org_id"));
		long long dropped = json_integer_value(json_object_get(chain, "dropped"));

		if (org == NULL)
			continue;
		printf("%s%s: %lld records", *org ? "org " : "the platform", org,
			(long long)json_integer_value(json_object_get(chain, "records")));
		if (dropped > 0)
			printf(" (%lld older ones dropped)", dropped);
		printf(", last hash %s\n", json_string_value(json_object_get(chain, "hash")));
	}
}

int cli_audit_verify(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *answer = NULL;
	bool ok = cli_call(c, "GET", "/cloud_ml/v1/audit/verify", NULL, &answer, &e);

	if (ok && (cli_has(c, "output") || cli_has(c, "json")))
		ok = output_one(c, NULL, answer, &e);
	else if (ok)
		print_chains(answer);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}

/* ---- context ---- */

int cli_context_list(struct cli *c)
{
	struct context_options o = cli_options(c);
	struct err e = ERR_INIT, undecided = ERR_INIT;
	json_t *rows = context_list(&o, &undecided, &e);
	bool ok = rows && output_list(c, &context_kind, rows, &e);

	/* Other forms are for programs, which have `current`. */
	if (ok && undecided.code != ERR_NONE && !cli_has(c, "output") && !cli_has(c, "json"))
		cli_complain("none is in use: %s", undecided.text);
	json_decref(rows);
	return ok ? EXIT_DONE : cli_fail(&e);
}

int cli_context_use(struct cli *c)
{
	struct err e = ERR_INIT;

	return context_use(c->args[0], &e) ? EXIT_DONE : cli_fail(&e);
}

/* ---- demo ---- */

/* The five flags become settings of the platform that is made for this. */
static bool demo_settings(const struct cli *c, char settings[5][48], struct err *e)
{
	static const struct {
		const char *flag, *setting, *standard;
		int64_t max;
	} numbers[] = {
		{"jobs", "demo.jobs", "200", 1000000},
		{"gpus", "fake.gpus", "64", 1024},
		{"nodes", "fake.nodes", "0", 1024},
		{"changes", "fake.changes", "5", 100000},
		{"seed", "demo.seed", "1", INT64_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const char *text = cli_value(c, numbers[i].flag);
		int64_t n;

		if (!num_i64(text ? text : numbers[i].standard, 0, numbers[i].max, &n))
			return err_set(e, ERR_INVALID, "--%s %s: give a number from 0 to %lld",
				numbers[i].flag, text, (long long)numbers[i].max);
		snprintf(settings[i], sizeof settings[i], "%s=%lld", numbers[i].setting,
			(long long)n);
	}
	return true;
}

int cli_demo(struct cli *c)
{
	char text[5][48];
	/* So that what is held there has a cost as well. */
	const char *settings[] = {text[0], text[1], text[2], text[3], text[4],
		"usage.price_gpu_hour=2.5", "usage.price_cpu_hour=0.04",
		"usage.price_gib_hour=0.005", "usage.currency=EUR", NULL};
	struct err e = ERR_INIT;

	if (!demo_settings(c, text, &e)) {
		cli_fail(&e);
		return EXIT_USAGE;
	}
	if (!demo_start(&c->context, settings, &e))
		return cli_fail(&e);
	if (c->rest && c->rest[0])
		return c->verb_on(&c->context, c->rest);
	return dashboard_main(NULL, &c->context, NULL);
}

/* ---- version ---- */

int cli_version(struct cli *c)
{
	json_t *server = NULL;
	struct err e = ERR_INIT;

	printf("mltop %s\n", MLTOP_VERSION);
	if (c->verb == NULL)
		return EXIT_DONE;
	/* The platform is asked only when one is there: a version is no reason to start one. */
	if (!cli_has(c, "endpoint") && !cli_has(c, "context") && getenv("MLTOP_CONTEXT") == NULL &&
		!private_find(&c->context, cli_value(c, "state-dir"), NULL))
		return EXIT_DONE;
	if (!cli_call(c, "GET", "/version", NULL, &server, &e))
		return cli_fail(&e);
	output_text(c, json_string_value(json_object_get(server, "name")) ?: "platform");
	putchar(' ');
	output_text(c, json_string_value(json_object_get(server, "version")) ?: "-");
	putchar('\n');
	json_decref(server);
	return EXIT_DONE;
}
