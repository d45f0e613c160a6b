#include "ui/screens/used_cell.h"

#include "ui/kit/glyphs.h"

void used_cell(const struct table *t, const struct entry *e, const char *used_row,
	const char *limit_row, int bar, bool ascii, struct buf *out)
{
	const struct kind *k = t->data.kind;
	const struct field *used = kind_field(k, used_row), *limit = kind_field(k, limit_row);
	const int64_t *u = record_member(e->row, used), *l = record_member(e->row, limit);

	record_cell(k, e->row, used, 0, out);
	if (!record_knows(k, e->row, used) || !record_knows(k, e->row, limit) || *l < 0)
		return;
	buf_addc(out, '/');
	record_cell(k, e->row, limit, 0, out);
	buf_addc(out, ' ');
	glyph_bar(*l > 0 ? (double)*u / (double)*l : 1, bar, ascii, out);
}
