/*
 * How a service comes to the replicas that are wanted of it: how many, all of one generation, as few
 * without requests as can be. A pure step: (wanted, seen, now) -> what is to be done. It knows no
 * kind; a replica that crashes and is run again by its own policy stays the same replica here.
 *
 * - More are wanted: they are made at once. Fewer: those that do not serve go first, then the highest
 *   index; one that serves is drained before it is stopped.
 * - Another generation is wanted: new ones are made beside the old ones, at most `surge` more than
 *   are wanted, those included that are on their way out; an old one is drained only when as many
 *   serve without it. One of an old generation that does not serve goes at once.
 * - Where there is no room for one more, an update waits: it makes no gap by itself.
 */
#ifndef MLTOP_CORE_REPLICAS_H
#define MLTOP_CORE_REPLICAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLICAS_MOST = 64, REPLICAS_SEEN_MOST = 4 * REPLICAS_MOST };

enum replica_stage {
	REPLICA_WAITING,  /* for its place, or for its next attempt */
	REPLICA_STARTING, /* runs, and has not said that it is ready, or says so no more */
	REPLICA_SERVING,  /* is given requests */
	REPLICA_DRAINING, /* is given none, and finishes what it has */
	REPLICA_STOPPING, /* asked to stop, or is being removed */
};

struct replica_seen {
	int64_t index; /* unique among those seen */
	uint64_t generation;
	enum replica_stage stage;
	int64_t since; /* monotonic ms: in that stage */
	bool drained;  /* DRAINING: it has nothing in flight any more */
};

struct replicas_wanted {
	int64_t count; /* 0 to REPLICAS_MOST */
	uint64_t generation;
	int64_t surge;          /* at least 1 */
	int64_t start_deadline; /* ms from STARTING to SERVING; after it, it is run again */
	int64_t drain_most;     /* ms; after it, it is stopped with what it still has */
};

enum replica_verb {
	REPLICA_MAKE,  /* of the wanted generation, with that index */
	REPLICA_DRAIN, /* of SERVING */
	REPLICA_STOP,  /* and remove */
	REPLICA_AGAIN, /* stop this attempt; its policy runs another */
};

struct replica_action {
	enum replica_verb verb;
	int64_t index;
};

struct replicas_plan {
	struct replica_action actions[REPLICAS_SEEN_MOST];
	size_t count;
	int64_t wake; /* monotonic ms: to be asked again by then; 0: when something happens */
};

/* `seen`: at most REPLICAS_SEEN_MOST, in any order. */
void replicas_plan(struct replicas_plan *out, const struct replicas_wanted *wanted,
	const struct replica_seen *seen, size_t count, int64_t now);

#endif
