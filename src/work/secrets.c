/*
 * Secrets that a workload is given: opened when an attempt of it starts, gone from here once the engine
 * has them. While it runs only what is sealed is kept, to know the values again in what is said of it.
 */
#include "work/work.h"

#include "base/mask.h"
#include "base/mem.h"
#include "core/kinds/secret.h"

#include <stdlib.h>
#include <string.h>

/* One that an attempt was given: another value may have come in its place meanwhile. */
struct known_secret {
	char *name, *sealed;
};

struct known_secrets {
	size_t count;
	struct known_secret list[TASK_SECRETS_MAX];
};

static struct strings named_by(const struct active *a, const void *row)
{
	return a->policy->secrets ? a->policy->secrets(row) : (struct strings){NULL, 0};
}

/* ---- Given ---- */

static void use_audit(const struct active *a, struct change *c, const struct secret_use *use,
	const struct secret *s, int64_t attempt)
{
	struct buf detail = BUF_INIT;

	buf_addf(&detail, "%s to %s %s (%s) attempt %lld of %s, as ", use->name, a->kind->name,
		record_key(a->kind, a->work), a->uid, (long long)attempt,
		a->work->owner ? a->work->owner : "-");
	if (use->variable)
		buf_addf(&detail, "variable %s", use->variable);
	else
		buf_adds(&detail, "a file");
	change_audit_in(c, a->work->org_id, "secret.use", s->uid, detail.data);
	buf_release(&detail);
}

void secrets_audit(struct active *a, struct change *c, int64_t attempt)
{
	struct strings named = named_by(a, a->work);
	struct secret_use use;

	if (named.len > 0)
		change_actor(c, a->work->owner ? a->work->owner : "", a->work->org_id);
	for (size_t i = 0; i < named.len; i++) {
		const struct secret *s = secret_use_read(named.items[i], &use, NULL)
			? secret_named(a->w->model, a->work->org_id, use.name)
			: NULL;

		if (s)
			use_audit(a, c, &use, s, attempt);
	}
}

static void remember(struct active *a, const struct secret *s)
{
	struct known_secret *k;

	if (a->secrets == NULL)
		a->secrets = mem_alloc(sizeof *a->secrets);
	k = &a->secrets->list[a->secrets->count++];
	k->name = mem_strdup(s->secret_name);
	k->sealed = mem_strdup(s->sealed ? s->sealed : "");
}

static bool open_one(struct active *a, const char *text, struct open_secrets *out, struct err *e)
{
	struct model *m = a->w->model;
	struct secret_text *value = &out->texts[out->count];
	struct secret_use use;
	const struct secret *s;

	if (!secret_use_read(text, &use, e) || !secret_open(m, a->work->org_id, use.name, value, e))
		return false;
	s = secret_named(m, a->work->org_id, use.name);
	remember(a, s);
	secret_used(m, s, model_now());
	/* As the row has it: the name of the variable, or all of a text that names a file. */
	out->list[out->count++] = (struct task_secret){.name = use.variable ? use.variable : text,
		.value = value->bytes,
		.size = value->size,
		.env = use.variable != NULL};
	return true;
}

bool secrets_open(struct active *a, const void *whole, struct open_secrets *out, struct err *e)
{
	struct strings named = named_by(a, whole);

	secrets_forget(a);
	for (size_t i = 0; i < named.len && i < TASK_SECRETS_MAX; i++)
		if (!open_one(a, named.items[i], out, e))
			return false;
	return true;
}

void secrets_shut(struct open_secrets *s)
{
	for (size_t i = 0; i < s->count; i++)
		secret_wipe(&s->texts[i]);
	s->count = 0;
}

void secrets_forget(struct active *a)
{
	for (size_t i = 0; a->secrets && i < a->secrets->count; i++) {
		free(a->secrets->list[i].name);
		free(a->secrets->list[i].sealed);
	}
	free(a->secrets);
	a->secrets = NULL;
}

/* ---- Covered ---- */

static void cover(struct mask *m, struct secret_text *value)
{
	mask_text(m, value->bytes, value->size);
	secret_wipe(value);
}

static void cover_known(struct active *a, struct mask *m)
{
	const char *org = a->work->org_id;
	struct secret_text value;

	for (size_t i = 0; i < a->secrets->count; i++) {
		const struct known_secret *k = &a->secrets->list[i];

		if (secret_open_sealed(a->w->model, org, k->name, k->sealed, &value, NULL))
			cover(m, &value);
	}
}

/* An attempt that an earlier daemon started: what they are now. */
static void cover_named(struct active *a, struct mask *m)
{
	struct strings named = named_by(a, a->work);
	struct secret_text value;
	struct secret_use use;

	for (size_t i = 0; i < named.len; i++)
		if (secret_use_read(named.items[i], &use, NULL) &&
			secret_open(a->w->model, a->work->org_id, use.name, &value, NULL))
			cover(m, &value);
}

bool secrets_cover(struct active *a, char *bytes, size_t len)
{
	struct mask m;

	if (len == 0 || named_by(a, a->work).len == 0)
		return false;
	mask_begin(&m, bytes, len);
	if (a->secrets)
		cover_known(a, &m);
	else
		cover_named(a, &m);
	mask_end(&m);
	return true;
}

void secrets_cover_text(struct active *a, char *text)
{
	if (secrets_cover(a, text, strlen(text)))
		mask_shorten(text);
}
