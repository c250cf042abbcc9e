/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What is traced: which functions are armed, with which captures and rules, and what the user asked for.
 *
 * A request is what `trace NAME...` said once, for one NAME: a pattern with its options and a number. Any number of
 * them may have a function. It stays until it is taken away, also when it has reached a limit of its own (over).
 *
 * What a function is armed with for all its requests together is a trace: its id stands in the records, bit i of
 * `matched` in them is that of trace->rules[i]. A function that one request has, which wants every call and nothing
 * but its records, is armed without rules, always by the same trace. Another set of rules is another trace. Traces
 * are kept for good, so that old records stay readable.
 */
#ifndef OT_STREAM_TRACES_H
#define OT_STREAM_TRACES_H

#include <otrace/rule.h>

#include "model/capture.h"

struct ot_traces;
struct ot_cond;
struct ot_copy_plan;

enum ot_trace_when { OT_TRACE_CALL = 1, OT_TRACE_RETURN = 2, OT_TRACE_ALL = 3 };

#define OT_TRACE_FRAMES_MAX 16u
#define OT_TRACE_FRAME_BYTES 4096u

/** Options of `trace`. Its texts are borrowed until ot_traces_add() has returned. */
struct ot_trace_options {
	enum ot_trace_when when; /* which ends are shown */
	bool quiet;		 /* -q: recorded, not printed */
	bool words;		 /* -w: argument words only */
	bool wait;		 /* --wait: a full ring makes callers wait */
	bool keep;		 /* -k: stays when the shell goes */
	bool when_said;		 /* -c call, return or all */
	bool depth_said;
	const char *cond;	  /* -c with anything else; NULL = every call */
	unsigned int action;	  /* enum otrace_action */
	const char *action_said;  /* "pdb"; NULL = none */
	const char *tagged;	  /* what ACTION_TAG tags: a parameter or "return"; NULL = self */
	uint64_t skip;		  /* -n -N: the first N matches are only counted */
	uint64_t most;		  /* -n N: it ends after N matches; 0 = never */
	unsigned int depth;	  /* -d: levels of pointers to copy; 0 = no contexts */
	unsigned int frames;	  /* -s: of the stack; 0 = not said */
	unsigned int rate_per_ms; /* -r; 0 = any */
	bool deadline_said;
	uint64_t deadline_ms; /* -t; 0 = none */
};

struct ot_trace_request {
	uint32_t number; /* the runtime's counter, too */
	char *pattern;
	struct ot_trace_options options;
	size_t nr_fns;	/* functions that it has */
	bool is_many;	/* names no function, but what has functions: a wildcard, a type, a file */
	bool is_listed; /* taken away = false: only old records need it */
	enum otrace_over over;
	uint64_t most;		  /* matches after which it ends, 0 = never */
	unsigned int rate_per_ms; /* more matches than that in a millisecond end it, 0 = any */
	uint64_t since_ns;	  /* CLOCK_MONOTONIC when it was set */
	uint64_t nr_read;	  /* calls that were read of it where it is armed without rules */
	uint64_t nr_matched;	  /* the same where it is with rules, which count themselves */
	bool limits_known;	  /* to the runtime */
	struct otrace_trace_counts last; /* what was said when it was asked for the last time */
	uint64_t until_ns; /* CLOCK_MONOTONIC when the program ended, 0 = it has not */
	bool hint_said;	   /* that it could cost less */
	bool last_words;   /* last was asked for while the program ended: nothing came behind it */
};

/** What one request wants of one function. */
struct ot_trace_rule {
	struct ot_trace_request *request;
	const struct ot_fn *fn;
	struct ot_cond *cond;	     /* NULL = every call */
	struct ot_copy_plan *copies; /* NULL = no contexts are made */
	struct otrace_rule head;
	bool is_related; /* of no request that is listed: see stream/related.h */
};

/** What was read of a function's calls. */
struct ot_trace_sums {
	uint64_t calls;
	uint64_t ended;
	uint64_t errors; /* abnormal ends, negative results, NULL pointers */
	uint64_t total_ns;
	uint64_t max_ns;
	uint64_t first_ns; /* times of the first and the last record */
	uint64_t last_ns;
};

struct ot_trace {
	uint32_t id;
	const struct ot_fn *fn;
	struct ot_capture_plan *plan;
	bool is_on;
	bool words; /* the plan's kind */
	struct ot_trace_request
		*request; /* whose it is, or was last; with rules that of the first */
	struct ot_trace_rule *const *rules;
	uint32_t nr_rules;	     /* 0 = every call, of request alone */
	struct ot_trace_sums *sums;  /* of the function, whatever it was armed with */
	const struct ot_trace *base; /* has what plan and the texts point to; NULL = this */
	/* Parts of JSON events, made once: */
	char *json_name;   /* "add, the beginning of the id with its quote */
	char *json_call;   /* ","function":...,"file":...,"line":...,"pid":...,"thread": */
	char *json_return; /* ","function":...,"pid":...,"thread": */
};

/** What `trace` did. Zero-initialise; ot_trace_report_deinit(). */
struct ot_trace_report {
	const struct ot_trace_request *request;
	const char *note;    /* on the condition, or NULL */
	bool replaced;	     /* an earlier one of this name had other options */
	size_t nr_armed;     /* with tracing switched off (trace_active): those that will be */
	size_t nr_same_stub; /* other names of code that was armed already */
	struct ot_fn_list untraceable; /* no stub */
	struct ot_fn_list assumed;     /* armed; callers were compiled with knowledge of them */
	struct ot_fn_list unfit;       /* the condition or the action makes no sense there */
	struct ot_err *why_unfit;      /* the first of these */
	struct otrace_switched switched;
	struct {
		const struct ot_fn **items;
		int32_t *status;
		size_t nr;
	} refused;
};

void ot_trace_report_deinit(struct ot_trace_report *report);

/** What traces without a limit of their own have. */
struct ot_trace_defaults {
	uint64_t most; /* of what copies every match or acts */
	unsigned int rate_per_ms;
};

/** What a pattern names now; as `trace` found it. @p priv is that of ot_traces_set_finder(). */
typedef struct ot_err *(*ot_trace_finder)(void *priv, const char *pattern, struct ot_fn_list *ret);

/** @param target, program borrowed */
struct ot_traces *ot_traces_create(struct ot_target *target, struct ot_program *program);
void ot_traces_destroy(struct ot_traces *traces);

/** How patterns are looked up again in modules that come later; before, only names and wildcards are. */
void ot_traces_set_finder(struct ot_traces *traces, ot_trace_finder finder, void *priv);
void ot_traces_set_defaults(struct ot_traces *traces, const struct ot_trace_defaults *defaults);

/**
 * Arms the functions of @p fns on behalf of @p pattern. An active request of the same pattern and condition takes the
 * new options over; anything else is one more.
 * @param is_many the pattern names more than functions of one name
 */
struct ot_err *ot_traces_add(struct ot_traces *traces, const char *pattern, bool is_many,
			     const struct ot_trace_options *options, const struct ot_fn_list *fns,
			     struct ot_trace_report *report);

/** Takes a request away; what its functions have besides stays. @param nr_ret functions that it had */
struct ot_err *ot_traces_remove(struct ot_traces *traces, struct ot_trace_request *request,
				size_t *nr_ret);

/** Takes functions out of all requests; those that are not traced are passed over. */
struct ot_err *ot_traces_remove_fns(struct ot_traces *traces, const struct ot_fn_list *fns,
				    size_t *nr_ret);

/** Disarms everything and forgets all requests. */
struct ot_err *ot_traces_clear(struct ot_traces *traces, size_t *nr_ret,
			       struct otrace_switched *ret);

/** The shell goes: as ot_traces_clear(), but requests that are to be kept stay. */
struct ot_err *ot_traces_leave(struct ot_traces *traces);

/** The master switch: off disarms without forgetting. */
struct ot_err *ot_traces_set_active(struct ot_traces *traces, bool active);
bool ot_traces_is_active(const struct ot_traces *traces);

/** New modules: arms what the requests for more than one name match in them. */
struct ot_err *ot_traces_extend(struct ot_traces *traces, size_t *nr_ret);

/** The program is ending, and still answers: what its traces have seen is asked for. */
void ot_traces_ending(struct ot_traces *traces);

/** The program has ended: nothing is on any more; records stay readable, and requests are as they were. */
void ot_traces_ended(struct ot_traces *traces);

/** A call was read. @p event is one of the calls (stream/calls.h) */
struct ot_call_event;
void ot_traces_note(struct ot_traces *traces, const struct ot_trace *trace,
		    const struct ot_call_event *event);

/**
 * A trace has said that it is over.
 * @return which, or NULL when that is known or not ours
 */
const struct ot_trace_request *ot_traces_over(struct ot_traces *traces,
					      const struct otrace_rec_trace_over *rec);
/** Disarms what is over. Cheap when nothing is. */
struct ot_err *ot_traces_settle(struct ot_traces *traces);

/** Whether the program was killed, and took along what it has counted since it was asked. */
bool ot_request_is_least(const struct ot_trace_request *request);

/**
 * What requests have seen, from the runtime where they have rules; when the program has ended, what it said last.
 * @param ret as many as there are requests, in their order; free() it
 */
struct ot_err *ot_traces_counts(struct ot_traces *traces, struct otrace_trace_counts **ret);

/** Whether its condition reads memory: what pointers lead to, and variables. */
bool ot_traces_reads_memory(const struct ot_traces *traces, const struct ot_trace_request *request);

/** By the number in a record; NULL = not ours. */
const struct ot_trace *ot_traces_by_id(const struct ot_traces *traces, uint32_t id);
/** What a function is armed with, or NULL. */
const struct ot_trace *ot_traces_of_fn(const struct ot_traces *traces, const struct ot_fn *fn);
/** Requests, oldest first, those that are over among them. */
struct ot_trace_request *const *ot_traces_requests(const struct ot_traces *traces, size_t *nr_ret);
struct ot_trace_request *ot_traces_request(const struct ot_traces *traces, uint32_t number);
/** Functions that were ever armed, in no order: steps from *at = 0; NULL at the end. */
const struct ot_trace *ot_traces_next_fn(const struct ot_traces *traces, size_t *at);
/** Functions that are armed. */
size_t ot_traces_nr_on(const struct ot_traces *traces);
/** Of these, the ones that print; and the ones whose records must be fetched soon (or wait for it). */
size_t ot_traces_nr_shown(const struct ot_traces *traces);
size_t ot_traces_nr_eager(const struct ot_traces *traces);

/** Which ends of a call the requests that matched want; @p shown leaves out those that are quiet. */
unsigned int ot_trace_when(const struct ot_trace *trace, uint32_t matched, bool shown);

/** "-c all -q" */
void ot_trace_options_format(const struct ot_trace_options *options, struct ot_buf *out);
/** "5 matches", "more than 3 matches in a millisecond": what has ended it */
void ot_trace_over_format(const struct ot_trace_request *request, struct ot_buf *out);
/** What contexts of it are filed under: "call", "return", or the condition without `/` and `:`. */
void ot_trace_label(const struct ot_trace_request *request, struct ot_buf *out);

#endif
