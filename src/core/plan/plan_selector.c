/* Which nodes a gang may be on, and the sentences about those that lack what it asks for. */
#include "core/plan/plan_parts.h"

#include <string.h>

bool selector_says(const struct plan_gang *g)
{
	return g->selector_key && *g->selector_key;
}

bool selector_is_name(const char *key)
{
	return strcmp(key, "hostname") == 0 || strcmp(key, "kubernetes.io/hostname") == 0;
}

bool node_selected(const struct plan_gang *g, const struct plan_node *n)
{
	const char *value = g->selector_value ? g->selector_value : "";

	if (!selector_says(g))
		return true;
	if (selector_is_name(g->selector_key))
		return n->name && strcmp(n->name, value) == 0;
	for (size_t i = 0; i < n->labels.len; i++)
		if (strcmp(n->labels.items[i].key, g->selector_key) == 0)
			return strcmp(n->labels.items[i].value, value) == 0;
	return false;
}

static const char *value_of(const struct plan_node *n, const char *key)
{
	if (selector_is_name(key))
		return n->name;
	for (size_t i = 0; i < n->labels.len; i++)
		if (strcmp(n->labels.items[i].key, key) == 0)
			return n->labels.items[i].value;
	return NULL;
}

static const char *name_of(const struct plan_node *n)
{
	return n->name ? n->name : "unnamed";
}

enum { NAMED = 3 }; /* nodes, or values, of a list */

/* "a, b, c and 4 more": the nodes that have that value. */
static void names_add(struct text *t, const struct plan_cluster *c, const char *key,
	const char *value)
{
	int64_t count = 0;

	for (size_t i = 0; i < c->node_count; i++) {
		const char *has = value_of(&c->nodes[i], key);

		if (has == NULL || strcmp(has, value) != 0 || count++ >= NAMED)
			continue;
		text_add(t, count > 1 ? ", " : "");
		text_add(t, name_of(&c->nodes[i]));
	}
	if (count > NAMED) {
		text_add(t, " and ");
		text_number(t, count - NAMED);
		text_add(t, " more");
	}
}

/* Has a node before that one the same value? */
static bool was_named(const struct plan_cluster *c, const char *key, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		const char *has = value_of(&c->nodes[i], key);

		if (has && strcmp(has, value_of(&c->nodes[at], key)) == 0)
			return true;
	}
	return false;
}

void selector_tell(struct text *t, const struct plan_cluster *c, const char *key)
{
	int values = 0;

	for (size_t i = 0; i < c->node_count && values < NAMED; i++) {
		const char *has = value_of(&c->nodes[i], key);

		if (has == NULL || was_named(c, key, i))
			continue;
		text_add(t, values++ ? "; " : "");
		if (selector_is_name(key)) {
			text_add(t, has);
			continue;
		}
		text_add(t, has);
		text_add(t, " is that of ");
		names_add(t, c, key, has);
	}
	if (values == 0)
		text_add(t, "no node has that label at all");
}

static bool any_selected(const struct plan_cluster *c, const struct plan_gang *g)
{
	for (size_t i = 0; i < c->node_count; i++)
		if (node_selected(g, &c->nodes[i]))
			return true;
	return false;
}

/* Were it free in its choice, it would start now. */
static bool fits_elsewhere(struct nodes *n, const struct plan_gang *g, const struct amounts *need)
{
	struct plan_gang any = *g;

	any.selector_key = NULL;
	if (!nodes_fit(n, &any, need))
		return false;
	nodes_put_back(n, &any, need);
	return true;
}

static void where_add(struct text *t, const struct plan_cluster *c, const char *key,
	const char *value)
{
	bool name = selector_is_name(key);

	text_add(t, name ? " on node " : " on the nodes with ");
	text_add(t, name ? value : key);
	if (name)
		return;
	text_add(t, "=");
	text_add(t, value);
	text_add(t, " (");
	names_add(t, c, key, value);
	text_add(t, ")");
}

void nodes_selector_why(struct nodes *n, const struct plan_gang *g, const struct amounts *need,
	enum work_reason *reason, struct text *t)
{
	const char *value = g->selector_value ? g->selector_value : "";

	if (!any_selected(n->cluster, g)) {
		*reason = REASON_NODE_SELECTOR;
		t->len = 0;
		text_add(t, "no node has ");
		text_add(t, g->selector_key);
		text_add(t, "=");
		text_add(t, value);
		text_add(t, ", which node_selector_key and node_selector_value ask for: ");
		selector_tell(t, n->cluster, g->selector_key);
	} else if (fits_elsewhere(n, g, need)) {
		*reason = REASON_NODE_SELECTOR;
		where_add(t, n->cluster, g->selector_key, value);
		text_add(t, "; others have room, and may not take it");
	}
}
