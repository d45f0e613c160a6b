#include "ui/screens/screens.h"

#include "core/kinds/node.h"

/* The machines: what jobs asked of them, and what is really in use. */

static const struct column columns[] = {
	{.field = "name", .width = 10, .most = 30},
	{.field = "state", .priority = 1, .width = 8},
	{.field = "gpu_used", .title = "GPU", .priority = 2, .width = 3},
	{.field = "gpu_total", .title = "OF", .priority = 3, .width = 3},
	{.field = "gpu_util", .priority = 4, .width = 4},
	{.field = "cpu_load", .priority = 5, .width = 4},
	{.field = "memory_load", .priority = 6, .width = 6},
	{.field = "memory_total", .title = "OF", .priority = 7, .width = 6},
	{.field = "network_in", .priority = 8, .width = 6},
	{.field = "network_out", .priority = 9, .width = 7},
	{.field = "tasks", .priority = 10, .width = 5},
	{.field = "cpu_used", .title = "ASKED", .priority = 11, .width = 5},
	{.field = "cpu_total", .title = "CPUS", .priority = 12, .width = 5},
	{.field = "drained_by", .priority = 12, .width = 8, .most = 16},
	{.field = "drain_note", .priority = 13, .width = 16, .most = 60},
	{.field = "gpu_note", .priority = 13, .width = 20, .most = 120},
	{.field = "memory_used", .title = "MEM ASKED", .priority = 14, .width = 9, .wide = true},
	{.field = "labels", .priority = 15, .width = 20, .most = 60, .wide = true},
	{0},
};

const struct screen scr_nodes = {
	.name = "nodes",
	.doc = T_SCREEN_NODES,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &node_kind,
	.columns = columns,
	.sort = "name",
	.fields = "name,gpu_note,drained,tasks,gpu_used,cpu_used",
	TABLE_SCREEN,
};
