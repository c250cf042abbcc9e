/* SPDX-License-Identifier: BSD-2-Clause */
/* The parameters, each once; and what setting one of them changes besides. */
#include <ctype.h>
#include <string.h>

#include "cmds/cmd.h"
#include "cmds/split.h"
#include "cmds/tagging.h"
#include "cmds/traceoptions.h"
#include "contexts/contexts.h"
#include "params/params.h"
#include "stream/asserts.h"
#include "stream/crashes.h"
#include "stream/fastreads.h"
#include "stream/related.h"
#include "stream/stream.h"
#include "stream/traces.h"
#include "target/target.h"
#include "ui/pickling.h"
#include "ui/ui.h"

/* It was decided when otrace started who may do what to the program; later only less is possible. */
static struct ot_err *apply_safe_mode(struct ot_shell *shell, const struct ot_params *params)
{
	if (!shell)
		return NULL;
	if (shell->safe && !params->safe_mode)
		return ot_err_new(OT_ERR_SAFE, "safe mode cannot be left from here (start otrace "
					       "with --unsafe)");
	shell->safe = params->safe_mode;
	return NULL;
}

static struct ot_err *apply_width(struct ot_shell *shell, const struct ot_params *params)
{
	if (shell)
		shell->width = params->width ? params->width : shell->terminal_width;
	return NULL;
}

static struct ot_err *apply_color(struct ot_shell *shell, const struct ot_params *params)
{
	if (shell)
		shell->colours = params->color == OT_COLOR_ALWAYS ||
				 (params->color == OT_COLOR_AUTO && shell->terminal_colours);
	return NULL;
}

static struct ot_err *apply_log_lines(struct ot_shell *shell, const struct ot_params *params)
{
	if (shell && shell->ui)
		ot_ui_set_lines_per_second(shell->ui, params->log_lines);
	return NULL;
}

static struct ot_err *apply_max_recent(struct ot_shell *shell, const struct ot_params *params)
{
	if (shell && shell->contexts)
		ot_contexts_set_limits(shell->contexts, params->max_recent,
				       params->max_recent_bytes);
	return NULL;
}

static struct ot_err *apply_trace_active(struct ot_shell *shell, const struct ot_params *params)
{
	if (!shell || !shell->traces)
		return NULL;
	return ot_traces_set_active(shell->traces, params->trace_active);
}

static struct ot_err *apply_trace_limits(struct ot_shell *shell, const struct ot_params *params)
{
	struct ot_trace_defaults defaults = {.most = params->trace_most,
					     .rate_per_ms = params->trace_rate};

	if (shell && shell->traces)
		ot_traces_set_defaults(shell->traces, &defaults);
	return NULL;
}

static struct ot_err *apply_log(struct ot_shell *shell, const struct ot_params *params)
{
	struct ot_log_options options = {.sink = params->log_sink,
					 .remote = params->log_remote,
					 .level = (enum ot_log_level)params->log_level,
					 .format = params->log_format,
					 .truncate = params->log_truncate};

	return shell && shell->ui ? ot_ui_set_log(shell->ui, &options) : NULL;
}

static struct ot_err *apply_echo(struct ot_shell *shell, const struct ot_params *params)
{
	const struct ot_params *old = shell ? shell->params : NULL;

	if (!old || !shell->ui)
		return NULL;
	/* what was printed before is not for it */
	if (strcmp(old->echo_file, params->echo_file) != 0)
		ot_ui_flush(shell->ui);
	return ot_ui_set_echo_file(shell->ui, params->echo_file);
}

#define CONTEXT_BYTES 4096u

static struct ot_err *apply_assert(struct ot_shell *shell, const struct ot_params *params)
{
	const struct ot_params *old = shell ? shell->params : NULL;

	if (!old || !shell->target ||
	    (old->assert_active == params->assert_active &&
	     old->assert_context == params->assert_context &&
	     old->break_timeout == params->break_timeout))
		return NULL;
	return ot_asserts_want(shell->target, params->assert_active,
			       params->assert_context * CONTEXT_BYTES, params->break_timeout);
}

static struct ot_err *apply_post_mortem(struct ot_shell *shell, const struct ot_params *params)
{
	const struct ot_params *old = shell ? shell->params : NULL;

	if (!old || !shell->target ||
	    (old->post_mortem == params->post_mortem &&
	     (!params->post_mortem || old->break_timeout == params->break_timeout)))
		return NULL;
	return ot_crashes_want(shell->target, params->post_mortem, params->break_timeout);
}

/* What waits by this time without being a trace; where nothing runs any more there is nobody to tell. */
static struct ot_err *apply_break_timeout(struct ot_shell *shell, const struct ot_params *params)
{
	enum ot_target_state state;

	if (!shell || !shell->target)
		return NULL;
	state = ot_target_state(shell->target);
	if (state != OT_TARGET_HELD && state != OT_TARGET_RUNNING)
		return NULL;
	OT_TRY(apply_assert(shell, params));
	return apply_post_mortem(shell, params);
}

static bool keeps_time(const struct ot_trace_request *request, uint64_t time_ms)
{
	const struct ot_trace_options *o = &request->options;

	return request->nr_fns && ot_trace_options_park(o) && !o->deadline_said &&
	       o->deadline_ms != time_ms;
}

/* A trace's limits are set together with its counts, which are not to begin again. */
static struct ot_err *remark_break_timeout(struct ot_shell *shell, struct ot_buf *out)
{
	struct ot_trace_request *const *requests;
	size_t nr, nr_kept = 0;

	if (!shell->traces)
		return NULL;
	requests = ot_traces_requests(shell->traces, &nr);
	for (size_t i = 0; i < nr; i++)
		nr_kept += keeps_time(requests[i], shell->params->break_timeout);
	if (nr_kept)
		ot_buf_addf(
			out,
			"%zu trace%s that %s set already: the time stays as it is (-t in trace); "
			"tracing again takes the new one\n",
			nr_kept, nr_kept == 1 ? "" : "s", nr_kept == 1 ? "is" : "are");
	return NULL;
}

/* Also of a shell that has a program only now. */
static struct ot_err *apply_fast_reads(struct ot_shell *shell, const struct ot_params *params)
{
	const struct ot_params *old = shell ? shell->params : NULL;

	if (!old || !shell->target || !(old->fast_reads || params->fast_reads))
		return NULL;
	return ot_fast_reads_want(shell->target, params->fast_reads);
}

static struct ot_err *remark_fast_reads(struct ot_shell *shell, struct ot_buf *out)
{
	struct otrace_fast_reads_state state;

	if (!shell->params->fast_reads || !shell->target)
		return NULL;
	OT_TRY(ot_fast_reads_ask(shell->target, &state));
	ot_fast_reads_text(&state, out);
	ot_buf_addc(out, '\n');
	return NULL;
}

static struct ot_err *apply_pickle(struct ot_shell *shell, const struct ot_params *params)
{
	const struct ot_params *old = shell ? shell->params : NULL;
	struct ot_pickler_limits limits = {.max_bytes = params->pickle_max_bytes,
					   .max_file_bytes = params->pickle_max_file};

	if (!old)
		return NULL;
	if (shell->pickler)
		ot_pickler_set_limits(shell->pickler, &limits);
	/* the same again is a new beginning when the writing has ended for some trouble */
	if (old == params || (!strcmp(old->pickle_file, params->pickle_file) &&
			      (shell->pickler || !*params->pickle_file)))
		return NULL;
	return ot_pickling_set(shell, params->pickle_file, &limits);
}

static struct ot_err *apply_tags(struct ot_shell *shell, const struct ot_params *params)
{
	return shell ? ot_tagging_watch(shell, params) : NULL;
}

#define LOOK_MS 20 /* for what is on its way */

static struct ot_err *apply_trace_related(struct ot_shell *shell, const struct ot_params *params)
{
	return shell && shell->traces ? ot_traces_set_related(shell->traces, params->trace_related)
				      : NULL;
}

static struct ot_err *apply_save_tags(struct ot_shell *shell, const struct ot_params *params)
{
	if (!shell || !shell->contexts)
		return NULL;
	/* what has happened before is still as it was then */
	if (shell->stream && shell->params && shell->params->save_tags != params->save_tags)
		ot_stream_look(shell->stream, LOOK_MS);
	ot_contexts_save_all(shell->contexts, OT_CONTEXT_TAGS, params->save_tags);
	return NULL;
}

static bool is_assignment(const char *word)
{
	size_t n = 0;

	while (isalnum((unsigned char)word[n]) || word[n] == '_')
		n++;
	return n && !isdigit((unsigned char)*word) && word[n] == '=';
}

static struct ot_err *check_env(struct ot_shell *shell, const struct ot_params *params)
{
	char **words;
	int nr;
	struct ot_err *err = NULL;

	(void)shell;
	OT_TRY(ot_split_words(params->add_env, &nr, &words));
	for (int i = 0; i < nr && !err; i++)
		if (!is_assignment(words[i]))
			err = ot_err_new(OT_ERR_USAGE,
					 "add_env wants NAME=VALUE, several separated by blanks, "
					 "not \"%s\"",
					 words[i]);
	ot_split_free(words);
	return err;
}

#define FIELD(field) .name = #field, .offset = offsetof(struct ot_params, field)
#define HOUR_MS 3600000ull

const struct ot_setting ot_params_table[] = {
	{FIELD(add_env), .kind = OT_SETTING_TEXT, .standard = "",
	 .help = "NAME=VALUE... put into the environment of unix commands", .apply = check_env},
	{FIELD(break_timeout), .kind = OT_SETTING_DURATION, .standard = "60", .max = 24 * HOUR_MS,
	 .help = "how long a thread waits at a break of a new trace without -t, of traceassert(), or where it "
		 "crashed (post_mortem); 0 = until it is resumed",
	 .apply = apply_break_timeout, .remark = remark_break_timeout},
	{FIELD(assert_active), .kind = OT_SETTING_BOOL, .standard = "false",
	 .help = "traceassert() of the program is recorded while nothing is traced, too",
	 .apply = apply_assert},
	{FIELD(assert_context), .kind = OT_SETTING_UINT, .standard = "1", .min = 1, .max = 16,
	 .help = "4096 bytes of stack each that traceassert() copies: variables of more callers",
	 .apply = apply_assert},
	{FIELD(call_thread), .kind = OT_SETTING_UINT, .standard = "0", .max = INT32_MAX,
	 .help = "number of the program's thread that makes calls; 0 = the runtime's own"},
	{FIELD(color), .kind = OT_SETTING_ENUM, .standard = "auto", .words = "auto always never",
	 .help = "colours; auto: on a terminal, unless NO_COLOR is set", .apply = apply_color},
	{FIELD(echo_file), .kind = OT_SETTING_TEXT, .standard = "",
	 .help = "file that gets a copy of all that is printed, and of what is typed (appended); "
		 "\"\": none",
	 .apply = apply_echo},
	{FIELD(editor), .kind = OT_SETTING_TEXT, .standard = "",
	 .help = "what view -e opens sources with; nothing: $VISUAL, $EDITOR, or vi"},
	{FIELD(exec_lock), .kind = OT_SETTING_BOOL, .standard = "false",
	 .help = "records and ends of traces wait while an expression is evaluated, 1 s at most: "
		 "~~ stays what it is; the program goes on"},
	{FIELD(fast_reads), .kind = OT_SETTING_BOOL, .standard = "false",
	 .help = "conditions read through pointers by plain loads, not system calls; takes the handlers of "
		 "SIGSEGV and SIGBUS while there are such conditions",
	 .apply = apply_fast_reads, .remark = remark_fast_reads},
	{FIELD(history_size), .kind = OT_SETTING_UINT, .standard = "2000", .max = 1000000,
	 .help = "lines that the history keeps"},
	{FIELD(log_format), .kind = OT_SETTING_TEXT, .standard = "",
	 .help = "looks of trace lines: " OT_LOG_FIELDS "; nothing: \"%i %m\"", .apply = apply_log},
	{FIELD(log_level), .kind = OT_SETTING_ENUM, .standard = "info",
	 .words = "info warning error",
	 .help = "least of trace lines: info has calls, warning bad ends, asserts and losses, error "
		 "the program's death",
	 .apply = apply_log},
	{FIELD(log_lines), .kind = OT_SETTING_UINT, .standard = "200", .max = 1000000,
	 .help = "lines of traces printed in a second at the prompt, the rest is counted; 0 = all",
	 .apply = apply_log_lines},
	{FIELD(log_remote), .kind = OT_SETTING_TEXT, .standard = "",
	 .help = "a log server that trace lines go to in place of log_sink: HOST[:PORT] (9020), "
		 "udp:HOST[:PORT]; \"\": none",
	 .apply = apply_log},
	{FIELD(log_sink), .kind = OT_SETTING_TEXT, .standard = "stderr",
	 .help = "where trace lines go: stderr, file:PATH (appended), syslog", .apply = apply_log},
	{FIELD(log_truncate), .kind = OT_SETTING_UINT, .standard = "0", .max = 1000000,
	 .help = "characters of a trace line, a cut one ends with \u2026; 0 = all",
	 .apply = apply_log},
	{FIELD(max_depth), .kind = OT_SETTING_UINT, .standard = "20", .min = 1, .max = 100,
	 .help = "nesting of braces in one value"},
	{FIELD(max_elements), .kind = OT_SETTING_UINT, .standard = "200", .min = 1, .max = 1000000,
	 .help = "elements of arrays in one value"},
	{FIELD(max_recent), .kind = OT_SETTING_UINT, .standard = "100", .min = 1, .max = 1000000,
	 .help = "contexts kept of each kind, the newest", .apply = apply_max_recent},
	{FIELD(max_recent_bytes), .kind = OT_SETTING_SIZE, .standard = "64M", .min = 1u << 16,
	 .max = 1ull << 40, .help = "bytes that contexts take, saved ones not counted",
	 .apply = apply_max_recent},
	{FIELD(max_string), .kind = OT_SETTING_SIZE, .standard = "200", .min = 1, .max = 16u << 20,
	 .help = "bytes of one string"},
	{FIELD(osh_bin), .kind = OT_SETTING_TEXT, .standard = "",
	 .help = "a directory in front of PATH for unix commands"},
	{FIELD(pager), .kind = OT_SETTING_TEXT, .standard = "auto",
	 .help = "command that long results go through at the prompt; auto: $PAGER or less; "
		 "\"\": none"},
	{FIELD(pickle_file), .kind = OT_SETTING_TEXT, .standard = "",
	 .help = "file that every new context is written to, see unpickle; nothing: none",
	 .apply = apply_pickle},
	{FIELD(pickle_max_bytes), .kind = OT_SETTING_SIZE, .standard = "1M", .max = 16u << 20,
	 .help = "bytes of copies written with one context; what is left out is counted in __trc",
	 .apply = apply_pickle},
	{FIELD(pickle_max_file), .kind = OT_SETTING_SIZE, .standard = "1G", .max = 1ull << 40,
	 .help = "bytes at which pickle_file ends; 0 = any", .apply = apply_pickle},
	{FIELD(post_mortem), .kind = OT_SETTING_BOOL, .standard = "false",
	 .help = "a thread that crashes waits as at a break (break_timeout), then the signal goes on; "
		 "takes the handlers of signals of faults, those that the program has set by then run behind it",
	 .apply = apply_post_mortem},
	{FIELD(pretty_print), .kind = OT_SETTING_BOOL, .standard = "true",
	 .help = "values that are too long for a line are laid out on several"},
	{FIELD(repeat_interval), .kind = OT_SETTING_DURATION, .standard = "0.2", .min = 10,
	 .max = HOUR_MS, .help = "time between the runs of repeat"},
	{FIELD(safe_mode), .kind = OT_SETTING_BOOL, .standard = "false",
	 .help = "no stores, calls or patches; it can be switched on, but not off",
	 .apply = apply_safe_mode},
	{FIELD(save_tags), .kind = OT_SETTING_BOOL, .standard = "false",
	 .help = "contexts of calls that tag (trace -a tag) go to /osh/saved, too",
	 .apply = apply_save_tags},
	{FIELD(shell_timeout), .kind = OT_SETTING_DURATION, .standard = "0", .max = 24 * HOUR_MS,
	 .help = "in scripts: time that a unix command has before it is ended; 0 = any"},
	{FIELD(trace_active), .kind = OT_SETTING_BOOL, .standard = "true",
	 .help = "off: no function is traced, and no trace forgotten", .apply = apply_trace_active},
	{FIELD(trace_most), .kind = OT_SETTING_UINT, .standard = "100000", .max = UINT32_MAX,
	 .help = "matches after which a new trace with -a, -d or -s ends; 0 = any",
	 .apply = apply_trace_limits},
	{FIELD(trace_rate), .kind = OT_SETTING_UINT, .standard = "0", .max = 1000000,
	 .help = "matches in a millisecond at which such a trace ends; 0 = any",
	 .apply = apply_trace_limits},
	{FIELD(trace_related), .kind = OT_SETTING_BOOL, .standard = "false",
	 .help = "calls of traced functions that get a pointer to a tagged object are shown, whatever their "
		 "conditions say, and which object it is",
	 .apply = apply_trace_related},
	{FIELD(tag_free), .kind = OT_SETTING_BOOL, .standard = "true",
	 .help = "an object's tag ends when the program frees the object", .apply = apply_tags},
	{FIELD(tag_realloc), .kind = OT_SETTING_BOOL, .standard = "true",
	 .help = "tags go where realloc() moves their objects to", .apply = apply_tags},
	{FIELD(width), .kind = OT_SETTING_UINT, .standard = "0", .max = 10000,
	 .help = "columns to lay text out in; 0 = those of the terminal", .apply = apply_width},
	{.name = NULL},
};
