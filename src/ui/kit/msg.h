/*
 * What comes into the dashboard (messages) and what it asks for (commands), as plain data.
 * Messages are borrowed for the call of app_update. Both have a JSON form for record and replay.
 */
#ifndef MLTOP_UI_MSG_H
#define MLTOP_UI_MSG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/arena.h"
#include "core/wire/wire.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Keys: a Unicode character, or one of these, with modifiers or'ed in. */
enum key_code {
	KEY_CODE_BASE = 0x110000,
	K_UP = KEY_CODE_BASE,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PGUP,
	K_PGDN,
	K_INSERT,
	K_DELETE,
	K_BACKSPACE,
	K_TAB,
	K_BACKTAB,
	K_ENTER,
	K_ESC,
	K_F1,
	K_F2,
	K_F3,
	K_F4,
	K_F5,
	K_F6,
	K_F7,
	K_F8,
	K_F9,
	K_F10,
	K_F11,
	K_F12,
	KEY_CODE_MASK = 0x1FFFFF,
	K_CTRL = 1 << 24,
	K_ALT = 1 << 25,
	K_SHIFT = 1 << 26, /* Ctrl-D is K_CTRL | 'd' */
};

enum mouse_action { MOUSE_PRESS, MOUSE_RELEASE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

/* The connection as the header shows it. */
enum link_state { LINK_STARTING, LINK_CONNECTING, LINK_LIVE, LINK_POLLING, LINK_GONE };

enum msg_type {
	MSG_KEY,
	MSG_MOUSE,
	MSG_PASTE,
	MSG_SIZE,
	MSG_TICK, /* time passed; `now` and `mono` are new */
	MSG_LINK, /* connection state: link, rtt_ms (0: not known), text = why it is gone; finished:
		     it is not tried again */
	MSG_ROWS, /* sub, rows (array): new or changed rows of a subscription */
	MSG_GONE, /* sub, uids (array) */
	MSG_SYNCED,
	MSG_RESET,
	MSG_SUB_ERROR, /* sub; text */
	MSG_REPLY, /* id, status (HTTP, 0: not reached), body (JSON or NULL), text = error sentence
		    */
	MSG_LOG_STATE,  /* sub: log_lines, log_bytes, log_start, log_final, text (end: how) */
	MSG_LOG_WINDOW, /* sub: first line, lines[] raw bytes */
	MSG_LOG_FOUND,  /* sub: line (or -1), search finished, wrapped */
	MSG_LOG_AT,     /* sub: line with the byte that was asked for, -1: it is not here (yet) */
	MSG_SAVED,      /* text: path or error; status 0 good */
	MSG_COPIED,     /* text: how */
	MSG_CONTEXT,    /* context, org, role, user: who we are (once known) */
	MSG_THEME,      /* text: name that is in use now, or the error */
};

struct log_line {
	const char *bytes;
	size_t len;      /* without LF; cut to LOG_LINE_WINDOW bytes */
	uint64_t offset; /* of its first byte in the stream */
	uint64_t lost;   /* where bytes is NULL the row is a gap of so many; 0: nobody knows */
	bool partial;    /* it may still change */
	bool drawn;      /* what became of several lines of the stream */
};
enum { LOG_LINE_WINDOW = 64 * 1024 };

struct msg {
	enum msg_type type;
	int64_t now;  /* wall ms; always set */
	int64_t mono; /* monotonic ms; always set */
	uint32_t key; /* MSG_KEY */
	int x, y;     /* MSG_MOUSE */
	enum mouse_action mouse;
	int cols, rows_count; /* MSG_SIZE */
	const char *text;     /* MSG_PASTE and others */
	size_t text_len;
	uint32_t sub; /* subscription id, as the command gave it */
	uint64_t id;  /* MSG_REPLY: the command's id */
	int status;
	const json_t *body, *rows, *uids;
	enum link_state link;
	int64_t rtt_ms;
	int64_t log_lines, log_bytes, log_first; /* log_first: oldest byte offset kept */
	bool log_final, finished, wrapped;
	int64_t line;
	const struct log_line *lines;
	size_t line_count;
	const char *context, *org, *role, *user;
	const char *folder; /* MSG_CONTEXT: where tasks of a private platform are started from */
};

enum cmd_type {
	CMD_REQUEST,     /* id, method, path, body: answered by MSG_REPLY */
	CMD_SUBSCRIBE,   /* sub, kind, org, fields, filter */
	CMD_UNSUBSCRIBE, /* sub (rows or log) */
	CMD_LOG_OPEN,    /* sub, org ("" the key's own), job (uid), task, attempt (0 newest) */
	CMD_LOG_WINDOW,  /* sub, line, count: answered by MSG_LOG_WINDOW */
	CMD_LOG_FIND,    /* sub, line (start, exclusive), text (pattern), backwards */
	CMD_LOG_AT,      /* sub, offset, raw (lines are those of the stream from now on, or as one
			    sees them): answered by MSG_LOG_STATE and MSG_LOG_AT */
	CMD_LOG_SAVE,    /* sub, path */
	CMD_SAVE_TEXT,   /* path, text: the screen or a table */
	CMD_COPY,        /* text */
	CMD_REMEMBER,    /* name, text: state kept over runs (sort, filter, context) */
	CMD_THEME,       /* text: name */
	CMD_CONTEXTS,    /* id: answered by MSG_REPLY {"data": rows of the kind context} */
	CMD_REFRESH,     /* reconnect now */
	CMD_REDRAW,      /* the terminal may be garbled: send everything again */
	CMD_SUSPEND,
	CMD_QUIT,
};

struct cmd {
	enum cmd_type type;
	uint64_t id;
	uint32_t sub;
	const char *method;       /* static text */
	char *path, *text, *name; /* owned by the queue */
	const char *kind;         /* static text */
	char *fields, *filter, *org, *job, *task;
	int64_t attempt, line, count;
	uint64_t offset;
	bool backwards, raw;
	json_t *body; /* owned by the queue */
};

/* A queue of commands that app_update fills and the runner empties. */
struct cmds {
	struct cmd *items;
	size_t len, cap;
};
/* Appends a zeroed command and returns it; valid until the next call. */
struct cmd *cmds_add(struct cmds *q, enum cmd_type type);
void cmds_clear(struct cmds *q);
void cmds_release(struct cmds *q);

/* JSON forms, one object each; for recording, replay, fuzzing and tests. */
json_t *msg_encode(const struct msg *m);
/* Texts are borrowed from `in` and from `scratch` (an arena, for lines). */
bool msg_decode(struct msg *m, const json_t *in, struct arena *scratch, struct err *e);
json_t *cmd_encode(const struct cmd *c);

#endif
