/* SPDX-License-Identifier: BSD-2-Clause */
/** For traces.c, requests.c, arming.c and related.c only: what they share. */
#ifndef OT_STREAM_ARMED_H
#define OT_STREAM_ARMED_H

#include "base/map.h"
#include "base/vec.h"
#include "stream/traces.h"

struct ot_tags;

/** A request that has a function. */
struct ot_trace_member {
	struct ot_trace_request *request;
	const struct ot_fn *fn;	    /* by the name that it was asked for */
	struct ot_trace_rule *rule; /* made when it is first needed */
};

struct ot_trace_members {
	struct ot_trace_member *items;
	size_t nr;
	size_t cap;
};

/** A stub, with all who want something of it. */
struct ot_trace_site {
	uint64_t stub;
	struct ot_trace *arm; /* NULL = it is off */
	struct ot_trace_members members;
	bool is_shown; /* counted in nr_shown */
	bool is_eager; /* counted in nr_eager */
};

struct ot_traces {
	struct ot_target *target;
	struct ot_program *program;
	ot_trace_finder finder;
	void *finder_priv;
	struct ot_trace_defaults defaults;
	uint32_t first_id;
	OT_VEC(struct ot_trace *) all;	      /* all[i]->id == first_id + i */
	OT_VEC(struct ot_trace *) fns;	      /* of these, the first of each function */
	OT_VEC(struct ot_trace_rule *) rules; /* all that were made */
	OT_VEC(struct ot_trace_request *) requests;
	OT_VEC(struct ot_trace_request *) old; /* taken away */
	uint32_t last_number;
	struct ot_map plain[2]; /* fn -> trace without rules, without and with words */
	struct ot_map sums;	/* fn -> struct ot_trace_sums */
	struct ot_map by_stub;
	OT_VEC(struct ot_trace_site *) sites;
	size_t nr_on;
	size_t nr_shown;
	size_t nr_eager;
	size_t nr_fns_seen; /* functions looked at for requests of more than one name */
	bool inactive;	    /* the master switch */
	bool has_news;	    /* a request is over and its functions are still armed */
	bool is_related;    /* calls that get tagged objects are recorded, too */
	struct ot_trace_request
		*related_request;    /* counts them, and is not listed; NULL = it never was on */
	struct ot_map related_rules; /* fn -> its rule */
	const struct ot_tags *tags;  /* NULL = nothing is known of them */
};

/* ------------------------------------------------------------------ requests.c */

/** The active request to change, or a new one. @param replaced_ret whether it was there */
struct ot_err *ot_request_take(struct ot_traces *traces, const char *pattern, bool is_many,
			       const struct ot_trace_options *options,
			       struct ot_trace_request **ret, bool *replaced_ret);
/** Its program has ended. */
void ot_request_stop_clock(struct ot_trace_request *request);
void ot_request_retire(struct ot_traces *traces, struct ot_trace_request *request);
/** Those that have lost all their functions; not what may get more, or is listed as being over. */
void ot_requests_retire_empty(struct ot_traces *traces);
void ot_request_destroy(struct ot_trace_request *request);
/** One with a number of its own that nobody sees, of a condition, without contexts; for who destroys it. */
struct ot_err *ot_request_hidden(struct ot_traces *traces, const char *cond,
				 struct ot_trace_request **ret);

/* ------------------------------------------------------------------ arming.c */

/** What is to become of a stub. */
struct ot_trace_change {
	struct ot_trace_site *site;
	struct ot_trace_members members; /* from now on; belongs to the change until it is done */
	struct ot_trace *arm;		 /* filled in */
	struct ot_buf rules;
	bool refused;
	bool has_related; /* among the rules */
};

struct ot_trace_changes {
	struct ot_trace_change *items;
	size_t nr;
	size_t cap;
};

struct ot_trace_site *ot_site_of(struct ot_traces *traces, uint64_t stub);
/** A change that so far leaves out one request (or none: NULL). */
struct ot_trace_change *ot_change_begin(struct ot_trace_changes *changes,
					struct ot_trace_site *site,
					const struct ot_trace_request *without);
/** @param report for refusals; may be NULL */
struct ot_err *ot_changes_apply(struct ot_traces *traces, struct ot_trace_changes *changes,
				struct ot_trace_report *report, struct otrace_switched *ret);
void ot_changes_deinit(struct ot_trace_changes *changes);
/** Arms all stubs anew: what is wanted of each of them is as it was, and what becomes of that may be another thing. */
struct ot_err *ot_sites_plan_again(struct ot_traces *traces);
/** Nothing is armed any more, whatever the program thinks. */
void ot_sites_forget(struct ot_traces *traces);
/** The rule of a member, made if it is not there. */
struct ot_err *ot_member_rule(struct ot_traces *traces, struct ot_trace_member *member);

/* ------------------------------------------------------------------ related.c */

/** The rule for related calls of a stub that has members; NULL = it needs none, or cannot have one. */
struct ot_trace_rule *ot_related_rule(struct ot_traces *traces,
				      const struct ot_trace_members *members);

#endif
