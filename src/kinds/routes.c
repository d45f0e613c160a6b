#include "kinds/routes.h"

#include "kinds/packages.h"

#include "core/kinds/kinds.h"

#define API "/cloud_ml/v1"
#define VIEW ROLE_VIEWER
#define WORK ROLE_OPERATOR

/* Of two patterns that fit a path, the one with fewer {parts} is taken, whatever the order. */
const struct route routes[] = {
	{METHOD_GET, "/version", VIEW, ROUTE_OPEN, 0, route_version,
		"Name, version and capabilities; a client asks once."},
	{METHOD_GET, "/healthz", VIEW, ROUTE_OPEN, 0, route_healthz, "200 while the daemon lives."},
	{METHOD_GET, "/readyz", VIEW, ROUTE_OPEN, 0, route_readyz,
		"200 when changes can be taken, else 503 and why."},
	{METHOD_GET, API "/version", VIEW, ROUTE_OPEN, 0, route_version, "The same as /version."},
	{METHOD_GET, API "/framework", VIEW, ROUTE_OPEN, 0, route_framework,
		"Versions of the frameworks that the platform's Python has: {\"python\": [\"3.11.2\"], ...}."},
	{METHOD_GET, API "/authentication", VIEW, 0, 0, route_authentication,
		"Who the key is: access_key, name, org, role."},
	{METHOD_GET, API "/org_ids", VIEW, 0, 0, route_org_ids, "{\"org_id\": the key's org}."},

	{METHOD_POST, API "/train", WORK, ROUTE_CHANGES, 0, route_train_create,
		"Submits a train job; answers the job. 409 when the name is taken, 422 when it can never run."},
	{METHOD_GET, API "/train", VIEW, 0, 0, route_train_list,
		"Jobs: ?fields= ?filter= ?state= ?name= ?label=KEY=VALUE ?limit= ?continue= ?org_id=."},
	{METHOD_GET, API "/train/{job}", VIEW, ROUTE_TENANT, 0, route_train_one,
		"One job, by name or uid."},
	{METHOD_DELETE, API "/train/{job}", WORK, ROUTE_CHANGES | ROUTE_TENANT, 0,
		route_train_delete,
		"Removes the job with its logs and outputs; a live one is stopped first."},
	{METHOD_POST, API "/train/{job}/cancel", WORK, ROUTE_CHANGES | ROUTE_TENANT, 0,
		route_train_cancel, "Stops the job and keeps its record."},
	{METHOD_POST, API "/train/{job}/retry", WORK, ROUTE_CHANGES | ROUTE_TENANT, 0,
		route_train_retry, "Runs a job that is over once more, as its next attempt."},
	{METHOD_GET, API "/train/{job}/start", WORK, ROUTE_CHANGES | ROUTE_TENANT, 0,
		route_train_start, "As retry; the public client's form."},
	{METHOD_GET, API "/train/{job}/logs", VIEW, ROUTE_TENANT | ROUTE_STREAM, 0,
		route_train_logs,
		"{\"logs\": text}, the newest 256 KiB or of these ?lines=N; ?task= ?attempt=; with "
		"?follow=True a chunked stream of lines to the end, from the first or the newest ?lines=N "
		"(of the newest 16 MiB) on."},
	{METHOD_GET, API "/train/{job}/events", VIEW, ROUTE_TENANT, 0, route_train_events,
		"What happened to the job, oldest first."},
	{METHOD_GET, API "/train/{job}/tasks", VIEW, ROUTE_TENANT, 0, route_train_tasks,
		"Its tasks, a row for each attempt."},
	{METHOD_GET, API "/train/{job}/metrics", VIEW, ROUTE_TENANT, 0, route_train_metrics,
		"What it uses now: cpu (percent), memory, network_receive, network_transmit (bytes)."},
	{METHOD_GET, API "/train/{job}/outputs", VIEW, ROUTE_TENANT | ROUTE_STREAM, 0,
		route_train_outputs,
		"Files in its MLTOP_OUTPUT_DIR {\"path\", \"size\", \"mtime\"}, at most 10,000; with ?path= the "
		"bytes of one, of which ?offset= and ?length= give a part."},
	{METHOD_GET, API "/train/{job}/hyperparameters", VIEW, ROUTE_TENANT, 0,
		route_train_hyperparameters, "Trials of a tuning job; empty for a single run."},

	{METHOD_POST, API "/packages", WORK, ROUTE_CHANGES, 0, route_package_create,
		"Announces an upload {\"size\", \"sha256\", \"name\"}; answers its id and uri."},
	{METHOD_GET, API "/packages", VIEW, 0, 0, route_package_list,
		"Uploaded packages of the org."},
	{METHOD_GET, API "/packages/{package}", VIEW, ROUTE_TENANT, 0, route_package_one,
		"One package; received says where an upload goes on."},
	{METHOD_PUT, API "/packages/{package}", WORK, ROUTE_CHANGES | ROUTE_TENANT | ROUTE_RAW_BODY,
		PACKAGE_PART_MAX, route_package_part,
		"The bytes from ?offset= on, at most 4 MiB; the last part completes it."},
	{METHOD_DELETE, API "/packages/{package}", WORK, ROUTE_CHANGES | ROUTE_TENANT, 0,
		route_package_delete, "Removes a package."},

	{METHOD_GET, API "/quota", VIEW, 0, 0, route_quota_list, "{\"data\": [quota of the org]}."},
	{METHOD_POST, API "/quota", VIEW, 0, 0, route_quota_list,
		"The same; the newer public client reads by POST."},
	{METHOD_PUT, API "/quota/{org}", ROLE_QUOTA_ADMIN, ROUTE_CHANGES, 0, route_quota_put,
		"Changes limits of an org; answers its quota."},
	{METHOD_GET, API "/orgs", ROLE_ADMIN, 0, 0, route_org_list, "All orgs."},
	{METHOD_POST, API "/orgs", ROLE_ADMIN, ROUTE_CHANGES, 0, route_org_create,
		"Makes an org {\"org_name\", \"description\"}."},
	{METHOD_GET, API "/keys", ROLE_ADMIN, 0, 0, route_key_list, "All keys, without secrets."},
	{METHOD_POST, API "/keys", ROLE_ADMIN, ROUTE_CHANGES, 0, route_key_create,
		"Makes a key {\"org_name\" or \"org_id\", \"role\", \"name\"}; the only answer with its secret."},
	{METHOD_POST, API "/keys/{key}/disable", ROLE_ADMIN, ROUTE_CHANGES, 0, route_key_disable,
		"Refuses the key from now on and closes its streams."},
	{METHOD_POST, API "/keys/{key}/rotate", ROLE_ADMIN, ROUTE_CHANGES, 0, route_key_rotate,
		"Makes a second key like it; the old one goes on until it is disabled."},
	{METHOD_GET, API "/events", VIEW, 0, 0, route_event_list, "Newest events of the org."},
	{METHOD_GET, API "/platform", ROLE_ADMIN, 0, 0, route_platform,
		"What the platform runs on, holds and does: jobs, machine, bytes on the disk "
		"(where counting takes long: as of a while ago)."},
	{METHOD_GET, API "/audit", ROLE_ADMIN, 0, 0, route_audit,
		"Audit records, newest first: ?limit= ?before=SEQ."},
	{.pattern = NULL},
};

/* The names of a route's flags, in the order of their bits. */
static const char *const flag_words[] = {"open", "changes", "raw-body", "tenant", "stream"};

static void route_json(const struct route *t, struct buf *out)
{
	const char *between = "";

	buf_addf(out, "{\"method\":\"%s\",\"pattern\":\"%s\",\"role\":\"%s\",\"flags\":[",
		method_words[t->method], t->pattern, role_words[t->least]);
	for (size_t i = 0; i < sizeof flag_words / sizeof flag_words[0]; i++) {
		if (!(t->flags & 1u << i))
			continue;
		buf_addf(out, "%s\"%s\"", between, flag_words[i]);
		between = ",";
	}
	buf_adds(out, "]}");
}

void routes_json(struct buf *out)
{
	const char *between = "[\n";

	for (const struct route *t = routes; t->pattern; t++) {
		buf_adds(out, between);
		route_json(t, out);
		between = ",\n";
	}
	buf_adds(out, "\n]\n");
}

void routes_docs(struct buf *out)
{
	static const char *const notes[] = {"viewer", "operator", "quota-admin", "admin"};

	buf_adds(out,
		"# The platform API\n\nMade by `mltopd docs api` from the route table and the "
		"tables of kinds.\n\n| method | path | least role | |\n|---|---|---|---|\n");
	for (const struct route *t = routes; t->pattern; t++)
		buf_addf(out, "| %s | `%s` | %s | %s |\n", method_words[t->method], t->pattern,
			t->flags & ROUTE_OPEN ? "none" : notes[t->least], t->doc);
	buf_adds(out,
		"\nErrors are `{\"error\": true, \"message\": \"...\"}` with status 400, 401, 403, "
		"404, 405, 408, 409, 411, 413, 422, 429, 431, 500 or 503. An object of another org answers "
		"exactly like one that is not there.\n\nA request must be exactly as RFC 9112 has it: "
		"lines end with CR LF and are not folded, there is one Host and at most one "
		"Content-Length, the target begins with `/` and holds only what RFC 3986 allows in one, "
		"percent-encoded where it must be. Anything else gets 400, a head of more than 16 KiB or "
		"100 headers 431, and the connection is closed.\n");
	for (size_t i = 0; all_kinds[i]; i++) {
		buf_addc(out, '\n');
		kind_docs(all_kinds[i], out);
	}
}
