/* The command line's connection to a platform, and calls on it. */
#include "mltop/cli.h"

#include "base/mem.h"
#include "core/kinds/org.h"
#include "core/wire/query.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct context_options cli_options(const struct cli *c)
{
	return (struct context_options){
		.endpoint = cli_value(c, "endpoint"),
		.context = cli_value(c, "context"),
		.state_dir = cli_value(c, "state-dir"),
	};
}

/* Digits, or -1 for all: what the platform takes as org_id. */
static bool is_org_id(const char *org)
{
	return *org == '\0' || strcmp(org, "-1") == 0 || org[strspn(org, "0123456789")] == '\0';
}

/*
 * Routes and streams take an org's id, people know its name: --org takes both. A name that this key
 * sees no org of stays as it is, so that the platform's own sentence says what is wrong with it.
 */
static void org_by_name(struct cli *c)
{
	const char *org = cli_value(c, "org"), *id;
	struct api_request r = {.method = "GET", .want_json = true, .answer_max = 1 << 20};
	struct api_answer answer = {0};
	struct buf path = BUF_INIT;
	json_t *json = NULL;

	if (org == NULL || is_org_id(org))
		return;
	buf_addf(&path, "%s?fields=org_name,org_id&name=", org_kind.path);
	percent_encode(&path, org, strlen(org), "");
	r.path = path.data;
	if (api_wait(c->api, c->loop, &r, &answer, &json, NULL)) {
		id = json_string_value(json_object_get(
			json_array_get(json_object_get(json, "data"), 0), "org_id"));
		c->org = id ? mem_strdup(id) : NULL;
	}
	for (int i = 0; c->org && i < c->flag_count; i++)
		if (strcmp(c->flags[i].name, "org") == 0)
			c->flags[i].value = c->org;
	json_decref(json);
	buf_release(&path);
}

bool cli_connect(struct cli *c, struct err *e)
{
	struct context_options o = cli_options(c);

	if (c->connected)
		return true;
	/* A context may have been made before (demo). */
	if (c->context.url == NULL && !context_resolve(&c->context, &o, e))
		return false;
	c->loop = mem_alloc(sizeof *c->loop);
	uv_loop_init(c->loop);
	c->api = api_new(c->loop, &c->context);
	c->connected = true;
	org_by_name(c);
	return true;
}

void cli_moves(struct cli *c, struct context *to)
{
	api_free(c->api, NULL, NULL);
	context_release(&c->context);
	c->context = *to;
	*to = (struct context){0};
	c->api = api_new(c->loop, &c->context);
}

void cli_release(struct cli *c)
{
	if (c->connected) {
		api_free(c->api, NULL, NULL);
		uv_run(c->loop, UV_RUN_DEFAULT);
		uv_loop_close(c->loop);
		free(c->loop);
	}
	context_release(&c->context);
	free(c->org);
}

/* The caller frees. */
static char *with_org(const struct cli *c, const char *path)
{
	const char *org = cli_value(c, "org");
	struct buf whole = BUF_INIT;

	buf_adds(&whole, path);
	if (org) {
		buf_addf(&whole, "%corg_id=", strchr(path, '?') ? '&' : '?');
		percent_encode(&whole, org, strlen(org), "");
	}
	return buf_detach(&whole);
}

bool cli_call(struct cli *c, const char *method, const char *path, const json_t *body, json_t **out,
	struct err *e)
{
	struct api_request r = {
		.method = method,
		.body = body,
		.want_json = true,
		.answer_max = (size_t)256 << 20,
	};
	struct api_answer answer = {0};
	json_t *json = NULL;
	char *whole;
	bool ok;

	if (!cli_connect(c, e))
		return false;
	r.path = whole = with_org(c, path);
	ok = api_wait(c->api, c->loop, &r, &answer, &json, NULL);
	free(whole);
	if (!ok && e)
		*e = answer.err;
	if (ok && out)
		*out = json_incref(json);
	json_decref(json);
	return ok;
}

char *cli_path(const struct kind *k, const char *name, const char *tail)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/", k->path);
	percent_encode(&path, name, strlen(name), "");
	buf_adds(&path, tail);
	return buf_detach(&path);
}
