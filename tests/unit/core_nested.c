/* Records inside records: one and many, two deep, by all the verbs that a type owns. */
#include "unit/core_random.h"

#include "core/kinds/kinds.h"
#include "core/kinds/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 500 };

/* A rack of shelves with disks, and a lamp; made for this test. */
struct disk {
	struct record record;
	const char *serial;
	struct bytes size;
	struct strings tags;
};
struct shelf {
	struct record record;
	const char *name;
	struct records disks;
};
struct rack {
	struct record record;
	const char *name;
	struct records shelves;
	struct nested lamp;
};

static const char *const sections[] = {"All", NULL};

#define GIVEN .flags = F_NEW | F_EDIT, .width = 9, .doc = "A fact."
#define KEYED .flags = F_KEY | F_NEEDED | F_NEW, .width = 9, .doc = "Its name."
#define KIND_OF(S, rows)                                                           \
	.fields = rows, .field_count = ARRAY_SIZE(rows), .size = sizeof(struct S), \
	.sections = sections, .doc = "Made for a test."

static const struct field disk_fields[] = {
	ROW(disk, serial, text, KEYED),
	ROW(disk, size, bytes, GIVEN),
	ROW(disk, tags, strings, GIVEN),
};
static const struct kind disk_kind = {
	.name = "disk", .plural = "disks", KIND_OF(disk, disk_fields)};
static const struct field shelf_fields[] = {
	ROW(shelf, name, text, KEYED),
	ROW(shelf, disks, records, GIVEN, .embeds = &disk_kind, .max = 4),
};
static const struct kind shelf_kind = {
	.name = "shelf", .plural = "shelves", KIND_OF(shelf, shelf_fields)};
static const struct field rack_fields[] = {
	ROW(rack, name, text, KEYED),
	ROW(rack, shelves, records, GIVEN, .embeds = &shelf_kind),
	ROW(rack, lamp, record, GIVEN, .embeds = &disk_kind),
};
static const struct kind rack_kind = {.name = "rack",
	.plural = "racks",
	.path = "/cloud_ml/v1/racks",
	.list_fields = "name,shelves",
	.wide_fields = "name,shelves,lamp",
	KIND_OF(rack, rack_fields)};

static bool same(const struct rack *a, const struct rack *b)
{
	struct fieldset changed, none = {{0}};

	record_diff(&rack_kind, a, b, &changed);
	return memcmp(&changed, &none, sizeof none) == 0;
}

static bool decode(struct rack *r, struct arena *a, const char *text, enum strictness how,
	struct err *e)
{
	json_t *in = json_loads(text, 0, NULL);
	bool good;

	assert_non_null(in);
	*e = (struct err)ERR_INIT;
	good = record_decode(&rack_kind, r, a, in, how, e);
	json_decref(in);
	return good;
}

static void the_tables_hold(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	if (!kind_check(&rack_kind, &e))
		fail_msg("%s", e.text);
}

static const char *fault_of(struct field row)
{
	static struct err e;
	struct field rows[] = {rack_fields[0], row};
	struct kind k = rack_kind;

	k.fields = rows;
	k.field_count = 2;
	k.list_fields = k.wide_fields = "name";
	e = (struct err)ERR_INIT;
	return kind_check(&k, &e) ? "" : e.text;
}

static void tables_with_faults_are_found(void **state)
{
	struct field row = rack_fields[1];
	struct field circle_rows[2];
	struct kind circle = shelf_kind;

	(void)state;
	row.embeds = NULL;
	assert_non_null(strstr(fault_of(row), "are of an embedded kind"));
	row.embeds = &node_kind;
	assert_non_null(strstr(fault_of(row), "neither routes nor actions"));
	row = rack_fields[1];
	row.flags |= F_MASKED;
	assert_non_null(strstr(fault_of(row), "not hidden"));
	memcpy(circle_rows, shelf_fields, sizeof circle_rows);
	circle_rows[1].embeds = &circle;
	circle.fields = circle_rows;
	row = rack_fields[1];
	row.embeds = &circle;
	assert_non_null(strstr(fault_of(row), "in a circle"));
}

/* Whatever is inside: packed and unpacked, over the wire and back, copied, it is the same. */
static void round_trips_agree(void **state)
{
	struct dice d = {4711};

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct arena own = ARENA_INIT, a = ARENA_INIT;
		struct rack one, packed, wire = {0}, copy;
		struct buf bytes = BUF_INIT;
		struct err e = ERR_INIT;
		json_t *json;

		dice_record(&d, &rack_kind, &one, &own, 0);
		record_pack(&rack_kind, &one, &bytes);
		if (!record_unpack(&rack_kind, &packed, &a, bytes.data, bytes.len, &e))
			fail_msg("round %d: %s", round, e.text);
		json = record_encode(&rack_kind, &one, NULL);
		assert_true(record_decode(&rack_kind, &wire, &a, json, DECODE_SERVER, &e));
		record_copy(&rack_kind, &copy, &one, &a);
		assert_true(same(&one, &packed) && same(&one, &wire) && same(&one, &copy));
		for (size_t len = 0; len < bytes.len; len += 1 + bytes.len / 50) {
			struct rack cut;
			char *part = mem_dup(bytes.data, len ? len : 1);

			record_unpack(&rack_kind, &cut, &a, part, len, NULL);
			free(part);
		}
		/* The copy does not lean on what it was made from. */
		arena_release(&own);
		assert_true(same(&copy, &packed));
		json_decref(json);
		buf_release(&bytes);
		arena_release(&a);
	}
}

static const struct {
	const char *text, *field, *says;
} refusals[] = {
	{"{\"name\": \"r\", \"shelves\": [{\"name\": \"a\"}, {\"name\": \"b\", \"disks\": "
	 "[{\"serial\": \"1\", \"siz\": 2}]}]}",
		"shelves[1].disks[0].siz",
		"shelves[1].disks[0].siz is not a field of a disk; did you mean size?"},
	{"{\"name\": \"r\", \"shelves\": [{}]}", "shelves[0].name", "shelves[0].name is needed"},
	{"{\"name\": \"r\", \"lamp\": {\"serial\": 1.5}}", "lamp.serial",
		"lamp.serial is 1.5: give a text, in quotes"},
	{"{\"name\": \"r\", \"lamp\": []}", "lamp",
		"lamp is an array: give an object with fields such as serial"},
	{"{\"name\": \"r\", \"shelves\": {}}", "shelves",
		"shelves is an object: give a list of objects with fields such as name"},
	{"{\"name\": \"r\", \"shelves\": [7]}", "shelves[0]",
		"shelves[0]: a shelf must be an object with fields such as name"},
	{"{\"name\": \"r\", \"shelves\": [{\"name\": \"a\", \"disks\": [{}, {}, {}, {}, {}]}]}",
		"shelves[0].disks", "shelves[0].disks has 5 items: it may have 4"},
};

static void persons_are_told_the_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct arena a = ARENA_INIT;
		struct rack r = {0}, before = {0};
		struct err e;

		assert_false(decode(&r, &a, refusals[i].text, DECODE_NEW, &e));
		assert_string_equal(e.text, refusals[i].says);
		assert_string_equal(e.field, refusals[i].field);
		assert_memory_equal(&r, &before, sizeof r);
		arena_release(&a);
	}
}

static void servers_are_forgiven(void **state)
{
	struct arena a = ARENA_INIT;
	struct rack r = {0};
	struct err e;
	const struct shelf *s;

	(void)state;
	assert_true(decode(&r, &a,
		"{\"name\": \"r\", \"lamp\": 3, \"shelves\": [{\"name\": \"a\", \"new\": 1, "
		"\"disks\": [{\"serial\": \"x\\u001b\", \"size\": \"?\"}, {}, {}, {}, {}, {}]}]}",
		DECODE_SERVER, &e));
	assert_false(record_has(rack, &r, lamp));
	assert_int_equal(r.shelves.len, 1);
	s = records_at(&shelf_kind, &r.shelves, 0);
	assert_int_equal(s->disks.len, 4); /* what is too much is cut */
	assert_null(strchr(((const struct disk *)s->disks.items)->serial, '\x1b'));
	arena_release(&a);
}

/* An edit gives the whole list anew. */
static void edits_replace_the_whole(void **state)
{
	struct arena a = ARENA_INIT;
	struct rack r = {0};
	struct err e;

	(void)state;
	assert_true(decode(&r, &a, "{\"name\": \"r\", \"lamp\": {\"serial\": \"1\", \"size\": 5}}",
		DECODE_NEW, &e));
	assert_true(decode(&r, &a, "{\"lamp\": {\"serial\": \"2\"}}", DECODE_EDIT, &e));
	assert_false(record_has(disk, (const struct disk *)r.lamp.item, size));
	assert_true(decode(&r, &a, "{\"lamp\": null}", DECODE_EDIT, &e));
	assert_false(record_has(rack, &r, lamp));
	arena_release(&a);
}

static void cells_count_and_filters_refuse(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct rack r = {0};
	struct err e;

	(void)state;
	assert_true(decode(&r, &a,
		"{\"name\": \"r\", \"lamp\": {\"serial\": \"L\"}, \"shelves\": [{\"name\": \"a\"}, "
		"{\"name\": \"b\"}]}",
		DECODE_NEW, &e));
	record_cell(&rack_kind, &r, &rack_fields[1], 0, &out);
	record_cell(&rack_kind, &r, &rack_fields[2], 0, &out);
	assert_string_equal(out.data, "2L");
	buf_release(&out);
	for (size_t i = 0; i < 3; i++) {
		static const char *const texts[] = {"shelves=2", "shelves>2", "lamp~=L"};

		e = (struct err)ERR_INIT;
		assert_null(filter_parse(&rack_kind, texts[i], &e));
		assert_non_null(strstr(e.text, "has fields of its own, and filters do not look"));
	}
	filter_complete(&rack_kind, "", 0, &out);
	assert_string_equal(out.data, "name");
	assert_int_equal(out.len, 5);
	buf_release(&out);
	arena_release(&a);
}

static void docs_name_the_rows_inside(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	kind_docs(&rack_kind, &out);
	assert_non_null(strstr(out.data, "| `shelves` | array of objects: shelf | "));
	assert_non_null(strstr(out.data, "| `shelves[].disks[].serial` | string | "));
	assert_non_null(strstr(out.data, "| `lamp.size` | "));
	buf_release(&out);
}

/* Many items cost a byte each to say, not to be believed: the bytes must be there. */
static void packed_counts_are_not_believed(void **state)
{
	uint32_t tag = field_tag("shelves");
	const unsigned char pack[] = {1, (unsigned char)tag, (unsigned char)(tag >> 8),
		(unsigned char)(tag >> 16), (unsigned char)(tag >> 24), ST_RECORDS, 4, 0x82, 0x00,
		0, 0};
	struct arena a = ARENA_INIT;
	struct rack r = {0};

	(void)state;
	assert_false(record_unpack(&rack_kind, &r, &a, pack, sizeof pack, NULL));
	assert_int_equal(a.used, 0);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_hold),
		cmocka_unit_test(tables_with_faults_are_found),
		cmocka_unit_test(round_trips_agree),
		cmocka_unit_test(persons_are_told_the_place),
		cmocka_unit_test(servers_are_forgiven),
		cmocka_unit_test(edits_replace_the_whole),
		cmocka_unit_test(cells_count_and_filters_refuse),
		cmocka_unit_test(docs_name_the_rows_inside),
		cmocka_unit_test(packed_counts_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
