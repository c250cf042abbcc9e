/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "model/type.h"
#include "stream/tags.h"

#define NR_LISTENERS 4u

struct listener {
	void (*happened)(void *priv, const struct ot_tag_event *event);
	void *priv;
};

/* By number. They come nearly in order: of several threads' records, those at the same time may not. */
struct ot_tags {
	OT_VEC(struct ot_tag *) all;
	OT_VEC(struct ot_tag *) places; /* those that live, by address */
	uint64_t largest_bytes;		/* that any ever had */
	size_t nr_ended;
	void (*name)(void *priv, struct ot_tag *tag);
	void *name_priv;
	struct listener listeners[NR_LISTENERS];
	unsigned int nr_listeners;
};

struct ot_tags *ot_tags_create(void)
{
	return ot_alloc(sizeof(struct ot_tags));
}

static void destroy_tag(struct ot_tag *tag)
{
	free(tag->label);
	free(tag->by);
	free(tag);
}

void ot_tags_destroy(struct ot_tags *tags)
{
	if (!tags)
		return;
	for (size_t i = 0; i < tags->all.nr; i++)
		destroy_tag(tags->all.items[i]);
	ot_vec_deinit(&tags->all);
	ot_vec_deinit(&tags->places);
	free(tags);
}

void ot_tags_set_namer(struct ot_tags *tags, void (*name)(void *priv, struct ot_tag *tag),
		       void *priv)
{
	tags->name = name;
	tags->name_priv = priv;
}

void ot_tags_on_event(struct ot_tags *tags,
		      void (*happened)(void *priv, const struct ot_tag_event *event), void *priv)
{
	if (tags->nr_listeners < NR_LISTENERS)
		tags->listeners[tags->nr_listeners++] = (struct listener){happened, priv};
}

/* Where the number is, or would be. */
static size_t place_of(const struct ot_tags *tags, uint32_t number)
{
	size_t low = 0, high = tags->all.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tags->all.items[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct ot_tag *find(const struct ot_tags *tags, uint32_t number)
{
	size_t at = place_of(tags, number);
	struct ot_tag *tag = at < tags->all.nr ? tags->all.items[at] : NULL;

	return tag && tag->number == number ? tag : NULL;
}

/* ------------------------------------------------------------------ by address */

/* The first that begins behind an address, or there with a number that is higher. */
static size_t place_behind(const struct ot_tags *tags, uint64_t address, uint32_t number)
{
	size_t low = 0, high = tags->places.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ot_tag *tag = tags->places.items[middle];

		if (tag->address < address || (tag->address == address && tag->number <= number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void put_place(struct ot_tags *tags, struct ot_tag *tag)
{
	size_t at = place_behind(tags, tag->address, tag->number);

	ot_vec_push(&tags->places, tag);
	memmove(&tags->places.items[at + 1], &tags->places.items[at],
		(tags->places.nr - 1 - at) * sizeof(tags->places.items[0]));
	tags->places.items[at] = tag;
	if (tag->bytes > tags->largest_bytes)
		tags->largest_bytes = tag->bytes;
}

static void take_place(struct ot_tags *tags, const struct ot_tag *tag)
{
	size_t at = place_behind(tags, tag->address, tag->number);

	tags->places.nr--;
	memmove(&tags->places.items[at - 1], &tags->places.items[at],
		(tags->places.nr + 1 - at) * sizeof(tags->places.items[0]));
}

static void move_place(struct ot_tags *tags, struct ot_tag *tag, uint64_t address, uint64_t bytes)
{
	take_place(tags, tag);
	tag->address = address;
	tag->bytes = bytes;
	put_place(tags, tag);
}

/* The older half of those that have ended. */
static void forget_some(struct ot_tags *tags)
{
	size_t kept = 0, left = tags->nr_ended / 2;

	for (size_t i = 0; i < tags->all.nr; i++) {
		struct ot_tag *tag = tags->all.items[i];

		if (tag->end && left) {
			left--;
			tags->nr_ended--;
			destroy_tag(tag);
		} else {
			tags->all.items[kept++] = tag;
		}
	}
	tags->all.nr = kept;
}

static void end_tag(struct ot_tags *tags, struct ot_tag *tag, enum ot_tag_end end, uint64_t time_ns)
{
	if (!tag || tag->end)
		return;
	take_place(tags, tag);
	tag->end = end;
	tag->end_ns = time_ns;
	tags->nr_ended++;
}

/* It was not there when we looked: it was just being moved, or its last record was still to be read. */
static void revive(struct ot_tags *tags, struct ot_tag *tag)
{
	if (tag->end != OT_TAG_UNSEEN)
		return;
	tag->end = OT_TAG_LIVES;
	tags->nr_ended--;
	put_place(tags, tag);
}

void ot_tags_end(struct ot_tags *tags, uint32_t number, enum ot_tag_end end, uint64_t time_ns)
{
	end_tag(tags, find(tags, number), end, time_ns);
}

static void insert(struct ot_tags *tags, struct ot_tag *tag)
{
	size_t at;

	if (tags->nr_ended > OT_TAGS_ENDED_MAX)
		forget_some(tags);
	at = place_of(tags, tag->number);
	ot_vec_push(&tags->all, tag);
	memmove(&tags->all.items[at + 1], &tags->all.items[at],
		(tags->all.nr - 1 - at) * sizeof(tags->all.items[0]));
	tags->all.items[at] = tag;
	put_place(tags, tag);
}

static void name_by_address(struct ot_tag *tag)
{
	struct ot_buf label = OT_BUF_INIT;

	if (tag->label)
		return;
	ot_buf_add_hex(&label, tag->address);
	tag->label = ot_buf_take(&label);
}

static struct ot_tag *add(struct ot_tags *tags, const struct ot_tag *what)
{
	struct ot_tag *tag = ot_alloc(sizeof(*tag));

	*tag = *what;
	if (tags->name && tag->counter != OTRACE_TAG_BY_SHELL)
		tags->name(tags->name_priv, tag);
	name_by_address(tag);
	insert(tags, tag);
	return tag;
}

const struct ot_tag *ot_tags_add(struct ot_tags *tags, const struct ot_tag *tag, uint32_t replaced)
{
	ot_tags_end(tags, replaced, OT_TAG_REPLACED, tag->time_ns);
	return add(tags, tag);
}

/* ------------------------------------------------------------------ records */

static void tell(const struct ot_tags *tags, const struct ot_tag_event *event)
{
	for (unsigned int i = 0; i < tags->nr_listeners; i++)
		tags->listeners[i].happened(tags->listeners[i].priv, event);
}

/* When several threads' records cross, the end may have been read before. */
static void feed_set(struct ot_tags *tags, const struct otrace_rec_tag *rec,
		     struct ot_tag_event *event)
{
	struct ot_tag tag = {.number = rec->number,
			     .counter = rec->counter,
			     .tid = event->tid,
			     .address = rec->address,
			     .bytes = rec->bytes,
			     .call_seq = rec->rec.call_seq,
			     .time_ns = event->time_ns};

	ot_tags_end(tags, rec->replaced, OT_TAG_REPLACED, event->time_ns);
	event->tag = find(tags, rec->number);
	if (!event->tag)
		event->tag = add(tags, &tag);
	tell(tags, event);
}

static void feed_moved(struct ot_tags *tags, const struct otrace_rec_tag_moved *rec,
		       struct ot_tag_event *event)
{
	struct ot_tag *tag = find(tags, rec->number);

	if (tag)
		revive(tags, tag);
	if (!tag || tag->end)
		return;
	move_place(tags, tag, rec->address, rec->bytes);
	event->tag = tag;
	event->from = rec->from;
	tell(tags, event);
}

static void feed_died(struct ot_tags *tags, const struct otrace_rec_tag_died *rec,
		      struct ot_tag_event *event)
{
	struct ot_tag *tag = find(tags, rec->number);
	bool known = rec->why >= OTRACE_TAG_FREED && rec->why <= OTRACE_TAG_NO_ROOM;

	if (tag)
		revive(tags, tag);
	if (!tag || tag->end)
		return;
	end_tag(tags, tag, known ? (enum ot_tag_end)rec->why : OT_TAG_UNSEEN, event->time_ns);
	event->tag = tag;
	tell(tags, event);
}

static size_t bytes_of(unsigned int type)
{
	switch (type) {
	case OTRACE_REC_TAG:
		return sizeof(struct otrace_rec_tag);
	case OTRACE_REC_TAG_MOVED:
		return sizeof(struct otrace_rec_tag_moved);
	case OTRACE_REC_TAG_DIED:
		return sizeof(struct otrace_rec_tag_died);
	default:
		return SIZE_MAX;
	}
}

void ot_tags_feed(struct ot_tags *tags, uint32_t tid, const struct otrace_rec *rec,
		  uint64_t time_ns)
{
	struct ot_tag_event event = {.call_seq = rec->call_seq, .tid = tid, .time_ns = time_ns};

	if (rec->nr_words * 8u < bytes_of(rec->type))
		return;
	if (rec->type == OTRACE_REC_TAG) {
		event.kind = OT_TAG_SET;
		feed_set(tags, (const void *)rec, &event);
	} else if (rec->type == OTRACE_REC_TAG_MOVED) {
		event.kind = OT_TAG_MOVED;
		feed_moved(tags, (const void *)rec, &event);
	} else {
		event.kind = OT_TAG_ENDED;
		feed_died(tags, (const void *)rec, &event);
	}
}

static void sync_one(struct ot_tags *tags, const struct otrace_tag_info *info, uint64_t time_ns)
{
	struct ot_tag missed = {.number = info->number,
				.counter = info->counter,
				.tid = info->tid,
				.call_seq = info->call_seq,
				.address = info->address,
				.bytes = info->bytes,
				.time_ns = time_ns};
	struct ot_tag *tag = find(tags, info->number);

	if (!tag)
		tag = add(tags, &missed);
	revive(tags, tag);
	if (!tag->end)
		move_place(tags, tag, info->address, info->bytes);
}

void ot_tags_sync(struct ot_tags *tags, const struct otrace_tag_info *infos, size_t nr,
		  uint64_t time_ns)
{
	struct ot_map there = {0};

	for (size_t i = 0; i < nr; i++)
		ot_map_set(&there, infos[i].number, (void *)(uintptr_t)&infos[i]);
	for (size_t i = 0; i < tags->all.nr; i++)
		if (!ot_map_get(&there, tags->all.items[i]->number))
			end_tag(tags, tags->all.items[i], OT_TAG_UNSEEN, time_ns);
	for (size_t i = 0; i < nr; i++)
		sync_one(tags, &infos[i], time_ns);
	ot_map_deinit(&there);
}

/* ------------------------------------------------------------------ looking */

const struct ot_tag *ot_tags_by_number(const struct ot_tags *tags, uint32_t number)
{
	return find(tags, number);
}

const struct ot_tag *ot_tags_next(const struct ot_tags *tags, size_t *at)
{
	while (*at < tags->all.nr) {
		const struct ot_tag *tag = tags->all.items[(*at)++];

		if (!tag->end)
			return tag;
	}
	return NULL;
}

static bool covers(const struct ot_tag *tag, uint64_t address)
{
	return address - tag->address < tag->bytes;
}

/* Of those that have the address, mostly one inside of another, the one that begins last. */
static const struct ot_tag *find_live(const struct ot_tags *tags, uint64_t address,
				      uint64_t time_ns)
{
	for (size_t i = place_behind(tags, address, UINT32_MAX); i-- > 0;) {
		const struct ot_tag *tag = tags->places.items[i];

		if (address - tag->address >= tags->largest_bytes)
			return NULL;
		if (covers(tag, address) && tag->time_ns <= time_ns)
			return tag;
	}
	return NULL;
}

static const struct ot_tag *find_ended(const struct ot_tags *tags, uint64_t address,
				       uint64_t time_ns)
{
	const struct ot_tag *best = NULL;

	for (size_t i = 0; i < tags->all.nr; i++) {
		const struct ot_tag *tag = tags->all.items[i];

		if (tag->end && covers(tag, address) && tag->time_ns <= time_ns &&
		    time_ns < tag->end_ns && (!best || tag->bytes < best->bytes))
			best = tag;
	}
	return best;
}

const struct ot_tag *ot_tags_when(const struct ot_tags *tags, uint64_t address, uint64_t time_ns,
				  bool past)
{
	const struct ot_tag *tag = find_live(tags, address, time_ns);

	return tag || !past ? tag : find_ended(tags, address, time_ns);
}

const struct ot_tag *ot_tags_at(const struct ot_tags *tags, uint64_t address)
{
	return find_live(tags, address, UINT64_MAX);
}

size_t ot_tags_nr_known(const struct ot_tags *tags)
{
	return tags->all.nr;
}

/* ------------------------------------------------------------------ words */

const char *ot_tag_end_text(enum ot_tag_end end)
{
	static const char *const texts[] = {
		[OT_TAG_LIVES] = "lives",
		[OT_TAG_FREED] = "freed",
		[OT_TAG_CUT] = "realloc() left nothing of it",
		[OT_TAG_NO_ROOM] = "no room among the tags where it was moved to",
		[OT_TAG_REPLACED] = "tagged anew",
		[OT_TAG_REMOVED] = "untagged",
		[OT_TAG_UNSEEN] = "has ended",
	};

	return texts[end];
}

static void add_object(const struct ot_tag *tag, struct ot_buf *out)
{
	if (tag->type)
		ot_buf_addf(out, "(%s *) ", ot_type_text(tag->type));
	ot_buf_add_hex(out, tag->address);
}

void ot_tag_event_text(const struct ot_tag_event *event, struct ot_buf *out)
{
	ot_buf_addf(out, "tag %u %s ", event->tag->number, event->tag->label);
	add_object(event->tag, out);
	if (event->kind == OT_TAG_MOVED && event->from == event->tag->address)
		ot_buf_addf(out, " cut to %llu bytes", (unsigned long long)event->tag->bytes);
	else if (event->kind == OT_TAG_MOVED)
		ot_buf_addf(out, " moved from 0x%llx, %llu bytes", (unsigned long long)event->from,
			    (unsigned long long)event->tag->bytes);
	else if (event->kind == OT_TAG_ENDED)
		ot_buf_addf(out, " over: %s", ot_tag_end_text(event->tag->end));
	ot_buf_addc(out, '\n');
}

static void add_fields(const struct ot_tag *tag, struct ot_buf *out)
{
	ot_buf_addf(out, "\"tag\":%u,\"label\":", tag->number);
	ot_buf_add_json(out, tag->label, strlen(tag->label));
	ot_buf_addf(out, ",\"address\":\"0x%llx\",\"bytes\":%llu", (unsigned long long)tag->address,
		    (unsigned long long)tag->bytes);
	if (tag->type) {
		const char *text = ot_type_text(tag->type);

		ot_buf_adds(out, ",\"type\":");
		ot_buf_add_json(out, text, strlen(text));
	}
	if (tag->by) {
		ot_buf_adds(out, ",\"by\":");
		ot_buf_add_json(out, tag->by, strlen(tag->by));
	}
}

void ot_tag_json(const struct ot_tag *tag, struct ot_buf *out)
{
	ot_buf_addc(out, '{');
	add_fields(tag, out);
	ot_buf_addc(out, '}');
}

void ot_tag_event_json(const struct ot_tag_event *event, struct ot_buf *out)
{
	static const char *const kinds[] = {
		[OT_TAG_SET] = "set", [OT_TAG_MOVED] = "moved", [OT_TAG_ENDED] = "ended"};

	ot_buf_addf(out, "{\"event\":\"tag\",\"what\":\"%s\",", kinds[event->kind]);
	add_fields(event->tag, out);
	if (event->kind == OT_TAG_MOVED)
		ot_buf_addf(out, ",\"from\":\"0x%llx\"", (unsigned long long)event->from);
	if (event->kind == OT_TAG_ENDED)
		ot_buf_addf(out, ",\"why\":\"%s\"", ot_tag_end_text(event->tag->end));
	if (event->call_seq)
		ot_buf_addf(out, ",\"call\":%llu", (unsigned long long)event->call_seq);
	ot_buf_addf(out, ",\"thread\":%u,\"time_ns\":%llu}\n", event->tid,
		    (unsigned long long)event->time_ns);
}
