/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Tags of this session: what each number of a tag means, also when its object is no more, so that what was
 * recorded of it stays readable. Fed by the records of tags and by the commands.
 */
#ifndef OT_STREAM_TAGS_H
#define OT_STREAM_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <otrace/wire.h>

struct ot_buf;
struct ot_tags;
struct ot_type;

/** How many tags that have ended are remembered. */
#define OT_TAGS_ENDED_MAX 16384u

enum ot_tag_end {
	OT_TAG_LIVES = 0,
	OT_TAG_FREED = OTRACE_TAG_FREED,
	OT_TAG_CUT = OTRACE_TAG_CUT,
	OT_TAG_NO_ROOM = OTRACE_TAG_NO_ROOM,
	OT_TAG_REPLACED, /* by another tag of its object */
	OT_TAG_REMOVED,	 /* by untag */
	OT_TAG_UNSEEN	 /* it has ended, and the record of that is lost */
};

struct ot_tag {
	uint32_t number;
	uint32_t counter; /* of the trace that set it, or OTRACE_TAG_BY_SHELL */
	uint32_t tid;	  /* that the trace found it in */
	uint64_t address;
	uint64_t bytes;
	uint64_t call_seq; /* of the call that set it */
	uint64_t time_ns;  /* when, CLOCK_REALTIME */
	char *label;
	char *by;		    /* "trace -a tag new_client", "tag"; may be NULL */
	const struct ot_type *type; /* of the object, NULL = not known */
	bool quiet;		    /* its trace is -q: nothing is printed of it */
	enum ot_tag_end end;
	uint64_t end_ns;
};

enum ot_tag_event_kind { OT_TAG_SET, OT_TAG_MOVED, OT_TAG_ENDED };

struct ot_tag_event {
	enum ot_tag_event_kind kind;
	const struct ot_tag *tag;
	uint64_t from; /* MOVED: where it was */
	uint64_t
		call_seq; /* SET: the call; else the innermost recorded call that was open, 0 = none */
	uint32_t tid;
	uint64_t time_ns;
};

struct ot_tags *ot_tags_create(void);
void ot_tags_destroy(struct ot_tags *tags);

/**
 * Who knows the traces names what a call has tagged: @p name may set label and by (malloc'd; the label is the
 * address else), type and quiet. Called once for each, before its event.
 */
void ot_tags_set_namer(struct ot_tags *tags, void (*name)(void *priv, struct ot_tag *tag),
		       void *priv);
/** @p happened gets what records say; several may be added, and are called in that order. */
void ot_tags_on_event(struct ot_tags *tags,
		      void (*happened)(void *priv, const struct ot_tag_event *event), void *priv);

/** Takes a record of type TAG, TAG_MOVED or TAG_DIED; another one is passed over. */
void ot_tags_feed(struct ot_tags *tags, uint32_t tid, const struct otrace_rec *rec,
		  uint64_t time_ns);
/** Adds what the shell has set. @p tag label and by are taken. @param replaced ends; 0 = none */
const struct ot_tag *ot_tags_add(struct ot_tags *tags, const struct ot_tag *tag, uint32_t replaced);
/** A tag has ended, and no record says so. */
void ot_tags_end(struct ot_tags *tags, uint32_t number, enum ot_tag_end end, uint64_t time_ns);
/** What the process has now: adds what we have missed, ends what is no more. @p time_ns now */
void ot_tags_sync(struct ot_tags *tags, const struct otrace_tag_info *infos, size_t nr,
		  uint64_t time_ns);

/** By its number, ended or not; NULL = never heard of, or long ago. */
const struct ot_tag *ot_tags_by_number(const struct ot_tags *tags, uint32_t number);
/** The next one that lives, in the order of their numbers; start with *at 0. */
const struct ot_tag *ot_tags_next(const struct ot_tags *tags, size_t *at);
/** The one that covers an address, NULL = none. As far as we know: the process may know more. */
const struct ot_tag *ot_tags_at(const struct ot_tags *tags, uint64_t address);

/**
 * The one that covered an address at a time, of several the innermost; NULL = none that we know.
 * @param past also among those that have ended since, which takes long
 */
const struct ot_tag *ot_tags_when(const struct ot_tags *tags, uint64_t address, uint64_t time_ns,
				  bool past);
/** Tags that are known, those that have ended among them. */
size_t ot_tags_nr_known(const struct ot_tags *tags);

/** "freed", "replaced by another tag", ... */
const char *ot_tag_end_text(enum ot_tag_end end);
/** One line with its newline. */
void ot_tag_event_text(const struct ot_tag_event *event, struct ot_buf *out);
/** One JSON object with its newline. */
void ot_tag_event_json(const struct ot_tag_event *event, struct ot_buf *out);
/** The tag as a JSON object. */
void ot_tag_json(const struct ot_tag *tag, struct ot_buf *out);

#endif
