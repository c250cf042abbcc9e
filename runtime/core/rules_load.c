/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules, from what the shell sent to what hooks run. */
#include "base/arena.h"
#include "base/mem.h"
#include "core/bytecode.h"
#include "core/rules.h"
#include "core/tags.h"

#define KNOWN_FLAGS                                                                               \
	(OTRACE_RULE_LATE | OTRACE_RULE_CONTEXT | OTRACE_RULE_SPARING | OTRACE_RULE_BREAK_LEAVE | \
	 OTRACE_RULE_BREAK_ENTER | OTRACE_RULE_KEEP | OTRACE_RULE_TAG_RETURN)

/* Those that a shell before loaded tag nothing any more. */
static bool tag_for_this_session(const struct ot_rules *rules)
{
	for (uint32_t i = 0; i < rules->nr; i++)
		if (rules->items[i].action == OTRACE_ACTION_TAG &&
		    rules->items[i].tag_session != OT_TAG_KEPT &&
		    rules->items[i].tag_session != ot_tags_session())
			return false;
	return true;
}

bool ot_rules_are(const struct ot_rules *rules, const void *bytes, uint32_t nr_bytes)
{
	if (!rules)
		return !nr_bytes;
	return rules->loaded_bytes == nr_bytes && !ot_memcmp(rules->loaded, bytes, nr_bytes) &&
	       tag_for_this_session(rules);
}

static uint64_t bytes_of(const struct otrace_rule *rule)
{
	uint64_t nr_pointers =
		(uint64_t)rule->nr_enter_roots + rule->nr_leave_roots + rule->nr_pointers;

	return sizeof(*rule) +
	       ((uint64_t)rule->nr_enter_code + rule->nr_leave_code) * sizeof(struct otrace_code) +
	       nr_pointers * sizeof(struct otrace_copy_pointer) +
	       (uint64_t)rule->nr_layouts * sizeof(struct otrace_copy_layout);
}

static bool tag_fits(const struct otrace_rule *rule, uint32_t frame_bytes)
{
	return rule->action != OTRACE_ACTION_TAG ||
	       ((uint64_t)rule->tag_offset + 8 <= frame_bytes && rule->tag_bytes);
}

static bool head_is_sound(const struct otrace_rule *rule, uint64_t room, uint32_t frame_bytes)
{
	return room >= sizeof(*rule) && rule->size_bytes <= room &&
	       rule->size_bytes == bytes_of(rule) && rule->counter < OTRACE_COUNTERS_MAX &&
	       !(rule->flags & ~(uint32_t)KNOWN_FLAGS) && rule->action <= OTRACE_ACTION_HOLD &&
	       rule->nr_enter_code <= OTRACE_CODE_MAX && rule->nr_leave_code <= OTRACE_CODE_MAX &&
	       tag_fits(rule, frame_bytes);
}

static void set_copies(struct ot_copy_program *copies, const struct otrace_rule *rule,
		       const struct otrace_copy_pointer *pointers)
{
	copies->nr_enter_roots = rule->nr_enter_roots;
	copies->nr_leave_roots = rule->nr_leave_roots;
	copies->nr_pointers = rule->nr_pointers;
	copies->nr_layouts = rule->nr_layouts;
	copies->enter_roots = pointers;
	copies->leave_roots = copies->enter_roots + rule->nr_enter_roots;
	copies->pointers = copies->leave_roots + rule->nr_leave_roots;
	copies->layouts = (const void *)(copies->pointers + rule->nr_pointers);
	copies->stack_bytes = rule->stack_bytes;
	copies->max_bytes = rule->max_bytes;
}

static bool make(struct ot_rule *ret, const struct otrace_rule *rule, uint32_t frame_bytes)
{
	ret->flags = rule->flags;
	ret->action = rule->action;
	ret->counter = rule->counter;
	ret->tag_offset = rule->tag_offset;
	ret->tag_bytes = rule->tag_bytes;
	ret->tag_session = rule->flags & OTRACE_RULE_KEEP ? OT_TAG_KEPT : ot_tags_session();
	ret->limit = &ot_limits[rule->counter];
	ret->enter = (const void *)(rule + 1);
	ret->nr_enter = rule->nr_enter_code;
	ret->leave = ret->enter + rule->nr_enter_code;
	ret->nr_leave = rule->nr_leave_code;
	set_copies(&ret->copies, rule, (const void *)(ret->leave + rule->nr_leave_code));
	return ot_bytecode_is_sound(ret->enter, ret->nr_enter, frame_bytes, false) &&
	       ot_bytecode_is_sound(ret->leave, ret->nr_leave, frame_bytes, true) &&
	       ot_copy_program_is_sound(&ret->copies, frame_bytes);
}

static void add_to_masks(struct ot_rules *rules, uint32_t i)
{
	const struct ot_rule *rule = &rules->items[i];
	uint32_t bit = 1u << i;
	bool parks = rule->action == OTRACE_ACTION_BREAK || rule->action == OTRACE_ACTION_GDB;

	if (rule->flags & OTRACE_RULE_CONTEXT)
		rules->context_mask |= bit;
	rules->reads |= ot_bytecode_reads(rule->enter, rule->nr_enter) ||
			ot_bytecode_reads(rule->leave, rule->nr_leave);
	rules->nr_late += (rule->flags & OTRACE_RULE_LATE) != 0;
	if (rule->flags & OTRACE_RULE_LATE)
		rules->late_mask |= bit;
	if (parks && (rule->flags & OTRACE_RULE_BREAK_ENTER))
		rules->park_enter_mask |= bit;
	if (parks && (rule->flags & OTRACE_RULE_BREAK_LEAVE))
		rules->park_leave_mask |= bit;
	if (rule->action == OTRACE_ACTION_TAG)
		rules->tag_mask |= bit;
	if (rule->action == OTRACE_ACTION_HOLD)
		rules->hold_mask |= bit;
}

static bool make_all(struct ot_rules *rules, uint32_t frame_bytes)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < rules->nr; i++) {
		const struct otrace_rule *rule = (const void *)((const char *)rules->loaded + at);

		if (!head_is_sound(rule, rules->loaded_bytes - at, frame_bytes) ||
		    !make(&rules->items[i], rule, frame_bytes))
			return false;
		add_to_masks(rules, i);
		at += rule->size_bytes;
	}
	return at == rules->loaded_bytes;
}

/* Sizes are powers of two, so that what is free fits the next. */
#define LEAST_BYTES 256u
#define NR_CLASSES 24u

static struct ot_rules *unused[NR_CLASSES];

void ot_rules_free(const struct ot_rules *rules)
{
	struct ot_rules *own = (struct ot_rules *)rules;

	own->next = unused[own->size_class];
	unused[own->size_class] = own;
}

static struct ot_rules *room_for(uint32_t nr, uint32_t nr_bytes)
{
	uint64_t bytes = sizeof(struct ot_rules) + nr * sizeof(struct ot_rule) + nr_bytes;
	struct ot_rules *rules;
	uint32_t size_class = 0;

	while ((uint64_t)LEAST_BYTES << size_class < bytes)
		if (++size_class == NR_CLASSES)
			return NULL;
	rules = unused[size_class];
	if (rules)
		unused[size_class] = rules->next;
	else
		rules = ot_arena_alloc((uint64_t)LEAST_BYTES << size_class);
	if (rules)
		rules->size_class = size_class;
	return rules;
}

int ot_rules_load(const void *bytes, uint32_t nr_bytes, uint32_t nr, uint32_t frame_bytes,
		  const struct ot_rules **ret)
{
	struct ot_rules *rules;
	uint32_t size_class;

	if (nr > OTRACE_RULES_MAX || (!nr && nr_bytes))
		return OTRACE_E_INVALID;
	if (!nr) {
		*ret = NULL;
		return OTRACE_E_OK;
	}
	rules = room_for(nr, nr_bytes);
	if (!rules)
		return OTRACE_E_NO_MEMORY;
	size_class = rules->size_class;
	ot_memset(rules, 0, sizeof(*rules) + nr * sizeof(rules->items[0]));
	rules->size_class = size_class;
	ot_memcpy(&rules->items[nr], bytes, nr_bytes);
	rules->loaded = &rules->items[nr];
	rules->loaded_bytes = nr_bytes;
	rules->nr = nr;
	if (!make_all(rules, frame_bytes)) {
		ot_rules_free(rules);
		return OTRACE_E_INVALID;
	}
	*ret = rules;
	return OTRACE_E_OK;
}

static const struct otrace_rule *as_loaded(const struct ot_rule *rule)
{
	return (const struct otrace_rule *)(const void *)rule->enter - 1;
}

static uint32_t nr_kept(const struct ot_rules *rules)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; rules && i < rules->nr; i++)
		nr += (rules->items[i].flags & OTRACE_RULE_KEEP) != 0;
	return nr;
}

/* @return bytes */
static uint32_t collect_kept(const struct ot_rules *rules, char *out)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < rules->nr; i++) {
		const struct otrace_rule *rule = as_loaded(&rules->items[i]);

		if (!(rule->flags & OTRACE_RULE_KEEP))
			continue;
		ot_memcpy(out + bytes, rule, rule->size_bytes);
		bytes += rule->size_bytes;
	}
	return bytes;
}

const struct ot_rules *ot_rules_kept(const struct ot_rules *rules, uint32_t frame_bytes)
{
	const struct ot_rules *ret = NULL;
	uint32_t nr = nr_kept(rules);
	char *bytes;

	if (!nr || nr == rules->nr)
		return nr ? rules : NULL;
	bytes = ot_pages_map(rules->loaded_bytes);
	if (!bytes)
		return NULL;
	if (ot_rules_load(bytes, collect_kept(rules, bytes), nr, frame_bytes, &ret))
		ret = NULL;
	ot_pages_unmap(bytes, rules->loaded_bytes);
	return ret;
}
