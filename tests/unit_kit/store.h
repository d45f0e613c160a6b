/* A store alone, for unit tests: what its feed told and how changes and questions went. */
#ifndef MLTOP_TESTS_UNIT_KIT_STORE_H
#define MLTOP_TESTS_UNIT_KIT_STORE_H

#include "store/store.h"

#include <stdatomic.h>

struct kit {
	char dir[256];
	const struct store_ops *ops;
	struct store *s;
	_Atomic int notified; /* by the store's thread */
	/* what the feed brought last, and how much of it */
	uint64_t revision, version;
	bool gone;
	char uid[64], name[64];
	int jobs, events, removed;
};

/* Set up and end of a test; *state is the kit. */
int kit_on_sqlite(void **state);
int kit_on_apart(void **state);
int kit_end(void **state);

#define ON_SQLITE(name) cmocka_unit_test_setup_teardown(name, kit_on_sqlite, kit_end)
#define ON_BOTH(name) ON_SQLITE(name), cmocka_unit_test_setup_teardown(name, kit_on_apart, kit_end)

void kit_notify(void *ctx);
void kit_open(struct kit *f);
void kit_reopen(struct kit *f); /* counts what is in it anew */

/* How it went; zeroed at first. */
struct outcome {
	bool called, ok;
	enum err_code code;
	uint64_t now;    /* revision of the object in conflict */
	struct buf text; /* all rows, each with a newline; the caller releases it */
};
void on_done(void *ctx, const struct store_outcome *how);
void on_rows(void *ctx, bool ok, const struct store_rows *rows, const struct err *e);

/* Changes: of org 1 but for orgs, whose pack is the uid. */
void put(struct store_tx *tx, const char *kind, const char *uid, const char *parent,
	const char *name, uint64_t expected);
struct store_tx *org_tx(const char *id, const char *name);
/* Commits and waits: did it hold? */
bool commit(struct kit *f, struct store_tx *tx, uint64_t version);
bool insert(struct kit *f, const char *uid, const char *name);
bool update(struct kit *f, const char *uid, const char *name, uint64_t expected, bool gone);

/* Can the store of its folder be opened? It is closed again. */
bool kit_opens(const struct kit *f, struct err *e);

#endif
