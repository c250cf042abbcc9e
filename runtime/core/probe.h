/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Probes: one per stub that was ever switched on, never freed, because a thread may be inside its
 * wrapper at any time. Several function records may name one stub; they share its probe.
 */
#ifndef OT_CORE_PROBE_H
#define OT_CORE_PROBE_H

#include <otrace/wire.h>
#include "arch/arch.h"
#include "core/modules.h"

/* One step of a capture program, made ready for the hook. */
struct ot_step {
	uint32_t offset;
	uint32_t bytes;
	uint32_t kind;	/* enum otrace_capture_kind */
	uint32_t words; /* of the result, FRAME, STACK and STACK_ARGS only */
	uint64_t mask;	/* of the last word */
};

/**
 * What a trace wants from a probe. Immutable once published: the frame of a call that
 * is open points to it. The same wish again gives the same arm; when it comes from a later shell, the
 * arm gets its trace_id: calls that are open since the earlier one's time end under that. One with rules that
 * nothing leads to any more becomes another of the same probe (reuse.c); the memory is an arm's for good.
 */
struct ot_arm {
	struct ot_arm *next; /* older ones of the probe */
	uint64_t
		turn; /* how often it was another, as it stands in words[2] of a frame: OT_FRAME_TURN */
	uint32_t room_steps; /* that its memory has */
	uint32_t seen_in;    /* the last search that has found it in use */
	bool is_free;
	uint32_t trace_id;
	uint32_t session; /* of the shell that wished for it */
	uint32_t flags;	  /* OTRACE_PROBE_* */
	uint32_t nr_enter;
	uint32_t nr_leave;
	uint32_t enter_max_bytes; /* whole record at most */
	uint32_t leave_max_bytes;
	uint32_t frame_bytes; /* of the wrapper's frame */
	const struct otrace_probe *probe;
	/* the record's first word, ready to be stored: trace_id, nr_words (0 = not known before), type,
	 * flags; the length is known when every step is one word of the frame: the fast way */
	uint64_t enter_head;
	uint64_t leave_head;
	const struct ot_rules *rules; /* rules.h; NULL = every call is recorded */
	struct ot_step steps[];	      /* nr_enter, then nr_leave */
};

#define OT_REC_HEAD(trace_id, nr_words, type, flags)                                  \
	((uint64_t)(trace_id) | (uint64_t)(nr_words) << 32 | (uint64_t)(type) << 48 | \
	 (uint64_t)(flags) << 56)
#define OT_REC_HEAD_WORDS_MASK (0xffffull << 32)

enum ot_mode { OT_MODE_OFF = 0, OT_MODE_REDIRECT = 1, OT_MODE_TRACED = 2 };

struct otrace_probe {
	/* what hooks and thunks read */
	void *target;		  /* what to call now: the body or a replacement */
	const struct ot_arm *arm; /* NULL = not traced */
	void *body;
	void *resume;		/* into the thunk: on to the wrapper */
	uint32_t varargs_flags; /* OT_VARARGS_* */
	uint32_t fn_flags;	/* enum otrace_fn_flag */
	/* what control code knows */
	uint8_t mode; /* enum ot_mode: what the stub does now */
	bool unloaded;
	struct ot_stub_bytes written; /* what we last wrote */
	uint64_t stub;
	uint64_t thunk;
	uint32_t assumes;     /* enum otrace_assume_flag */
	uint64_t wrapper;     /* 0 for varargs */
	uint32_t frame_bytes; /* of the wrapper's frame, or of the trampoline's */
	uint32_t
		stack_bytes; /* that a wrapper takes beyond what stack_low keeps free; 0 = little */
	struct ot_module *module;
	const char *name;	 /* in its module */
	void *told;		 /* the replacement that callbacks know of */
	void *replacement_api;	 /* set by the program itself */
	void *replacement_shell; /* goes when the shell goes; wins while it is there */
	struct ot_arm *arms;
	uint64_t loop_search; /* the last one that came by */
	struct otrace_probe *next;
	struct otrace_probe *hash_next;
};

#define OT_VARARGS_X87 OT_PROBE_X87 /* the result comes in st0 */

/**
 * The probe of a function's stub, made when there is none yet. Inside ot_modules_locked().
 *
 * @return an enum otrace_error; *ret is set on OTRACE_E_OK only
 */
int ot_probe_get(uint64_t fn_address, struct otrace_probe **ret);
/** The probe at a stub's address, or NULL. */
struct otrace_probe *ot_probe_find(uint64_t stub);
struct otrace_probe *ot_probes_first(void);

/** An arm with rules was made: when that were many, it is worth looking which are not in use. Under control. */
void ot_arms_note_made(void);
/** Frees arms with rules that nothing leads to, if there may be enough of them. Under control, between two wishes. */
void ot_arms_reuse(void);
/** Another shell: the arms of those before may be had again. */
void ot_arms_next_session(void);
/** What stays of the probe's arm when the shell goes; NULL = nothing. Under control. */
const struct ot_arm *ot_probe_kept(struct otrace_probe *probe);
/** Whether an arm that a shell before has left behind counts with that counter. By the oshell thread. */
bool ot_arms_keep_counter(uint32_t counter);
/** Tells of each rule that a shell before has left behind. Under control. */
void ot_arms_each_left(void (*tell)(void *context, const struct otrace_left_trace *left),
		       void *context);
/** Makes (or finds again) the arm for a wish that was checked for size already. */
int ot_probe_arm(struct otrace_probe *probe, const struct otrace_probe_set *set,
		 const struct otrace_capture *captures, const void *rules,
		 const struct ot_arm **ret);
/** Every stub leads to the hooks, whether its calls are recorded or not. Control code. */
extern bool ot_probes_pass;
/** The mode that the probe's stub should have. */
enum ot_mode ot_probe_wanted(const struct otrace_probe *probe);
/** Recomputes what is called after a replacement was set or taken away. */
void ot_probe_retarget(struct otrace_probe *probe);
/** Whether calls of target may come to the probe's function, by its own entry or by replacements. */
bool ot_probe_would_loop(const struct otrace_probe *probe, uint64_t target);
/** The module is gone: its probes become tombstones. */
void ot_probes_unload(struct ot_module *module);

#endif
