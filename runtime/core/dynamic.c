/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>

#include "base/mem.h"
#include "core/dynamic.h"

bool ot_dynamic_has(const struct dl_phdr_info *info, uint64_t address, uint32_t flags)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];

		if (phdr->p_type == PT_LOAD && (phdr->p_flags & flags) == flags &&
		    address - (info->dlpi_addr + phdr->p_vaddr) < phdr->p_memsz)
			return true;
	}
	return false;
}

bool ot_dynamic_is_relro(const struct dl_phdr_info *info, uint64_t address)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		uint64_t begin = info->dlpi_addr + phdr->p_vaddr;
		uint64_t low = OT_ROUND_DOWN(begin, OT_PAGE_BYTES);
		uint64_t high = OT_ROUND_DOWN(begin + phdr->p_memsz, OT_PAGE_BYTES);

		if (phdr->p_type == PT_GNU_RELRO && address >= low && address < high)
			return true;
	}
	return false;
}

/* The loader has added where the module lies to most of them; to those in memory that it cannot write it has not. */
static const void *pointer_of(const struct dl_phdr_info *info, const ElfW(Dyn) * dyn)
{
	uint64_t at = dyn->d_un.d_ptr;

	if (!ot_dynamic_has(info, at, PF_R))
		at += info->dlpi_addr;
	return ot_dynamic_has(info, at, PF_R) ? (const void *)at : NULL;
}

static void read_entry(struct ot_dynamic *ret, const ElfW(Dyn) * dyn)
{
	switch (dyn->d_tag) {
	case DT_SYMTAB:
		ret->symbols = pointer_of(ret->info, dyn);
		break;
	case DT_STRTAB:
		ret->texts = pointer_of(ret->info, dyn);
		break;
	case DT_GNU_HASH:
		ret->hash = pointer_of(ret->info, dyn);
		break;
	case DT_RELA:
		ret->relas = pointer_of(ret->info, dyn);
		break;
	case DT_JMPREL:
		ret->jumps = pointer_of(ret->info, dyn);
		break;
	case DT_RELASZ:
		ret->relas_bytes = dyn->d_un.d_val;
		break;
	case DT_PLTRELSZ:
		ret->jumps_bytes = dyn->d_un.d_val;
		break;
	default:
		break;
	}
}

void ot_dynamic_read(const struct dl_phdr_info *info, struct ot_dynamic *ret)
{
	*ret = (struct ot_dynamic){.info = info};
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		const ElfW(Dyn) *dyn = (const void *)(info->dlpi_addr + phdr->p_vaddr);

		for (; phdr->p_type == PT_DYNAMIC && dyn->d_tag != DT_NULL; dyn++)
			read_entry(ret, dyn);
	}
	if (!ret->relas)
		ret->relas_bytes = 0;
	if (!ret->jumps)
		ret->jumps_bytes = 0;
	if (!ret->symbols || !ret->texts)
		*ret = (struct ot_dynamic){.info = info};
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

static bool is_function(const ElfW(Sym) * symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC) &&
	       ELF64_ST_BIND(symbol->st_info) != STB_LOCAL;
}

/* Which function an indirect one stands for only the loader asks it. */
static uint64_t address_of(const struct ot_dynamic *dynamic, const ElfW(Sym) * symbol)
{
	return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC
		       ? dynamic->info->dlpi_addr + symbol->st_value
		       : OT_DYNAMIC_UNKNOWN;
}

/* Four words: buckets, the first symbol that is hashed, 8-byte words of a filter, its shift; then these three. */
uint64_t ot_dynamic_function(const struct ot_dynamic *dynamic, const char *name)
{
	const uint32_t *head = dynamic->hash, *buckets, *chain;
	uint32_t hash = hash_of(name);

	if (!head)
		return dynamic->symbols ? OT_DYNAMIC_UNKNOWN : 0;
	if (!head[0])
		return 0;
	buckets = head + 4 + 2 * (uint64_t)head[2];
	chain = buckets + head[0];
	for (uint32_t i = buckets[hash % head[0]]; i >= head[1]; i++) {
		const ElfW(Sym) *symbol = &dynamic->symbols[i];

		if ((chain[i - head[1]] | 1) == (hash | 1) && is_function(symbol) &&
		    !ot_strcmp(dynamic->texts + symbol->st_name, name))
			return address_of(dynamic, symbol);
		if (chain[i - head[1]] & 1)
			return 0;
	}
	return 0;
}
