/* What can be done with a node. */
#include "core/kinds/drain.h"
#include "core/kinds/key.h"
#include "core/kinds/node.h"

/* "2 jobs run there (4 GPUs, 8 CPUs)" */
static void runs_there(const struct node *n, struct buf *out)
{
	if (n->tasks == 0) {
		buf_adds(out, "Nothing runs there");
		return;
	}
	buf_addf(out, "%lld %s there (%lld GPU%s, %g CPUs)", (long long)n->tasks,
		n->tasks == 1 ? "job runs" : "jobs run", (long long)n->gpu_used,
		n->gpu_used == 1 ? "" : "s", (double)n->cpu_used.v / 1000);
}

static void drain_stake(const void *row, struct buf *out)
{
	const struct node *n = row;

	runs_there(n, out);
	buf_adds(out, n->tasks == 0 ? ".\n" : n->tasks == 1 ? " and goes on.\n" : " and go on.\n");
}

static void evict_stake(const void *row, struct buf *out)
{
	const struct node *n = row;

	runs_there(n, out);
	buf_adds(out, ".\n");
	if (n->tasks > 0)
		buf_adds(out, "It is stopped and waits for room elsewhere: what it did is lost.\n");
}

const struct kind_action node_actions[] = {
	{
		.name = "drain",
		.method = "POST",
		.tail = "/drain",
		.least = ROLE_ADMIN,
		.asks = ASKS_CONFIRM,
		.key = 'h',
		.flag = "drained",
		.flag_set = false,
		.other = "undrain",
		.undo = "undrain",
		.takes = &drain_kind,
		.not_from = "it is drained already: undrain it, or evict what runs there",
		.ask = "Drain",
		.doing = "is drained",
		.at_stake = drain_stake,
		.stakes = "Nothing new starts there until it is undrained.",
		.doc = "Starts nothing new on the node; what runs goes on.",
	},
	{
		.name = "undrain",
		.method = "POST",
		.tail = "/undrain",
		.least = ROLE_ADMIN,
		.asks = ASKS_NOTHING,
		.flag = "drained",
		.flag_set = true,
		.not_from = "only a node that is drained can be undrained",
		.ask = "Undrain",
		.doing = "takes work again",
		.doc = "Lets work start on the node again.",
	},
	{
		.name = "evict",
		.method = "POST",
		.tail = "/evict",
		.least = ROLE_ADMIN,
		.asks = ASKS_CONFIRM,
		.key = 'x',
		.flag = "drained",
		.flag_set = true,
		.not_from = "what runs there would start again: drain it first",
		.ask = "Evict",
		.doing = "is being emptied",
		.at_stake = evict_stake,
		.doc = "Stops what runs on a drained node (stop_grace); it waits again, and the attempt does not "
		       "count.",
	},
};
_Static_assert(ARRAY_SIZE(node_actions) == NODE_ACTIONS, "as the header says");
