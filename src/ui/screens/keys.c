#include "core/kinds/key.h"
#include "ui/screens/screens.h"

/* Access keys: whose, what they may, when they were used last; never a secret. */

static const struct column columns[] = {
	{.field = "name", .width = 12, .most = 24},
	{.field = "access_key", .title = "ACCESS KEY", .priority = 1, .width = 20},
	{.field = "role", .priority = 2, .width = 11},
	{.field = "org_name", .title = "ORG", .priority = 5, .width = 8, .most = 16},
	{.field = "disabled", .title = "OFF", .priority = 3, .width = 3},
	{.field = "read_only", .title = "RO", .priority = 6, .width = 3},
	{.field = "used", .title = "USED", .priority = 4, .width = 4},
	{.field = "age", .title = "AGE", .priority = 7, .width = 4},
	{.field = "last_from", .title = "FROM", .priority = 8, .width = 15},
	{.field = "made_by", .title = "MADE BY", .priority = 9, .width = 12},
	{.field = "not_after", .title = "EXPIRES", .priority = 10, .width = 20},
	{0},
};

static const char *const empty[] = {T_EMPTY_KIND, NULL};

const struct screen scr_keys = {
	.name = "keys",
	.doc = T_SCREEN_KEYS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &key_kind,
	.columns = columns,
	.sort = "name",
	.fields = "access_key,name",
	.empty = empty,
	TABLE_SCREEN,
	.sets = true,
};
