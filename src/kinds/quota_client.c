/* What the public client does with quotas beyond the kind's own routes: it reads and applies by POST. */
#include "kinds/quota_client.h"

#include <string.h>

/* ---- Reading ---- */

/* Without an address of its own the org shows the asker's: `quota update` wants one. */
static void mail_fill(const struct request *r, json_t *row)
{
	const char *own = json_string_value(json_object_get(row, "org_mail"));
	const json_t *sent = json_object_get(r->body, "org_mail");

	if ((own == NULL || *own == '\0') && json_is_string(sent) &&
		json_string_length(sent) <= ORG_MAIL_MAX)
		json_object_set_new(row, "org_mail", json_string(json_string_value(sent)));
}

void quota_read(struct request *r)
{
	const void *row = model_row(&r->platform->model, r->route->kind, r->who.org_id);
	json_t *own;

	if (row == NULL || r->query_count > 0) {
		generic_list(r);
		return;
	}
	own = record_encode(r->route->kind, row, NULL);
	mail_fill(r, own);
	request_reply(r, 200, json_pack("{s:[o]}", "data", own));
}

/* ---- Applying for more ---- */

/* A text of the application, short and of one line; NULL: `e`. */
static const char *part(const struct request *r, const char *name, struct err *e)
{
	const char *text = json_string_value(json_object_get(r->body, name));

	if (text != NULL && *text != '\0' && strlen(text) <= 16 &&
		text[strspn(text, "0123456789.KMGTkmgti")] == '\0')
		return text;
	err_field(e, ERR_UNPROCESSABLE, name,
		"%s is needed: a text such as 4 or 8G, of at most 16 characters", name);
	return NULL;
}

static bool service_valid(const char *service, struct err *e)
{
	static const char *const services[] = {"dev", "jobs", "models"};

	for (size_t i = 0; service && i < ARRAY_SIZE(services); i++)
		if (strcmp(service, services[i]) == 0)
			return true;
	return err_field(e, ERR_UNPROCESSABLE, "service", "service must be dev, jobs or models");
}

/* The public client sends the CPUs where the GPUs belong: then nothing is said of GPUs. */
static void application_keep(struct request *r, const void *row, const char *service)
{
	const struct kind *k = r->route->kind;
	const char *gpu = json_string_value(json_object_get(r->body, "gpu_limit"));
	const char *cpu = json_string_value(json_object_get(r->body, "cpu_limit"));
	struct change *c = change_for(r);

	change_event(c, k, row, EVENT_NORMAL, "Requested", "%s: for %s cpu %s, memory %s, %s%s",
		r->who.key_name && *r->who.key_name ? r->who.key_name : "a key", service, cpu,
		json_string_value(json_object_get(r->body, "memory_limit")),
		gpu && strcmp(gpu, cpu) != 0 ? "gpu " : "GPUs not said",
		gpu && strcmp(gpu, cpu) != 0 ? gpu : "");
	change_events_trim(c, k, record_uid(k, row));
	change_audit_of(c, k, "apply", row);
	change_answer(c, 200,
		json_pack("{s:b, s:s}", "error", 0, "message",
			"a quota admin sees it in the events of the org's quota"));
	change_commit(c);
}

void quota_apply(struct request *r)
{
	const char *service = json_string_value(json_object_get(r->body, "service"));
	const char *org = request_org(r, r->route->kind, false);
	const char *gpu;
	const void *row;
	struct err e = ERR_INIT;

	if (org == NULL)
		return;
	row = model_row(&r->platform->model, r->route->kind, org);
	gpu = json_string_value(json_object_get(r->body, "gpu_limit"));
	if (!service_valid(service, &e) || !part(r, "cpu_limit", &e) ||
		!part(r, "memory_limit", &e) || (gpu && !part(r, "gpu_limit", &e)))
		request_fail(r, &e);
	else if (row == NULL)
		request_absent(r, r->route->kind, org);
	else
		application_keep(r, row, service);
}
