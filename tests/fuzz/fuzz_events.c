/* links: core base */
/*
 * Event files. The first byte says how the rest is cut, and whether it is one record's data, to which
 * head and checksums are made: what a mutation breaks first is those. However it is cut, the same
 * is told; a reader that goes on where another ended tells the rest.
 */
#include "core/events/scalars.h"
#include "unit/core_event_files.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct sum {
	struct scalars scalars;
	uint32_t crc;
	uint64_t count;
};

static void tell(void *ctx, const struct event_value *v)
{
	struct sum *sum = ctx;
	int64_t facts[] = {v->step, v->wall, v->class, v->known};

	must(strlen(v->tag) <= EVENT_TAG_MAX);
	sum->crc = crc32c(sum->crc, v->tag, strlen(v->tag));
	sum->crc = crc32c(sum->crc, facts, sizeof facts);
	if (v->known)
		sum->crc = crc32c(sum->crc, &v->number, sizeof v->number);
	sum->count++;
	scalar_run_take(scalars_run(&sum->scalars, "."), v);
}

static void check_points(const struct scalars *s)
{
	for (size_t i = 0; i < s->runs.len; i++)
		for (size_t n = 0; n < s->runs.items[i]->tags.len; n++) {
			const struct scalar_tag *t = s->runs.items[i]->tags.items[n];

			for (size_t p = 1; p < scalar_tag_count(t); p++)
				must(scalar_tag_point(t, p - 1)->step <
					scalar_tag_point(t, p)->step);
		}
}

/* Where it ended; `good`: nothing was wrong until there. */
static uint64_t read_in(const char *bytes, size_t len, uint64_t from, size_t each, struct sum *sum,
	bool *good)
{
	struct event_reader *r = event_reader_new(from, tell, sum);
	struct err e = ERR_INIT;
	uint64_t at;

	*good = true;
	for (size_t i = (size_t)from; *good && i < len; i += each) {
		size_t n = len - i < each ? len - i : each;
		char *piece = mem_dup(bytes + i, n);

		*good = event_reader_feed(r, piece, n, &e);
		free(piece);
	}
	must(*good || (e.code == ERR_INVALID && e.text[0]));
	at = event_reader_offset(r);
	must(at <= len);
	event_reader_free(r);
	check_points(&sum->scalars);
	return at;
}

static void compare(const char *bytes, size_t len, size_t each)
{
	struct sum whole = {.crc = 0}, cut = {.crc = 0}, parts = {.crc = 0};
	bool good, as_good;
	uint64_t end = read_in(bytes, len, 0, len ? len : 1, &whole, &good);

	must(end == read_in(bytes, len, 0, each, &cut, &as_good));
	must(good == as_good && whole.crc == cut.crc && whole.count == cut.count);
	/* The first half is there, then all of it. */
	uint64_t half = read_in(bytes, len / 2, 0, each, &parts, &as_good);

	if (as_good) {
		must(end == read_in(bytes, len, half, each, &parts, &as_good));
		must(good == as_good && whole.crc == parts.crc && whole.count == parts.count);
	}
	scalars_release(&whole.scalars);
	scalars_release(&cut.scalars);
	scalars_release(&parts.scalars);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = BUF_INIT;

	if (size == 0)
		return 0;
	put_scalar(&file, "before", 1, 1, 1);
	if (data[0] & 1) {
		struct buf record = BUF_INIT;

		buf_add(&record, data + 1, size - 1);
		put_record(&file, &record);
		put_scalar(&file, "behind", 1, 1, 1);
		buf_release(&record);
	} else {
		buf_add(&file, data + 1, size - 1);
	}
	compare(file.data, file.len, (data[0] >> 1) + 1);
	buf_release(&file);
	return 0;
}
