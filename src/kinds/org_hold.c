/* The queue of an org is held and released: what is wanted of it stands in the org's own object. */
#include "kinds/org_hold.h"

#include "core/kinds/hold.h"
#include "core/kinds/org.h"

/* Whoever looks next sees it, before the next turn of planning. */
static void hold_stored(void *ctx, bool ok, const struct err *e)
{
	struct platform *p = ctx;

	(void)e;
	if (ok)
		reconcile_usage(&p->work);
	reconcile_soon(&p->work);
}

static void hold_commit(struct request *r, const struct org *o, const char *verb, const char *event)
{
	struct change *c = change_for(r);
	const char *who = r->who.key_name;
	const char *note = o->held && o->hold_note && *o->hold_note ? o->hold_note : NULL;
	struct buf what = BUF_INIT; /* its name first, as in records of all that changes */

	change_row(c, &org_kind, o);
	change_event(c, &org_kind, o, EVENT_NORMAL, event, "by %s%s%s", who && *who ? who : "local",
		note ? ": " : "", note ? note : "");
	change_events_trim(c, &org_kind, o->org_id);
	buf_addf(&what, "%s%s%s", o->org_name, note ? ": " : "", note ? note : "");
	change_audit_in(c, o->org_id, verb, o->org_id, what.data);
	buf_release(&what);
	change_answer(c, 200, record_encode(&org_kind, o, NULL));
	change_then(c, hold_stored, r->platform);
	change_commit(c);
}

static void org_hold(struct request *r, const void *row)
{
	struct arena text = ARENA_INIT;
	struct org o = *(const struct org *)row;
	struct hold says;

	if (action_takes(r, &says, &text)) {
		record_set(org, &o, held, true);
		record_set(org, &o, held_by, r->who.key_name ? r->who.key_name : "");
		record_set(org, &o, held_role, r->who.role);
		record_set(org, &o, held_since, (struct when){r->now});
		record_drop(org, &o, hold_note);
		if (says.note && *says.note)
			record_set(org, &o, hold_note, says.note);
		hold_commit(r, &o, "org.hold", "Held");
	}
	arena_release(&text);
}

static void org_release(struct request *r, const void *row)
{
	struct org o = *(const struct org *)row;
	struct err e = ERR_INIT;

	if (r->who.role < (enum role)o.held_role) {
		err_set(&e, ERR_FORBIDDEN,
			"org %s is held by %.63s, whose key is %s: only such a key releases it (this key is "
			"%s)",
			o.org_name, o.held_by ? o.held_by : "?", role_words[o.held_role],
			role_words[r->who.role]);
		request_fail(r, &e);
		return;
	}
	record_set(org, &o, held, false);
	record_drop(org, &o, held_by);
	record_drop(org, &o, held_role);
	record_drop(org, &o, held_since);
	record_drop(org, &o, hold_note);
	hold_commit(r, &o, "org.release", "Released");
}

const struct action_handler org_handlers_actions[] = {
	{"hold", org_hold},
	{"release", org_release},
	{NULL, NULL},
};
