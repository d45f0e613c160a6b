#include "work/life.h"

static struct life_step stays(struct life_state now)
{
	return (struct life_step){.next = now};
}

static struct life_step goes(struct life_state now, enum life_at at, unsigned what)
{
	/* Whatever waits again has made room. */
	bool yields = now.wish == WISH_YIELD && at == AT_WAITING;

	return (struct life_step){.next = {(uint8_t)at, yields ? WISH_NONE : now.wish},
		.what = what};
}

/* A wish to be gone; to be removed is the stronger one. */
static struct life_step wishes(struct life_state now, enum life_wish wish)
{
	if (now.at == AT_OVER || now.wish >= wish)
		return stays(now);
	return (struct life_step){.next = {now.at, (uint8_t)wish}, .what = DO_PLAN};
}

struct life_step life_step(struct life_state now, enum life_event ev)
{
	bool wanted = now.wish <= WISH_YIELD;

	/* What a person wants is the same wherever it is. */
	if (ev == ON_CANCEL || ev == ON_DELETE)
		return wishes(now, ev == ON_CANCEL ? WISH_CANCEL : WISH_DELETE);
	if (ev == ON_WISH_LOST && now.at != AT_OVER)
		return (struct life_step){.next = {now.at, WISH_NONE}, .what = DO_PLAN};
	switch (now.at) {
	case AT_WAITING:
		if (ev == ON_PLACED && wanted)
			return goes(now, AT_PLACED, DO_STORE_START);
		if (ev == ON_HOLD && wanted)
			return goes(now, AT_HELD, DO_PLAN);
		if (ev == ON_DROP && !wanted)
			return goes(now, AT_OVER, DO_STORE_OVER | DO_PLAN);
		break;
	case AT_HELD:
		if (ev == ON_RELEASE)
			return goes(now, AT_WAITING, DO_PLAN);
		if (ev == ON_DROP && !wanted)
			return goes(now, AT_OVER, DO_STORE_OVER | DO_PLAN);
		break;
	case AT_PLACED:
		if (ev == ON_START_STORED && wanted)
			return goes(now, AT_ASKED, DO_TELL_START);
		if (ev == ON_START_STORED)
			return goes(now, AT_OVER, DO_LEAVE_PLACE | DO_STORE_OVER | DO_PLAN);
		if (ev == ON_START_LOST)
			return goes(now, AT_WAITING, DO_LEAVE_PLACE | DO_PLAN);
		break;
	case AT_ASKED:
	case AT_RUNNING:
	case AT_STOPPING:
		if (ev == ON_STARTED && now.at == AT_ASKED)
			return goes(now, AT_RUNNING, DO_STORE_RUNNING);
		if (ev == ON_STARTED && now.at == AT_STOPPING)
			return goes(now, AT_STOPPING, DO_STORE_RUNNING);
		if (ev == ON_YIELD && now.wish == WISH_NONE && now.at != AT_STOPPING)
			return (struct life_step){.next = {now.at, WISH_YIELD}};
		if (ev == ON_STOP && now.wish != WISH_NONE && now.at != AT_STOPPING)
			return goes(now, AT_STOPPING, DO_TELL_STOP);
		if (ev == ON_NEVER_BEGAN && wanted)
			return goes(now, AT_WAITING, DO_LEAVE_PLACE | DO_STORE_ANEW | DO_PLAN);
		if (ev == ON_ENDED || ev == ON_NEVER_BEGAN)
			return goes(now, AT_ENDED, DO_READ_LOG);
		break;
	case AT_ENDED:
		if (ev == ON_AGAIN && wanted)
			return goes(now, AT_WAITING, DO_LEAVE_PLACE | DO_STORE_AGAIN);
		if (ev == ON_LAST || ev == ON_AGAIN)
			return goes(now, AT_OVER, DO_LEAVE_PLACE | DO_STORE_OVER | DO_PLAN);
		break;
	case AT_OVER:
		if (ev == ON_OVER_STORED)
			return goes(now, AT_OVER, DO_FREE | DO_PLAN);
		break;
	}
	return stays(now);
}

bool life_holds(struct life_state l)
{
	return l.at >= AT_PLACED && l.at <= AT_ENDED;
}

bool life_stopped(struct life_state l)
{
	return l.at >= AT_STOPPING;
}

struct life_state life_found(bool live, bool runs, bool held, enum life_wish wish)
{
	enum life_at at = live ? runs ? AT_RUNNING : AT_ASKED : held ? AT_HELD : AT_WAITING;

	if (!live && wish == WISH_YIELD)
		wish = WISH_NONE;
	return (struct life_state){(uint8_t)at, (uint8_t)wish};
}
