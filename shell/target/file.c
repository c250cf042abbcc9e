/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program file on disk. Memory is what its segments hold: initialised data reads as it was
 * linked, zero-initialised data as zeros. The tables are found as a runtime finds them, by the ELF
 * note and the boundary tags around its anchors.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "target/impl.h"

struct ot_image_file {
	struct ot_target target;
	const uint8_t *data;
	size_t bytes;
	const Elf64_Phdr *phdrs;
	size_t nr_phdrs;
};

static struct ot_image_file *file_of(const struct ot_target *target)
{
	return (struct ot_image_file *)target;
}

/* ------------------------------------------------------------------ memory of the file */

static const Elf64_Phdr *segment_at(const struct ot_image_file *file, uint64_t address)
{
	for (size_t i = 0; i < file->nr_phdrs; i++) {
		const Elf64_Phdr *p = &file->phdrs[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr &&
		    address - p->p_vaddr < p->p_memsz)
			return p;
	}
	return NULL;
}

/* Bytes at @address that lie in the file itself; *max_ret says how many there are. */
static const uint8_t *bytes_at(const struct ot_image_file *file, uint64_t address, size_t *max_ret)
{
	const Elf64_Phdr *p = segment_at(file, address);
	uint64_t offset;

	*max_ret = 0;
	if (!p)
		return NULL;
	offset = address - p->p_vaddr;
	if (offset >= p->p_filesz)
		return NULL;
	*max_ret = (size_t)(p->p_filesz - offset);
	return file->data + p->p_offset + offset;
}

/* Copies what one segment has of the span; 0 = nothing there. */
static size_t read_piece(const struct ot_image_file *file, uint64_t address, uint8_t *buf,
			 size_t bytes)
{
	size_t max;
	const uint8_t *from = bytes_at(file, address, &max);
	const Elf64_Phdr *p = segment_at(file, address);

	if (!p)
		return 0;
	if (from) {
		max = bytes < max ? bytes : max;
		memcpy(buf, from, max);
		return max;
	}
	max = (size_t)(p->p_memsz - (address - p->p_vaddr));
	max = bytes < max ? bytes : max;
	memset(buf, 0, max);
	return max;
}

static struct ot_err *file_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct ot_target_span *s = &spans[i];
		size_t n;

		s->got = 0;
		do {
			n = read_piece(file_of(target), s->address + s->got,
				       (uint8_t *)s->buf + s->got, s->bytes - s->got);
			s->got += n;
		} while (n && s->got < s->bytes);
	}
	return NULL;
}

static struct ot_err *file_refresh(struct ot_target *target)
{
	(void)target;
	return NULL;
}

static void file_close(struct ot_target *target)
{
	struct ot_image_file *file = file_of(target);

	if (file->data)
		munmap((void *)file->data, file->bytes);
	free(file);
}

/* ------------------------------------------------------------------ the tables */

/* Address of what the reference at @address points to. */
static uint64_t follow(uint64_t address, const struct otrace_ref *ref)
{
	return ref->delta ? address + (uint64_t)(int64_t)ref->delta : 0;
}

static bool record_head(const struct ot_image_file *file, uint64_t address, uint32_t magic,
			struct otrace_head *ret)
{
	size_t max;
	const uint8_t *at = bytes_at(file, address, &max);

	if (!at || max < sizeof(*ret))
		return false;
	memcpy(ret, at, sizeof(*ret));
	return (ret->magic == magic || ret->magic == OTRACE_MAGIC_ANCHOR) &&
	       ret->size_bytes >= sizeof(struct otrace_anchor) && ret->size_bytes % 8 == 0;
}

static bool record_tail(const struct ot_image_file *file, uint64_t end, uint32_t magic,
			struct otrace_tail *ret)
{
	size_t max;
	const uint8_t *at = bytes_at(file, end - sizeof(*ret), &max);

	if (!at || max < sizeof(*ret))
		return false;
	memcpy(ret, at, sizeof(*ret));
	return (ret->magic_complement == ~magic || ret->magic_complement == ~OTRACE_MAGIC_ANCHOR) &&
	       ret->size_bytes >= sizeof(struct otrace_anchor) && ret->size_bytes % 8 == 0;
}

/* Walks from an anchor both ways; returns how many records there are, anchors not counted. */
static uint32_t find_bounds(const struct ot_image_file *file, uint64_t anchor, uint32_t magic,
			    uint64_t *begin, uint64_t *end)
{
	struct otrace_head head;
	struct otrace_tail tail;
	uint32_t nr = 0;

	*begin = *end = anchor;
	while (record_tail(file, *begin, magic, &tail) &&
	       record_head(file, *begin - tail.size_bytes, magic, &head) &&
	       head.size_bytes == tail.size_bytes) {
		*begin -= tail.size_bytes;
		nr += head.magic == magic;
	}
	while (record_head(file, *end, magic, &head)) {
		*end += head.size_bytes;
		nr += head.magic == magic;
	}
	return nr;
}

/* An ELF note otrace at @address in the file, or NULL. Steps *address over it. */
static const struct otrace_note *next_note(const struct ot_image_file *file, uint64_t *address,
					   uint64_t end, uint64_t *desc_address)
{
	while (end - *address >= sizeof(Elf64_Nhdr) && *address < end) {
		size_t max;
		const uint8_t *at = bytes_at(file, *address, &max);
		const Elf64_Nhdr *n = (const void *)at;
		uint64_t name, desc, next;

		if (!at || max < sizeof(*n))
			return NULL;
		name = sizeof(*n);
		desc = name + ((n->n_namesz + 3ull) & ~3ull);
		next = desc + ((n->n_descsz + 3ull) & ~3ull);
		if (next > max)
			return NULL;
		*desc_address = *address + desc;
		*address += next;
		if (n->n_type == OTRACE_NOTE_TYPE && n->n_namesz == sizeof(OTRACE_NOTE_NAME) &&
		    !memcmp(at + name, OTRACE_NOTE_NAME, sizeof(OTRACE_NOTE_NAME)) &&
		    n->n_descsz >= sizeof(struct otrace_note))
			return (const void *)(at + desc);
	}
	return NULL;
}

static const struct otrace_note *find_note(const struct ot_image_file *file, uint64_t *address)
{
	for (size_t i = 0; i < file->nr_phdrs; i++) {
		const Elf64_Phdr *p = &file->phdrs[i];
		uint64_t at = p->p_vaddr;
		const struct otrace_note *note;

		if (p->p_type != PT_NOTE)
			continue;
		note = next_note(file, &at, p->p_vaddr + p->p_memsz, address);
		if (note)
			return note;
	}
	return NULL;
}

static void describe_module(struct ot_image_file *file, const struct otrace_note *note,
			    uint64_t at)
{
	struct ot_target_module *module = ot_alloc(sizeof(*module));
	struct otrace_module *m = &module->m;
	uint64_t anchor;

	m->id = 1;
	m->low = UINT64_MAX;
	for (size_t i = 0; i < file->nr_phdrs; i++) {
		const Elf64_Phdr *p = &file->phdrs[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_vaddr < m->low)
			m->low = p->p_vaddr;
		if (p->p_vaddr + p->p_memsz > m->high)
			m->high = p->p_vaddr + p->p_memsz;
	}
	m->abi_version = note->abi_version;
	module->path = ot_strdup(file->target.path);
	if (m->abi_version == OTRACE_ABI_VERSION) {
		anchor = follow(at + offsetof(struct otrace_note, fn_anchor), &note->fn_anchor);
		m->nr_fns = find_bounds(file, anchor, OTRACE_MAGIC_FN, &m->fn_begin, &m->fn_end);
		anchor = follow(at + offsetof(struct otrace_note, var_anchor), &note->var_anchor);
		m->nr_vars =
			find_bounds(file, anchor, OTRACE_MAGIC_VAR, &m->var_begin, &m->var_end);
	}
	ot_target_set_modules(&file->target, module, 1);
}

/* ------------------------------------------------------------------ opening */

static struct ot_err *map_file(struct ot_image_file *file, const char *path)
{
	ot_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return ot_err_errno("cannot open %s", path);
	if (fstat(fd, &st))
		return ot_err_errno("cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is not a file", path);
	if ((size_t)st.st_size < sizeof(Elf64_Ehdr))
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is not a program", path);
	file->bytes = (size_t)st.st_size;
	file->data = mmap(NULL, file->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file->data == MAP_FAILED) {
		file->data = NULL;
		return ot_err_errno("cannot map %s", path);
	}
	return NULL;
}

static struct ot_err *check_segments(const struct ot_image_file *file, const char *path)
{
	for (size_t i = 0; i < file->nr_phdrs; i++) {
		const Elf64_Phdr *p = &file->phdrs[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_offset > file->bytes || p->p_filesz > file->bytes - p->p_offset ||
		    p->p_memsz < p->p_filesz || p->p_vaddr + p->p_memsz < p->p_vaddr)
			return ot_err_new(OT_ERR_DAMAGED, "%s is cut off or damaged", path);
	}
	return NULL;
}

static struct ot_err *check_elf(struct ot_image_file *file, const char *path)
{
	const Elf64_Ehdr *e = (const void *)file->data;

	if (memcmp(e->e_ident, ELFMAG, SELFMAG))
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is not a program", path);
	if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_machine != EM_X86_64)
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is for another machine than x86-64",
				  path);
	if (e->e_type == ET_REL)
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is an object file: link it first", path);
	if (e->e_phentsize != sizeof(Elf64_Phdr) || e->e_phoff > file->bytes ||
	    e->e_phnum * sizeof(Elf64_Phdr) > file->bytes - e->e_phoff)
		return ot_err_new(OT_ERR_DAMAGED, "%s is cut off or damaged", path);
	file->phdrs = (const void *)(file->data + e->e_phoff);
	file->nr_phdrs = e->e_phnum;
	return check_segments(file, path);
}

static const struct ot_target_ops file_ops = {
	.cannot = "not possible with a program file: nothing runs (use run or attach)",
	.close = file_close,
	.refresh = file_refresh,
	.readv = file_readv,
};

struct ot_err *ot_target_file_open(const char *path, struct ot_target **ret)
{
	struct ot_image_file *file = ot_alloc(sizeof(*file));
	const struct otrace_note *note;
	struct ot_err *err;
	uint64_t address;

	file->target.ops = &file_ops;
	file->target.state = OT_TARGET_FILE;
	file->target.path = realpath(path, NULL);
	if (!file->target.path)
		file->target.path = ot_strdup(path);
	err = map_file(file, path);
	if (!err)
		err = check_elf(file, path);
	if (!err) {
		note = find_note(file, &address);
		if (note)
			describe_module(file, note, address);
		else
			err = ot_err_new(OT_ERR_NOT_FOUND,
					 "%s is not instrumented; compile it with `otrace cc`",
					 path);
	}
	if (err) {
		ot_target_close(&file->target);
		return err;
	}
	*ret = &file->target;
	return NULL;
}
