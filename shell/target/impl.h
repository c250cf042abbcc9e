/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * For the kinds of target only (live.c, file.c): what target.c dispatches to, and the part that all
 * kinds share. A slot that is NULL is refused by target.c with ops->cannot as the reason.
 */
#ifndef OT_TARGET_IMPL_H
#define OT_TARGET_IMPL_H

#include "base/err.h"
#include "target/target.h"

struct ot_target_ops {
	const char *cannot;    /* "a program file cannot be changed or run" */
	bool is_copy;	       /* of pieces of memory: what is not there is nowhere else either */
	const char *elsewhere; /* where that may be found, or NULL */
	void (*close)(struct ot_target *target);
	struct ot_err *(*refresh)(struct ot_target *target);
	struct ot_err *(*readv)(struct ot_target *target, struct ot_target_span *spans, size_t nr);
	size_t (*read_file)(struct ot_target *target, uint64_t address, void *buf, size_t bytes);
	int (*open_file)(struct ot_target *target, uint64_t address);
	size_t (*settled)(const struct ot_target *target, uint64_t address, size_t bytes);
	struct ot_err *(*tls)(struct ot_target *target, uint64_t accessor, uint32_t tid,
			      uint64_t *ret);
	struct ot_err *(*status)(struct ot_target *target, struct otrace_status *ret);
	struct ot_err *(*threads)(struct ot_target *target, struct otrace_thread_info **ret,
				  size_t *nr_ret);
	struct ot_err *(*write)(struct ot_target *target, uint64_t address, const void *buf,
				size_t bytes);
	struct ot_err *(*probe)(struct ot_target *target, struct ot_target_probe *probes, size_t nr,
				struct otrace_switched *ret);
	struct ot_err *(*ask)(struct ot_target *target, enum otrace_msg_type type,
			      const void *payload, size_t bytes, struct ot_buf *reply);
	struct ot_err *(*unprobe)(struct ot_target *target, const uint64_t *fns, size_t nr,
				  struct otrace_switched *ret);
	struct ot_err *(*redirect)(struct ot_target *target, uint64_t fn, uint64_t fn_target,
				   bool force, struct otrace_switched *ret);
	struct ot_err *(*go)(struct ot_target *target, const struct otrace_go *how);
	struct ot_err *(*call)(struct ot_target *target, const struct ot_target_call *call,
			       uint32_t thread, uint32_t *ret);
	bool (*take_done)(struct ot_target *target, uint32_t call, struct ot_target_done *ret);
	struct ot_err *(*withdraw)(struct ot_target *target, uint32_t call);
	struct ot_err *(*detach)(struct ot_target *target);
	struct ot_err *(*let_end)(struct ot_target *target);
	int (*fd)(const struct ot_target *target);
	enum ot_target_event (*pump)(struct ot_target *target);
};

/** First member of every kind. */
struct ot_target {
	const struct ot_target_ops *ops;
	enum ot_target_state state;
	pid_t pid;
	char *path;
	struct ot_target_module *modules;
	size_t nr_modules;
	uint64_t generation;
	struct otrace_area *area;
	size_t area_bytes;
	char *silence;	       /* why nothing more is asked for the time being, NULL = it answers */
	struct ot_kept *kept;  /* memory as it was at the end, NULL before */
	unsigned int nr_looks; /* ot_target_look_begin() */
	struct ot_recent *recent; /* NULL before something is read in a look */
};

/** Replaces the list of modules; takes @p modules and what hangs on it. */
void ot_target_set_modules(struct ot_target *target, struct ot_target_module *modules, size_t nr);

/** Frees a list that was not given away. */
void ot_target_modules_destroy(struct ot_target_module *modules, size_t nr);

#endif
