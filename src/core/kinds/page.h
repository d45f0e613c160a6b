/* A page of a list as a platform answers it. */
#ifndef MLTOP_CORE_PAGE_H
#define MLTOP_CORE_PAGE_H

#include "core/schema/schema.h"

/*
 * Its rows, a list that is the caller's of rows that may be the page's own: "data", or, where the page is
 * an object of names and lists as the public client knows frameworks, a row for each.
 */
json_t *page_rows(const struct kind *k, const json_t *page);

#endif
