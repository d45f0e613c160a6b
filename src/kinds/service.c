/* Model services: made, changed, restarted, removed. What runs of them: services.c. */
#include "kinds/kinds.h"
#include "kinds/services.h"

#include "base/mem.h"
#include "core/wire/sign.h"

#include <string.h>
#include <sys/random.h>

/* ---- What the public client sends, and this platform has no use for ---- */

/* Sent with every service, or harmless. */
static const char *const ignored[] = {"enable_rank", "save_mode", "debug", "service_schema",
	"use_http", "initial_delay_seconds", "org_mail", "fds_endpoint", "fds_bucket"};

static bool says_nothing(const json_t *value)
{
	return value == NULL || json_is_null(value) || json_is_false(value) ||
		(json_is_string(value) && *json_string_value(value) == '\0');
}

static bool service_prepare(struct request *r, struct err *e)
{
	json_t *body = r->body;
	const char *key;
	json_t *value;
	void *next;

	if (!says_nothing(json_object_get(body, "use_seldon")))
		return err_field(e, ERR_UNPROCESSABLE, "use_seldon",
			"use_seldon: graphs of models are not run here; leave it out");
	json_object_del(body, "use_seldon");
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		json_object_del(body, ignored[i]);
	/* null is what the Python client sends for a flag that was not given. */
	json_object_foreach_safe(body, next, key, value)
		if (r->route->method == METHOD_POST && json_is_null(value))
			json_object_del(body, key);
	return true;
}

/* ---- Keys ---- */

void service_key_make(char key[SERVICE_KEY_SIZE], char hash[SERVICE_KEY_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[32];

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		abort();
	for (size_t i = 0; i < sizeof bytes; i++) {
		key[2 * i] = digits[bytes[i] >> 4];
		key[2 * i + 1] = digits[bytes[i] & 15];
	}
	key[2 * sizeof bytes] = '\0';
	explicit_bzero(bytes, sizeof bytes);
	sign_sha256_hex(key, SERVICE_KEY_SIZE - 1, hash);
}

/* The object with its new key, which nobody is told again. */
static json_t *answer_with_key(const struct service *s, const char *key)
{
	json_t *answer = record_encode(&service_kind, s, NULL);

	json_object_set_new(answer, "service_key", json_string(key));
	return answer;
}

/* ---- Made ---- */

enum { SERVICES_PER_ORG = 200 };

static bool org_has_room(struct platform *p, const struct service *s, struct err *e)
{
	const struct rowset *rows = model_rows(&p->model, &service_kind);
	int64_t n = model_coming(&p->model, &service_kind, s->org_id).objects;

	for (size_t i = 0; i < rows->len; i++)
		n += strcmp(((const struct service *)rows->rows[i])->org_id, s->org_id) == 0;
	return n < SERVICES_PER_ORG ||
		err_set(e, ERR_UNPROCESSABLE,
			"org %s has %d model services, the most it may: delete old ones",
			s->org_name, SERVICES_PER_ORG);
}

static bool can_serve(struct platform *p, const struct service *s, struct err *e)
{
	if (p->work.engine == NULL)
		return err_set(e, ERR_UNAVAILABLE, "mltopd is starting: ask again");
	if (model_name_uid(&p->model, &service_kind, s->org_id, s->model_name) != NULL)
		return err_field(e, ERR_CONFLICT, "model_name",
			"there is a model service %s already: change it (mltop models edit %s), or "
			"choose another name",
			s->model_name, s->model_name);
	return org_has_room(p, s, e) && engine_may_listen(p->work.engine, e) &&
		replica_possible(p, s, e);
}

/* As the rows' standards say, so that whoever looks at the service sees what holds. */
static void standards_fill(struct service *s)
{
	if (!record_has(service, s, model_version))
		record_set(service, s, model_version, "1");
	if (!record_has(service, s, replicas))
		record_set(service, s, replicas, 1);
	if (!record_has(service, s, start_deadline))
		record_set(service, s, start_deadline, (struct ms){60 * 1000});
	if (!record_has(service, s, stop_grace))
		record_set(service, s, stop_grace, (struct ms){30 * 1000});
	if (!record_has(service, s, access))
		record_set(service, s, access, ACCESS_KEY);
	if (!record_has(service, s, retry))
		record_set(service, s, retry, SERVICE_RETRY_ONCE);
}

static void service_fill(struct making *m, struct service *s, const char *hash)
{
	const struct request *r = m->r;
	struct arena *text = &m->text;
	char uid[ULID_SIZE];

	model_uid(&r->platform->model, uid, r->now);
	record_set(service, s, uid, arena_strdup(text, uid));
	record_set(service, s, org_id, arena_strdup(text, r->who.org_id));
	record_set(service, s, org_name,
		arena_strdup(text, r->who.org_name ? r->who.org_name : ""));
	record_set(service, s, owner, arena_strdup(text, r->who.key_name ? r->who.key_name : ""));
	record_set(service, s, create_time, (struct when){r->now});
	record_set(service, s, update_time, (struct when){r->now});
	record_set(service, s, state, WORK_CREATING);
	record_set(service, s, key_sha256, arena_strdup(text, hash));
	record_set(service, s, generation, 1);
	record_set(service, s, ready_replicas, 0);
	record_set(service, s, updated_replicas, 0);
	standards_fill(s);
}

static void service_stored(void *ctx, bool ok, const struct err *e)
{
	(void)ok;
	(void)e;
	services_soon(ctx);
}

static void service_made(struct making *m)
{
	struct service *s = (struct service *)m->record;
	char key[SERVICE_KEY_SIZE], hash[SERVICE_KEY_SIZE];
	struct request *r = m->r;
	struct err e = ERR_INIT;
	struct change *c;

	service_key_make(key, hash);
	service_fill(m, s, hash);
	if (!can_serve(r->platform, s, &e) || !services_listen(r->platform, s, &m->text, &e)) {
		making_refuse(m, &e);
		return;
	}
	c = change_for(r);
	change_row(c, &service_kind, s);
	request_did(r, c, &service_kind, s, "create", "Created", NULL);
	change_answer(c, 200, answer_with_key(s, key));
	change_answer_once(c);
	change_then(c, service_stored, r->platform);
	change_commit(c);
	explicit_bzero(key, sizeof key);
	making_free(m);
}

/* ---- Changed ---- */

static bool service_edit(struct request *r, struct change *c, const void *row, void *changed,
	struct err *e)
{
	struct service *s = changed;

	if (!replica_possible(r->platform, s, e))
		return false;
	record_set(service, s, update_time, (struct when){r->now});
	if (!service_same_program(row, s))
		record_set(service, s, generation, s->generation + 1);
	change_row(c, &service_kind, s);
	return true;
}

static void service_edited(void *ctx, bool ok, const struct err *e)
{
	service_stored(ctx, ok, e);
}

static struct service copy_of(const void *row, int64_t now)
{
	struct service s = *(const struct service *)row;

	record_set(service, &s, update_time, (struct when){now});
	return s;
}

static void service_restart(struct request *r, const void *row)
{
	struct service s = copy_of(row, r->now);
	struct change *c = change_for(r);

	record_set(service, &s, generation, s.generation + 1);
	change_row(c, &service_kind, &s);
	request_did(r, c, &service_kind, &s, "restart", "Restarted", NULL);
	change_answer(c, 200, record_encode(&service_kind, &s, NULL));
	change_then(c, service_stored, r->platform);
	change_commit(c);
}

static void service_rotate(struct request *r, const void *row)
{
	struct service s = copy_of(row, r->now);
	char key[SERVICE_KEY_SIZE], hash[SERVICE_KEY_SIZE];
	struct change *c = change_for(r);

	service_key_make(key, hash);
	record_set(service, &s, key_sha256, hash);
	change_row(c, &service_kind, &s);
	request_did(r, c, &service_kind, &s, "rotate", "KeyRotated", NULL);
	change_answer(c, 200, answer_with_key(&s, key));
	change_answer_once(c);
	change_commit(c);
	explicit_bzero(key, sizeof key);
}

static void service_delete(struct request *r, const void *row)
{
	const struct service *s = row;
	struct change *c = change_for(r);

	change_row_remove(c, &service_kind, s->uid);
	change_audit_of(c, &service_kind, "delete", s);
	change_answer(c, 200,
		message_json("model %s is deleted; its replicas are being stopped", s->model_name));
	change_then(c, service_stored, r->platform);
	change_commit(c);
}

static const struct action_handler actions[] = {
	{"restart", service_restart},
	{"rotate", service_rotate},
	{"delete", service_delete},
	{NULL, NULL},
};

const struct kind_handlers service_handlers = {
	.kind = &service_kind,
	.prepare = service_prepare,
	.make = service_made,
	.edit = service_edit,
	.edited = service_edited,
	.actions = actions,
};
