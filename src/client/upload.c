#include "client/upload.h"

#include "base/buf.h"
#include "base/mem.h"
#include "client/backoff.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static const char packages_path[] = "/cloud_ml/v1/packages";

/* What the platform says of the package. */
struct package_state {
	char id[UPLOAD_URI_SIZE - 10];
	char uri[UPLOAD_URI_SIZE];
	int64_t received;
	bool complete;
};

struct sending {
	const struct upload *u;
	int64_t size;
	char sha256[65];
	char *part; /* UPLOAD_PART bytes, or less for a small file */
	struct package_state state;
};

void upload_name(char out[UPLOAD_NAME_SIZE], const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = 0;

	for (path = slash ? slash + 1 : path; *path && n < UPLOAD_NAME_SIZE - 1; path++) {
		bool fits = (*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z') ||
			(*path >= '0' && *path <= '9') || strchr("._+-", *path);

		if (n > 0 || *path != '.')
			out[n++] = fits ? *path : '-';
	}
	out[n] = '\0';
	if (n == 0)
		memcpy(out, "package", sizeof "package");
}

/* ---- Reading ---- */

/* All of a part, through short reads. */
static bool read_at(const struct sending *s, size_t len, int64_t at, struct err *e)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(s->u->fd, s->part + got, len - got, (off_t)(at + (int64_t)got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, errno, "cannot read", s->u->name);
		if (n == 0)
			return err_set(e, ERR_INVALID,
				"%s became shorter while it was sent: try again when nobody writes it",
				s->u->name);
		got += (size_t)n;
	}
	return true;
}

static size_t part_length(const struct sending *s, int64_t at)
{
	return s->size - at < UPLOAD_PART ? (size_t)(s->size - at) : UPLOAD_PART;
}

static bool hash_file(struct sending *s, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool good = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	for (int64_t at = 0; good && at < s->size; at += UPLOAD_PART)
		good = read_at(s, part_length(s, at), at, e) &&
			EVP_DigestUpdate(ctx, s->part, part_length(s, at)) == 1;
	good = good && EVP_DigestFinal_ex(ctx, digest, &len) == 1;
	EVP_MD_CTX_free(ctx);
	for (unsigned i = 0; good && i < len && i < 32; i++)
		snprintf(s->sha256 + 2 * i, 3, "%02x", digest[i]);
	if (!good && e->code == ERR_NONE)
		err_set(e, ERR_INTERNAL, "cannot compute the SHA-256 of %s", s->u->name);
	return good;
}

static bool file_open(struct sending *s, struct err *e)
{
	struct stat st;

	if (fstat(s->u->fd, &st) != 0)
		return err_errno(e, errno, "cannot read", s->u->name);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return err_set(e, ERR_INVALID, "%s %s: a package is a tar file", s->u->name,
			S_ISREG(st.st_mode) ? "is empty" : "is no file");
	s->size = st.st_size;
	s->part = mem_alloc(part_length(s, 0));
	return hash_file(s, e);
}

/* ---- Asking ---- */

static bool state_take(struct sending *s, const json_t *object, struct err *e)
{
	const char *id = json_string_value(json_object_get(object, "id"));
	const char *uri = json_string_value(json_object_get(object, "uri"));
	int64_t received = json_integer_value(json_object_get(object, "received"));

	if (id == NULL || uri == NULL || strlen(id) >= sizeof s->state.id ||
		strlen(uri) >= sizeof s->state.uri || received < 0 || received > s->size ||
		strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") !=
			strlen(id))
		return err_set(e, ERR_INTERNAL,
			"the platform's answer to an upload makes no sense; is it a Cloud-ML platform?");
	snprintf(s->state.id, sizeof s->state.id, "%s", id);
	snprintf(s->state.uri, sizeof s->state.uri, "%s", uri);
	s->state.received = received;
	s->state.complete = json_is_true(json_object_get(object, "complete"));
	return true;
}

static bool ask(const struct sending *s, struct api_request *r, json_t **out, struct err *e)
{
	struct api_answer answer = {0};

	r->want_json = true;
	if (api_wait(s->u->api, s->u->loop, r, &answer, out, NULL))
		return true;
	json_decref(*out);
	*out = NULL;
	*e = answer.err;
	return false;
}

static bool ask_state(struct sending *s, struct err *e)
{
	struct buf path = BUF_INIT;
	struct api_request r = {.method = "GET"};
	json_t *object = NULL;
	bool good;

	buf_addf(&path, "%s/%s", packages_path, s->state.id);
	r.path = path.data;
	good = ask(s, &r, &object, e) && state_take(s, object, e);
	json_decref(object);
	buf_release(&path);
	return good;
}

/* One that an earlier run began: looked for only where sending anew would take long. */
static bool find_begun(struct sending *s)
{
	struct api_request r = {.method = "GET", .path = packages_path};
	json_t *list = NULL, *one;
	struct err e = ERR_INIT;
	bool found = false;
	size_t i;

	if (s->size <= UPLOAD_PART || !ask(s, &r, &list, &e))
		return false;
	json_array_foreach(json_object_get(list, "data"), i, one) {
		const char *sha = json_string_value(json_object_get(one, "sha256"));

		if (!found && sha && strcmp(sha, s->sha256) == 0 &&
			json_integer_value(json_object_get(one, "size")) == s->size)
			found = state_take(s, one, &e);
	}
	json_decref(list);
	return found;
}

static bool announce(struct sending *s, struct err *e)
{
	json_t *body = json_pack("{s:I, s:s, s:s}", "size", (json_int_t)s->size, "sha256",
		s->sha256, "name", s->u->name);
	struct api_request r = {.method = "POST", .path = packages_path, .body = body};
	json_t *object = NULL;
	bool good = ask(s, &r, &object, e) && state_take(s, object, e);

	json_decref(object);
	json_decref(body);
	return good;
}

/* ---- Sending ---- */

static bool send_part(struct sending *s, struct err *e)
{
	size_t len = part_length(s, s->state.received);
	struct buf path = BUF_INIT;
	struct api_request r = {.method = "PUT", .raw = s->part, .raw_len = len};
	json_t *object = NULL;
	bool good;

	if (!read_at(s, len, s->state.received, e))
		return false;
	buf_addf(&path, "%s/%s?offset=%lld", packages_path, s->state.id,
		(long long)s->state.received);
	r.path = path.data;
	good = ask(s, &r, &object, e) && state_take(s, object, e);
	json_decref(object);
	buf_release(&path);
	return good;
}

/* Did the network, or somebody who sends the same, come between? Then the platform knows more. */
static bool worth_asking(const struct err *e)
{
	return e->code == ERR_UNAVAILABLE || e->code == ERR_CONFLICT || e->code == ERR_BUSY ||
		e->code == ERR_INTERNAL;
}

static void tell(const struct sending *s)
{
	if (s->u->progress)
		s->u->progress(s->u->ctx, s->state.received, s->size);
}

static void on_paused(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Lets the loop run meanwhile. */
static void pause_for(uv_loop_t *loop, int64_t ms)
{
	uv_timer_t *timer = mem_alloc(sizeof *timer);
	bool over = false;

	uv_timer_init(loop, timer);
	timer->data = &over;
	uv_timer_start(timer, on_paused, (uint64_t)ms, 0);
	while (!over)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)timer, (uv_close_cb)free);
}

/* One part more; false with the reason when the platform is not further by it. */
static bool go_on(struct sending *s, struct err *why)
{
	int64_t before = s->state.received;

	if (before >= s->size)
		return err_set(why, ERR_INTERNAL,
			"the platform has all of %s and does not call it complete; try again later",
			s->u->name);
	if (!send_part(s, why))
		return false;
	if (s->state.received > before || s->state.complete)
		return true;
	return err_set(why, ERR_INTERNAL,
		"the platform took a part of %s and does not count it; is "
		"its disk full?",
		s->u->name);
}

static bool send_parts(struct sending *s, struct err *e)
{
	int resumes = 0;

	tell(s);
	while (!s->state.complete) {
		struct err why = ERR_INIT;

		if (go_on(s, &why)) {
			resumes = 0;
		} else if (!worth_asking(&why) || resumes == UPLOAD_RESUMES) {
			*e = why;
			return false;
		} else {
			pause_for(s->u->loop, backoff_ms(resumes++));
			if (!ask_state(s, e))
				return false;
		}
		tell(s);
	}
	return true;
}

bool upload_send(const struct upload *u, char uri[UPLOAD_URI_SIZE], struct err *e)
{
	struct sending s = {.u = u};
	struct err why = ERR_INIT;
	bool good = file_open(&s, &why) && (find_begun(&s) || announce(&s, &why)) &&
		send_parts(&s, &why);

	if (good)
		memcpy(uri, s.state.uri, sizeof s.state.uri);
	else if (e)
		*e = why;
	free(s.part);
	return good;
}
