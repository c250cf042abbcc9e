/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "cmds/traceoptions.h"

#define DEPTH_MAX 16u
#define RATE_MAX 1000000u
#define HOUR_S 3600.0

struct option {
	const char *word;
	const char *wants; /* what follows it; NULL = nothing */
	struct ot_err *(*take)(struct ot_trace_options *o, const char *value);
};

static bool read_number(const char *text, uint64_t max, uint64_t *ret, const char **end)
{
	unsigned long long nr;
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	nr = strtoull(text, &stop, 10);
	if (errno || nr > max || (*stop && !end))
		return false;
	if (end)
		*end = stop;
	*ret = nr;
	return true;
}

/* Which of the two was meant nobody knows. */
static struct ot_err *twice(const char *option)
{
	return ot_err_new(OT_ERR_USAGE, "%s is there twice", option);
}

/* ------------------------------------------------------------------ -a and -c */

static const struct {
	const char *word;
	unsigned int action;
	const char *said; /* NULL = nothing to say */
} actions[] = {
	{"none", OTRACE_ACTION_NONE, NULL},   {"break", OTRACE_ACTION_BREAK, "break"},
	{"gdb", OTRACE_ACTION_GDB, "gdb"},    {"pdb", OTRACE_ACTION_GDB, "gdb"},
	{"ipdb", OTRACE_ACTION_GDB, "gdb"},   {"tag", OTRACE_ACTION_TAG, "tag"},
	{"hold", OTRACE_ACTION_HOLD, "hold"},
};

/* "tag=PARAMETER" says what is tagged. */
static struct ot_err *take_action(struct ot_trace_options *o, const char *value)
{
	const char *equals = strchr(value, '=');
	size_t bytes = equals ? (size_t)(equals - value) : strlen(value);

	if (o->action_said)
		return twice("-a");
	for (size_t i = 0; i < OT_NR(actions); i++) {
		if (strlen(actions[i].word) != bytes || strncmp(actions[i].word, value, bytes) != 0)
			continue;
		if (equals && (actions[i].action != OTRACE_ACTION_TAG || !equals[1]))
			break;
		o->action = actions[i].action;
		o->action_said = actions[i].said;
		o->tagged = equals ? equals + 1 : NULL;
		return NULL;
	}
	return ot_err_new(OT_ERR_USAGE,
			  "-a wants break, gdb, pdb, hold, tag, tag=PARAMETER or none, not \"%s\"",
			  value);
}

static struct ot_err *take_cond(struct ot_trace_options *o, const char *value)
{
	static const struct {
		const char *word;
		enum ot_trace_when when;
	} words[] = {{"call", OT_TRACE_CALL}, {"return", OT_TRACE_RETURN}, {"all", OT_TRACE_ALL}};

	if (o->when_said || o->cond)
		return twice("-c");
	for (size_t i = 0; i < OT_NR(words); i++) {
		if (strcmp(words[i].word, value) != 0)
			continue;
		o->when = words[i].when;
		o->when_said = true;
		return NULL;
	}
	if (!value[strspn(value, " \t")])
		return ot_err_new(OT_ERR_USAGE, "-c wants call, return, all or a condition");
	o->cond = value;
	return NULL;
}

/* ------------------------------------------------------------------ numbers */

static struct ot_err *take_count(struct ot_trace_options *o, const char *value)
{
	bool skip = value[0] == '-';
	uint64_t nr;

	if (!read_number(value + skip, UINT32_MAX, &nr, NULL) || !nr)
		return ot_err_new(OT_ERR_USAGE,
				  "-n wants a number of matches: N ends the trace after so many, "
				  "-N passes over the first so many; not \"%s\"",
				  value);
	if (skip ? o->skip : o->most)
		return twice(skip ? "-n -N" : "-n N");
	*(skip ? &o->skip : &o->most) = nr;
	return NULL;
}

static struct ot_err *take_depth(struct ot_trace_options *o, const char *value)
{
	uint64_t nr;

	if (!read_number(value, DEPTH_MAX, &nr, NULL))
		return ot_err_new(OT_ERR_USAGE,
				  "-d wants how many levels of pointers to copy, 0 (no contexts) "
				  "to %u, not \"%s\"",
				  DEPTH_MAX, value);
	o->depth = (unsigned int)nr;
	o->depth_said = true;
	return NULL;
}

static struct ot_err *take_frames(struct ot_trace_options *o, const char *value)
{
	uint64_t nr;

	if (!read_number(value, OT_TRACE_FRAMES_MAX, &nr, NULL) || !nr)
		return ot_err_new(OT_ERR_USAGE,
				  "-s wants how many frames of the stack to keep, 1 to %u, not "
				  "\"%s\"",
				  OT_TRACE_FRAMES_MAX, value);
	o->frames = (unsigned int)nr;
	return NULL;
}

static struct ot_err *take_rate(struct ot_trace_options *o, const char *value)
{
	const char *end;
	uint64_t nr;

	if (!read_number(value, RATE_MAX, &nr, &end) || !nr || (*end && strcmp(end, "/ms") != 0))
		return ot_err_new(OT_ERR_USAGE,
				  "-r wants matches in a millisecond, 100 or 100/ms, not \"%s\"",
				  value);
	o->rate_per_ms = (unsigned int)nr;
	return NULL;
}

static struct ot_err *take_time(struct ot_trace_options *o, const char *value)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"ms", 0.001}, {"m", 60}, {"h", HOUR_S}};
	char *end;
	double number = strtod(value, &end);

	for (size_t i = 0; end != value && i < OT_NR(units); i++) {
		double seconds = number * units[i].seconds;

		if (strcmp(end, units[i].unit) != 0 ||
		    !(seconds == 0 || (seconds >= 0.001 && seconds <= 24 * HOUR_S)))
			continue;
		o->deadline_said = true;
		o->deadline_ms = (uint64_t)(seconds * 1000 + 0.5);
		return NULL;
	}
	return ot_err_new(
		OT_ERR_USAGE,
		"-t wants how long a thread is parked at most, 5 or 200ms, or 0 (for ever), "
		"not \"%s\"",
		value);
}

/* ------------------------------------------------------------------ without a value */

static struct ot_err *take_keep(struct ot_trace_options *o, const char *value)
{
	(void)value;
	o->keep = true;
	return NULL;
}

static struct ot_err *take_quiet(struct ot_trace_options *o, const char *value)
{
	(void)value;
	o->quiet = true;
	return NULL;
}

static struct ot_err *take_words(struct ot_trace_options *o, const char *value)
{
	(void)value;
	o->words = true;
	return NULL;
}

static struct ot_err *take_wait(struct ot_trace_options *o, const char *value)
{
	(void)value;
	o->wait = true;
	return NULL;
}

static const struct option options[] = {
	{"-a", "break, gdb, pdb, hold, tag or none", take_action},
	{"-c", "call, return, all or a condition", take_cond},
	{"-n", "a number of matches", take_count},
	{"-d", "a number of levels", take_depth},
	{"-s", "a number of frames", take_frames},
	{"-r", "matches in a millisecond", take_rate},
	{"-t", "a time", take_time},
	{"-k", NULL, take_keep},
	{"-q", NULL, take_quiet},
	{"-w", NULL, take_words},
	{"--wait", NULL, take_wait},
};

static const struct option *find_option(const char *word)
{
	for (size_t i = 0; i < OT_NR(options); i++)
		if (!strcmp(options[i].word, word))
			return &options[i];
	return NULL;
}

bool ot_trace_options_park(const struct ot_trace_options *o)
{
	return o->action == OTRACE_ACTION_BREAK || o->action == OTRACE_ACTION_GDB ||
	       o->action == OTRACE_ACTION_HOLD;
}

/* What makes no sense together is better said than done. */
static struct ot_err *check(const struct ot_trace_options *o)
{
	if (o->deadline_said && !ot_trace_options_park(o))
		return ot_err_new(OT_ERR_USAGE,
				  "-t is the time that a thread or request waits: it needs "
				  "-a break, -a gdb or -a hold");
	return NULL;
}

static struct ot_err *take_one(const struct ot_cmd_call *call, int *at, struct ot_trace_options *o)
{
	const char *word = call->argv[*at];
	const struct option *option = find_option(word);
	const char *value = NULL;

	if (!option)
		return ot_cmd_no_option(&ot_cmd_trace, word);
	if (option->wants) {
		value = call->argv[++*at];
		if (!value)
			return ot_err_new(OT_ERR_USAGE, "%s wants %s", word, option->wants);
	}
	return option->take(o, value);
}

struct ot_err *ot_trace_options_take(const struct ot_cmd_call *call, struct ot_trace_options *ret,
				     const char **names, int *nr_ret)
{
	struct ot_trace_options o = {.when = OT_TRACE_ALL, .depth = 1};
	int nr = 0;

	for (int i = 1; i < call->argc; i++) {
		if (!ot_cmd_is_option(call, i))
			names[nr++] = call->argv[i];
		else
			OT_TRY(take_one(call, &i, &o));
	}
	OT_TRY(check(&o));
	*ret = o;
	*nr_ret = nr;
	return NULL;
}
