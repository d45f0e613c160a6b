/*
 * A train job: what was asked for and what became of it. The wire names are Cloud-ML v1's where
 * it has the field (cloud_ml_sdk 0.2.11 and 0.3.71 read them), ours otherwise.
 */
#ifndef MLTOP_CORE_JOB_H
#define MLTOP_CORE_JOB_H

#include "core/schema/schema.h"

enum job_state {
	JOB_VALIDATED,
	JOB_ENQUEUED,
	JOB_CREATING,
	JOB_RUNNING,
	JOB_COMPLETED,
	JOB_FAILED,
	JOB_ERROR,
	JOB_DELETING,
	/* Words that other servers use; this one never makes them. */
	JOB_ENQUEUING,
	JOB_PROCESSING,
	JOB_PENDING,
	JOB_ERASING,
	JOB_MODELSERVED,
};
extern const char *const job_state_words[];
extern const struct word_look job_state_looks[];
bool job_state_final(unsigned state); /* LIFE_FINAL */
bool job_state_live(unsigned state);  /* LIFE_LIVE: holds resources */

/* Why it is where it is; the words are CamelCase on the wire. */
enum job_reason {
	REASON_NONE,
	REASON_QUOTA,
	REASON_GPU,
	REASON_CPU,
	REASON_MEMORY,
	REASON_TASKS,
	REASON_NODE_SELECTOR,
	REASON_PRIORITY,
	REASON_HELD,
	REASON_DEPENDENCY,
	REASON_CANCELLED,
	REASON_EXIT_CODE,
	REASON_SIGNAL,
	REASON_OOM_KILLED,
	REASON_SUPERVISOR_LOST,
	REASON_NODE_REBOOTED,
	REASON_MAX_RUNTIME,
	REASON_PACKAGE_FETCH,
	REASON_PACKAGE_UNPACK,
	REASON_MODULE_MISSING,
	REASON_START,
	REASON_RETRY,
};
extern const char *const job_reason_words[];

enum restart_policy { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };
extern const char *const restart_policy_words[];

/* How limits are held: "limits_enforced". */
enum enforced { ENFORCED_NONE, ENFORCED_POLL, ENFORCED_CGROUP };
extern const char *const enforced_words[];

struct job {
	struct record record;
	/* identity */
	const char *uid, *job_name, *org_id, *org_name, *owner;
	/* what runs */
	const char *module_name, *trainer_uri, *job_args;
	struct strings command;
	const char *work_dir;
	struct labels env;
	const char *clone_of;
	int64_t umask;
	const char *prepare_command, *finish_command;
	const char *framework, *framework_version, *docker_image, *docker_command;
	/* what it may use */
	struct mcpu cpu_limit;
	struct bytes memory_limit;
	int64_t gpu_limit, ps_count, worker_count, priority;
	unsigned restart_policy;
	int64_t max_attempts;
	struct ms stop_grace, max_runtime;
	struct labels labels;
	const char *node_selector_key, *node_selector_value;
	/* accepted from the public clients, echoed, not acted on by the local engine */
	const char *volume_type, *volume_path, *mount_path;
	bool mount_read_only;
	const char *fds_endpoint, *fds_bucket, *hdfs_endpoint, *hdfs_krb_account;
	/* status */
	unsigned state, reason, limits_enforced;
	bool cancelled; /* failed because somebody stopped it */
	bool held;      /* waits until somebody releases it */
	const char *message;
	int64_t exit_code, signal, attempt, attempts_uncounted, tasks;
	struct when create_time, update_time, start_time, end_time;
	const char *node_name;
	struct percent cpu_used, gpu_util;
	struct bytes memory_used, log_bytes;
	int64_t progress_step, progress_total, progress_epoch;
	double progress_rate, loss, metric_value;
	struct ms progress_eta;
	const char *metric_name;
	int64_t current_rank;
	const char *cluster_name, *service_port, *cluster_env_var;
	const char *hyperparameters_name, *hyperparameters_goal, *hyperparameters_params;
};

extern const struct kind job_kind;

/* job_set(j, loss, 0.5): assigns and marks as known. */
#define job_set(j, member, value) record_set(job, j, member, value)
#define job_forget(j, member) record_drop(job, j, member)

/* A job's module_name or command, for people: "digits.train --epochs 3". Appends. */
void job_what(const struct job *j, struct buf *out);

#endif
