/*
 * A model service: replicas of one program behind one address. Its name is its identity, its version
 * what it serves now: another one comes by an update. On the wire it is a `model`.
 */
#ifndef MLTOP_CORE_SERVICE_H
#define MLTOP_CORE_SERVICE_H

#include "core/kinds/workload.h"

/* Who may ask it: who has its key, or anybody who reaches its address. */
enum service_access { ACCESS_KEY, ACCESS_OPEN };
/* A request whose replica broke off before it answered: sent once more, or refused. */
enum service_retry { SERVICE_RETRY_ONCE, SERVICE_RETRY_REFUSED };

enum { SERVICE_REPLICAS_MAX = 64 };

struct service {
	struct record record;
	const char *model_name, *uid, *org_id, *org_name, *owner;
	/* what each replica is */
	const char *model_version, *model_uri;
	struct strings command;
	struct labels env;
	const char *work_dir;
	struct mcpu cpu_limit;
	struct bytes memory_limit;
	int64_t gpu_limit, priority;
	const char *ready_path;
	struct ms start_deadline, stop_grace;
	/* how many, and who may ask */
	int64_t replicas;
	unsigned access, retry;
	const char *service_key; /* of an answer only */
	const char *
		key_sha256; /* of what X-Mltop-Service-Key must be; the key itself is kept nowhere */
	int64_t generation; /* counts what replaces all replicas */
	/* how it does */
	unsigned state; /* enum work_state */
	const char *message;
	int64_t ready_replicas, updated_replicas, in_flight;
	double requests_rate, error_rate, latency_p50, latency_p99; /* a second; %; ms */
	const char *address, *service_port;
	struct when create_time, update_time, last_request;
};
extern const struct kind service_kind;

/* A replica of that service, which is `index`th, as a change of what it is made from makes it differ. */
bool service_same_program(const struct service *a, const struct service *b);

#endif
