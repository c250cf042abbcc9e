// SPDX-License-Identifier: BSD-2-Clause
// A program file on disk. Memory is what its segments hold, as the loader would lay them out at the
// addresses the file was linked for: initialised data with relative and own symbolic relocations
// done, zero-initialised data as zeros. The tables are found as a runtime finds them, by the ELF
// note and the entries around its anchors.
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "target/impl.h"

#define PAGE 4096ull

/* Position-independent files are linked at 0. They are laid out from here on, so that NULL and small
 * numbers point nowhere, as in a process. */
#define FILE_BIAS 0x10000000ull

/* Bytes that the loader fills in with what another module has. */
struct hole {
	uint64_t address;
	uint64_t bytes;
};

struct ot_image_file {
	struct ot_target target;
	Elf *elf;
	uint8_t *data; /* what was needed of the file, in its place: relocations are done in it */
	size_t bytes;
	uint64_t bias;
	OT_VEC(GElf_Phdr) loads;   /* addresses with the bias */
	OT_VEC(struct hole) holes; /* by address */
};

static struct ot_image_file *file_of(const struct ot_target *target)
{
	return (struct ot_image_file *)target;
}

/* ------------------------------------------------------------------ memory of the file */

static const GElf_Phdr *segment_at(const struct ot_image_file *file, uint64_t address)
{
	for (size_t i = 0; i < file->loads.nr; i++) {
		const GElf_Phdr *p = &file->loads.items[i];

		if (address >= p->p_vaddr && address - p->p_vaddr < p->p_memsz)
			return p;
	}
	return NULL;
}

/* Whether the address lies in a page that some segment touches, outside of the segment itself: the
 * loader maps whole pages. What is there means nothing; says how far it goes. */
static size_t slack_at(const struct ot_image_file *file, uint64_t address)
{
	uint64_t page_end = (address | (PAGE - 1)) + 1;

	for (size_t i = 0; i < file->loads.nr; i++) {
		const GElf_Phdr *p = &file->loads.items[i];
		uint64_t begin = p->p_vaddr & ~(PAGE - 1);
		uint64_t end = (p->p_vaddr + p->p_memsz + PAGE - 1) & ~(PAGE - 1);

		if (address < begin || address >= end)
			continue;
		if (address < p->p_vaddr)
			return (size_t)(p->p_vaddr - address);
		return (size_t)(page_end - address);
	}
	return 0;
}

/* Bytes at an address that lie in the file; *max_ret says how many there are. */
static uint8_t *bytes_at(const struct ot_image_file *file, uint64_t address, size_t *max_ret)
{
	const GElf_Phdr *p = segment_at(file, address);
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
	const GElf_Phdr *p = segment_at(file, address);
	const uint8_t *from;
	size_t max;

	from = bytes_at(file, address, &max);
	if (from) {
		max = bytes < max ? bytes : max;
		memcpy(buf, from, max);
		return max;
	}
	max = p ? (size_t)(p->p_memsz - (address - p->p_vaddr)) : slack_at(file, address);
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

static size_t file_settled(const struct ot_target *target, uint64_t address, size_t bytes)
{
	const struct ot_image_file *file = (const struct ot_image_file *)target;
	size_t low = 0, high = file->holes.nr;

	/* the first hole that ends behind the address */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct hole *hole = &file->holes.items[middle];

		if (hole->address + hole->bytes <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == file->holes.nr || file->holes.items[low].address >= address + bytes)
		return bytes;
	if (file->holes.items[low].address <= address)
		return 0;
	return (size_t)(file->holes.items[low].address - address);
}

static struct ot_err *file_refresh(struct ot_target *target)
{
	(void)target;
	return NULL;
}

static void file_close(struct ot_target *target)
{
	struct ot_image_file *file = file_of(target);

	elf_end(file->elf);
	if (file->data)
		munmap(file->data, file->bytes);
	ot_vec_deinit(&file->loads);
	ot_vec_deinit(&file->holes);
	free(file);
}

/* ------------------------------------------------------------------ relocations */

/** What the dynamic section says. */
struct dynamic {
	uint64_t rela;
	uint64_t rela_bytes;
	uint64_t plt;
	uint64_t plt_bytes;
	uint64_t symbols;
	uint64_t relr;
	uint64_t relr_bytes;
};

/* A table of the dynamic section, as libelf data; NULL when it does not lie in the file. */
static Elf_Data *table_at(const struct ot_image_file *file, uint64_t address, uint64_t bytes,
			  Elf_Type type)
{
	size_t max;
	const uint8_t *at = bytes_at(file, address, &max);

	if (!at)
		return NULL;
	bytes = bytes < max ? bytes : max;
	return elf_getdata_rawchunk(file->elf, at - file->data, bytes, type);
}

static void read_dynamic(const struct ot_image_file *file, const GElf_Phdr *p, struct dynamic *ret)
{
	Elf_Data *data =
		elf_getdata_rawchunk(file->elf, (int64_t)p->p_offset, p->p_filesz, ELF_T_DYN);
	GElf_Dyn dyn;

	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		if (dyn.d_tag == DT_RELA)
			ret->rela = dyn.d_un.d_ptr + file->bias;
		else if (dyn.d_tag == DT_RELASZ)
			ret->rela_bytes = dyn.d_un.d_val;
		else if (dyn.d_tag == DT_JMPREL)
			ret->plt = dyn.d_un.d_ptr + file->bias;
		else if (dyn.d_tag == DT_PLTRELSZ)
			ret->plt_bytes = dyn.d_un.d_val;
		else if (dyn.d_tag == DT_SYMTAB)
			ret->symbols = dyn.d_un.d_ptr + file->bias;
		else if (dyn.d_tag == DT_RELR)
			ret->relr = dyn.d_un.d_ptr + file->bias;
		else if (dyn.d_tag == DT_RELRSZ)
			ret->relr_bytes = dyn.d_un.d_val;
	}
}

static bool read_symbol(const struct ot_image_file *file, const struct dynamic *dynamic,
			uint64_t index, Elf64_Sym *ret)
{
	size_t max;
	const uint8_t *at = bytes_at(file, dynamic->symbols + index * sizeof(*ret), &max);

	if (!at || max < sizeof(*ret))
		return false;
	memcpy(ret, at, sizeof(*ret));
	return true;
}

/* What a word holds that refers to a symbol of this file. False: the loader has to know. */
static bool word_value(const struct ot_image_file *file, const Elf64_Sym *symbol,
		       const GElf_Rela *rela, uint64_t *ret)
{
	uint64_t type = GELF_R_TYPE(rela->r_info);

	switch (type) {
	case R_X86_64_RELATIVE:
		*ret = (uint64_t)rela->r_addend + file->bias;
		return true;
	case R_X86_64_64:
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
		if (symbol->st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
			return false;
		*ret = symbol->st_value + (symbol->st_shndx == SHN_ABS ? 0 : file->bias) +
		       (type == R_X86_64_64 ? (uint64_t)rela->r_addend : 0);
		return true;
	default:
		return false;
	}
}

static void relocate(struct ot_image_file *file, const struct dynamic *dynamic,
		     const GElf_Rela *rela)
{
	uint64_t address = rela->r_offset + file->bias, value;
	Elf64_Sym symbol = {.st_shndx = SHN_UNDEF};
	size_t max;
	uint8_t *at = bytes_at(file, address, &max);

	read_symbol(file, dynamic, GELF_R_SYM(rela->r_info), &symbol);
	if (!word_value(file, &symbol, rela, &value)) {
		/* a variable of another module may have been given its place here */
		bool copy = GELF_R_TYPE(rela->r_info) == R_X86_64_COPY;
		struct hole hole = {address, copy ? symbol.st_size : sizeof(value)};

		ot_vec_push(&file->holes, hole);
		return;
	}
	if (at && max >= sizeof(value))
		memcpy(at, &value, sizeof(value));
}

static int by_address(const void *a, const void *b)
{
	const struct hole *first = a, *second = b;

	return (first->address > second->address) - (first->address < second->address);
}

static void relocate_table(struct ot_image_file *file, const struct dynamic *dynamic,
			   uint64_t address, uint64_t bytes)
{
	Elf_Data *data = address && bytes ? table_at(file, address, bytes, ELF_T_RELA) : NULL;
	GElf_Rela rela;

	for (int i = 0; data && gelf_getrela(data, i, &rela); i++)
		relocate(file, dynamic, &rela);
}

static void relocate_word(const struct ot_image_file *file, uint64_t address)
{
	uint64_t value;
	size_t max;
	uint8_t *at = bytes_at(file, address, &max);

	if (!at || max < sizeof(value))
		return;
	memcpy(&value, at, sizeof(value));
	value += file->bias;
	memcpy(at, &value, sizeof(value));
}

/* The packed form: an address, then bitmaps of the 63 words behind what came before. */
static void relocate_packed(const struct ot_image_file *file, uint64_t table, uint64_t bytes)
{
	uint64_t where = 0;

	for (uint64_t i = 0; i + sizeof(uint64_t) <= bytes; i += sizeof(uint64_t)) {
		uint64_t entry;
		size_t max;
		const uint8_t *at = bytes_at(file, table + i, &max);

		if (!at || max < sizeof(entry))
			return;
		memcpy(&entry, at, sizeof(entry));
		if (!(entry & 1)) {
			where = entry + file->bias;
			relocate_word(file, where);
			where += sizeof(entry);
			continue;
		}
		for (unsigned int bit = 1; bit < 64; bit++)
			if (entry >> bit & 1)
				relocate_word(file, where + (bit - 1) * sizeof(entry));
		where += 63 * sizeof(entry);
	}
}

static void relocate_all(struct ot_image_file *file, const GElf_Phdr *p)
{
	struct dynamic dynamic = {0};

	read_dynamic(file, p, &dynamic);
	relocate_table(file, &dynamic, dynamic.rela, dynamic.rela_bytes);
	relocate_table(file, &dynamic, dynamic.plt, dynamic.plt_bytes);
	if (dynamic.relr)
		relocate_packed(file, dynamic.relr, dynamic.relr_bytes);
	if (file->holes.nr)
		qsort(file->holes.items, file->holes.nr, sizeof(file->holes.items[0]), by_address);
}

/* ------------------------------------------------------------------ the tables */

/* Address of what a reference that lies at @p address points to. */
static uint64_t follow(uint64_t address, const struct otrace_ref *ref)
{
	return ref->delta ? address + (uint64_t)(int64_t)ref->delta : 0;
}

static bool is_pool(const struct ot_image_file *file, uint64_t address,
		    struct otrace_pool_view *ret)
{
	size_t max;
	const void *at = address % 4 ? NULL : bytes_at(file, address, &max);

	return at && otrace_pool_open(at, max, ret);
}

/* Whether an entry of this kind or an anchor lies there; *counts = no anchor. */
static bool is_entry(const struct ot_image_file *file, uint64_t address, unsigned int kind,
		     bool *counts)
{
	struct otrace_pool_view view;
	struct otrace_stream stream;
	struct otrace_entry entry;
	uint64_t description;
	uint64_t distance;
	size_t max;
	const uint8_t *at = address % 4 ? NULL : bytes_at(file, address, &max);

	if (!at || max < sizeof(entry))
		return false;
	memcpy(&entry, at, sizeof(entry));
	*counts = entry.place.delta != 0;
	description =
		follow(address + offsetof(struct otrace_entry, description), &entry.description);
	if (!*counts)
		return is_pool(file, description, &view);
	stream.at = bytes_at(file, description, &max);
	stream.end = stream.at ? stream.at + max : NULL;
	distance = otrace_stream_varint(&stream);
	return stream.end && (distance & 1) == kind &&
	       is_pool(file, description - (distance >> 1), &view) &&
	       distance >> 1 < view.pool->size_bytes;
}

/* Walks from an anchor both ways; returns how many entries there are, anchors not counted. */
static uint32_t find_bounds(const struct ot_image_file *file, uint64_t anchor, unsigned int kind,
			    uint64_t *begin, uint64_t *end)
{
	uint32_t nr = 0;
	bool counts;

	*begin = *end = anchor;
	while (is_entry(file, *begin - sizeof(struct otrace_entry), kind, &counts)) {
		*begin -= sizeof(struct otrace_entry);
		nr += counts;
	}
	while (is_entry(file, *end, kind, &counts)) {
		*end += sizeof(struct otrace_entry);
		nr += counts;
	}
	return nr;
}

/* The first note of ours in a PT_NOTE segment. */
static bool note_in(const struct ot_image_file *file, const GElf_Phdr *p,
		    struct otrace_note *note_ret, uint64_t *address_ret)
{
	Elf_Data *data = elf_getdata_rawchunk(file->elf, (int64_t)p->p_offset, p->p_filesz,
					      p->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t at = 0;
	size_t next;
	size_t name;
	size_t desc;
	GElf_Nhdr nhdr;

	while (data && (next = gelf_getnote(data, at, &nhdr, &name, &desc)) > 0) {
		at = next;
		if (nhdr.n_type != OTRACE_NOTE_TYPE || nhdr.n_namesz != sizeof(OTRACE_NOTE_NAME) ||
		    memcmp((char *)data->d_buf + name, OTRACE_NOTE_NAME, nhdr.n_namesz) != 0 ||
		    nhdr.n_descsz < sizeof(*note_ret))
			continue;
		memcpy(note_ret, (char *)data->d_buf + desc, sizeof(*note_ret));
		*address_ret = p->p_vaddr + file->bias + desc;
		return true;
	}
	return false;
}

static void describe_module(struct ot_image_file *file, const struct otrace_note *note,
			    uint64_t note_address)
{
	struct ot_target_module *module = ot_alloc(sizeof(*module));
	struct otrace_module *m = &module->m;
	uint64_t at = note_address;
	uint64_t anchor;

	m->id = 1;
	m->bias = file->bias;
	m->low = UINT64_MAX;
	for (size_t i = 0; i < file->loads.nr; i++) {
		const GElf_Phdr *p = &file->loads.items[i];

		m->low = p->p_vaddr < m->low ? p->p_vaddr : m->low;
		m->high = p->p_vaddr + p->p_memsz > m->high ? p->p_vaddr + p->p_memsz : m->high;
	}
	m->abi_version = note->abi_version;
	module->path = ot_strdup(file->target.path);
	if (m->abi_version == OTRACE_ABI_VERSION) {
		anchor = follow(at + offsetof(struct otrace_note, fn_anchor), &note->fn_anchor);
		m->nr_fns = find_bounds(file, anchor, 0, &m->fn_begin, &m->fn_end);
		anchor = follow(at + offsetof(struct otrace_note, var_anchor), &note->var_anchor);
		m->nr_vars = find_bounds(file, anchor, 1, &m->var_begin, &m->var_end);
	}
	ot_target_set_modules(&file->target, module, 1);
}

/* ------------------------------------------------------------------ opening */

/* As far as it lies in the file; false: the file has become shorter, or cannot be read. */
static bool read_part(const struct ot_image_file *file, int fd, uint64_t offset, uint64_t bytes)
{
	uint64_t left = offset < file->bytes ? file->bytes - offset : 0;

	left = bytes < left ? bytes : left;
	while (left) {
		ssize_t n = pread(fd, file->data + offset, left, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		offset += (uint64_t)n;
		left -= (uint64_t)n;
	}
	return true;
}

/* The headers and what the loader would map: debug information is most of a file. */
static bool read_parts(const struct ot_image_file *file, int fd)
{
	Elf64_Ehdr ehdr;
	Elf64_Phdr p;

	if (!read_part(file, fd, 0, sizeof(ehdr)))
		return false;
	memcpy(&ehdr, file->data, sizeof(ehdr));
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_phoff > file->bytes ||
	    file->bytes - ehdr.e_phoff < ehdr.e_phnum * sizeof(Elf64_Phdr))
		return true; /* what is wrong is said by who looks at it */
	if (!read_part(file, fd, ehdr.e_phoff, ehdr.e_phnum * sizeof(p)))
		return false;
	for (size_t i = 0; i < ehdr.e_phnum; i++) {
		memcpy(&p, file->data + ehdr.e_phoff + i * sizeof(p), sizeof(p));
		if ((p.p_type == PT_LOAD || p.p_type == PT_NOTE || p.p_type == PT_DYNAMIC) &&
		    !read_part(file, fd, p.p_offset, p.p_filesz))
			return false;
	}
	return true;
}

static bool is_unchanged(int fd, const struct stat *before)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_size == before->st_size &&
	       !memcmp(&st.st_mtim, &before->st_mtim, sizeof(st.st_mtim)) &&
	       !memcmp(&st.st_ctim, &before->st_ctim, sizeof(st.st_ctim));
}

/* Not mapped: what is written into the file later would be seen, and faults where it got shorter. */
static struct ot_err *read_file(struct ot_image_file *file, const char *path)
{
	ot_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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
	file->data = mmap(NULL, file->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (file->data == MAP_FAILED) {
		file->data = NULL;
		return ot_err_errno("cannot read %s", path);
	}
	if (!read_parts(file, fd) || !is_unchanged(fd, &st))
		return ot_err_new(OT_ERR_DAMAGED, "%s is being written, or cannot be read", path);
	return NULL;
}

static struct ot_err *check_kind(struct ot_image_file *file, const char *path)
{
	GElf_Ehdr ehdr;

	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &ehdr))
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is not a program", path);
	if (gelf_getclass(file->elf) != ELFCLASS64 || ehdr.e_machine != EM_X86_64)
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is for another machine than x86-64",
				  path);
	if (ehdr.e_type == ET_REL)
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is an object file: link it first", path);
	if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is not a program or shared object", path);
	file->bias = ehdr.e_type == ET_DYN ? FILE_BIAS : 0;
	return NULL;
}

static bool lies_in_file(const struct ot_image_file *file, const GElf_Phdr *p)
{
	return p->p_offset <= file->bytes && p->p_filesz <= file->bytes - p->p_offset &&
	       p->p_memsz >= p->p_filesz && p->p_vaddr + p->p_memsz >= p->p_vaddr &&
	       p->p_vaddr + p->p_memsz <= UINT64_MAX - FILE_BIAS - PAGE;
}

static struct ot_err *read_segments(struct ot_image_file *file, const char *path)
{
	struct otrace_note note;
	uint64_t note_address = 0;
	bool has_note = false;
	GElf_Phdr dynamic = {0};
	GElf_Phdr p;
	size_t nr;

	if (elf_getphdrnum(file->elf, &nr))
		return ot_err_new(OT_ERR_DAMAGED, "%s is cut off or damaged", path);
	for (size_t i = 0; i < nr; i++) {
		if (!gelf_getphdr(file->elf, (int)i, &p))
			return ot_err_new(OT_ERR_DAMAGED, "%s is cut off or damaged", path);
		if (p.p_type != PT_LOAD && p.p_type != PT_NOTE && p.p_type != PT_DYNAMIC)
			continue;
		if (!lies_in_file(file, &p))
			return ot_err_new(OT_ERR_DAMAGED, "%s is cut off or damaged", path);
		if (p.p_type == PT_LOAD) {
			p.p_vaddr += file->bias;
			ot_vec_push(&file->loads, p);
		}
		if (p.p_type == PT_DYNAMIC)
			dynamic = p;
		if (p.p_type == PT_NOTE)
			has_note = has_note || note_in(file, &p, &note, &note_address);
	}
	if (!has_note)
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "%s is not instrumented; compile it with `otrace cc`", path);
	relocate_all(file, &dynamic);
	describe_module(file, &note, note_address);
	return NULL;
}

static struct ot_err *open_elf(struct ot_image_file *file, const char *path)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return ot_err_new(OT_ERR_SYSTEM, "libelf: %s", elf_errmsg(-1));
	OT_TRY(read_file(file, path));
	file->elf = elf_memory((char *)file->data, file->bytes);
	OT_TRY(check_kind(file, path));
	return read_segments(file, path);
}

static struct ot_err *file_tls(struct ot_target *target, uint64_t accessor, uint32_t tid,
			       uint64_t *ret)
{
	(void)target;
	(void)accessor;
	(void)tid;
	(void)ret;
	return ot_err_new(OT_ERR_UNSUPPORTED,
			  "thread-local: a program file has no threads (use run or attach)");
}

static const struct ot_target_ops file_ops = {
	.cannot = "not possible with a program file: nothing runs (use run or attach)",
	.close = file_close,
	.refresh = file_refresh,
	.readv = file_readv,
	.settled = file_settled,
	.tls = file_tls,
};

struct ot_err *ot_target_file_open(const char *path, struct ot_target **ret)
{
	struct ot_image_file *file = ot_alloc(sizeof(*file));
	struct ot_err *err;

	file->target.ops = &file_ops;
	file->target.state = OT_TARGET_FILE;
	file->target.path = realpath(path, NULL);
	if (!file->target.path)
		file->target.path = ot_strdup(path);
	err = open_elf(file, path);
	if (err) {
		ot_target_close(&file->target);
		return err;
	}
	*ret = &file->target;
	return NULL;
}
