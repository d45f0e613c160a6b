/* Requests of the dashboard, one answer each; and who the key is, which the runner asks itself. */
#include "mltop/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void request_free(struct run *r, struct run_request *q)
{
	for (size_t i = 0; i < r->requests.len; i++) {
		if (r->requests.items[i] == q) {
			vec_remove(&r->requests, i);
			break;
		}
	}
	free(q->cmd.path);
	json_decref(q->cmd.body);
	free(q);
}

static void on_answer(void *ctx, const struct api_answer *answer)
{
	struct run_request *q = ctx;
	struct run *r = q->run;
	struct msg m = {
		.type = MSG_REPLY,
		.id = q->id,
		.status = answer->status,
		.body = answer->body,
		.text = answer->err.code == ERR_NONE ? NULL : answer->err.text,
	};

	m.text_len = m.text ? strlen(m.text) : 0;
	q->sent = false;
	r->tell(r, &m);
	request_free(r, q);
}

static void request_send(struct run *r, struct run_request *q)
{
	struct api_request request = {
		.method = q->cmd.method,
		.path = q->cmd.path,
		.body = q->cmd.body,
		.want_json = true,
	};

	q->sent = true;
	api_call(r->api, &request, on_answer, q);
}

/* Reads wait for the platform; a change that cannot be sent now is refused now. */
void run_request(struct run *r, const struct cmd *c)
{
	struct run_request *q;

	if (r->api == NULL && strcmp(c->method, "GET") != 0) {
		static const char text[] = "not sent: there is no connection to the platform yet";
		struct msg m = {.type = MSG_REPLY,
			.id = c->id,
			.text = text,
			.text_len = sizeof text - 1};

		r->tell(r, &m);
		return;
	}
	q = mem_alloc(sizeof *q);
	q->id = c->id;
	q->run = r;
	q->cmd.method = c->method;
	q->cmd.path = mem_strdup(c->path);
	q->cmd.body = json_incref(c->body);
	vec_push(&r->requests, q);
	if (r->api)
		request_send(r, q);
}

void run_requests_send(struct run *r)
{
	for (size_t i = 0; i < r->requests.len; i++)
		if (!r->requests.items[i]->sent)
			request_send(r, r->requests.items[i]);
}

/* Those under way get no answer from a platform that is gone: say so. */
void run_requests_drop(struct run *r)
{
	static const char text[] =
		"the platform went away before it answered; look whether it was done";

	while (r->requests.len) {
		struct run_request *q = r->requests.items[0];
		struct msg m = {.type = MSG_REPLY,
			.id = q->id,
			.text = text,
			.text_len = sizeof text - 1};

		r->tell(r, &m);
		request_free(r, q);
	}
}

void run_requests_release(struct run *r)
{
	while (r->requests.len)
		request_free(r, r->requests.items[0]);
	vec_release(&r->requests);
}

/* ---- Who we are ---- */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* A platform that does not say leaves the role unknown; one that was not reached is asked again. */
static void on_who(void *ctx, const struct api_answer *answer)
{
	const char *role = text_of(answer->body, "role");
	struct run *r = ctx;
	struct msg m = {.type = MSG_CONTEXT,
		.org = text_of(answer->body, "org_name"),
		.role = role ? role : "",
		.user = text_of(answer->body, "name")};

	r->who_asked = answer->status != 0;
	if (r->who_asked)
		r->tell(r, &m);
}

void run_who_ask(struct run *r)
{
	const struct api_request request = {
		.method = "GET",
		.path = "/cloud_ml/v1/authentication",
		.want_json = true,
	};

	if (!r->who_asked)
		api_call(r->api, &request, on_who, r);
	r->who_asked = true;
}

void run_who_begin(struct run *r)
{
	/* On a platform of one's own there is one org, and nobody to be told from. */
	bool own = r->context.private || r->context.demo;
	char *folder = r->context.private && !r->context.demo ? getcwd(NULL, 0) : NULL;
	struct msg m = {.type = MSG_CONTEXT,
		.context = r->context.name,
		.folder = folder,
		.org = r->context.org,
		.role = own ? "" : NULL};

	r->who_asked = own;
	r->tell(r, &m);
	free(folder);
}
