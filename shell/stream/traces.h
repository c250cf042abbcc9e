/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What is traced: which functions are armed, with which captures, and what the user asked for.
 *
 * A request is what `trace NAME...` said once: a pattern with its options. It stays while it has
 * functions, or is a wildcard that later modules may match. A trace is one function's side of it;
 * its number stands in the records. Traces are kept for good, so that old records stay readable.
 */
#ifndef OT_STREAM_TRACES_H
#define OT_STREAM_TRACES_H

#include "model/capture.h"

struct ot_traces;

enum ot_trace_when { OT_TRACE_CALL = 1, OT_TRACE_RETURN = 2, OT_TRACE_ALL = 3 };

/** Options of `trace`. */
struct ot_trace_options {
	enum ot_trace_when when;
	bool quiet; /* -q: recorded, not printed */
	bool words; /* -w: argument words only */
	bool wait;  /* --wait: a full ring makes callers wait */
};

struct ot_trace_request {
	char *pattern;
	struct ot_trace_options options;
	size_t nr_on; /* functions that this request armed last */
	bool is_glob;
};

struct ot_trace {
	uint32_t id;
	const struct ot_fn *fn;
	struct ot_capture_plan *plan;
	struct ot_trace_options options;
	struct ot_trace_request *request; /* NULL = off */
	/* Parts of JSON events, made once: */
	char *json_name;   /* "add, the beginning of the id with its quote */
	char *json_call;   /* ","function":...,"file":...,"line":...,"pid":...,"thread": */
	char *json_return; /* ","function":...,"pid":...,"thread": */
};

/** What `trace` did. Zero-initialise; ot_trace_report_deinit(). */
struct ot_trace_report {
	size_t nr_armed;
	size_t nr_same_stub;	       /* other names of code that was armed already */
	struct ot_fn_list untraceable; /* no stub */
	struct ot_fn_list assumed;     /* armed; callers were compiled with knowledge of them */
	struct otrace_switched switched;
	struct {
		const struct ot_fn **items;
		int32_t *status;
		size_t nr;
	} refused;
};

void ot_trace_report_deinit(struct ot_trace_report *report);

/** @param target, program borrowed */
struct ot_traces *ot_traces_create(struct ot_target *target, struct ot_program *program);
void ot_traces_destroy(struct ot_traces *traces);

/**
 * Arms the functions of @p fns on behalf of @p pattern. Functions traced already take the new
 * options over.
 */
struct ot_err *ot_traces_add(struct ot_traces *traces, const char *pattern,
			     const struct ot_trace_options *options, const struct ot_fn_list *fns,
			     struct ot_trace_report *report);

/** Disarms functions; those that are not traced are passed over. */
struct ot_err *ot_traces_remove(struct ot_traces *traces, const struct ot_fn_list *fns,
				size_t *nr_ret, struct otrace_switched *ret);

/** Disarms everything and forgets all requests. */
struct ot_err *ot_traces_clear(struct ot_traces *traces, size_t *nr_ret,
			       struct otrace_switched *ret);

/** Forgets a request by its pattern, so that later modules are left alone. */
bool ot_traces_forget(struct ot_traces *traces, const char *pattern);

/** New modules: arms what the wildcards among the requests match in them. */
struct ot_err *ot_traces_extend(struct ot_traces *traces, size_t *nr_ret);

/** The program has ended: nothing is on any more; records stay readable. */
void ot_traces_ended(struct ot_traces *traces);

/** By the number in a record; NULL = not ours. */
const struct ot_trace *ot_traces_by_id(const struct ot_traces *traces, uint32_t id);
/** The active trace of a function, or NULL. */
const struct ot_trace *ot_traces_of_fn(const struct ot_traces *traces, const struct ot_fn *fn);
/** Requests still active, oldest first. */
struct ot_trace_request *const *ot_traces_requests(const struct ot_traces *traces, size_t *nr_ret);
size_t ot_traces_nr_on(const struct ot_traces *traces);
/** Of these, the ones that print; and the ones whose records must be fetched soon (or wait for it). */
size_t ot_traces_nr_shown(const struct ot_traces *traces);
size_t ot_traces_nr_eager(const struct ot_traces *traces);

/** "-c all -q" */
void ot_trace_options_format(const struct ot_trace_options *options, struct ot_buf *out);

#endif
