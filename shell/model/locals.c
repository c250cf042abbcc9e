// SPDX-License-Identifier: BSD-2-Clause
#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "model/dwarftype.h"
#include "model/locals.h"
#include "model/location.h"

#define NESTED_MAX 200
#define COPY_MAX 256u	  /* of a register; it is a byte that says how much */
#define PROOF_BYTES 1024u /* linkers make the build id lie there */

/** One reading of one frame. */
struct reader {
	struct ot_program *program;
	const struct ot_frame *frame;
	const struct ot_module *module;
	Dwarf *dwarf;
	Dwarf_Addr pc; /* in the file, within the call */
	Dwarf_Die function;
	struct ot_dwarf_types types;
	struct ot_locals *locals;
};

static struct ot_target *memory_of(const struct reader *reader)
{
	return reader->frame->memory ? reader->frame->memory : ot_program_target(reader->program);
}

static void local_deinit(struct ot_local *local)
{
	free(local->name);
	ot_value_deinit(&local->value);
	ot_err_destroy(local->err);
}

static void clear(struct ot_locals *locals)
{
	for (size_t i = 0; i < locals->nr; i++)
		local_deinit(&locals->items[i]);
	locals->nr = 0;
}

void ot_locals_deinit(struct ot_locals *locals)
{
	clear(locals);
	free(locals->function);
	free(locals->file);
	/* forgets all of it */
	ot_vec_deinit(locals);
}

/* ------------------------------------------------------------------ values */

/* Read at once: nobody shall take it for a place to write to. */
static struct ot_err *copy_at(struct reader *reader, uint64_t address, const struct ot_type *type,
			      struct ot_value *ret)
{
	uint8_t buf[COPY_MAX];
	uint64_t bytes = ot_type_size(type);

	if (bytes > sizeof(buf))
		return ot_err_new(OT_ERR_DAMAGED, "its debug information is damaged");
	reader->locals->reads_memory = true;
	OT_TRY(ot_target_read(memory_of(reader), address, buf, bytes));
	ot_value_of_bytes(type, buf, bytes, ret);
	return NULL;
}

static struct ot_err *value_at(struct reader *reader, const struct ot_location *at,
			       const struct ot_type *type, struct ot_value *ret)
{
	uint64_t bytes = ot_type_size(type);

	switch (at->kind) {
	case OT_LOCATION_MEMORY:
		ot_value_at(type, at->value, ret);
		return NULL;
	case OT_LOCATION_COPY:
		return copy_at(reader, at->value, type, ret);
	case OT_LOCATION_BYTES:
		ot_value_of_bytes(type, at->bytes, at->nr_bytes, ret);
		return NULL;
	default:
		if (bytes > sizeof(at->value))
			return ot_err_new(OT_ERR_UNSUPPORTED, "it lies in several registers");
		ot_value_of_bytes(type, &at->value, bytes, ret);
		return NULL;
	}
}

static struct ot_err *constant(Dwarf_Attribute *attr, const struct ot_type *type,
			       struct ot_value *ret)
{
	uint64_t bytes = ot_type_size(type);
	Dwarf_Block block;
	Dwarf_Sword word;

	if (!dwarf_formblock(attr, &block)) {
		ot_value_of_bytes(type, block.data, block.length, ret);
		return NULL;
	}
	if (dwarf_formsdata(attr, &word) || bytes > sizeof(word))
		return ot_err_new(OT_ERR_OPTIMIZED, "optimized out");
	ot_value_of_bytes(type, &word, bytes, ret);
	return NULL;
}

static struct ot_err *find_value(struct reader *reader, Dwarf_Die *die, const struct ot_type *type,
				 struct ot_value *ret)
{
	Dwarf_Attribute attr;
	struct ot_location_context context = {.target = memory_of(reader),
					      .frame = reader->frame,
					      .bias = reader->module->bias,
					      .dwarf = reader->dwarf,
					      .function = &reader->function,
					      .attr = &attr,
					      .bytes = ot_type_size(type),
					      .reads_memory = &reader->locals->reads_memory};
	struct ot_location at;

	if (dwarf_attr_integrate(die, DW_AT_const_value, &attr))
		return constant(&attr, type, ret);
	if (!dwarf_attr_integrate(die, DW_AT_location, &attr))
		return ot_err_new(OT_ERR_OPTIMIZED, "optimized out");
	OT_TRY(ot_location_find(&context, &at));
	return value_at(reader, &at, type, ret);
}

/* clang keeps the length of int a[n] in a variable of its own. */
static bool count_of(void *priv, Dwarf_Die *die, uint64_t *ret)
{
	struct reader *reader = priv;
	ot_auto_value struct ot_value value = {0};
	struct ot_err *err =
		find_value(reader, die, ot_program_base(reader->program, "unsigned long"), &value);

	if (!err)
		ot_value_fetch(memory_of(reader), &value);
	reader->locals->reads_memory = true;
	ot_err_destroy(err);
	return !err && ot_value_to_u64(&value, ret);
}

static struct ot_local *place_for(struct ot_locals *locals, const char *name)
{
	for (size_t i = 0; i < locals->nr; i++)
		if (!strcmp(locals->items[i].name, name)) {
			local_deinit(&locals->items[i]);
			return &locals->items[i];
		}
	ot_vec_push(locals, ((struct ot_local){0}));
	return &locals->items[locals->nr - 1];
}

/* The list moves when it grows, and what lies in a value with it. */
static void keep_bytes(struct ot_value *value)
{
	if (value->bytes != value->small)
		return;
	value->own = (uint8_t *)ot_strndup((const char *)value->small, value->nr_bytes);
	value->bytes = value->own;
}

static const char *why_unknown(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die type;
	const char *name =
		dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, &type)
			? dwarf_diename(&type)
			: NULL;

	if (name && strstr(name, "_BitInt"))
		return "the debug information does not say how many bits its _BitInt has";
	if (name && !strcmp(name, "complex"))
		return "the debug information does not say what the parts of its complex number "
		       "are";
	return "the debug information does not describe its type in a way that otrace knows";
}

static void add(struct reader *reader, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	struct ot_local local = {0};
	const struct ot_type *type;
	int line = 0;

	/* the lengths that clang keeps are no variables of the source */
	if (!name || dwarf_hasattr_integrate(die, DW_AT_artificial))
		return;
	local.name = ot_strdup(name);
	local.is_param = dwarf_tag(die) == DW_TAG_formal_parameter;
	dwarf_decl_line(die, &line);
	local.line = (uint32_t)line;
	/* what a block declares further down is not there yet, but its memory is; C says the same */
	type = ot_dwarf_type_of(&reader->types, die);
	if (!type || ot_type_is_void(type))
		local.err = ot_err_new(OT_ERR_UNSUPPORTED, "%s", why_unknown(die));
	else
		local.err = find_value(reader, die, type, &local.value);
	if (local.err)
		local.value.type =
			type && !ot_type_is_void(type) ? type : ot_program_void(reader->program);
	keep_bytes(&local.value);
	*place_for(reader->locals, name) = local;
}

/* ------------------------------------------------------------------ the function */

static void add_all(struct reader *reader, Dwarf_Die *parent, int tag)
{
	Dwarf_Die child;

	for (int end = dwarf_child(parent, &child); !end; end = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == tag)
			add(reader, &child);
}

/* The block in @parent that pc is in; false: there is none. */
static bool step_in(const struct reader *reader, Dwarf_Die *parent, Dwarf_Die *ret)
{
	Dwarf_Die child;

	for (int end = dwarf_child(parent, &child); !end; end = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);

		if ((tag != DW_TAG_lexical_block && tag != DW_TAG_inlined_subroutine) ||
		    dwarf_haspc(&child, reader->pc) != 1)
			continue;
		*ret = child;
		return true;
	}
	return false;
}

static bool is_inlined(Dwarf_Die *die)
{
	return dwarf_tag(die) == DW_TAG_inlined_subroutine;
}

/* Calls that were inlined into each other at pc. */
static unsigned int count_inlined(const struct reader *reader)
{
	Dwarf_Die at = reader->function, inner;
	unsigned int nr = 0;

	for (int depth = 0; depth < NESTED_MAX && step_in(reader, &at, &inner); depth++) {
		at = inner;
		nr += is_inlined(&at);
	}
	return nr;
}

static bool has_local(const struct ot_locals *locals, const char *name)
{
	for (size_t i = 0; i < locals->nr; i++)
		if (!strcmp(locals->items[i].name, name))
			return true;
	return false;
}

/* Of what the compiler left nothing where it was inlined only the source's own description tells. */
static void add_lost(struct reader *reader, Dwarf_Die *inlined)
{
	Dwarf_Attribute attr;
	Dwarf_Die origin, child;

	if (!dwarf_attr(inlined, DW_AT_abstract_origin, &attr) ||
	    !dwarf_formref_die(&attr, &origin))
		return;
	for (int end = dwarf_child(&origin, &child); !end; end = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);
		const char *name = dwarf_diename(&child);

		if ((tag == DW_TAG_formal_parameter || tag == DW_TAG_variable) && name &&
		    !has_local(reader->locals, name))
			add(reader, &child);
	}
}

static void enter_inlined(struct reader *reader, Dwarf_Die *die)
{
	clear(reader->locals);
	free(reader->locals->function);
	reader->locals->function = ot_strdup(dwarf_diename(die) ? dwarf_diename(die) : "?");
}

/* The blocks around pc, from the outside in. What was inlined is a function of its own. */
static void walk(struct reader *reader)
{
	unsigned int nr = count_inlined(reader), outer = reader->frame->nr_outer;
	Dwarf_Die at = reader->function, inner;

	nr = nr > outer ? nr - outer : 0;
	for (int depth = 0; depth < NESTED_MAX; depth++) {
		add_all(reader, &at, DW_TAG_formal_parameter);
		add_all(reader, &at, DW_TAG_variable);
		if (is_inlined(&at))
			add_lost(reader, &at);
		if (!step_in(reader, &at, &inner) || (is_inlined(&inner) && !nr))
			return;
		if (is_inlined(&inner)) {
			enter_inlined(reader, &inner);
			nr--;
		}
		at = inner;
	}
}

static int take_function(Dwarf_Die *die, void *priv)
{
	struct reader *reader = priv;

	if (dwarf_haspc(die, reader->pc) != 1)
		return DWARF_CB_OK;
	reader->function = *die;
	return DWARF_CB_ABORT;
}

static void find_line(struct reader *reader, Dwarf_Die *unit)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, reader->pc);
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	int nr = 0;

	if (!file || dwarf_lineno(line, &nr))
		return;
	reader->locals->file = ot_strdup(file);
	reader->locals->line = (uint32_t)nr;
}

static struct ot_err *read_unit(struct reader *reader, Dwarf_Die *unit)
{
	const char *name;

	if (dwarf_getfuncs(unit, take_function, reader, 0) <= 0)
		return ot_err_new(OT_ERR_NOT_FOUND, "no function is known at %#llx",
				  (unsigned long long)reader->frame->pc);
	name = dwarf_diename(&reader->function);
	reader->locals->function = ot_strdup(name ? name : "?");
	find_line(reader, unit);
	walk(reader);
	return NULL;
}

static struct ot_err *read_dwarf(struct reader *reader)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die unit, die;
	uint8_t type;

	while (!dwarf_get_units(reader->dwarf, cu, &cu, NULL, &type, &unit, &die))
		if (dwarf_haspc(&unit, reader->pc) == 1)
			return read_unit(reader, &unit);
	return ot_err_new(OT_ERR_NOT_FOUND,
			  "%s has no debug information for %#llx (compile with -g, do not strip)",
			  reader->module->path, (unsigned long long)reader->frame->pc);
}

static const struct ot_module *module_at(const struct ot_program *program, uint64_t pc)
{
	size_t nr;
	const struct ot_module *const *modules = ot_program_modules(program, &nr);

	for (size_t i = 0; i < nr; i++)
		if (!modules[i]->unloaded && modules[i]->low <= pc && pc < modules[i]->high)
			return modules[i];
	return NULL;
}

/* Whether it starts as the process has it, and what it starts with is its alone. */
static bool is_proven(const struct reader *reader, int fd)
{
	uint8_t ours[PROOF_BYTES], theirs[PROOF_BYTES];
	struct ot_err *err;
	const void *id;
	ssize_t nr = dwelf_elf_gnu_build_id(dwarf_getelf(reader->dwarf), &id);

	if (nr <= 0 || pread(fd, ours, sizeof(ours), 0) != (ssize_t)sizeof(ours))
		return false;
	err = ot_target_read(ot_program_target(reader->program), reader->module->low, theirs,
			     sizeof(theirs));
	ot_err_destroy(err);
	return !err && !memcmp(ours, theirs, sizeof(ours)) &&
	       memmem(ours, sizeof(ours), id, (size_t)nr);
}

/* The file that is mapped; where that is not to be had, what has its name, if it is the same. */
static struct ot_err *open_dwarf(struct reader *reader, int *fd)
{
	const char *path = reader->module->path;
	struct ot_err *err = NULL;
	bool mapped;

	*fd = ot_target_open_file(memory_of(reader), reader->frame->pc);
	mapped = *fd >= 0;
	if (!mapped)
		err = ot_file_open(path, true, fd);
	if (err)
		return ot_err_prefix(err, "%s", path);
	reader->dwarf = dwarf_begin(*fd, DWARF_C_READ);
	if (!reader->dwarf)
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "%s has no debug information (compile with -g, do not strip)",
				  path);
	if (!mapped && !is_proven(reader, *fd))
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "%s is not the file that runs: it has been replaced since", path);
	return NULL;
}

struct ot_err *ot_locals_read(struct ot_program *program, const struct ot_frame *frame,
			      struct ot_locals *ret)
{
	struct reader reader = {.program = program, .frame = frame, .locals = ret};
	ot_auto_close int fd = -1;
	struct ot_err *err;

	memset(ret, 0, sizeof(*ret));
	reader.module = module_at(program, frame->pc);
	if (!reader.module)
		return ot_err_new(OT_ERR_NOT_FOUND, "no instrumented file has code at %#llx",
				  (unsigned long long)frame->pc);
	reader.pc = frame->pc - 1 - reader.module->bias;
	reader.types = (struct ot_dwarf_types){
		.program = program, .module = reader.module, .count_of = count_of, .priv = &reader};
	err = open_dwarf(&reader, &fd);
	if (!err)
		err = read_dwarf(&reader);
	dwarf_end(reader.dwarf);
	if (!err && ot_target_is_interrupted())
		err = ot_err_new(OT_ERR_SILENT, "interrupted");
	if (err)
		ot_locals_deinit(ret);
	return err;
}
