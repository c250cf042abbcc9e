// SPDX-License-Identifier: BSD-2-Clause
// A merge sort of the beginnings of the names, kept side by side: most comparisons look at nothing else,
// where strcmp() by way of the items would wait for memory twice a side.
#include <string.h>

#include "base/order.h"

#define RUN 12 /* so many are sorted by insertion */

struct keyed {
	uint64_t key;	  /* the first eight bytes, so that a smaller number is a smaller name */
	const char *rest; /* behind them; NULL when the name has ended before */
	void *item;
};

/* @param at of the pointer to the item */
static void key_init(struct keyed *keyed, const char *at, size_t name_offset)
{
	const char *name;
	size_t i;

	memcpy(&keyed->item, at, sizeof(keyed->item));
	memcpy(&name, (const char *)keyed->item + name_offset, sizeof(name));
	keyed->key = 0;
	for (i = 0; i < 8 && name[i]; i++)
		keyed->key |= (uint64_t)(unsigned char)name[i] << (56 - 8 * i);
	keyed->rest = i == 8 ? name + i : NULL;
}

/* Equal keys have both ended, or neither. */
static int compare_keyed(const struct keyed *a, const struct keyed *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->rest ? strcmp(a->rest, b->rest) : 0;
}

static void sort_run(struct keyed *at, size_t nr)
{
	for (size_t i = 1; i < nr; i++) {
		struct keyed moved = at[i];
		size_t to = i;

		for (; to && compare_keyed(&moved, &at[to - 1]) < 0; to--)
			at[to] = at[to - 1];
		at[to] = moved;
	}
}

/* Merges [0, middle) and [middle, nr) of @from into @to. */
static void merge(const struct keyed *from, size_t middle, size_t nr, struct keyed *to)
{
	size_t left = 0, right = middle;

	if (middle >= nr || compare_keyed(&from[middle - 1], &from[middle]) <= 0) {
		memcpy(to, from, nr * sizeof(*to));
		return;
	}
	while (left < middle && right < nr)
		*to++ = compare_keyed(&from[right], &from[left]) < 0 ? from[right++] : from[left++];
	memcpy(to, from + left, (middle - left) * sizeof(*to));
	memcpy(to + (middle - left), from + right, (nr - right) * sizeof(*to));
}

/* @return which of the two arrays has them in order */
static struct keyed *sort(struct keyed *from, struct keyed *to, size_t nr)
{
	for (size_t at = 0; at < nr; at += RUN)
		sort_run(from + at, nr - at < RUN ? nr - at : RUN);
	for (size_t width = RUN; width < nr; width *= 2) {
		struct keyed *swapped = from;

		for (size_t at = 0; at < nr; at += 2 * width)
			merge(from + at, width, nr - at < 2 * width ? nr - at : 2 * width, to + at);
		from = to;
		to = swapped;
	}
	return from;
}

void ot_order_by_name(void *items, size_t nr, size_t name_offset,
		      int (*compare)(const void *left, const void *right))
{
	ot_auto_free struct keyed *all = ot_alloc_table(2 * nr, sizeof(*all));
	const size_t bytes = sizeof(all->item);
	char *list = items;
	const struct keyed *sorted;
	size_t end;

	for (size_t i = 0; i < nr; i++)
		key_init(&all[i], list + i * bytes, name_offset);
	sorted = sort(all, all + nr, nr);
	for (size_t i = 0; i < nr; i = end) {
		for (end = i; end < nr && !compare_keyed(&sorted[i], &sorted[end]); end++)
			memcpy(list + end * bytes, &sorted[end].item, bytes);
		if (end - i > 1)
			qsort(list + i * bytes, end - i, bytes, compare);
	}
}
