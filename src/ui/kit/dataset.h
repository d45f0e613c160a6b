/*
 * The rows of one kind as a screen holds them: fed by a subscription or by a reply, each with what
 * the screen knows besides (mark, badge, recent samples). Rows are found by uid; an entry stays at
 * its address until dataset_settle drops the gone ones.
 */
#ifndef MLTOP_UI_DATASET_H
#define MLTOP_UI_DATASET_H

#include "core/schema/rowset.h"

enum { SPARK_MAX = 8 };

struct entry {
	void *row;  /* of the kind; NULL once gone */
	bool shown; /* in the table's view */
	bool dirty; /* its place in the order, or whether it is shown, must be looked at */
	bool marked;
	bool unseen; /* since the subscription began again */
	uint8_t spark_len;
	uint8_t spark[SPARK_MAX]; /* newest last, percent */
	uint64_t change;          /* id of the change that waits for this row; 0: none */
};

struct dataset {
	const struct kind *kind;
	struct rowset rows;
	struct map entries; /* uid -> struct entry */
	struct entry **all; /* in order of arrival */
	size_t len, cap;
	uint32_t sub;              /* of the subscription; 0: none */
	bool synced;               /* the snapshot is whole (or the reply is here) */
	char *error;               /* why there is none; sanitised */
	const struct field *spark; /* member that is kept as samples; NULL: none */
	/* Called before a row changes or goes (sign -1) and after it came or changed (+1). */
	void (*tally)(void *ctx, const void *row, int sign);
	void *ctx;
};

/* What one change did, for the table on top. */
struct dataset_change {
	struct entry *entry;
	bool added;
	bool moved; /* the member of `watch` differs */
};

void dataset_init(struct dataset *d, const struct kind *k);
void dataset_release(struct dataset *d);
/* Puts one object; `watch` is the field that the table sorts by (NULL: none). False: not a row. */
bool dataset_put(struct dataset *d, const json_t *in, const struct field *watch,
	struct dataset_change *out);
/* NULL when there is none. The entry lives until dataset_sweep. */
struct entry *dataset_remove(struct dataset *d, const char *uid);
struct entry *dataset_find(const struct dataset *d, const char *uid);
struct entry *dataset_find_key(const struct dataset *d, const char *key);
void dataset_begin_again(
	struct dataset *d); /* a new snapshot comes: what it lacks goes at its end */
/* Takes away what the new snapshot lacked; true when any went. */
bool dataset_synced(struct dataset *d);
void dataset_sweep(struct dataset *d); /* frees entries of rows that are gone */
void dataset_fail(struct dataset *d, const char *sentence); /* sanitised here; NULL: well again */
/* A clean copy in place of what is there; NULL: none. */
void sentence_set(char **error, const char *sentence);

#endif
