/* Nodes that are drained. */
#ifndef MLTOP_KINDS_NODE_DRAIN_H
#define MLTOP_KINDS_NODE_DRAIN_H

#include "kinds/kinds.h"

struct node;

/* Into the row of a node, whose tasks are counted: what is wanted of it. */
void node_drain_put(struct platform *p, struct node *n);
/* Those that are drained and that the engine does not have. */
void nodes_away_put(struct platform *p, struct rowset *out);
extern const struct action_handler node_handlers_actions[];

#endif
