/*
 * The command line: the same verbs as the dashboard's, one row each in the verb table (verbs.c).
 * Parsing, help and completion are made from the rows; a handler sees parsed arguments only.
 */
#ifndef MLTOP_CLI_H
#define MLTOP_CLI_H

#include "base/err.h"
#include "client/api.h"
#include "client/context.h"
#include "core/schema/schema.h"

#include <stdbool.h>
#include <stdio.h>

/* Exit codes that scripts rely on. */
enum exit_code {
	EXIT_DONE,
	EXIT_REFUSED,
	EXIT_USAGE,
	EXIT_UNREACHABLE,
	EXIT_NOT_AUTHORISED,
	EXIT_NOT_FOUND,
	EXIT_MLTOP_FAILED = 125,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NO_COMMAND = 127,
	EXIT_INTERRUPTED = 130,
	EXIT_CANCELLED = 143,
};

/* A flag of a verb. Those of a kind's fields (--job-name) come from its schema rows besides. */
struct cli_flag {
	const char *name;  /* "follow" for --follow */
	char letter;       /* 'f' for -f; 0: none */
	const char *value; /* what the value is called in help; NULL: a switch */
	const char *doc;
	bool many; /* may be given again */
};

enum { CLI_ARGS_MAX = 64, CLI_FLAGS_MAX = 256 }; /* two places are kept for a verb's own */

struct cli_given {
	const char *name, *value; /* borrowed from argv */
};

struct cli {
	const struct verb *verb;
	/*
	 * Runs a verb (NULL-ended words) on a platform that is known already; takes the context over.
	 * A verb that runs others calls it here: what the words mean is no verb's matter.
	 */
	int (*verb_on)(struct context *context, char **words);
	const char *args[CLI_ARGS_MAX];
	int arg_count;
	struct cli_given flags[CLI_FLAGS_MAX];
	int flag_count;
	char **rest; /* what stood behind "--"; NULL-ended or NULL */
	/* opened on first use */
	struct context context;
	bool connected;
	struct uv_loop_s *loop; /* uv_loop_t, of uv.h */
	struct api *api;
	char *org;    /* the id of what --org names, where it was a name; owned */
	bool tty;     /* standard output is a terminal: sanitise */
	bool redraws; /* --watch on a terminal: each list takes the place of the one before */
};

enum verb_flag {
	VERB_REST = 1,      /* takes a command behind its flags */
	VERB_FIELDS = 2,    /* takes the F_NEW fields of its kind as flags */
	VERB_LIST = 4,      /* takes the output flags */
	VERB_ONE = 8,       /* the output flags without those of lists */
	VERB_ORG = 16,      /* is about jobs that may be another org's; lists always are */
	VERB_LOCAL = 32,    /* a list of what no platform has: the flags of how it is shown */
	VERB_WHAT_IF = 128, /* its change can be asked about first: CAN_WHAT_IF of its kind */
	VERB_OWNED = 64, /* is about an object of its kind: VERB_ORG where these belong to orgs */
};

struct verb {
	const char *noun; /* "jobs": a kind's plural; NULL: a shortcut such as run */
	const char *name; /* "list" */
	const char *args; /* "NAME", "[FILE]", "" */
	int least, most;  /* how many */
	unsigned flags;
	/* NULL in a special verb on a NAME, or of a list: that of its noun, or of what it is called. */
	const struct kind *kind;
	const struct cli_flag *own; /* ended by name NULL; may be NULL */
	int (*run)(struct cli *c);
	const char *doc;
	const struct kind_action *action; /* of cli_action */
};
extern const struct verb special_verbs[]; /* verbs.c; ended by name NULL */
/* All: those of every kind, made from its rows, and the special ones; ended by name NULL. */
const struct verb *cli_verbs(void);

bool cli_is_noun(const char *word); /* some verb stands behind it */

/* Flags that verbs have in common, by the kind of verb. */
struct cli_flags {
	const char *title; /* in help */
	const struct cli_flag *flags;
	unsigned verbs; /* enum verb_flag: one of them is enough; 0: every verb */
};
extern const struct cli_flags cli_flags[]; /* ended by flags NULL */
bool cli_takes(const struct verb *v, const struct cli_flags *t);
/* By its letter, or by the `len` bytes of its name where that is 0. */
const struct cli_flag *cli_flag_in(const struct cli_flag *flags, const char *name, size_t len,
	char letter);
/* The flag that may stand before the verb as well as behind it; NULL: it is none of these. */
const struct cli_flag *cli_leading_flag(const char *word, size_t *len);

/* main's: returns the exit code. argv[1] is no dashboard flag. */
int cli_main(int argc, char **argv);

/* ---- For handlers ---- */

const char *cli_value(const struct cli *c, const char *flag); /* NULL when not given */
bool cli_has(const struct cli *c, const char *flag);
/* The verb has a flag of its own of that name, which then does not stand for the field. */
bool cli_own_flag(const struct verb *v, const char *name);
/* "mltop: what: why" on standard error, sanitised; returns the exit code that fits. */
int cli_fail(const struct err *e);
/* The same line for what does not end the verb. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/*
 * Standard output takes no more. Who reads it may just have had enough (`| head`): that is no error to
 * speak of, and the exit code is that of a program that SIGPIPE ends. Anything else is said.
 */
int cli_output_failed(void);
int cli_usage(const struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_help_verb(const struct verb *v);
int cli_help_all(const char *noun); /* NULL: every verb */
int cli_help_fields(const struct kind *k);
int cli_man(const struct verb *verbs);   /* the generated part of mltop(1) */
int cli_man_flags(const struct verb *v); /* that of a verb's own page */
/* "fields", "filter": shows it, of the kind where one is named; -1: there is no such topic. */
int cli_help_topic(const char *topic, const char *kind);
/* When a person may give it: "", "new", "edit" or "new, edit". */
const char *cli_field_given(const struct field *f);
/* "mltop jobs list". Appended. */
void cli_verb_title(const struct verb *v, struct buf *out);
/* Where to look for it, as the flags say. Borrowed from argv. */
struct context_options cli_options(const struct cli *c);
/* Finds the platform (and starts the private one). */
bool cli_connect(struct cli *c, struct err *e);
/*
 * The platform is at another place now (a private one has another port after each start): takes the
 * context over. c->api is a new one, calls under way have lost their answers.
 */
void cli_moves(struct cli *c, struct context *to);
void cli_release(struct cli *c);
/* One call, about the org of --org, and its JSON (the caller's), or false with the server's sentence. */
bool cli_call(struct cli *c, const char *method, const char *path, const json_t *body, json_t **out,
	struct err *e);
/* "/cloud_ml/v1/train/NAME/logs": the name is encoded. The caller frees. */
char *cli_path(const struct kind *k, const char *name, const char *tail);

/*
 * Output (output.c): -o table|wide|json|yaml|csv|name; rows are records of the kind, and are used up.
 */
bool output_list(struct cli *c, const struct kind *k, json_t *rows, struct err *e);
bool output_one(struct cli *c, const struct kind *k, const json_t *object, struct err *e);
/* "35.0 MiB" */
void cli_size_text(char *out, size_t size, int64_t bytes);
/* Writes text that is not ours to standard output: sanitised when it is a terminal. */
void output_text(const struct cli *c, const char *text);

/* All pages of a list, as one array of the caller's. `fields`, `filter` may be NULL. */
bool cli_fetch(struct cli *c, const struct kind *k, const char *path, const char *fields,
	const char *filter, json_t **out, struct err *e);
/* --filter as the kind has it, without asking the platform. */
bool cli_check_filter(const struct cli *c, const struct kind *k, struct err *e);
/* The object of that name or uid; the caller's. */
bool cli_find(struct cli *c, const struct kind *k, const char *name, json_t **out, struct err *e);
/* The text member of an object, "" where it has none. Borrowed. */
const char *cli_text_of(const json_t *object, const struct field *f);

/* --env K=V and the like, each added to body[field]; K alone takes the value from here. */
bool cli_pairs(const struct cli *c, const char *flag, json_t *body, const char *field,
	struct err *e);
/* --progress-pattern TEXT and the like, each added to the list body[field] as it is. */
bool cli_items(const struct cli *c, const char *flag, json_t *body, const char *field,
	struct err *e);
/*
 * A command without a folder starts in the present one, where that is the platform's too: as in the
 * dashboard's form, and as `mltop run` does.
 */
bool cli_job_place(struct cli *c, json_t *body, struct err *e);
/* The platform's own check of a new object, before anything is sent. */
bool cli_check(const struct kind *k, const json_t *body, struct err *e);
/* What an object that was made is called: as the platform says, else as it was asked for. Borrowed. */
const char *cli_name_of(const struct kind *k, const json_t *answer, const json_t *body);
/* Asks what that change would lead to, and prints it; the platform does nothing. */
bool cli_what_if(struct cli *c, const char *method, const char *path, const json_t *body,
	struct err *e);
/* list --watch: prints the list whenever it changed, until interrupted. */
int cli_watch(struct cli *c, const struct kind *k);

/* Handlers */
int cli_list(struct cli *c);
/* The list at that path, which may have a query: as the flags of lists say. */
int cli_list_at(struct cli *c, const struct kind *k, const char *path);
int cli_describe(struct cli *c);
int cli_create(struct cli *c);
int cli_edit(struct cli *c);
int cli_action(struct cli *c);
int cli_events(struct cli *c);
int cli_tasks(struct cli *c);
int cli_key_create(struct cli *c);
int cli_package_create(struct cli *c);
int cli_secret_create(struct cli *c);
int cli_secret_update(struct cli *c);
int cli_help(struct cli *c);
int cli_logs(struct cli *c);
int cli_outputs(struct cli *c);
int cli_download(struct cli *c);
int cli_scalars(struct cli *c);
int cli_run(struct cli *c);
int cli_demo(struct cli *c);
int cli_audit_verify(struct cli *c);
int cli_usage_list(struct cli *c);
int cli_platform_status(struct cli *c);
int cli_platform_stop(struct cli *c);
int cli_context_list(struct cli *c);
int cli_context_use(struct cli *c);
int cli_version(struct cli *c);
int cli_doctor(struct cli *c);
int cli_completion(struct cli *c);
/* Those of -p, then the platform's of --framework, said where it cannot tell them. *any: there is something. */
struct progress_rules *cli_progress_rules(struct cli *c, bool *any, struct err *e);
int cli_progress(struct cli *c);

/* Follows a job's log to its end on standard output; *code gets the job's own exit code. */
struct follow {
	const char *job;  /* name or uid */
	const char *task; /* NULL: master-0 */
	int64_t attempt;  /* 0: newest, and on to later attempts */
	int64_t tail;     /* bytes; -1: from the beginning */
	bool to_end;      /* follow; false: what there is now */
	bool ask; /* at Ctrl-C on a terminal: cancel, leave it running, or go on (mltop run) */
};
enum follow_end { FOLLOW_ENDED, FOLLOW_LEFT, FOLLOW_INTERRUPTED, FOLLOW_UNREAD, FOLLOW_FAILED };
/*
 * *code: 0 to 255 as a shell has it (128 + signal); 143 when it was cancelled. FOLLOW_INTERRUPTED: by
 * Ctrl-C, which has cancelled the job where it was asked what to do.
 */
enum follow_end follow_log(struct cli *c, const struct follow *f, int *code, struct err *e);

/*
 * The dashboard (run.c). Either `ready` is a platform that is known already, or `find` says where
 * to look: that happens after the first frame. `first` is a palette line or NULL.
 */
int dashboard_main(const struct context_options *find, struct context *ready, const char *first);

#endif
