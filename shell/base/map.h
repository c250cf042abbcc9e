/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Hash tables from a number or a text to a pointer. Zero-initialised is empty. Texts are borrowed:
 * they must live as long as the map. A value is never NULL (NULL means "not there").
 */
#ifndef OT_BASE_MAP_H
#define OT_BASE_MAP_H

#include "base/clean.h"

struct ot_map_slot {
	uint64_t key; /* the number, or the hash of the text */
	const char *text;
	void *value;
};

struct ot_map {
	struct ot_map_slot *slots;
	size_t nr;
	size_t cap; /* a power of two, or 0 */
};

/** Numbers as keys; do not mix with texts in one map. */
void *ot_map_get(const struct ot_map *map, uint64_t key);
void ot_map_set(struct ot_map *map, uint64_t key, void *value);
/** Where the value of a key is, or goes: NULL there is to be replaced before the map is used again. */
void **ot_map_place(struct ot_map *map, uint64_t key);
/** Removes; returns what was there. */
void *ot_map_remove(struct ot_map *map, uint64_t key);

/** Texts as keys. */
void *ot_map_get_text(const struct ot_map *map, const char *text);
void ot_map_set_text(struct ot_map *map, const char *text, void *value);

/** Next used slot from *@p at on, or NULL; start with 0. The order is that of the hash. */
struct ot_map_slot *ot_map_next(const struct ot_map *map, size_t *at);
/** Room for @p nr entries without growing. */
void ot_map_reserve(struct ot_map *map, size_t nr);
void ot_map_deinit(struct ot_map *map);

uint64_t ot_hash_bytes(const void *data, size_t bytes);
uint64_t ot_hash_text(const char *text);
/** Spreads the bits of a number. */
uint64_t ot_hash_u64(uint64_t value);

#endif
