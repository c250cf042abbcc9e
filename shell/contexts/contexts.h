/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Contexts: what single calls were made with. A call's record says what its arguments are; the parts behind it
 * (otrace/ring.h) say what they point to, and what the thread's registers and stack were. All of it is kept as
 * the bytes that came, and decoded when somebody looks.
 *
 * Fed with events of calls and with parts, in the order of the stream. A context is made when the first part
 * of a call comes; calls without parts leave none. Of each kind the newest are kept, see ot_contexts_set_limits(),
 * and what goes is used again for what comes: a flood of matches allocates nothing.
 */
#ifndef OT_CONTEXTS_H
#define OT_CONTEXTS_H

#include "base/buf.h"
#include "base/vec.h"
#include "model/locals.h"
#include "stream/calls.h"
#include "stream/traces.h"

struct ot_assert;
struct ot_contexts;
struct ot_context_frame;
struct ot_context_frames;
struct ot_mapped_files;

enum ot_context_kind {
	OT_CONTEXT_TRACES,
	OT_CONTEXT_BREAKS,
	OT_CONTEXT_EXCEPTIONS,
	OT_CONTEXT_ASSERTS,
	OT_CONTEXT_TAGS,
	OT_CONTEXT_HOLDS
};

#define OT_NR_CONTEXT_KINDS 6u

/* Ten of a kind, as the original has, are gone in a millisecond when a server is busy. A hundred are still a list
 * that can be read, and take half a megabyte with 4 KiB of stack each. */
#define OT_CONTEXTS_MAX_RECENT 100u
#define OT_CONTEXTS_MAX_BYTES (64ull << 20)

/** A piece of memory as it was. */
struct ot_context_piece {
	uint64_t address;
	uint32_t offset; /* in ot_context.memory */
	uint32_t bytes;
	uint32_t flags; /* OTRACE_COPY_* */
};

/** What is known of one end of the call. */
struct ot_context_end {
	bool has_registers;
	bool has_place;
	uint64_t registers[OTRACE_REC_NR_REGISTERS];
	uint32_t cpu;
	int32_t error; /* errno */
	uint64_t left_out;
};

/** What only some contexts have. */
struct ot_context_more {
	uint64_t related_seq; /* the call inside of it that ended with it; 0 = none, or not known */
	enum ot_call_related related;
	uint64_t registers
		[OTRACE_CRASH_NR_REGISTERS]; /* is_crash: as struct otrace_rec_crash has them */
};

/** Everything is borrowed by whoever looks, until the next event is fed; see ot_contexts_browse(). */
struct ot_context {
	uint64_t seq;
	enum ot_context_kind kind;
	const char *label;    /* "call", "return", the condition */
	const char *function; /* as a component of a path */
	const char *id;	      /* FUNCTION:tr-LABEL:TIME.SEQ */
	const char *name;     /* TIME.SEQ, a part of id */
	const struct ot_fn *fn;
	const struct ot_capture_plan *plan; /* NULL: its arguments were not recorded */
	uint32_t tid;
	uint32_t depth;
	uint32_t parent_trace_id;
	uint64_t parent_seq;
	uint64_t parent_time_ns;
	uint64_t call_time_ns;
	uint64_t return_time_ns;
	uint64_t duration_ns;
	enum ot_call_event_kind ended; /* OT_CALL_ENTER: it runs */
	uint8_t flags;		       /* OTRACE_REC_FLAG_* */
	bool is_late;		       /* decided when the call ended: nothing was copied before */
	bool is_pinned;		       /* parked, or looked at */
	bool is_saved;
	bool is_unread;	 /* the bytes are in a file: ot_context_load() */
	bool is_changed; /* since who watches was told */
	bool is_frame; /* of no traced call: what it shows is the frame that its registers are of */
	bool is_crash; /* that frame was interrupted: its registers are the instruction's, all of them */
	char thread_name[16];
	struct ot_buf enter; /* captures */
	struct ot_buf leave;
	struct ot_buf memory; /* of the pieces */
	OT_VEC(struct ot_context_piece) pieces;
	struct ot_context_end ends[2]; /* at the entry, at the end */
	struct ot_context_more more;
	struct ot_buf texts; /* id */
	/* made when looked at */
	struct ot_target *views[2];
	struct ot_context_frames *frames;
	uint64_t nr_cut; /* pieces that a file had no room for */
	char *damage;	 /* why its bytes cannot be read, or NULL */
	char *related; /* a line for each argument that led to a tagged object; NULL = none did, or a file has it */
	/* the store's */
	struct ot_contexts *store;
	struct ot_context *older, *newer;
	uint64_t order;
	size_t charged_bytes; /* 0 = is not among the recent ones */
};

/** What a call's context is filed under. Zeroed: traces, "call". */
struct ot_context_filing {
	enum ot_context_kind kind;
	struct ot_buf label; /* empty = "call" */
};

/** Says where to file a call by the rules that matched. */
typedef void (*ot_contexts_filer)(void *priv, const struct ot_trace *trace, uint32_t matched,
				  struct ot_context_filing *ret);

/** Says what a call had to do with tags: nothing, or lines. */
typedef void (*ot_contexts_relater)(void *priv, const struct ot_trace *trace,
				    const struct ot_call_event *event, struct ot_buf *out);

/** The filer of a session: by the action and the condition of the rule that made the copies. */
void ot_context_file_by_rules(void *priv, const struct ot_trace *trace, uint32_t matched,
			      struct ot_context_filing *ret);

/**
 * A context that is no traced call's: of an assertion, a crash, a tag. Its parts follow under its seq; its registers, if
 * any, are those of its own frame, behind a call.
 */
struct ot_context_made {
	uint64_t seq;
	enum ot_context_kind kind;
	const char *label;
	const char *function;	/* when fn is NULL */
	const struct ot_fn *fn; /* or NULL */
	uint32_t tid;
	uint64_t time_ns;
	uint64_t parent_seq; /* the innermost traced call that is open there; 0 = none */
	const uint64_t
		*registers; /* of a crash: all of them, as its record has them; NULL = of a call */
};

/** @param target borrowed; NULL = there is none, nothing ever comes */
struct ot_contexts *ot_contexts_create(struct ot_target *target);
void ot_contexts_destroy(struct ot_contexts *contexts);
void ot_contexts_set_filer(struct ot_contexts *contexts, ot_contexts_filer filer, void *priv);
void ot_contexts_set_relater(struct ot_contexts *contexts, ot_contexts_relater relater, void *priv);
/** Whether new ones of a kind are saved as they come. */
void ot_contexts_save_all(struct ot_contexts *contexts, enum ot_context_kind kind, bool saved);
/** @param max_recent of each kind, at least 1 @param max_bytes of all kinds together */
void ot_contexts_set_limits(struct ot_contexts *contexts, unsigned int max_recent,
			    uint64_t max_bytes);

/* ------------------------------------------------------------------ feeding */

/** An event of a call whose trace may make contexts. Cheap: it is asked for all of them. */
void ot_contexts_call(struct ot_contexts *contexts, const struct ot_trace *trace,
		      const struct ot_call_event *event);
void ot_contexts_part(struct ot_contexts *contexts, uint32_t tid, const struct otrace_rec *rec);
/** Makes one by hand. @return NULL when there is one of that number */
struct ot_context *ot_contexts_make(struct ot_contexts *contexts,
				    const struct ot_context_made *made);
/** Makes that of a failed assertion: its parts follow, and are its frame. */
void ot_contexts_make_assert(struct ot_contexts *contexts, const struct ot_assert *assert);
/**
 * Notes the files that the process has mapped, for the time when it is gone. Cheap when nothing is new.
 * @param contexts NULL is fine
 */
void ot_contexts_look(struct ot_contexts *contexts);

/* ------------------------------------------------------------------ finding */

struct ot_context *ot_contexts_by_seq(const struct ot_contexts *contexts, uint64_t seq);
/** By the whole trace id. */
struct ot_context *ot_contexts_by_id(const struct ot_contexts *contexts, const char *id);
/** The newest of a kind, or (kind < 0) of all; NULL = none. Saved ones that have left do not count. */
struct ot_context *ot_contexts_newest(const struct ot_contexts *contexts, int kind);
/** All, oldest first: of a kind (kind < 0: of all), then those that were saved if @p saved. */
struct ot_context *const *ot_contexts_list(struct ot_contexts *contexts, int kind, bool saved,
					   size_t *nr_ret);
const char *ot_context_kind_name(enum ot_context_kind kind);
/** "traces" and so on; < 0 = no kind is called so. */
int ot_context_kind_of(const char *name);

/**
 * The error for a word that no context is called: where it is the beginning of an id, "f:tr-n", whose label has blanks,
 * it says that such an id is quoted. Returns @p err.
 */
struct ot_err *ot_context_explain_id(struct ot_err *err, const char *word);

/** Who is told when a context is pushed out by newer ones, before it goes. */
void ot_contexts_on_evicted(struct ot_contexts *contexts, void (*evicted)(void *priv, uint64_t seq),
			    void *priv);
/** How many were pushed out by newer ones, and how many parts came for no context. */
uint64_t ot_contexts_nr_evicted(const struct ot_contexts *contexts);
uint64_t ot_contexts_nr_astray(const struct ot_contexts *contexts);
uint64_t ot_contexts_bytes(const struct ot_contexts *contexts);

/* ------------------------------------------------------------------ keeping */

/** Whether it stays whatever comes: of a thread that is parked. */
void ot_contexts_pin(struct ot_contexts *contexts, uint64_t seq, bool pinned);
/** The one that is being looked at stays, too; NULL = none is. */
void ot_contexts_browse(struct ot_contexts *contexts, struct ot_context *context);
void ot_contexts_save(struct ot_contexts *contexts, struct ot_context *context);
/** Removes it from everywhere. */
void ot_contexts_delete(struct ot_contexts *contexts, struct ot_context *context);

/* ------------------------------------------------------------------ files of contexts */

/** Who writes contexts down. */
struct ot_contexts_watch {
	/** It is new or has changed; told once, until is_changed is false again. */
	void (*changed)(void *priv, struct ot_context *context);
	/** It goes, and is_changed. */
	void (*goes)(void *priv, struct ot_context *context);
	/** The end of a call whose context has gone before. */
	void (*ended)(void *priv, const struct ot_call_event *event);
	void *priv;
};

/** @param watch copied; NULL = nobody */
void ot_contexts_set_watch(struct ot_contexts *contexts, const struct ot_contexts_watch *watch);

/**
 * Makes it a store of what lies in a file: it keeps all, and reads bytes when somebody looks.
 * @param program whose types they have @param load fills in bytes; an error is kept in damage
 */
void ot_contexts_set_file(struct ot_contexts *contexts, struct ot_program *program,
			  struct ot_err *(*load)(void *priv, struct ot_context *context),
			  void *priv);
bool ot_contexts_is_file(const struct ot_contexts *contexts);
/** Whose types the contexts have, or NULL: the session's. */
struct ot_program *ot_contexts_program(const struct ot_contexts *contexts);
/** The program files that it knows of. */
struct ot_mapped_files *ot_contexts_files(struct ot_contexts *contexts);
/** Files one whose bytes are not read yet. @param like what is known of it. @return NULL: there is one of its number */
struct ot_context *ot_contexts_insert(struct ot_contexts *contexts, const struct ot_context *like);
/** Reads its bytes if that was not done yet. */
void ot_context_load(const struct ot_context *context);
/** Copies @p bytes at @p address into it. */
void ot_context_add_piece(struct ot_context *context, const struct ot_context_piece *piece,
			  const void *bytes);

/* ------------------------------------------------------------------ looking into one */

/**
 * Memory as it was: a target that answers from the pieces, and from what no program changes. It cannot be
 * written to, and knows nothing else. @param after as it was at the end of the call
 */
struct ot_target *ot_context_view(struct ot_contexts *contexts, struct ot_context *context,
				  bool after);
/**
 * From here on such a view answers for both ends, where they do not differ: an expression has names that are of the
 * one and of the other. Nothing for other targets.
 */
void ot_context_view_mix(struct ot_target *view, bool mixed);
/** Whether it has anything of the end: else there is no "after". */
bool ot_context_has_after(const struct ot_context *context);

/** An argument, or the result, to be read through the view. */
void ot_context_arg(const struct ot_context *context, uint32_t index, struct ot_value *ret);
void ot_context_return(const struct ot_context *context, struct ot_value *ret);
/** Its name; unnamed ones are arg1, arg2, ... @param room for those */
const char *ot_context_arg_name(const struct ot_context *context, uint32_t index, char room[16]);
int32_t ot_context_errno(const struct ot_context *context);
uint32_t ot_context_cpu(const struct ot_context *context);

/** The frames from the traced function's caller on; see contexts/frames.h. Made once. */
const struct ot_context_frames *ot_context_frames(struct ot_contexts *contexts,
						  struct ot_context *context);
/** How many callers it has. */
size_t ot_context_nr_callers(struct ot_contexts *contexts, struct ot_context *context);
/** One of the frames: 1 = the caller, 0 = its own, of a context that is one. NULL: there is no such. */
struct ot_context_frame *ot_context_frame_at(struct ot_contexts *contexts,
					     struct ot_context *context, size_t number);

#endif
