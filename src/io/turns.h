/*
 * Turns for what takes long in libuv's pool: unpacking, hashing, walks over trees and their removal.
 * The pool's few threads are for everybody, so long work is kept from holding all of them: of one
 * key (an org) at most one runs at a time, of all keys together at most `most`; keys that have work
 * take turns, each key's own work goes in its order. Work that is `patient`, for nobody waits for an
 * answer to it, leaves one of the `most` to what is not. Short work goes to uv_queue_work as ever.
 *
 * All but `run` belong to the loop thread. The owner of the loop owns a struct turns, and may free it
 * once nothing waits or runs.
 */
#ifndef MLTOP_IO_TURNS_H
#define MLTOP_IO_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct turns;
struct uv_loop_s; /* uv_loop_t, of uv.h */
struct turn_lane;

/* One work; in the memory of whoever wants it, who may free it in `over` or after a withdrawal. */
struct turn {
	void *ctx;
	bool patient;
	bool (*due)(
		struct turn *t); /* its turn has come; false: no more needed. NULL: always needed */
	void (*run)(struct turn *t); /* in the pool */
	void (*over)(struct turn *t,
		bool ran); /* once; within turns_queue where `due` says false */
	/* turns.c's own */
	struct turns *turns;
	struct turn_lane *lane;
	struct turn *next;
	struct uv_work_s *work; /* while it is in the pool */
	bool begun, ran;
};

/* As many as the pool has threads, but one; one where it has only one. */
size_t turns_pool(void);
struct turns *turns_new(struct uv_loop_s *loop, size_t most);
void turns_free(struct turns *ts); /* NULL is fine */

/* `key` is copied. An org's name is its own; other keys have a /, which no name has. */
void turns_queue(struct turns *ts, struct turn *t, const char *key);
/* Of that key: those that wait, and the one that runs. */
size_t turns_count(const struct turns *ts, const char *key);
/* Takes back what still waits: nothing of it will be called. False: it has begun. */
bool turns_withdraw(struct turn *t);

/*
 * The loop is to end soon: what has not begun will not run (`over` is told), and what runs should
 * look at the flag between its steps and give up. It stays valid until turns_free.
 */
void turns_stop(struct turns *ts);
atomic_bool *turns_stopped(struct turns *ts);

#endif
