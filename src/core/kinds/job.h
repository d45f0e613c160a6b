/*
 * A train job: what was asked for and what became of it. The wire names are Cloud-ML v1's where
 * it has the field (cloud_ml_sdk 0.2.11 and 0.3.71 read them), ours otherwise.
 */
#ifndef MLTOP_CORE_JOB_H
#define MLTOP_CORE_JOB_H

#include "core/kinds/workload.h"

enum restart_policy { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };
extern const char *const restart_policy_words[];

struct job {
	struct workload;
	const char *job_name;
	/* what runs */
	const char *module_name, *trainer_uri, *job_args;
	struct strings command;
	const char *work_dir;
	struct labels env;
	struct strings secrets; /* core/kinds/secret_use.h */
	const char *clone_of;
	int64_t umask;
	const char *prepare_command, *finish_command;
	const char *framework, *framework_version, *docker_image, *docker_command;
	const char *interpreter;
	/* what it may use */
	struct mcpu cpu_limit;
	struct bytes memory_limit;
	int64_t gpu_limit, ps_count, worker_count;
	bool preemptible;
	struct strings after;
	unsigned restart_policy;
	int64_t max_attempts;
	struct ms stop_grace, max_runtime;
	struct labels labels;
	/* how its log is read */
	struct strings progress_patterns;
	const char *metric;
	const char *node_selector_key, *node_selector_value;
	/* accepted from the public clients, echoed, not acted on by the local engine */
	const char *volume_type, *volume_path, *mount_path;
	bool mount_read_only;
	const char *fds_endpoint, *fds_bucket, *hdfs_endpoint, *hdfs_krb_account;
	/* for the public clients */
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
