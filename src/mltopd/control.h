/*
 * Verbs of mltopd besides serving: keys, orgs, audit, store, backup. With a daemon running they
 * are carried out by it, asked through <state>/control.sock (who may connect: this user and root);
 * without one they work on the state folder directly. Both ways run the same code.
 *
 * On the socket: one line {"args": ["key", "create", ...]}, answered by one line
 * {"status": exit code, "out": text, "err": text}.
 */
#ifndef MLTOP_MLTOPD_CONTROL_H
#define MLTOP_MLTOPD_CONTROL_H

#include "base/buf.h"
#include "mltopd/platform.h"

struct control;

enum { CONTROL_LINE_MAX = 64 * 1024, CONTROL_ARGS_MAX = 64 };

/* Listens. `restart` is called when a restored backup wants the daemon to begin anew. */
bool control_open(struct control **out, struct platform *p, void (*restart)(void *ctx), void *ctx,
	struct err *e);
void control_close(struct control *c);

/* Asks a running daemon. False with ERR_NOT_FOUND: none listens. */
bool control_ask(const char *dir, char *const *args, int count, int *status, struct buf *out,
	struct buf *err, struct err *e);

/* One verb on a platform; `done` once, now or later on the loop. */
struct command {
	struct platform *p;
	char *args[CONTROL_ARGS_MAX];
	int count;
	const char *actor; /* for the audit: "control socket, user 1000" */
	int status;        /* exit code */
	struct buf out, err;
	bool restart; /* a restored backup waits */
	void (*done)(struct command *cmd);
	void *ctx;
};
void command_init(struct command *cmd);
void command_release(struct command *cmd);
void command_run(struct command *cmd);
/* Is this the first word of a verb? */
bool command_known(const char *word);
void command_usage(struct buf *out);

/* Between control_commands.c and the files of the verbs, control_verbs.c and control_copy.c. */
void command_finish(struct command *cmd, int status);
void command_fail(struct command *cmd, const struct err *e);
/* "the words are wrong: `mltopd ...`"; finishes it with 2. */
void command_usage_wrong(struct command *cmd, const char *what, const char *right);
void command_list(struct command *cmd);
void command_act(struct command *cmd);
void command_key_create(struct command *cmd);
void command_org_create(struct command *cmd);
void command_audit_verify(struct command *cmd);
void command_store_check(struct command *cmd);
void command_backup(struct command *cmd);
void command_restore(struct command *cmd);

/* A backup is a tar file of the database and the key files; both block. */
bool backup_write(const char *dir, const char *database, const char *path, struct err *e);
/* Unpacks and checks into <dir>/restore. */
bool backup_stage(const char *dir, const char *path, struct err *e);
/* What a person reads once it is staged: where it came from, and where the old files go. */
void backup_told(const char *dir, const char *path, struct buf *out);
/* Puts what is staged in place of what is there, which is kept in <dir>/before-restore. Locked. */
bool backup_swap(const char *dir, bool *swapped, struct err *e);

#endif
