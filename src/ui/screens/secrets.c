#include "core/kinds/secret.h"
#include "ui/screens/screens.h"

/* Secrets of the org: what they are called and when they were used; never a value. */

static const struct column columns[] = {
	{.field = "secret_name", .width = 16, .most = 40},
	{.field = "age", .priority = 2, .width = 4},
	{.field = "updated", .priority = 3, .width = 7},
	{.field = "used", .priority = 1, .width = 4},
	{.field = "owner", .priority = 5, .width = 8, .most = 16},
	{.field = "description", .priority = 4, .width = 20, .most = 60},
	{.field = "org_name", .title = "ORG", .priority = 6, .width = 8, .most = 16, .wide = true},
	{0},
};

static const char *const empty[] = {T_EMPTY_SECRETS_1, T_EMPTY_SECRETS_2, NULL};

const struct screen scr_secrets = {
	.name = "secrets",
	.doc = T_SCREEN_SECRETS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &secret_kind,
	.columns = columns,
	.sort = "secret_name",
	.fields = "uid,secret_name",
	.empty = empty,
	TABLE_SCREEN,
	.sets = true,
};
