/*
 * When work looks again by itself: apart from work.h, for only who starts or closes a timer needs
 * libuv's names. On the loop thread.
 */
#ifndef MLTOP_WORK_TIMERS_H
#define MLTOP_WORK_TIMERS_H

#include <uv.h>

struct work_timers {
	uv_timer_t plan, progress, repair, tidy;
};

#endif
