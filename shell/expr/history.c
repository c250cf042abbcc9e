// SPDX-License-Identifier: BSD-2-Clause
#include "expr/history.h"

#define HISTORY_MAX 1000u
#define HISTORY_VALUE_MAX_BYTES (64u * 1024u)

struct ot_history {
	struct ot_value values[HISTORY_MAX]; /* a ring: number n lies at (n - 1) % HISTORY_MAX */
	size_t nr;
};

struct ot_history *ot_history_create(void)
{
	return ot_alloc(sizeof(struct ot_history));
}

void ot_history_destroy(struct ot_history *history)
{
	if (!history)
		return;
	for (size_t i = 0; i < HISTORY_MAX; i++)
		ot_value_deinit(&history->values[i]);
	free(history);
}

size_t ot_history_add(struct ot_history *history, const struct ot_value *value)
{
	struct ot_value *place = &history->values[history->nr % HISTORY_MAX];
	struct ot_value light = *value;

	ot_value_deinit(place);
	if (value->is_lvalue && value->nr_bytes > HISTORY_VALUE_MAX_BYTES) {
		light.bytes = light.own = NULL;
		light.nr_bytes = 0;
	}
	ot_value_copy(&light, place);
	return ++history->nr;
}

size_t ot_history_last(const struct ot_history *history)
{
	return history->nr;
}

const struct ot_value *ot_history_get(const struct ot_history *history, size_t number)
{
	if (!number || number > history->nr || history->nr - number >= HISTORY_MAX)
		return NULL;
	return &history->values[(number - 1) % HISTORY_MAX];
}
