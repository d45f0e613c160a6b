#include "ui/screens/screens.h"

const struct screen *const dashboard_screens[] = {
	&scr_jobs,
	&scr_job,
	&scr_log,
	&scr_quotas,
	&scr_events,
	&scr_describe,
	&scr_form,
	&scr_help,
	NULL,
};
