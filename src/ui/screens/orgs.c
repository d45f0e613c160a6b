#include "core/kinds/org.h"
#include "ui/kit/glyphs.h"
#include "ui/screens/used_cell.h"

/* All orgs at a look: what each holds of what it may hold, what runs of it and waits. */

enum { BAR_CELLS = 3 }; /* all of it fits into 80 columns */

USED_CELL(gpu, "gpu_used", "gpu_bound", BAR_CELLS)
USED_CELL(cpu, "cpu_used", "cpu_bound", BAR_CELLS)
USED_CELL(memory, "memory_used", "memory_bound", BAR_CELLS)
USED_CELL(jobs, "jobs_used", "jobs_bound", BAR_CELLS)

/* "75% ███░" */
static void share_cell(const struct table *t, const struct entry *e, int64_t now, bool ascii,
	struct buf *out)
{
	const struct org *o = e->row;

	record_cell(t->data.kind, o, kind_field(t->data.kind, "share"), now, out);
	if (!record_has(org, o, share))
		return;
	buf_adds(out, "% ");
	glyph_bar((double)o->share / 100, BAR_CELLS, ascii, out);
}

static const struct column columns[] = {
	{.field = "org_name", .width = 8, .most = 24},
	{.field = "share", .title = "SHARE", .priority = 1, .width = 8, .cell = share_cell},
	{.field = "running", .title = "RUN", .priority = 2, .width = 4},
	{.field = "waiting", .title = "WAIT", .priority = 3, .width = 4},
	{.field = "held", .priority = 4, .width = 4},
	{.field = "gpu_used",
		.title = "GPU",
		.priority = 5,
		.width = 11,
		.most = 16,
		.cell = gpu_cell},
	{.field = "cpu_used",
		.title = "CPU",
		.priority = 7,
		.width = 11,
		.most = 16,
		.cell = cpu_cell},
	{.field = "memory_used",
		.title = "MEM",
		.priority = 8,
		.width = 11,
		.most = 16,
		.cell = memory_cell},
	{.field = "jobs_used",
		.title = "JOBS",
		.priority = 6,
		.width = 9,
		.most = 14,
		.cell = jobs_cell},
	{.field = "held_by", .priority = 9, .width = 8, .most = 16},
	{.field = "hold_note", .priority = 10, .width = 16, .most = 60},
	{.field = "age", .priority = 11, .width = 4, .wide = true},
	{.field = "description", .priority = 12, .width = 20, .most = 60, .wide = true},
	{0},
};

static const char *const empty[] = {T_EMPTY_KIND, NULL};

const struct screen scr_orgs = {
	.name = "orgs",
	.doc = T_SCREEN_ORGS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &org_kind,
	.columns = columns,
	.sort = "-share",
	.fields = "org_id,org_name,waiting,running,gpu_bound,cpu_bound,memory_bound,jobs_bound",
	.empty = empty,
	TABLE_SCREEN,
};
