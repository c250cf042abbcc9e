// SPDX-License-Identifier: BSD-2-Clause
#include <dwarf.h>
#include <elfutils/libdw.h>

#include "contexts/code.h"

#define NESTED_MAX 200

static int take_function(Dwarf_Die *die, void *priv)
{
	struct ot_code *code = priv;

	if (dwarf_haspc(die, code->pc) != 1)
		return DWARF_CB_OK;
	code->chain[code->nr++] = *die;
	return DWARF_CB_ABORT;
}

/* The block in @parent that has the code; false: there is none. */
static bool step_in(const struct ot_code *code, Dwarf_Die *parent, Dwarf_Die *ret)
{
	Dwarf_Die child;

	for (int end = dwarf_child(parent, &child); !end; end = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);

		if ((tag != DW_TAG_lexical_block && tag != DW_TAG_inlined_subroutine) ||
		    dwarf_haspc(&child, code->pc) != 1)
			continue;
		*ret = child;
		return true;
	}
	return false;
}

static void find_inlined(struct ot_code *code)
{
	Dwarf_Die at = code->chain[0], inner;

	for (int depth = 0; depth < NESTED_MAX && step_in(code, &at, &inner); depth++) {
		at = inner;
		if (dwarf_tag(&at) == DW_TAG_inlined_subroutine && code->nr < OT_CODE_INLINED_MAX)
			code->chain[code->nr++] = at;
	}
}

/* Compilers need not say which unit has which address, so each is asked. */
static bool find_unit(Dwarf *dwarf, struct ot_code *code)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die skeleton;
	uint8_t type;

	while (!dwarf_get_units(dwarf, cu, &cu, NULL, &type, &code->unit, &skeleton))
		if (dwarf_haspc(&code->unit, code->pc) == 1)
			return true;
	return false;
}

bool ot_code_find(Dwfl_Module *module, uint64_t pc, struct ot_code *ret)
{
	Dwarf_Addr bias = 0;
	Dwarf *dwarf = module ? dwfl_module_getdwarf(module, &bias) : NULL;

	ret->nr = 0;
	ret->pc = pc - bias;
	if (!dwarf || !find_unit(dwarf, ret) ||
	    dwarf_getfuncs(&ret->unit, take_function, ret, 0) <= 0)
		return false;
	find_inlined(ret);
	return true;
}

const char *ot_code_name(struct ot_code *code, unsigned int i)
{
	return dwarf_diename(&code->chain[i]);
}

static const char *call_place(struct ot_code *code, Dwarf_Die *inlined, uint32_t *line_ret)
{
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word file, line;
	size_t nr;

	if (!dwarf_attr(inlined, DW_AT_call_line, &attr) || dwarf_formudata(&attr, &line) ||
	    !dwarf_attr(inlined, DW_AT_call_file, &attr) || dwarf_formudata(&attr, &file) ||
	    dwarf_getsrcfiles(&code->unit, &files, &nr) || file >= nr)
		return NULL;
	*line_ret = (uint32_t)line;
	return dwarf_filesrc(files, file, NULL, NULL);
}

const char *ot_code_place(struct ot_code *code, unsigned int i, uint32_t *line_ret)
{
	Dwarf_Line *line;
	const char *file;
	int nr = 0;

	if (i + 1 < code->nr)
		return call_place(code, &code->chain[i + 1], line_ret);
	line = dwarf_getsrc_die(&code->unit, code->pc);
	file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	if (!file || dwarf_lineno(line, &nr))
		return NULL;
	*line_ret = (uint32_t)nr;
	return file;
}
