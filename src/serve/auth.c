/*
 * Who asks, and may they. The order matters: nothing about keys is said before the signature is
 * known to be right, and an unknown key costs as much time as a wrong secret.
 */
#include "serve/http.h"

#include "base/mem.h"
#include "core/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sign_scheme *const schemes[] = {&sign_sigv4, &sign_galaxy_v3, &sign_galaxy_v2};

static const char wrong_signature[] =
	"Unauthorized: the signature does not fit this request. Check the access key, the secret "
	"key, and that nothing changes the request on its way";

/* ---- Claim ---- */

/* Copies a header into `to` under its name; absent ones are skipped, the signature then fails. */
static bool copy_header(const struct head *h, struct query *to, const char *name, struct err *e)
{
	const char *value = head_get(h, name);

	if (query_get(to, name) != NULL || value == NULL)
		return true;
	return query_add(to, name, value, e);
}

/* What SigV4 says that it signed. */
static bool copy_signed(const struct head *h, struct query *to, struct err *e)
{
	const char *authorization = query_get(to, "authorization");
	char name[64];

	for (size_t i = 0; sign_signed_header(authorization, i, name); i++) {
		if (i >= SIGN_HEADERS_MAX)
			return err_set(e, ERR_UNAUTHORIZED,
				"Unauthorized: more than %d headers are signed", SIGN_HEADERS_MAX);
		if (!copy_header(h, to, name, e))
			return false;
	}
	return true;
}

static bool copy_wanted(const struct sign_scheme *scheme, const struct head *h, struct query *to,
	struct err *e)
{
	if (scheme->wants == NULL)
		return copy_signed(h, to, e);
	for (size_t i = 0; i < h->count; i++)
		if (scheme->wants(h->fields[i].name) && !copy_header(h, to, h->fields[i].name, e))
			return false;
	return true;
}

static struct sign_request sign_view(const struct exchange *x)
{
	struct sign_request r = {
		.method = x->facts.method_word,
		.path = x->facts.path,
		.path_text = x->facts.path_text,
		.query = x->query.pairs,
		.query_count = x->query.count,
		.query_text = x->facts.query_text,
		.headers = x->headers.pairs,
		.header_count = x->headers.count,
	};

	memcpy(r.body_sha256, x->r.body_sha256, sizeof r.body_sha256);
	memcpy(r.body_md5, x->body_md5, sizeof r.body_md5);
	return r;
}

static bool in_window(const struct sign_scheme *scheme, const struct sign_claim *claim, int64_t now,
	struct err *e)
{
	int64_t apart = claim->time_ms > now ? claim->time_ms - now : now - claim->time_ms;

	if (apart <= scheme->window_ms)
		return true;
	return err_set(e, ERR_UNAUTHORIZED,
		"Unauthorized: the request's time is %lld s from this server's clock, more than "
		"the %lld s allowed. Set the clock of the sending machine",
		(long long)(apart / 1000), (long long)(scheme->window_ms / 1000));
}

/* Who can read a request signed by a weak scheme can make another one of it. */
static bool scheme_allowed(const struct exchange *x, struct err *e)
{
	const struct sign_scheme *scheme = x->claim.scheme;
	enum weak_signing weak = x->server->asks->limits(x->server->platform)->weak;

	bool objects = x->r.route != NULL && (x->r.route->flags & ROUTE_OBJECTS);

	if (objects != scheme->objects)
		return err_set(e, ERR_UNAUTHORIZED,
			"Unauthorized: %s is not how this path is signed", scheme->name);
	if (!scheme->weak)
		return true;
	if (weak == WEAK_NEVER)
		return err_set(e, ERR_UNAUTHORIZED,
			"Unauthorized: %s is switched off here (signing.galaxy): sign with "
			"MLTOP4-HMAC-SHA256, as mltop does",
			scheme->name);
	if (x->r.route == NULL)
		return err_set(e, ERR_UNAUTHORIZED,
			"Unauthorized: a websocket is not opened with %s: sign with "
			"MLTOP4-HMAC-SHA256",
			scheme->name);
	return x->r.secure || weak == WEAK_ALWAYS ||
		err_set(e, ERR_UNAUTHORIZED,
			"Unauthorized: %s is taken over https only, for who reads such a request can "
			"make others with it: use an https:// endpoint, or sign with "
			"MLTOP4-HMAC-SHA256",
			scheme->name);
}

/* The scheme of the Authorization header, read into x->claim. */
static bool claim_read(struct exchange *x, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		struct sign_request r;
		bool good;

		if (!copy_wanted(schemes[i], &x->head, &x->headers, e))
			return false;
		r = sign_view(x);
		good = schemes[i]->parse(&r, &x->claim, e);
		x->claim.scheme = schemes[i];
		if (good || e->code != ERR_NONE)
			return good;
	}
	return err_set(e, ERR_UNAUTHORIZED,
		"Unauthorized: the Authorization header is of no known scheme. "
		"Use MLTOP4-HMAC-SHA256");
}

bool auth_begin(struct exchange *x, struct err *e)
{
	if (!copy_header(&x->head, &x->headers, "authorization", e))
		return false;
	if (query_get(&x->headers, "authorization") == NULL)
		return err_set(e, ERR_UNAUTHORIZED,
			"Unauthorized: the request is not signed. Sign it with an access key "
			"(curl: --aws-sigv4 mltop:mltop:local:cloudml --user KEY:SECRET)");
	return claim_read(x, e) && scheme_allowed(x, e) &&
		in_window(x->claim.scheme, &x->claim, x->r.now, e);
}

/* ---- Key and signature ---- */

/* What the signature is checked against when there is no such key: its length is a real one's. */
static const char no_secret[] = "0000000000000000000000000000000000000000000";

/*
 * A proxy in front may have taken the prefix off the path that was signed, so with one configured
 * both are tried.
 */
static bool signature_good(const struct exchange *x, const char *secret)
{
	const struct server *s = x->server;
	const struct sign_scheme *scheme = x->claim.scheme;
	struct sign_request r = sign_view(x);
	bool good = scheme->verify(&r, &x->claim, secret);

	if (s->prefix[0] != '\0' && route_path(s, x->facts.path) == x->facts.path) {
		struct buf path = BUF_INIT, text = BUF_INIT;

		buf_addf(&path, "%s%s", s->prefix, r.path);
		buf_addf(&text, "%s%s", s->prefix, r.path_text);
		r.path = path.data;
		r.path_text = text.data;
		good |= scheme->verify(&r, &x->claim, secret);
		buf_release(&path);
		buf_release(&text);
	}
	return good;
}

static bool key_alive(const struct key *key, int64_t now, struct err *e)
{
	bool expires = record_has(key, key, not_after);

	if (key->disabled)
		return err_set(e, ERR_UNAUTHORIZED,
			"Unauthorized: this access key is disabled. "
			"Ask an admin for another");
	if (expires && key->not_after.v > 0 && now > key->not_after.v)
		return err_set(e, ERR_UNAUTHORIZED,
			"Unauthorized: this access key has expired. "
			"Ask an admin for another");
	return true;
}

struct key_use *auth_use(struct server *s, const char *access_key)
{
	struct key_use *use = map_get(&s->keys, access_key);

	if (use == NULL) {
		use = mem_alloc(sizeof *use);
		use->access_key = mem_strdup(access_key);
		map_set(&s->keys, access_key, use);
	}
	return use;
}

/* The connection now speaks for this key; false when the key has too many of them. */
static bool claim_connection(struct conn *c, const char *access_key, struct err *e)
{
	const struct server_limits *limits = c->server->asks->limits(c->server->platform);
	struct key_use *use = auth_use(c->server, access_key);

	if (c->use == use)
		return true;
	if (limits->shared && limits->per_key > 0 && use->connections >= limits->per_key)
		return err_set(e, ERR_BUSY,
			"this access key has %d connections open, the most there may be: "
			"close some",
			use->connections);
	auth_release_conn(c);
	c->use = use;
	use->connections++;
	guard_authenticated(c);
	return true;
}

/* Texts are copied: a key's row may be rewritten while a request waits for the store. */
static void fill_principal(struct principal *who, const struct key *key, struct arena *a)
{
	*who = (struct principal){
		.access_key = arena_strdup(a, key->access_key),
		.key_name = arena_strdup(a, key->name ? key->name : ""),
		.org_id = arena_strdup(a, key->org_id ? key->org_id : ""),
		.org_name = arena_strdup(a, key->org_name ? key->org_name : ""),
		.role = (enum role)key->role,
		.read_only = key->read_only,
	};
}

bool auth_finish(struct exchange *x, struct arena *a, struct principal *who, struct err *e)
{
	struct server *s = x->server;
	const char *access_key = x->claim.access_key;
	const struct key *key = s->asks->key(s->platform, access_key);
	const char *secret = key && key->secret_key ? key->secret_key : no_secret;
	bool good = signature_good(x, secret);

	if (!good || key == NULL || key->secret_key == NULL)
		return err_set(e, ERR_UNAUTHORIZED, "%s", wrong_signature);
	if (!key_alive(key, x->r.now, e) || !claim_connection(x->conn, access_key, e))
		return false;
	fill_principal(who, key, a);
	s->asks->key_used(s->platform, access_key, x->r.peer, x->r.now);
	return true;
}

bool auth_known(struct server *s, const struct sign_claim *claim, int64_t now, struct err *e)
{
	const struct key *key = s->asks->key(s->platform, claim->access_key);

	if (key == NULL || key->secret_key == NULL)
		return err_set(e, ERR_UNAUTHORIZED, "%s", wrong_signature);
	return key_alive(key, now, e);
}

bool auth_still_good(struct server *s, const char *access_key, int64_t now)
{
	const struct key *key = s->asks->key(s->platform, access_key);

	return key != NULL && key_alive(key, now, NULL);
}

/* ---- What they may ---- */

bool auth_allowed(const struct principal *who, const struct route *route, struct err *e)
{
	if (who->role < route->least)
		return err_set(e, ERR_FORBIDDEN,
			"this needs the role %s, and the access key has the role %s: "
			"ask an admin",
			role_words[route->least], role_words[who->role]);
	if (who->read_only && (route->flags & ROUTE_CHANGES))
		return err_set(e, ERR_FORBIDDEN,
			"this access key is read-only: it may not change "
			"anything");
	return true;
}

static void fill_bucket(struct key_use *use, const struct server_limits *limits, int64_t mono)
{
	double burst = limits->request_burst;

	if (use->filled == 0)
		use->tokens = burst;
	else
		use->tokens += (double)(mono - use->filled) * limits->requests_per_s / 1000;
	if (use->tokens > burst)
		use->tokens = burst;
	use->filled = mono;
}

bool auth_rate(struct conn *c, int64_t mono, int *retry_s, struct err *e)
{
	const struct server_limits *limits = c->server->asks->limits(c->server->platform);

	if (!limits->shared || limits->requests_per_s <= 0 || c->use == NULL)
		return true;
	fill_bucket(c->use, limits, mono);
	if (c->use->tokens >= 1) {
		c->use->tokens -= 1;
		return true;
	}
	*retry_s = 1 + (int)((1 - c->use->tokens) / limits->requests_per_s);
	return err_set(e, ERR_BUSY,
		"this access key makes more than %d requests a second: wait %d s",
		limits->requests_per_s, *retry_s);
}

/* ---- Letting go ---- */

void auth_release_conn(struct conn *c)
{
	if (c->use != NULL)
		c->use->connections--;
	c->use = NULL;
}

void auth_release(struct server *s)
{
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(&s->keys, &at, &key, &value)) {
		struct key_use *use = value;

		free(use->access_key);
		free(use);
	}
	map_release(&s->keys);
}
