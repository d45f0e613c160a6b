#include "model/model.h"

#include "base/fsio.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static void random_bytes(void *out, size_t size)
{
	/* getrandom of so few bytes is never short and fails only where there is no kernel for it. */
	if (getrandom(out, size, 0) != (ssize_t)size)
		abort();
}

/* 20 capitals and digits: 100 bits, so that keys are never guessed and never meet. */
static void access_key_make(char out[21])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned char bytes[20];

	random_bytes(bytes, sizeof bytes);
	for (int i = 0; i < 20; i++)
		out[i] = digits[bytes[i] % 32];
	out[20] = '\0';
}

/* 256 bits as 43 characters of base64url (RFC 4648 section 5), without padding. */
static void secret_make(char out[64])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char bytes[33] = {0};
	size_t n = 0;

	random_bytes(bytes, 32);
	for (size_t i = 0; i < 33; i += 3) {
		unsigned long word = (unsigned long)bytes[i] << 16 | bytes[i + 1] << 8 |
			bytes[i + 2];

		for (int shift = 18; shift >= 0 && n < 43; shift -= 6)
			out[n++] = digits[word >> shift & 63];
	}
	out[43] = '\0';
	sign_wipe(bytes, sizeof bytes);
}

#define key_set(k, member, value) record_set(key, k, member, value)

void keys_make(struct key *k, struct arena *a, const struct org *o, const char *name,
	enum role role, int64_t now)
{
	char access[21], secret[64];

	access_key_make(access);
	secret_make(secret);
	memset(k, 0, sizeof *k);
	key_set(k, access_key, arena_strdup(a, access));
	key_set(k, secret_key, arena_strdup(a, secret));
	key_set(k, name, arena_strdup(a, name));
	key_set(k, org_id, arena_strdup(a, o->org_id));
	key_set(k, org_name, arena_strdup(a, o->org_name));
	key_set(k, role, role);
	key_set(k, disabled, false);
	key_set(k, read_only, false);
	key_set(k, create_time, (struct when){now});
	sign_wipe(secret, sizeof secret);
}

void keys_rotate(struct key *out, struct arena *a, const struct key *row, int64_t now)
{
	struct org o = {.org_id = row->org_id, .org_name = row->org_name};

	keys_make(out, a, &o, row->name ? row->name : "key", (enum role)row->role, now);
	out->read_only = row->read_only;
	out->not_after = row->not_after;
	out->made_by = row->made_by ? arena_strdup(a, row->made_by) : NULL;
	if (row->made_by)
		record_know(&key_kind, out, offsetof(struct key, made_by));
	if (record_has(key, row, not_after))
		record_know(&key_kind, out, offsetof(struct key, not_after));
}

bool keys_switch(struct change *c, const struct key *row, bool off, struct err *e)
{
	struct key k = *row;

	key_set(&k, disabled, off);
	return change_key(c, &k, e);
}

/* ---- The private platform's own key ---- */

static bool key_file_write(const char *path, const struct key *k, struct err *e)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "access_key", k->access_key,
		"secret_key", k->secret_key, "org", k->org_name, "org_id", k->org_id);
	char *text = json_dumps(object, JSON_INDENT(1));
	bool good = fsio_write(path, text, strlen(text), 0600, e);

	sign_wipe(text, strlen(text));
	free(text);
	json_decref(object);
	return good;
}

/* Is the key in the file one of ours? */
static bool key_file_valid(struct model *m, const char *path)
{
	json_t *object = json_load_file(path, 0, NULL);
	const char *access = json_string_value(json_object_get(object, "access_key"));
	const char *secret = json_string_value(json_object_get(object, "secret_key"));
	const struct key *k = access ? model_key(m, access) : NULL;
	bool good = k && !k->disabled && secret && strcmp(secret, k->secret_key) == 0;

	json_decref(object);
	return good;
}

/* Runs before the loop does: made at once, so that the key is there when the address is. */
bool keys_private(struct model *m, const char *dir, struct err *e)
{
	char *path = fsio_join(dir, "private.key");
	struct arena a = ARENA_INIT;
	struct change *c;
	struct org o;
	struct key k;
	const char *owner = getenv("USER");
	bool good = true;

	if (key_file_valid(m, path))
		goto out;
	c = change_new(m);
	change_actor(c, "first start", "");
	good = orgs_obtain(c, "local", &o, &a, e);
	if (good)
		keys_make(&k, &a, &o, owner && *owner ? owner : "me", ROLE_ADMIN, model_now());
	good = good && change_key(c, &k, e);
	if (!good) {
		change_free(c);
		goto out;
	}
	change_audit(c, "key.create", k.access_key, "the private platform's own");
	good = change_commit_now(c, e) && key_file_write(path, &k, e);
out:
	arena_release(&a);
	free(path);
	return good;
}
