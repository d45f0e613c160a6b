#include "model/secrets.h"

#include "base/base64.h"
#include "core/kinds/secret.h"

#include <stdlib.h>
#include <string.h>

enum { USED_KNOWN_MS = 60 * 1000 };

void secret_wipe(struct secret_text *t)
{
	if (t->bytes)
		explicit_bzero(t->bytes, t->size);
	free(t->bytes);
	*t = (struct secret_text)SECRET_TEXT_INIT;
}

bool secret_seal(struct model *m, struct secret *s, struct arena *a,
	const struct secret_text *value, struct err *e)
{
	struct buf bound = BUF_INIT, sealed = BUF_INIT, text = BUF_INIT;
	bool good;

	secret_bound(s->org_id, s->secret_name, &bound);
	good = store_seal(m->store, bound.data, value->bytes, value->size, &sealed, e);
	if (good) {
		base64_encode(&text, sealed.data, sealed.len);
		record_set(secret, s, sealed, arena_strndup(a, text.data, text.len));
	}
	buf_release(&bound);
	buf_release(&sealed);
	buf_release(&text);
	return good;
}

const struct secret *secret_named(struct model *m, const char *org_id, const char *name)
{
	const char *uid = model_name_uid(m, &secret_kind, org_id, name);

	return uid ? model_row(m, &secret_kind, uid) : NULL;
}

bool secret_open_sealed(struct model *m, const char *org_id, const char *name, const char *sealed,
	struct secret_text *out, struct err *e)
{
	struct buf bound = BUF_INIT, bytes = BUF_INIT, value = BUF_INIT;
	bool good = base64_decode(&bytes, sealed, strlen(sealed));

	secret_bound(org_id, name, &bound);
	good = good && store_unseal(m->store, bound.data, bytes.data, bytes.len, &value, NULL);
	if (good)
		*out = (struct secret_text){value.cap ? value.data : NULL, value.len};
	else
		err_set(e, ERR_UNPROCESSABLE,
			"the secret %s does not open: it was altered, or master.key is another one; give "
			"it its value anew (mltop secrets update %s)",
			name, name);
	if (!good)
		buf_release(&value);
	buf_release(&bound);
	buf_release(&bytes);
	return good;
}

bool secret_open(struct model *m, const char *org_id, const char *name, struct secret_text *out,
	struct err *e)
{
	const struct secret *s = secret_named(m, org_id, name);

	if (s == NULL)
		return err_set(e, ERR_UNPROCESSABLE,
			"there is no secret %s any more: make it (mltop secrets create %s) and run "
			"the job again, or leave it out",
			name, name);
	return secret_open_sealed(m, org_id, name, s->sealed ? s->sealed : "", out, e);
}

/* Many that start at once must not wait for each other at the row. */
void secret_used(struct model *m, const struct secret *s, int64_t now)
{
	struct secret used = *s;
	struct change *c;

	if (now - s->last_used.v < USED_KNOWN_MS || change_in_flight(m, &secret_kind, s->uid))
		return;
	c = change_new(m);
	record_set(secret, &used, last_used, (struct when){now});
	change_row(c, &secret_kind, &used);
	change_commit(c);
}
