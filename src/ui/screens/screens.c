#include "ui/screens/screens.h"

const struct screen *const dashboard_screens[] = {
	&scr_jobs,
	&scr_job,
	&scr_log,
	&scr_quotas,
	&scr_keys,
	&scr_secrets,
	&scr_gpus,
	&scr_nodes,
	&scr_events,
	&scr_outputs,
	&scr_contexts,
	&scr_describe,
	&scr_yaml,
	&scr_history,
	&scr_audit,
	&scr_trail,
	&scr_form,
	&scr_edit,
	&scr_help,
	NULL,
};
