/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "launch/examine.h"

static bool has_symbol(Elf *elf, Elf_Scn *section, const char *name)
{
	GElf_Shdr header;
	const Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;

	if (!data || !gelf_getshdr(section, &header) || !header.sh_entsize)
		return false;
	if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)
		return false;
	for (int i = 0; gelf_getsym((Elf_Data *)data, i, &symbol); i++) {
		int type = GELF_ST_TYPE(symbol.st_info);
		const char *of = elf_strptr(elf, header.sh_link, symbol.st_name);

		/* what another library has is of no type here */
		if (of && (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC) &&
		    !strcmp(of, name))
			return true;
	}
	return false;
}

bool ot_examine_has_symbol(const char *path, const char *name)
{
	ot_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	bool found = false;
	Elf *elf;

	if (fd < 0 || elf_version(EV_CURRENT) == EV_NONE)
		return false;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	while (elf && !found && (section = elf_nextscn(elf, section)))
		found = has_symbol(elf, section, name);
	elf_end(elf);
	return found;
}
