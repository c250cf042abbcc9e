// SPDX-License-Identifier: BSD-2-Clause
// Open addressing with linear probing; at most three quarters full.
#include <string.h>

#include "base/map.h"

uint64_t ot_hash_u64(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdull;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ull;
	return value ^ value >> 33;
}

uint64_t ot_hash_bytes(const void *data, size_t bytes)
{
	const unsigned char *at = data;
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return ot_hash_u64(hash);
}

uint64_t ot_hash_text(const char *text)
{
	return ot_hash_bytes(text, strlen(text));
}

/* The slot of a key, or the free one where it would go. Needs a free slot. */
static struct ot_map_slot *map_slot(const struct ot_map *map, uint64_t key, const char *text)
{
	size_t i = (size_t)(text ? key : ot_hash_u64(key)) & (map->cap - 1);

	for (;; i = (i + 1) & (map->cap - 1)) {
		struct ot_map_slot *slot = &map->slots[i];

		if (!slot->value)
			return slot;
		if (slot->key == key && (!text || !strcmp(slot->text, text)))
			return slot;
	}
}

static void map_resize(struct ot_map *map, size_t cap)
{
	struct ot_map old = *map;
	size_t at = 0;
	struct ot_map_slot *slot;

	map->cap = cap;
	map->slots = ot_alloc_table(cap, sizeof(*map->slots));
	while ((slot = ot_map_next(&old, &at)))
		*map_slot(map, slot->key, slot->text) = *slot;
	free(old.slots);
}

void ot_map_reserve(struct ot_map *map, size_t nr)
{
	size_t cap = map->cap ? map->cap : 16;

	while (nr + 1 > cap - cap / 4)
		cap *= 2;
	if (cap != map->cap)
		map_resize(map, cap);
}

static void **map_place(struct ot_map *map, uint64_t key, const char *text)
{
	struct ot_map_slot *slot;

	ot_map_reserve(map, map->nr + 1);
	slot = map_slot(map, key, text);
	if (!slot->value)
		map->nr++;
	slot->key = key;
	slot->text = text;
	return &slot->value;
}

void **ot_map_place(struct ot_map *map, uint64_t key)
{
	return map_place(map, key, NULL);
}

void *ot_map_get(const struct ot_map *map, uint64_t key)
{
	return map->nr ? map_slot(map, key, NULL)->value : NULL;
}

void ot_map_set(struct ot_map *map, uint64_t key, void *value)
{
	*map_place(map, key, NULL) = value;
}

void *ot_map_get_text(const struct ot_map *map, const char *text)
{
	return map->nr ? map_slot(map, ot_hash_text(text), text)->value : NULL;
}

void ot_map_set_text(struct ot_map *map, const char *text, void *value)
{
	*map_place(map, ot_hash_text(text), text) = value;
}

void *ot_map_remove(struct ot_map *map, uint64_t key)
{
	struct ot_map_slot *slot = map->nr ? map_slot(map, key, NULL) : NULL;
	void *value = slot ? slot->value : NULL;
	size_t i;

	if (!value)
		return NULL;
	slot->value = NULL;
	map->nr--;
	/* what stands behind in the same run may have been pushed there by this one */
	i = (size_t)(slot - map->slots);
	for (i = (i + 1) & (map->cap - 1); map->slots[i].value; i = (i + 1) & (map->cap - 1)) {
		struct ot_map_slot moved = map->slots[i];

		map->slots[i].value = NULL;
		*map_slot(map, moved.key, NULL) = moved;
	}
	return value;
}

struct ot_map_slot *ot_map_next(const struct ot_map *map, size_t *at)
{
	while (*at < map->cap) {
		struct ot_map_slot *slot = &map->slots[(*at)++];

		if (slot->value)
			return slot;
	}
	return NULL;
}

void ot_map_deinit(struct ot_map *map)
{
	free(map->slots);
	memset(map, 0, sizeof(*map));
}
