#include "store_apart/apart.h"

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The file: frames of (what, length of the carry, length of the operation, both) ---- */

enum { FRAME_STEP, FRAME_SETTLE, FRAME_VERSION };

struct frame {
	uint64_t what, carry, op;
};

/* All of it or nothing: what a write without room leaves behind goes again. */
static bool frame_write(struct apart *a, uint64_t what, const struct op *op,
	const struct buf *carry)
{
	struct op alone = *op;
	struct buf body = BUF_INIT, out = BUF_INIT;
	struct frame head = {.what = what, .carry = carry ? carry->len : 0};
	off_t end = lseek(a->file, 0, SEEK_END);
	bool good;

	alone.next = NULL;
	ops_write(&alone, &body);
	head.op = body.len;
	buf_add(&out, &head, sizeof head);
	if (carry)
		buf_add(&out, carry->data, carry->len);
	buf_add(&out, body.data, body.len);
	good = !a->full && fsio_write_all(a->file, out.data, out.len);
	if (!good && ftruncate(a->file, end) != 0)
		log_line(LOG_ERROR, "the store's file cannot be cut");
	atomic_store(&a->store->health, good ? STORE_WELL : STORE_FULL);
	buf_release(&body);
	buf_release(&out);
	return good;
}

bool apart_note(struct apart *a, const struct op *op, const struct buf *carry, struct err *e)
{
	return frame_write(a, FRAME_STEP, op, carry) ||
		err_set(e, ERR_UNAVAILABLE,
			"the disk of the state folder is full: make room in it, or delete jobs");
}

static void frame_do(struct apart *a, const struct frame *head, const char *at)
{
	struct buf carry = BUF_INIT;
	struct store_tx *tx = ops_read(at + head->carry, head->op);

	buf_add(&carry, at, head->carry);
	if (tx && head->what == FRAME_STEP)
		apart_do(a, tx->first, head->carry ? &carry : NULL);
	if (tx && head->what == FRAME_SETTLE)
		apart_settle(a, tx->first);
	if (tx && head->what == FRAME_VERSION)
		a->store->version_at_start = (uint64_t)tx->first->number[0];
	store_tx_free(tx);
	buf_release(&carry);
}

/* Up to where the frames are whole: one that was cut off by a crash was told to nobody. */
static size_t file_read(struct apart *a, const struct buf *text)
{
	size_t at = 0;
	struct frame head;

	while (text->len - at >= sizeof head) {
		memcpy(&head, text->data + at, sizeof head);
		if (head.carry + head.op > text->len - at - sizeof head)
			break;
		at += sizeof head;
		frame_do(a, &head, text->data + at);
		at += head.carry + head.op;
	}
	return at;
}

/* ---- The table ---- */

static bool apart_open(struct store *s, struct err *e)
{
	struct apart *a = s->back = mem_alloc(sizeof *a);
	char *path = fsio_join(s->dir, "store.db");
	struct buf text = BUF_INIT;
	size_t whole;
	bool good;

	a->store = s;
	a->file = -1;
	a->seed = (unsigned)getpid();
	pthread_mutex_init(&a->lock, NULL);
	s->was_clean = true;
	good = access(path, F_OK) != 0 || fsio_read(path, &text, 1 << 30, e);
	whole = file_read(a, &text);
	if (good)
		a->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	/* What is told from now on stands behind what can be read. */
	if (good && (a->file < 0 || ftruncate(a->file, (off_t)whole) != 0))
		good = err_set(e, ERR_UNAVAILABLE, "cannot open the store's file");
	buf_release(&text);
	free(path);
	return good;
}

static void apart_close(struct store *s)
{
	struct apart *a = s->back;

	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_mutex_unlock(&a->lock);
	if (a->others)
		pthread_join(a->other, NULL);
	apart_release(a);
	if (a->file >= 0)
		close(a->file);
	pthread_mutex_destroy(&a->lock);
	free(a);
	s->back = NULL;
}

static bool resume(struct apart *a, struct err *e)
{
	VEC(struct apart_object *) all = {0};
	size_t at = 0;
	const char *key;
	void *value;
	bool good = true;

	while (map_next(&a->objects, &at, &key, &value))
		if (((struct apart_object *)value)->carry.len > 0)
			vec_push(&all, value);
	for (size_t i = 0; good && i < all.len; i++) {
		struct op *op = op_copy(all.items[i]->op);
		struct buf carry = BUF_INIT;

		buf_add(&carry, all.items[i]->carry.data, all.items[i]->carry.len);
		good = steps_resume(a->store, op, &carry, e);
		buf_release(&carry);
		free(op);
	}
	vec_release(&all);
	return good;
}

static bool load_nonces(struct apart *a, const struct store_loader *l, struct err *e)
{
	size_t at = 0;
	const char *key;
	void *value;

	while (l->nonce && map_next(&a->nonces, &at, &key, &value)) {
		const struct op *op = value;
		struct store_nonce n = {op->text[NONCE_KEY], op->text[NONCE_SELF],
			op->text[NONCE_HASH], op->number[NONCE_EXPIRES],
			(int)op->number[NONCE_STATUS], "", 0};

		if (n.expires >= l->now && !l->nonce(l->feed.ctx, &n, e))
			return false;
	}
	return true;
}

static bool load_kind(struct apart *a, const struct store_loader *l, const char *kind,
	struct err *e)
{
	struct op **list;
	size_t n = apart_list(a, kind, "", &list);
	size_t first = l->newest && strcmp(l->newest, kind) == 0 && n > (size_t)l->most
		? n - (size_t)l->most
		: 0;
	bool good = true;

	for (size_t i = first; good && i < n; i++) {
		struct store_object o = op_object(list[i]);

		good = l->feed.object_put(l->feed.ctx, &o, e);
	}
	free(list);
	return good;
}

static bool apart_load(struct store *s, const struct store_loader *l, struct err *e)
{
	struct apart *a = s->back;
	struct store_feed feed = s->feed;
	bool good;

	s->feed = (struct store_feed){0}; /* what is finished now is read below */
	good = resume(a, e);
	store_poll(s);
	s->feed = feed;
	for (size_t i = 0; good && l->kinds[i]; i++)
		good = load_kind(a, l, l->kinds[i], e);
	good = good && load_nonces(a, l, e);
	if (good && getenv("MLTOPD_ALONE") == NULL)
		a->others = pthread_create(&a->other, NULL, apart_other, a) == 0;
	return good;
}

static bool apart_one(struct store *s, struct op *op, const struct buf *carry, struct op **now,
	struct err *e)
{
	struct apart *a = s->back;
	bool good;

	if (rand_r(&a->seed) % 8 == 0)
		usleep((unsigned)rand_r(&a->seed) % 3000);
	pthread_mutex_lock(&a->lock);
	good = apart_may(a, op, now, e) && apart_note(a, op, carry, e);
	if (good)
		apart_do(a, op, carry);
	if (good && (op->kind == OP_PUT || op->kind == OP_REMOVE)) {
		struct store_tx *tx = store_tx_new();

		op_append(tx, op_copy(op));
		store_told(s, tx, s->making);
	}
	pthread_mutex_unlock(&a->lock);
	return good;
}

static bool apart_settled(struct store *s, const struct op *op, struct err *e)
{
	struct apart *a = s->back;

	(void)e;
	pthread_mutex_lock(&a->lock);
	apart_settle(a, op);
	frame_write(a, FRAME_SETTLE, op, NULL); /* without it the rest is done once more */
	pthread_mutex_unlock(&a->lock);
	return true;
}

static void apart_version(struct store *s, uint64_t version)
{
	struct apart *a = s->back;
	struct op *op = op_copy(
		&(struct op){.kind = OP_NONCES_EXPIRE, .number = {(int64_t)version}});

	pthread_mutex_lock(&a->lock);
	frame_write(a, FRAME_VERSION, op, NULL);
	pthread_mutex_unlock(&a->lock);
	free(op);
}

/* ---- Looks; the lock is held ---- */

static void children(struct apart *a, struct item *it)
{
	struct op **list;
	size_t n = apart_list(a, it->text[0], it->text[1], &list);
	size_t most = (size_t)it->number[0];

	for (size_t i = n > most ? n - most : 0; i < n; i++)
		buf_add(item_row(it), list[i]->blob, list[i]->blob_len);
	free(list);
}

static void blobs(struct apart *a, struct item *it)
{
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(&a->blobs, &at, &key, &value)) {
		const struct op *op = value;

		if (strcmp(op->text[OP_KIND], it->text[0]) != 0 ||
			strcmp(op->text[OP_UID], it->text[1]) != 0)
			continue;
		buf_adds(item_row(it), op->text[OP_NAME]);
		buf_add(item_row(it), op->blob, op->blob_len);
	}
}

static void audits(struct apart *a, struct item *it)
{
	int64_t before = it->number[0] > 0 ? it->number[0] : INT64_MAX, left = it->number[1];
	char hash[STORE_HASH_HEX];

	for (size_t i = a->audit.len; i > 0 && left > 0; i--) {
		const struct op *op = a->audit.items[i - 1];

		if (op->number[OP_EXPECTED] >= before ||
			(*it->text[0] && strcmp(it->text[0], op->text[OP_ORG]) != 0))
			continue;
		audit_hex(op->blob, op->blob_len, hash);
		buf_addf(item_row(it),
			"{\"seq\": %lld, \"n\": %lld, \"hash\": \"%s\", \"record\": %s}",
			(long long)op->number[OP_EXPECTED], (long long)op->number[OP_GIVEN], hash,
			op->text[OP_NAME]);
		left--;
	}
}

static void nonce(struct apart *a, struct item *it)
{
	char *key = NULL;
	const struct op *op;

	if (asprintf(&key, "%s %s ", it->text[0], it->text[1]) < 0)
		abort();
	op = map_get(&a->nonces, key);
	free(key);
	if (op)
		buf_add(item_row(it), op->blob, op->blob_len);
}

/* Records of the chain of that org from the first that is left on. */
static bool chain_verify(struct apart *a, const char *org, struct buf *out, int64_t *count,
	struct err *e)
{
	const struct op *from = map_get(&a->dropped, org), *last = from;
	const unsigned char none[32] = {0};
	char hash[STORE_HASH_HEX];
	struct audit_walk w;
	bool good = true;

	walk_begin(&w, org, from ? from->number[OP_GIVEN] : 0, from ? from->blob : none);
	for (size_t i = 0; good && i < a->audit.len; i++) {
		const struct op *op = a->audit.items[i];

		if (strcmp(op->text[OP_ORG], org) != 0)
			continue;
		good = walk_record(&w, op->number[OP_GIVEN], op->text[OP_NAME],
			strlen(op->text[OP_NAME]), op->blob, op->blob_len, e);
		last = op;
	}
	if (!good || !walk_end(&w, last ? last->number[OP_GIVEN] : 0, last ? last->blob : none, e))
		return false;
	audit_hex(w.hash, sizeof w.hash, hash);
	buf_addf(out, "%s\t%lld\t%lld\t%s\n", org, (long long)(w.n - w.first), (long long)w.first,
		hash);
	*count += w.n - w.first;
	return true;
}

static bool verify(struct apart *a, struct item *it, struct err *e)
{
	struct buf each = BUF_INIT;
	int64_t count = 0;
	bool good = true;

	for (size_t i = 0; good && i < a->audit.len; i++) {
		const char *org = a->audit.items[i]->text[OP_ORG];
		bool seen = *it->text[0] && strcmp(it->text[0], org) != 0;

		for (size_t j = 0; j < i && !seen; j++)
			seen = strcmp(a->audit.items[j]->text[OP_ORG], org) == 0;
		good = seen || chain_verify(a, org, &each, &count, e);
	}
	if (good)
		audit_verified(it, count, &each);
	buf_release(&each);
	return good;
}

/* "time": the first of a record's members, as the model writes it. */
static bool older(const struct op *op, const char *time)
{
	const char *at = strstr(op->text[OP_NAME], "\"time\":\"");

	return at && strncmp(at + 8, time, strlen(time)) < 0;
}

static void old(struct apart *a, struct item *it)
{
	struct map last = MAP_INIT, young = MAP_INIT;
	char hash[STORE_HASH_HEX];
	size_t at = 0;
	const char *org;
	void *value;

	for (size_t i = 0; i < a->audit.len; i++) {
		struct op *op = a->audit.items[i];

		if (!older(op, it->text[0]))
			map_set(&young, op->text[OP_ORG], op);
		else if (map_get(&young, op->text[OP_ORG]) == NULL)
			map_set(&last, op->text[OP_ORG], op);
	}
	while (map_next(&last, &at, &org, &value)) {
		const struct op *op = value;

		audit_hex(op->blob, op->blob_len, hash);
		buf_adds(item_row(it), org);
		buf_addf(item_row(it), "%lld", (long long)op->number[OP_GIVEN]);
		buf_adds(item_row(it), hash);
	}
	map_release(&last);
	map_release(&young);
}

#define LOOK(name, what)                                                         \
	static bool look_##name(struct store *s, struct item *it, struct err *e) \
	{                                                                        \
		struct apart *a = s->back;                                       \
		bool good = true;                                                \
                                                                                 \
		(void)e, (void)it;                                               \
		pthread_mutex_lock(&a->lock);                                    \
		what;                                                            \
		pthread_mutex_unlock(&a->lock);                                  \
		return good;                                                     \
	}
LOOK(children, children(a, it))
LOOK(blobs, blobs(a, it))
LOOK(audit, audits(a, it))
LOOK(old, old(a, it))
LOOK(nonce, nonce(a, it))
LOOK(verify, good = verify(a, it, e))
LOOK(check, buf_adds(item_row(it), "the store is whole"))
LOOK(copy, good = err_set(e, ERR_UNAVAILABLE, "this store makes no copies"))

const struct store_ops store_apart = {
	.many = false,
	.open = apart_open,
	.close = apart_close,
	.load = apart_load,
	.one = apart_one,
	.settle = apart_settled,
	.version = apart_version,
	.look =
		{
			[LOOK_CHILDREN] = look_children,
			[LOOK_BLOBS] = look_blobs,
			[LOOK_AUDIT] = look_audit,
			[LOOK_OLD] = look_old,
			[LOOK_NONCE] = look_nonce,
			[LOOK_VERIFY] = look_verify,
			[LOOK_CHECK] = look_check,
			[LOOK_COPY] = look_copy,
		},
};
