/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <otrace/version.h>

#include "target/target.h"
#include "ui/progress.h"
#include "ui/ui.h"

#define FLUSH_BYTES (256u * 1024u)
#define PARTIAL_LINE_MS 150
/* What is kept of the program's text, and of traces, while another has the screen. */
#define HELD_BYTES (1024u * 1024u)

/* A stream of ours to the outside. */
struct out {
	int fd;
	struct ot_buf buf;
	struct ot_buf *keep; /* in place of fd */
	int broken;	     /* errno of the write that failed; nothing is written any more */
	bool said;	     /* that it broke */
	struct ot_tap *tap;  /* gets a copy; NULL = of this one not */
	bool is_error;
	bool may_stop; /* Ctrl-C throws away what is left: whoever reads it has seen enough */
};

struct ot_ui {
	struct ot_ui_options options;
	const struct ot_terminal *terminal;
	const struct ot_event_writer *writer;
	struct out out; /* results */
	struct out err; /* events, notes */
	struct out json;
	struct ot_logsink *log;
	struct ot_tap *tap;
	struct ot_buf line; /* of a trace, before it is laid out */
	struct {
		uint64_t second;
		unsigned int printed;
		uint64_t held_back;
		uint64_t
			off; /* lines of what was traced when its calls were made, and is no more */
	} cap;
	struct ot_buf partial; /* of the program: a line that has not ended yet */
	uint64_t partial_ms;   /* since when */
	bool failed;	       /* something could not be written; was said */
	unsigned int held;     /* how often: another has the screen */
	uint64_t held_bytes;   /* of the program that were too many to be kept */
	unsigned int lines_per_second;
};

struct ot_ui *ot_ui_create(const struct ot_ui_options *options)
{
	struct ot_ui *ui = ot_alloc(sizeof(*ui));

	ui->options = *options;
	ui->out.fd = STDOUT_FILENO;
	ui->err.fd = STDERR_FILENO;
	ui->json.fd = options->json_fd;
	ui->out.keep = options->keep_out;
	ui->err.keep = options->keep_err;
	ui->lines_per_second = OT_UI_LINES_PER_SECOND;
	ui->log = ot_logsink_create();
	ui->tap = ui->out.tap = ui->err.tap = ot_tap_create();
	ui->err.is_error = true;
	/* a file of its own is no part of what is printed */
	if (options->json_fd == STDOUT_FILENO || options->json_fd == STDERR_FILENO)
		ui->json.tap = ui->tap;
	ui->json.is_error = options->json_fd == STDERR_FILENO;
	ot_tap_set_fn(ui->tap, options->echo, options->echo_context);
	return ui;
}

void ot_ui_destroy(struct ot_ui *ui)
{
	if (!ui)
		return;
	ot_ui_progress_end(ui);
	ot_ui_finish_log(ui);
	ot_ui_flush(ui);
	ot_logsink_destroy(ui->log);
	ot_tap_destroy(ui->tap);
	ot_buf_deinit(&ui->line);
	ot_buf_deinit(&ui->partial);
	ot_buf_deinit(&ui->out.buf);
	ot_buf_deinit(&ui->err.buf);
	ot_buf_deinit(&ui->json.buf);
	if (ui->json.fd > STDERR_FILENO)
		close(ui->json.fd);
	free(ui);
}

void ot_ui_set_terminal(struct ot_ui *ui, const struct ot_terminal *terminal)
{
	ui->terminal = terminal;
}

void ot_ui_set_writer(struct ot_ui *ui, const struct ot_event_writer *writer)
{
	ui->writer = writer;
}

/* ------------------------------------------------------------------ writing */

static bool wait_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

static void out_write(struct out *out)
{
	const char *at = out->buf.data;
	size_t left = out->buf.len;

	if (out->tap)
		ot_tap_write(out->tap, at, left, out->is_error);
	if (out->keep) {
		ot_buf_add(out->keep, at, left);
		left = 0;
	}
	while (left && !out->broken && !(out->may_stop && ot_target_is_interrupted())) {
		ssize_t n = write(out->fd, at, left);

		if (n < 0 && errno == EAGAIN && wait_writable(out->fd))
			continue; /* the program made the shared terminal non-blocking */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			out->broken = errno;
			break;
		}
		at += n;
		left -= (size_t)n;
	}
	/* the prompt, or a note, begins a line */
	if (left && !out->broken && at != out->buf.data && write(out->fd, "\n", 1) < 0 &&
	    errno != EINTR && errno != EAGAIN)
		out->broken = errno;
	ot_buf_reset(&out->buf);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t now_second(void)
{
	return now_ms() / 1000;
}

/* Says what the cap has held back, once its second is over or nothing more will come. */
static void report_held_back(struct ot_ui *ui, bool now)
{
	unsigned long long held_back = ui->cap.held_back, off = ui->cap.off;

	if (!now && now_second() == ui->cap.second)
		return;
	if (held_back)
		ot_buf_addf(
			&ui->err.buf,
			"... %llu more lines not printed (log shows them; trace -q prints none)\n",
			held_back);
	if (off)
		ot_buf_addf(&ui->err.buf,
			    "... %llu line%s of what is no longer traced not printed (log shows "
			    "%s)\n",
			    off, off == 1 ? "" : "s", off == 1 ? "it" : "them");
	ui->cap.held_back = ui->cap.off = 0;
}

static void keep_order(struct ot_ui *ui, const struct out *next);

/* A prompt cannot stand behind half a line: it waits a moment for its other half, then gets an end. */
static void end_partial_line(struct ot_ui *ui, bool now)
{
	ot_auto_buf struct ot_buf line = OT_BUF_INIT;

	if (!ui->partial.len || (!now && now_ms() - ui->partial_ms < PARTIAL_LINE_MS))
		return;
	/* Taken out first: keeping the order may flush, and that comes here again. */
	line = ui->partial;
	ui->partial = (struct ot_buf)OT_BUF_INIT;
	keep_order(ui, &ui->out);
	ot_buf_add(&ui->out.buf, line.data, line.len);
	ot_buf_addc(&ui->out.buf, '\n');
}

int ot_ui_pause_ms(const struct ot_ui *ui, int wait_ms)
{
	bool pending = ui->cap.held_back || ui->cap.off || ui->partial.len;

	wait_ms = ot_logsink_pause_ms(ui->log, wait_ms);
	return pending && (wait_ms < 0 || wait_ms > PARTIAL_LINE_MS) ? PARTIAL_LINE_MS : wait_ms;
}

/* A reader that has gone wanted no more; anything else is a loss, and is said once. */
static void note_loss(struct ot_ui *ui, struct out *out, const char *what)
{
	if (!out->broken || out->broken == EPIPE || out->said)
		return;
	out->said = true;
	ui->failed = true;
	ot_ui_note(ui, "cannot write %s: %s; the rest of them is lost", what,
		   strerror(out->broken));
	out_write(&ui->err);
}

struct ot_err *ot_ui_set_echo_file(struct ot_ui *ui, const char *path)
{
	return ot_tap_set_file(ui->tap, path);
}

void ot_ui_set_echo(struct ot_ui *ui, ot_tap_fn *echo, void *context)
{
	ot_tap_set_fn(ui->tap, echo, context);
}

void ot_ui_echo(struct ot_ui *ui, const struct ot_buf *text)
{
	ot_tap_write(ui->tap, text->data, text->len, false);
}

void ot_ui_echo_typed(struct ot_ui *ui, const char *prompt, const char *line)
{
	ot_auto_free char *text = ot_asprintf("%s%s\n", prompt, line);

	ot_tap_write(ui->tap, text, strlen(text), false);
}

static void flush_log(struct ot_ui *ui)
{
	int error = ot_logsink_flush(ui->log);
	ot_auto_buf struct ot_buf news = OT_BUF_INIT;

	if (ot_logsink_news(ui->log, &news)) {
		ot_ui_note(ui, "%s", ot_buf_text(&news));
		out_write(&ui->err);
	}
	if (!error)
		return;
	ui->failed = true;
	ot_ui_note(ui, "cannot write the log: %s; further lines are lost until log_sink is set",
		   strerror(error));
	out_write(&ui->err);
}

void ot_ui_finish_log(struct ot_ui *ui)
{
	uint64_t lost = ot_logsink_finish(ui->log);

	if (!lost)
		return;
	ui->failed = true;
	ot_ui_note(ui, "%llu line%s of the log did not reach the server", (unsigned long long)lost,
		   lost == 1 ? "" : "s");
}

bool ot_ui_writes_json(const struct ot_ui *ui)
{
	return ui->options.json;
}

bool ot_ui_has_failed(const struct ot_ui *ui)
{
	return ui->failed;
}

bool ot_ui_is_read(const struct ot_ui *ui)
{
	return ui->options.json || (ui->json.broken != EPIPE && ui->err.broken != EPIPE);
}

bool ot_ui_is_json_only(const struct ot_ui *ui)
{
	return ui->options.json_only;
}

bool ot_ui_keeps(const struct ot_ui *ui)
{
	return ui->options.keep_out != NULL;
}

void ot_ui_set_lines_per_second(struct ot_ui *ui, unsigned int lines)
{
	ui->lines_per_second = lines;
}

void ot_ui_hold(struct ot_ui *ui, bool on)
{
	ui->held += on;
	if (on || --ui->held)
		return;
	if (ui->held_bytes)
		ot_buf_addf(&ui->out.buf, "... %llu more bytes of the program not shown\n",
			    (unsigned long long)ui->held_bytes);
	ui->held_bytes = 0;
}

void ot_ui_screen(struct ot_ui *ui, const char *text, size_t bytes)
{
	struct out out = {.fd = ui->out.fd, .broken = ui->out.broken};

	ot_ui_progress_end(ui);
	ot_buf_add(&out.buf, text, bytes);
	out_write(&out);
	ot_buf_deinit(&out.buf);
	ui->out.broken = out.broken;
}

void ot_ui_flush(struct ot_ui *ui)
{
	ot_auto_buf struct ot_buf news = OT_BUF_INIT;
	bool text;

	if (ui->held) {
		out_write(&ui->json);
		ot_logsink_pump(ui->log);
		return;
	}
	report_held_back(ui, false);
	end_partial_line(ui, false);
	text = ui->out.buf.len || ui->err.buf.len;
	if (text)
		ot_progress_pause(true);
	if (text && ui->terminal)
		ui->terminal->hide();
	out_write(&ui->out);
	out_write(&ui->err);
	if (ui->json.buf.len)
		out_write(&ui->json);
	note_loss(ui, &ui->out, "results");
	note_loss(ui, &ui->err, "messages");
	note_loss(ui, &ui->json, "the JSON");
	if (ot_tap_news(ui->tap, &news)) {
		ui->failed = true;
		ot_ui_note(ui, "%s", ot_buf_text(&news));
		out_write(&ui->err);
	}
	flush_log(ui);
	if (text && ui->terminal)
		ui->terminal->show();
	ot_progress_pause(false);
	if (ui->json.broken)
		ui->options.json = false;
	if (ui->json.broken == EPIPE && !ui->json.said) {
		ui->json.said = true;
		ot_ui_note(ui, "nobody reads the JSON any more");
	}
}

static void flush_if_large(struct ot_ui *ui)
{
	if (ui->json.buf.len + ui->err.buf.len + ui->out.buf.len > FLUSH_BYTES)
		ot_ui_flush(ui);
}

/* Results and notes go to different streams; on a terminal their order must hold. */
static void keep_order(struct ot_ui *ui, const struct out *next)
{
	const struct out *other = next == &ui->out ? &ui->err : &ui->out;

	if (other->buf.len)
		ot_ui_flush(ui);
}

void ot_ui_note(struct ot_ui *ui, const char *format, ...)
{
	va_list args;

	keep_order(ui, &ui->err);
	if (!ui->options.interactive)
		ot_buf_adds(&ui->err.buf, "otrace: ");
	va_start(args, format);
	ot_buf_vaddf(&ui->err.buf, format, args);
	va_end(args);
	ot_buf_addc(&ui->err.buf, '\n');
}

void ot_ui_program_output(struct ot_ui *ui, const char *data, size_t bytes)
{
	size_t whole = bytes;

	while (whole && data[whole - 1] != '\n')
		whole--;
	if (ui->held && ui->out.buf.len > HELD_BYTES) {
		ui->held_bytes += bytes;
		return;
	}
	if (whole) {
		keep_order(ui, &ui->out);
		ot_buf_add(&ui->out.buf, ui->partial.data, ui->partial.len);
		ot_buf_reset(&ui->partial);
		ot_buf_add(&ui->out.buf, data, whole);
	}
	if (whole < bytes && !ui->partial.len)
		ui->partial_ms = now_ms();
	ot_buf_add(&ui->partial, data + whole, bytes - whole);
	if (ui->partial.len > FLUSH_BYTES)
		end_partial_line(ui, true);
	flush_if_large(ui);
}

/* ------------------------------------------------------------------ events and results */

static bool has_limit_reached(const struct ot_trace_request *request)
{
	return request && request->is_listed && request->over;
}

/* Switched off by hand: one that has ended by a limit has but a few calls left, which somebody waits for. */
static bool is_off(const struct ot_trace *trace)
{
	if (trace->is_on || (!trace->nr_rules && has_limit_reached(trace->request)))
		return false;
	for (uint32_t i = 0; i < trace->nr_rules; i++)
		if (has_limit_reached(trace->rules[i]->request))
			return false;
	return true;
}

/* On a terminal only. What is still on its way when a trace is switched off would go on for seconds. */
static bool capped(struct ot_ui *ui, const struct ot_trace *trace)
{
	uint64_t second;

	if (!ui->options.interactive)
		return false;
	if (trace && is_off(trace)) {
		ui->cap.off++;
		return true;
	}
	if (ui->held && ui->err.buf.len > HELD_BYTES) {
		ui->cap.held_back++;
		return true;
	}
	second = now_second();
	if (second != ui->cap.second) {
		report_held_back(ui, false);
		ui->cap.second = second;
		ui->cap.printed = 0;
	}
	if (ui->lines_per_second && ui->cap.printed >= ui->lines_per_second) {
		ui->cap.held_back++;
		return true;
	}
	ui->cap.printed++;
	return false;
}

static enum ot_log_level level_of(const struct ot_call_event *event)
{
	return event->kind == OT_CALL_ENTER || event->kind == OT_CALL_RETURN ? OT_LOG_INFO
									     : OT_LOG_WARNING;
}

static bool wants_lines(const struct ot_ui *ui, enum ot_log_level level)
{
	return ot_logsink_wants(ui->log, level) &&
	       !(ui->options.json_only && ot_logsink_is_stderr(ui->log));
}

static void log_text(struct ot_ui *ui, const struct ot_log_text *text)
{
	if (ot_logsink_is_stderr(ui->log)) {
		keep_order(ui, &ui->err);
		ot_logsink_format(ui->log, text, &ui->err.buf);
	} else {
		ot_logsink_write(ui->log, text);
	}
}

static void log_event(struct ot_ui *ui, const struct ot_trace *trace,
		      const struct ot_call_event *event)
{
	struct ot_log_text text = {.level = level_of(event),
				   .has_id = event->kind != OT_CALL_LOST,
				   .time_ns = event->time_ns,
				   .tid = event->tid,
				   .function = trace ? trace->fn->unique_name : NULL};

	ot_buf_reset(&ui->line);
	ot_event_text(ui->writer, trace, event, &ui->line);
	text.text = ui->line.data;
	text.bytes = ui->line.len;
	log_text(ui, &text);
}

void ot_ui_event(struct ot_ui *ui, const struct ot_trace *trace, const struct ot_call_event *event)
{
	bool screen = ot_logsink_is_stderr(ui->log);

	if (ui->options.json)
		ot_event_json(ui->writer, trace, event, &ui->json.buf);
	if (wants_lines(ui, level_of(event)) && !(screen && capped(ui, trace))) {
		if (screen)
			keep_order(ui, &ui->err);
		if (screen && ot_logsink_is_plain(ui->log))
			ot_event_text(ui->writer, trace, event, &ui->err.buf);
		else
			log_event(ui, trace, event);
	}
	flush_if_large(ui);
}

void ot_ui_happened(struct ot_ui *ui, const struct ot_log_text *text, const struct ot_buf *json)
{
	if (ui->options.json)
		ot_buf_add(&ui->json.buf, json->data, json->len);
	if (text->bytes && wants_lines(ui, text->level))
		log_text(ui, text);
	flush_if_large(ui);
}

struct ot_err *ot_ui_set_log(struct ot_ui *ui, const struct ot_log_options *options)
{
	return ot_logsink_set(ui->log, options);
}

void ot_ui_trace_over(struct ot_ui *ui, const struct ot_trace_request *request)
{
	ot_auto_buf struct ot_buf why = OT_BUF_INIT;

	ot_trace_over_format(request, &why);
	if (ui->options.json) {
		struct ot_buf *out = &ui->json.buf;

		ot_buf_addf(out,
			    "{\"event\":\"trace_over\",\"trace\":%u,\"name\":", request->number);
		ot_buf_add_json(out, request->pattern, strlen(request->pattern));
		ot_buf_adds(out, ",\"why\":");
		ot_buf_add_json(out, why.data, why.len);
		ot_buf_adds(out, "}\n");
	}
	if (!ui->options.json_only)
		ot_ui_note(ui, "trace %u (%s) has ended: %s", request->number, request->pattern,
			   ot_buf_text(&why));
	flush_if_large(ui);
}

static void json_result(struct ot_ui *ui, const char *command, const struct ot_buf *text,
			const struct ot_buf *json, const char *error)
{
	struct ot_buf *out = &ui->json.buf;
	size_t bytes = text->len;

	while (bytes && text->data[bytes - 1] == '\n')
		bytes--;
	ot_buf_adds(out, "{\"event\":\"result\",\"command\":");
	ot_buf_add_json(out, command, strlen(command));
	ot_buf_adds(out, ",\"text\":");
	ot_buf_add_json(out, ot_buf_text(text), bytes);
	if (json->len) {
		ot_buf_adds(out, ",\"value\":");
		ot_buf_add(out, json->data, json->len);
	}
	ot_buf_adds(out, ",\"error\":");
	if (error)
		ot_buf_add_json(out, error, strlen(error));
	else
		ot_buf_adds(out, "null");
	ot_buf_adds(out, "}\n");
}

static void result(struct ot_ui *ui, const char *command, const struct ot_buf *text, bool elsewhere,
		   const struct ot_buf *json, const struct ot_err *err)
{
	ot_auto_buf struct ot_buf error = OT_BUF_INIT;

	if (err)
		ot_err_format(err, &error);
	if (ui->options.json)
		json_result(ui, command, text, json, err ? ot_buf_text(&error) : NULL);
	if (!ui->options.json_only && text->len && !elsewhere) {
		keep_order(ui, &ui->out);
		ot_buf_add(&ui->out.buf, text->data, text->len);
		if (text->data[text->len - 1] != '\n')
			ot_buf_addc(&ui->out.buf, '\n');
	}
	/* JSON on standard error has the error already; in a file it would go unnoticed. */
	if (err && !(ui->options.json_only && ui->json.fd <= STDERR_FILENO))
		ot_ui_note(ui, "%s", ot_buf_text(&error));
	ui->out.may_stop = ui->options.interactive && text->len > FLUSH_BYTES;
	ot_ui_flush(ui);
	ui->out.may_stop = false;
}

void ot_ui_result(struct ot_ui *ui, const char *command, const struct ot_buf *text,
		  const struct ot_buf *json, const struct ot_err *err)
{
	result(ui, command, text, false, json, err);
}

void ot_ui_result_elsewhere(struct ot_ui *ui, const char *command, const struct ot_buf *text,
			    const struct ot_buf *json, const struct ot_err *err)
{
	result(ui, command, text, true, json, err);
}

void ot_ui_print(struct ot_ui *ui, const char *text)
{
	if (ui->options.json_only)
		return;
	keep_order(ui, &ui->out);
	ot_buf_adds(&ui->out.buf, text);
}

void ot_ui_print_error(struct ot_ui *ui, const char *text)
{
	keep_order(ui, &ui->err);
	ot_buf_adds(&ui->err.buf, text);
}

/* ------------------------------------------------------------------ progress */

void ot_ui_progress_begin(struct ot_ui *ui, const char *what)
{
	/* before there is a prompt its width is not known yet */
	if (ui->options.interactive && !ui->held && isatty(ui->err.fd))
		ot_progress_start(ui->err.fd, what, ui->terminal ? ui->terminal->width() : 0);
}

void ot_ui_progress(struct ot_ui *ui, uint64_t done, uint64_t total)
{
	(void)ui;
	ot_progress_set(done, total);
}

void ot_ui_progress_end(struct ot_ui *ui)
{
	(void)ui;
	ot_progress_stop();
}

void ot_ui_hello(struct ot_ui *ui, const char *mode, const char *program, int pid)
{
	struct ot_buf *out = &ui->json.buf;

	ot_logsink_set_pid(ui->log, pid);
	if (!ui->options.json)
		return;
	ot_buf_addf(out, "{\"event\":\"hello\",\"format\":1,\"otrace\":\"%s\",\"mode\":\"%s\"",
		    OTRACE_VERSION_STRING, mode);
	ot_buf_adds(out, ",\"program\":");
	ot_buf_add_json(out, program, strlen(program));
	if (pid)
		ot_buf_addf(out, ",\"pid\":%d", pid);
	ot_buf_adds(out, "}\n");
}

void ot_ui_exit(struct ot_ui *ui, int pid, int status)
{
	struct ot_buf *out = &ui->json.buf;

	report_held_back(ui, true);
	end_partial_line(ui, true);
	if (!ui->options.json)
		return;
	ot_buf_addf(out, "{\"event\":\"exit\",\"pid\":%d", pid);
	if (status >= 0 && WIFEXITED(status))
		ot_buf_addf(out, ",\"status\":%d", WEXITSTATUS(status));
	if (status >= 0 && WIFSIGNALED(status))
		ot_buf_addf(out, ",\"signal\":%d", WTERMSIG(status));
	ot_buf_adds(out, "}\n");
}
