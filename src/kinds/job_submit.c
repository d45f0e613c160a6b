/* Submitting a job: checked, its package looked into by a worker thread, then stored. */
#include "kinds/kinds.h"

#include "base/mem.h"
#include "core/kinds/secret_use.h"
#include "core/schema/ftype.h"
#include "kinds/catalogue.h"
#include "kinds/package_look.h"
#include "kinds/packages.h"
#include "model/secrets.h"

#include <stdlib.h>
#include <string.h>

/* A submission on its way. */
struct submission {
	struct making *making;
	struct request *r;
	struct job *job;
	char *package; /* file to look into; NULL: none */
	struct err e;
};

static void submission_free(struct submission *s)
{
	making_free(s->making);
	free(s->package);
	free(s);
}

static void submission_refuse(struct submission *s)
{
	request_fail(s->r, &s->e);
	submission_free(s);
}

/* ---- What the public clients send and this platform has no use for ---- */

/* Sent with every job, or harmless: taken out before the body is judged. */
static const char *const ignored[] = {
	"enable_rank",
	"save_mode",
	"tensorboard_logdir",
	"model_name",
	"model_version",
	"model_input_path",
	"model_export_path",
	"data_input_path",
	"data_output_path",
	"log_path",
	"pipeline_id",
	"org_mail",
	"debug",
	"priority_class",
};
/* Refused when they say something: a job that counts on them would fail later, in the dark. */
static const struct {
	const char *name, *why;
} refused[] = {
	{"hdfs_endpoint", "HDFS is not mounted here: read the data at run time or upload it"},
	{"hdfs_krb_account", "HDFS is not mounted here: leave the Kerberos account out"},
	{"hdfs_krb_password", "HDFS is not mounted here, and a password is not to be sent"},
	{"hdfs_krb_keytab", "HDFS is not mounted here: leave the key table out"},
	{"cluster_spec", "roles of a cluster are not run here: use ps_count and worker_count"},
};

static bool says_nothing(const json_t *value)
{
	return value == NULL || json_is_null(value) || json_is_false(value) ||
		(json_is_string(value) && *json_string_value(value) == '\0') ||
		(json_is_object(value) && json_object_size(value) == 0);
}

/* null is what the Python client sends for a flag that was not given. */
static void drop_nulls(json_t *body)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(body, next, key, value)
		if (json_is_null(value))
			json_object_del(body, key);
}

/* ---- Copied from another job ---- */

static const char *env_value(const struct job *j, const char *key)
{
	for (size_t i = 0; i < j->env.len; i++)
		if (strcmp(j->env.items[i].key, key) == 0)
			return j->env.items[i].value;
	return NULL;
}

/* Values that the caller was shown as *** are those of the job that it copies. */
static bool env_unmask(json_t *env, const struct job *from, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach(env, key, value) {
		const char *text = json_string_value(value), *hidden;

		if (text == NULL || strcmp(text, MASK) != 0)
			continue;
		hidden = env_value(from, key);
		if (hidden == NULL)
			return err_field(e, ERR_UNPROCESSABLE, "env",
				"env.%.100s is " MASK
				", and job %s, which it is copied from, has no "
				"such variable: give its value",
				key, from->job_name);
		json_object_set_new(env, key, json_string(hidden));
	}
	return true;
}

/* All of the environment where none is given: the caller cannot know its values. */
static bool body_env(json_t *body, const struct job *from, struct err *e)
{
	json_t *env = json_object_get(body, "env");

	if (env)
		return !json_is_object(env) || env_unmask(env, from, e);
	if (from->env.len == 0)
		return true;
	env = json_object();
	for (size_t i = 0; i < from->env.len; i++)
		json_object_set_new(env, from->env.items[i].key,
			json_string(from->env.items[i].value));
	json_object_set_new(body, "env", env);
	return true;
}

/* A submission that waits for the texts of the job that it copies. */
struct cloning {
	struct request *r;
	gathered done;
};

static void clone_read(void *ctx, const void *rec, const struct err *e)
{
	struct cloning *c = ctx;
	struct err why = ERR_INIT;

	if (rec)
		body_env(c->r->body, rec, &why);
	c->done(c->r, rec ? &why : e);
	free(c);
}

/* The job that it names; NULL: none, and `e` where it names one wrongly. */
static const struct job *job_to_copy(struct request *r, struct err *e)
{
	const json_t *value = json_object_get(r->body, "clone_of");
	const char *name = json_string_value(value);
	const struct job *row;

	if (value && name == NULL)
		err_field(e, ERR_INVALID, "clone_of",
			"clone_of must be a text: the name or uid of a job");
	if (name == NULL || *name == '\0')
		return NULL;
	row = model_named(&r->platform->model, &job_kind, r->who.org_id, name);
	if (row == NULL)
		err_field(e, ERR_UNPROCESSABLE, "clone_of", "there is no job %.100s to copy from",
			name);
	return row;
}

void job_gather(struct request *r, gathered done)
{
	struct err e = ERR_INIT;
	const struct job *row = job_to_copy(r, &e);
	struct cloning *c;

	if (row == NULL) {
		done(r, &e);
		return;
	}
	json_object_set_new(r->body, "clone_of", json_string(row->uid));
	c = mem_alloc(sizeof *c);
	c->r = r;
	c->done = done;
	model_whole(&r->platform->model, &job_kind, row, clone_read, c);
}

bool job_prepare(struct request *r, struct err *e)
{
	json_t *body = r->body;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (!says_nothing(json_object_get(body, refused[i].name)))
			return err_field(e, ERR_UNPROCESSABLE, refused[i].name, "%s: %s",
				refused[i].name, refused[i].why);
		json_object_del(body, refused[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		json_object_del(body, ignored[i]);
	drop_nulls(body);
	return true;
}

/* ---- Checks ---- */

static bool name_free(struct platform *p, const struct job *j, struct err *e)
{
	const char *uid = model_name_uid(&p->model, &job_kind, j->org_id, j->job_name);
	const struct job *other = uid ? rowset_find(&p->model.jobs, uid) : NULL;

	if (uid == NULL)
		return true;
	return err_field(e, ERR_CONFLICT, "job_name",
		"there is a job %s already (%s): %s, or choose another name", j->job_name,
		other ? record_word(&job_kind, other, kind_state(&job_kind)) : "being made",
		other && work_state_final(other->state)
			? "delete it (mltop run --replace does), run it again with retry"
			: "cancel and delete it (mltop run --replace does)");
}

static bool org_has_room(struct platform *p, const struct job *j, struct err *e)
{
	int64_t most = p->settings.jobs_per_org;
	int64_t n = model_coming(&p->model, &job_kind, j->org_id).objects;

	if (!p->limits.shared || (int64_t)p->model.jobs.len + n < most)
		return true;
	for (size_t i = 0; i < p->model.jobs.len; i++)
		n += strcmp(((const struct job *)p->model.jobs.rows[i])->org_id, j->org_id) == 0;
	return n < most ||
		err_set(e, ERR_UNPROCESSABLE,
			"org %s has %lld jobs, the most it may: delete old ones", j->org_name,
			(long long)n);
}

static bool can_run(struct platform *p, const struct job *j, struct err *e)
{
	if (p->work.engine == NULL)
		return err_set(e, ERR_UNAVAILABLE, "mltopd is starting: ask again");
	if (j->ps_count > 0 || j->worker_count > 0)
		return err_field(e, ERR_UNPROCESSABLE,
			j->ps_count > 0 ? "ps_count" : "worker_count",
			"%s is %lld: this platform runs jobs of one task",
			j->ps_count > 0 ? "ps_count" : "worker_count",
			(long long)(j->ps_count > 0 ? j->ps_count : j->worker_count));
	return reconcile_possible(&p->work, &job_kind, j, e);
}

/* Its texts are on the disk, and many of them are many bytes. */
static bool org_has_bytes(struct platform *p, const struct job *j, struct err *e)
{
	const struct quota *q = rowset_find(&p->model.quotas, j->org_id);
	int64_t used = model_record_bytes(&p->model, j->org_id) +
		model_coming(&p->model, &job_kind, j->org_id).bytes;
	struct buf pack = BUF_INIT;

	if (!p->limits.shared || q == NULL || q->records_bytes_quota.v < 0)
		return true;
	record_pack(&job_kind, j, &pack);
	used += (int64_t)pack.len;
	buf_release(&pack);
	return used <= q->records_bytes_quota.v ||
		err_set(e, ERR_UNPROCESSABLE,
			"the jobs of org %s and this one are %.1f MiB of texts, and %.1f MiB are the "
			"most (records_bytes_quota): delete old ones, or put what is long into the package",
			j->org_name, (double)used / (1 << 20),
			(double)q->records_bytes_quota.v / (1 << 20));
}

/* What the platform says of a new job. */
static void job_fill(struct submission *s)
{
	struct job *j = s->job;
	const struct request *r = s->r;
	struct arena *text = &s->making->text;
	char uid[ULID_SIZE];

	model_uid(&r->platform->model, uid, r->now);
	job_set(j, uid, arena_strdup(text, uid));
	job_set(j, org_id, arena_strdup(text, r->who.org_id));
	job_set(j, org_name, arena_strdup(text, r->who.org_name ? r->who.org_name : ""));
	job_set(j, owner, arena_strdup(text, r->who.key_name ? r->who.key_name : ""));
	job_set(j, create_time, (struct when){r->now});
	job_set(j, update_time, (struct when){r->now});
	job_set(j, state, WORK_VALIDATED);
	job_set(j, attempt, 0);
}

enum { AFTER_MAX = 64 };

/* By uid from here on: another job may get the name one day. */
static bool after_read(struct submission *s)
{
	struct platform *p = s->r->platform;
	struct job *j = s->job;
	struct arena *text = &s->making->text;
	const char **left = arena_alloc(text, (AFTER_MAX + 1) * sizeof *left);

	if (j->after.len > AFTER_MAX)
		return err_field(&s->e, ERR_UNPROCESSABLE, "after",
			"after names %zu jobs, and %d are the most", j->after.len, AFTER_MAX);
	for (size_t i = 0; i < j->after.len; i++) {
		const char *name = j->after.items[i];
		const struct job *other = model_named(&p->model, &job_kind, j->org_id, name);
		struct buf item = BUF_INIT;

		if (other == NULL && strcmp(name, j->job_name) == 0)
			return err_field(&s->e, ERR_UNPROCESSABLE, "after",
				"after names %.100s itself: a job cannot wait for its own end",
				name);
		if (other == NULL)
			return err_field(&s->e, ERR_UNPROCESSABLE, "after",
				"after names %.100s: there is no such job in org %s", name,
				j->org_name);
		buf_addf(&item, "%s/%s", other->uid, other->job_name);
		left[i] = arena_strdup(text, item.data);
		buf_release(&item);
	}
	if (j->after.len > 0)
		job_set(j, after_left, ((struct strings){left, j->after.len}));
	return true;
}

/* Podman keeps the environment of a container in files of its own. */
static bool use_fits(struct submission *s, const struct secret_use *use)
{
	const char *image = s->job->docker_image;

	return use->variable == NULL || image == NULL || *image == '\0' ||
		err_field(&s->e, ERR_UNPROCESSABLE, "secrets",
			"secrets gives %s as variable %s to an image, and podman would write it down: "
			"take it as a file (%s alone), which is in MLTOP_SECRETS_DIR",
			use->name, use->variable, use->name);
}

/* They are there now; that they still are when it starts, the start sees. */
static bool secrets_there(struct submission *s)
{
	struct platform *p = s->r->platform;
	const struct job *j = s->job;
	struct secret_use use;

	for (size_t i = 0; i < j->secrets.len; i++) {
		if (!secret_use_read(j->secrets.items[i], &use, &s->e) || !use_fits(s, &use))
			return false;
		if (secret_named(&p->model, j->org_id, use.name) == NULL)
			return err_field(&s->e, ERR_UNPROCESSABLE, "secrets",
				"secrets names %s: there is no such secret in org %s; who "
				"submits jobs there makes one with `mltop secrets create %s`",
				use.name, j->org_name, use.name);
	}
	return true;
}

/* Asked once more when its package was looked into: others may have been faster meanwhile. */
static bool submission_room(struct submission *s)
{
	struct platform *p = s->r->platform;

	return name_free(p, s->job, &s->e) && org_has_room(p, s->job, &s->e) &&
		org_has_bytes(p, s->job, &s->e);
}

/* Its framework's version chooses the interpreter, or the image where none was given. */
static bool framework_choose(struct submission *s)
{
	struct job *j = s->job;
	struct catalogue_choice c;

	if (!catalogue_choose(s->r->platform->catalogue, j->framework, j->framework_version, &c,
		    &s->e))
		return false;
	if (c.version)
		job_set(j, framework_version, arena_strdup(&s->making->text, c.version));
	if (c.python)
		job_set(j, interpreter, arena_strdup(&s->making->text, c.python));
	if (c.image && (j->docker_image == NULL || *j->docker_image == '\0'))
		job_set(j, docker_image, arena_strdup(&s->making->text, c.image));
	return true;
}

static bool submission_open(struct submission *s)
{
	struct platform *p = s->r->platform;

	job_fill(s);
	if (!framework_choose(s))
		return false;
	if (!submission_room(s) || !after_read(s) || !secrets_there(s) ||
		!can_run(p, s->job, &s->e))
		return false;
	if (s->job->trainer_uri == NULL || *s->job->trainer_uri == '\0')
		return true;
	s->package = packages_path(p, s->job->org_id, s->job->trainer_uri, &s->e);
	return s->package != NULL;
}

/* ---- Storing ---- */

static void job_stored(void *ctx, bool ok, const struct err *e)
{
	struct submission *s = ctx;
	struct platform *p = s->r->platform;
	struct active *a = work_active(&p->work, s->job->uid);

	(void)e;
	if (!ok && a)
		active_free(a);
	reconcile_soon(&p->work);
	submission_free(s);
}

static void submission_store(struct submission *s)
{
	struct change *c = change_for(s->r);

	reconcile_accept(&s->r->platform->work, c, &job_kind, (struct workload *)s->job);
	change_audit_of(c, &job_kind, "create", s->job);
	change_answer(c, 200,
		record_encode(&job_kind,
			model_moving(&s->r->platform->model, &job_kind, s->job->uid), NULL));
	change_then(c, job_stored, s);
	change_commit(c);
}

/* All is checked: it is stored, or was only asked about. */
static void submission_pass(struct submission *s)
{
	if (!s->r->what_if) {
		submission_store(s);
		return;
	}
	s->r->route->handlers->what_if(s->r, NULL, s->job);
	submission_free(s);
}

/* ---- The package ---- */

static void submission_looked(void *ctx, bool good, const struct err *e)
{
	struct submission *s = ctx;

	s->e = *e;
	/* Whatever is wrong with the package, it is the request that named it. */
	if (s->e.code == ERR_NOT_FOUND)
		err_field(&s->e, ERR_UNPROCESSABLE, "trainer_uri", "there is no package %.300s",
			s->job->trainer_uri);
	if (good && submission_room(s))
		submission_pass(s);
	else
		submission_refuse(s);
}

static void submission_look(struct submission *s)
{
	struct platform *p = s->r->platform;
	const struct package *k = package_of_uri(p, s->job->org_id, s->job->trainer_uri);
	struct package_question q = {
		.org_id = s->job->org_id,
		.path = s->package,
		.label = k ? k->name : NULL,
		.sha256 = k ? k->sha256 : NULL,
		.module = s->job->module_name,
	};

	package_look(p, &q, submission_looked, s);
}

void job_made(struct making *m)
{
	struct submission *s = mem_alloc(sizeof *s);
	struct request *r = m->r;

	s->making = m;
	s->r = r;
	s->job = (struct job *)m->record;
	if (!submission_open(s))
		submission_refuse(s);
	else if (s->package == NULL)
		submission_pass(s);
	else
		submission_look(s);
}
