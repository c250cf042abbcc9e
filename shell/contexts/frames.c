// SPDX-License-Identifier: BSD-2-Clause
// Unwinding a stack of which only some bytes are there, by libdwfl.
#include <stdio.h>
#include <string.h>

#include "contexts/code.h"
#include "contexts/frames.h"

#define FRAMES_MAX 256u
#define WRAPPER_MAX_BYTES 2048u /* where no symbol says how long it is */
#define TID 1			/* of the one thread that libdwfl sees */

/** One unwinding. */
struct unwind {
	const struct ot_mapped_files *files;
	struct ot_target *view;
	const struct ot_frame *first;
	uint64_t wrapper;
	struct ot_context_frames *ret;
	Dwfl *dwfl;
	bool is_past_wrapper;
};

/* ------------------------------------------------------------------ what libdwfl asks for */

static pid_t next_thread(Dwfl *dwfl, void *priv, void **thread_priv)
{
	(void)dwfl;
	if (*thread_priv)
		return 0;
	*thread_priv = priv;
	return TID;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *priv)
{
	const struct unwind *unwind = priv;
	uint64_t word = 0;
	struct ot_target_span span = {.address = address, .buf = &word, .bytes = sizeof(word)};

	(void)dwfl;
	ot_err_destroy(ot_target_readv(unwind->view, &span, 1));
	*ret = word;
	return span.got == sizeof(word);
}

static bool set_registers(Dwfl_Thread *thread, void *priv)
{
	const struct ot_frame *first = ((const struct unwind *)priv)->first;

	for (int i = 0; i < (int)OT_FRAME_REGISTERS; i++) {
		Dwarf_Word word = first->registers[i];

		if (first->known >> i & 1 && !dwfl_thread_state_registers(thread, i, 1, &word))
			return false;
	}
	dwfl_thread_state_register_pc(thread, first->pc);
	return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.memory_read = read_word,
	.set_initial_registers = set_registers,
};

/* ------------------------------------------------------------------ frames */

static bool is_runtime(const struct unwind *unwind, uint64_t pc)
{
	const char *name = ot_mapped_files_name(unwind->files, pc);

	return name && !strncmp(name, "libotrace.so", strlen("libotrace.so"));
}

/* The runtime calls main where the program was held before it; wrappers of other traced functions are no calls of
 * the source. */
static bool is_ours(const struct unwind *unwind, const char *name, uint64_t pc)
{
	return is_runtime(unwind, pc) || (name && !strncmp(name, "__otrace_", strlen("__otrace_")));
}

/* Its own symbol says so, or where there is none, that it lies close behind its beginning. */
static bool is_wrapper(const struct unwind *unwind, Dwfl_Module *module, uint64_t pc)
{
	GElf_Off offset = 0;
	GElf_Sym symbol;
	const char *name =
		module ? dwfl_module_addrinfo(module, pc, &offset, &symbol, NULL, NULL, NULL)
		       : NULL;

	if (!unwind->wrapper || pc < unwind->wrapper)
		return false;
	if (name && symbol.st_size)
		return pc - offset == unwind->wrapper;
	return pc - unwind->wrapper < WRAPPER_MAX_BYTES;
}

static void place_frame(const struct unwind *unwind, uint64_t pc, const char *file, uint32_t line,
			struct ot_context_frame *frame)
{
	const char *name = ot_mapped_files_name(unwind->files, pc);
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (!file) {
		frame->place = ot_strdup(name ? name : "");
		return;
	}
	frame->file = ot_strdup(file);
	frame->line = line;
	frame->place = ot_asprintf("%s:%u", slash ? slash + 1 : file, line);
}

/* Behind a call only those are left that a callee has to keep: rbx, rbp, rsp, r12 to r15, and rip. */
#define KEPT_REGISTERS (1u << 3 | 1u << 6 | 1u << 7 | 0xfu << 12 | 1u << 16)

static void take_registers(Dwfl_Frame *state, bool is_interrupted, struct ot_frame *frame)
{
	for (unsigned int i = 0; i < OT_FRAME_REGISTERS; i++) {
		Dwarf_Word word;

		if (dwfl_frame_reg(state, i, &word))
			continue;
		frame->registers[i] = word;
		frame->known |= 1u << i;
	}
	if (!is_interrupted)
		frame->known &= KEPT_REGISTERS;
}

static void add_frame(struct unwind *unwind, const struct ot_frame *at, const char *name,
		      const char *file, uint32_t line)
{
	struct ot_context_frame frame = {.at = *at};
	uint64_t pc = at->pc - 1;

	frame.function = name ? ot_strdup(name) : ot_asprintf("%#llx", (unsigned long long)pc);
	place_frame(unwind, pc, file, line, &frame);
	ot_vec_push(unwind->ret, frame);
}

/* What was inlined is a call of its own, as in the source. */
static void add_frames(struct unwind *unwind, Dwfl_Frame *state, uint64_t pc, bool is_interrupted)
{
	struct ot_frame at = {.pc = pc + 1, .memory = unwind->view};
	Dwfl_Module *module = dwfl_addrmodule(unwind->dwfl, pc);
	const char *name = module ? dwfl_module_addrname(module, pc) : NULL;
	struct ot_code code;

	if (is_ours(unwind, name, pc))
		return;
	take_registers(state, is_interrupted, &at);
	if (!ot_code_find(module, pc, &code)) {
		add_frame(unwind, &at, name, NULL, 0);
		return;
	}
	for (unsigned int i = code.nr; i > 0; i--, at.nr_outer++) {
		const char *inner = ot_code_name(&code, i - 1);
		uint32_t line = 0;
		const char *file = ot_code_place(&code, i - 1, &line);

		add_frame(unwind, &at, inner ? inner : name, file, line);
	}
}

/* The hook's own frames come first, then the wrapper: behind it is who called. */
static int take_frame(Dwfl_Frame *state, void *priv)
{
	struct unwind *unwind = priv;
	Dwarf_Addr pc;
	bool is_activation;

	if (!dwfl_frame_pc(state, &pc, &is_activation))
		return DWARF_CB_ABORT;
	/* behind a call the return address may be another function's */
	if (!is_activation)
		pc--;
	if (!unwind->is_past_wrapper && is_runtime(unwind, pc))
		return DWARF_CB_OK;
	if (!unwind->is_past_wrapper && unwind->wrapper) {
		unwind->is_past_wrapper = true;
		if (is_wrapper(unwind, dwfl_addrmodule(unwind->dwfl, pc), pc))
			return DWARF_CB_OK;
	}
	add_frames(unwind, state, pc, is_activation);
	return unwind->ret->nr < FRAMES_MAX ? DWARF_CB_OK : DWARF_CB_ABORT;
}

static void note_end(struct unwind *unwind, int status)
{
	struct ot_context_frames *ret = unwind->ret;

	if (!status)
		return;
	if (ret->nr >= FRAMES_MAX)
		ret->note = ot_strdup("further calls are left out");
	else if (status < 0 && ret->nr)
		ret->note = ot_asprintf("the copy of the stack ends here (trace -s N copies more): "
					"%s",
					dwfl_errmsg(-1));
	else if (status < 0)
		ret->note = ot_asprintf("the stack cannot be unwound: %s", dwfl_errmsg(-1));
}

static void run(struct unwind *unwind)
{
	if (!dwfl_attach_state(unwind->dwfl, NULL, TID, &thread_callbacks, unwind)) {
		unwind->ret->note = ot_asprintf("the stack cannot be unwound: %s", dwfl_errmsg(-1));
		return;
	}
	note_end(unwind, dwfl_getthread_frames(unwind->dwfl, TID, take_frame, unwind));
}

/* Of files of contexts: the program may have been compiled again, or be on another machine. */
static void note_missing(const struct ot_mapped_files *files, struct ot_context_frames *ret)
{
	const char *missing = files ? ot_mapped_files_missing(files) : NULL;
	char *note;

	if (!missing)
		return;
	note = ot_asprintf("%s%s%s is gone, or another file by now", ret->note ? ret->note : "",
			   ret->note ? "; " : "", missing);
	free(ret->note);
	ret->note = note;
}

struct ot_context_frames *ot_context_frames_create(const struct ot_mapped_files *files,
						   struct ot_target *view,
						   const struct ot_frame *first, uint64_t wrapper)
{
	struct unwind unwind = {.files = files,
				.view = view,
				.first = first,
				.wrapper = wrapper,
				.ret = ot_alloc(sizeof(*unwind.ret))};

	if (!first) {
		unwind.ret->note = ot_strdup("no stack was copied with it");
		return unwind.ret;
	}
	unwind.dwfl = ot_mapped_files_dwfl(files);
	if (!unwind.dwfl && files && ot_mapped_files_missing(files)) {
		note_missing(files, unwind.ret);
		return unwind.ret;
	}
	if (!unwind.dwfl) {
		unwind.ret->note = ot_strdup("the files of the program were not there to be looked "
					     "at when the context came");
		return unwind.ret;
	}
	run(&unwind);
	dwfl_end(unwind.dwfl);
	if (unwind.ret->note)
		note_missing(files, unwind.ret);
	return unwind.ret;
}

void ot_context_frames_destroy(struct ot_context_frames *frames)
{
	if (!frames)
		return;
	for (size_t i = 0; i < frames->nr; i++) {
		struct ot_context_frame *frame = &frames->items[i];

		free(frame->function);
		free(frame->file);
		free(frame->place);
		ot_locals_deinit(&frame->locals);
		ot_err_destroy(frame->err);
	}
	free(frames->note);
	free(frames->items);
	free(frames);
}

struct ot_err *ot_context_frame_locals(struct ot_program *program, struct ot_context_frame *frame,
				       const struct ot_locals **ret)
{
	if (!frame->is_read)
		frame->err = ot_locals_read(program, &frame->at, &frame->locals);
	frame->is_read = true;
	if (frame->err)
		return ot_err_new(frame->err->code, "%s", frame->err->what);
	*ret = &frame->locals;
	return NULL;
}
