// SPDX-License-Identifier: BSD-2-Clause
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/ownfd.h"
#include "base/vec.h"
#include "contexts/files.h"

#define SEGMENTS_MAX 64u

struct segment {
	uint64_t begin, end; /* in the process; end is that of what the file has */
	uint64_t offset;
	bool is_constant;
	bool is_code;
};

struct mapped_file {
	char *path;
	int fd;
	bool is_gone;  /* unmapped: other things may lie there now */
	uint64_t base; /* where its first page lies */
	uint64_t bias;
	OT_VEC(struct segment) segments;
};

struct ot_mapped_files {
	struct ot_target *target;
	uint64_t generation;
	bool was_looked;
	char *missing;
	OT_VEC(struct mapped_file *) items;
};

struct ot_mapped_files *ot_mapped_files_create(struct ot_target *target)
{
	struct ot_mapped_files *files = ot_alloc(sizeof(*files));

	files->target = target;
	return files;
}

static void file_destroy(struct mapped_file *file)
{
	ot_ownfd_close(file->fd);
	ot_vec_deinit(&file->segments);
	free(file->path);
	free(file);
}

void ot_mapped_files_destroy(struct ot_mapped_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->items.nr; i++)
		file_destroy(files->items.items[i]);
	ot_vec_deinit(&files->items);
	free(files->missing);
	free(files);
}

/* ------------------------------------------------------------------ reading the list */

static void add_segment(struct mapped_file *file, const Elf64_Phdr *phdr, uint64_t *first)
{
	struct segment segment = {.begin = phdr->p_vaddr,
				  .end = phdr->p_vaddr + phdr->p_filesz,
				  .offset = phdr->p_offset,
				  .is_constant = !(phdr->p_flags & PF_W),
				  .is_code = phdr->p_flags & PF_X};

	if (phdr->p_type != PT_LOAD || segment.end < segment.begin)
		return;
	if (!file->segments.nr)
		*first = (phdr->p_vaddr - phdr->p_offset % 4096) & ~4095ull;
	ot_vec_push(&file->segments, segment);
}

/* Its segments, at their places in the process. False: it is no program file, or has none. */
static bool read_segments(struct mapped_file *file)
{
	Elf64_Phdr phdrs[SEGMENTS_MAX];
	Elf64_Ehdr head;
	size_t bytes;
	uint64_t first = 0;

	if (pread(file->fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(Elf64_Phdr) || head.e_phnum > SEGMENTS_MAX)
		return false;
	bytes = head.e_phnum * sizeof(Elf64_Phdr);
	if (pread(file->fd, phdrs, bytes, (off_t)head.e_phoff) != (ssize_t)bytes)
		return false;
	for (size_t i = 0; i < head.e_phnum; i++)
		add_segment(file, &phdrs[i], &first);
	file->bias = file->base - first;
	for (size_t i = 0; i < file->segments.nr; i++) {
		file->segments.items[i].begin += file->bias;
		file->segments.items[i].end += file->bias;
	}
	return file->segments.nr;
}

static struct mapped_file *known(const struct ot_mapped_files *files, uint64_t base,
				 const char *path)
{
	for (size_t i = 0; i < files->items.nr; i++)
		if (files->items.items[i]->base == base &&
		    !strcmp(files->items.items[i]->path, path))
			return files->items.items[i];
	return NULL;
}

bool ot_mapped_files_add(struct ot_mapped_files *files, const char *path, uint64_t base, int fd)
{
	struct mapped_file *file = ot_alloc(sizeof(*file));

	file->path = ot_strdup(path);
	file->base = base;
	file->fd = ot_ownfd_take(fd);
	if (file->fd < 0 || !read_segments(file)) {
		file_destroy(file);
		return false;
	}
	ot_vec_push(&files->items, file);
	return true;
}

static void add_file(struct ot_mapped_files *files, uint64_t base, const char *path)
{
	struct mapped_file *file = known(files, base, path);

	if (file)
		file->is_gone = false;
	else
		ot_mapped_files_add(files, path, base, ot_target_open_file(files->target, base));
}

/* The first page of a file, which is not writable: "BEGIN-END r--p 00000000 DEV INODE PATH". */
static void take_line(struct ot_mapped_files *files, char *line)
{
	uint64_t begin, offset;
	char mode[5];
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%*x %4s %" SCNx64 " %*s %*s %n", &begin, mode, &offset, &at) <
		    3 ||
	    !at || line[at] != '/' || offset || mode[1] == 'w')
		return;
	add_file(files, begin, line + at);
}

static void read_maps(struct ot_mapped_files *files)
{
	ot_auto_free char *name = ot_asprintf("/proc/%d/maps", (int)ot_target_pid(files->target));
	ot_auto_free char *line = NULL;
	FILE *maps = fopen(name, "re");
	size_t cap = 0;

	if (!maps)
		return;
	for (size_t i = 0; i < files->items.nr; i++)
		files->items.items[i]->is_gone = true;
	while (getline(&line, &cap, maps) > 0)
		take_line(files, line);
	fclose(maps);
}

void ot_mapped_files_check(struct ot_mapped_files *files)
{
	enum ot_target_state state;

	if (!files->target)
		return;
	state = ot_target_state(files->target);
	if (state != OT_TARGET_RUNNING && state != OT_TARGET_HELD)
		return;
	files->was_looked = true;
	files->generation = ot_target_generation(files->target);
	read_maps(files);
}

void ot_mapped_files_look(struct ot_mapped_files *files)
{
	if (files->target &&
	    (!files->was_looked || files->generation != ot_target_generation(files->target)))
		ot_mapped_files_check(files);
}

/* ------------------------------------------------------------------ by address */

static const struct segment *find(const struct ot_mapped_files *files, uint64_t address,
				  const struct mapped_file **ret)
{
	/* the newest first: an older one may have been unmapped since */
	for (size_t i = files->items.nr; i > 0; i--) {
		const struct mapped_file *file = files->items.items[i - 1];

		for (size_t j = 0; j < file->segments.nr; j++) {
			const struct segment *segment = &file->segments.items[j];

			if (address < segment->begin || address >= segment->end)
				continue;
			*ret = file;
			return segment;
		}
	}
	return NULL;
}

size_t ot_mapped_files_read(const struct ot_mapped_files *files, uint64_t address, void *buf,
			    size_t bytes)
{
	const struct mapped_file *file = NULL;
	const struct segment *segment = files ? find(files, address, &file) : NULL;
	ssize_t got;

	if (!segment || !segment->is_constant || file->is_gone)
		return 0;
	if (bytes > segment->end - address)
		bytes = (size_t)(segment->end - address);
	got = pread(file->fd, buf, bytes, (off_t)(segment->offset + (address - segment->begin)));
	return got > 0 ? (size_t)got : 0;
}

bool ot_mapped_files_at(const struct ot_mapped_files *files, size_t i, const char **path_ret,
			uint64_t *base_ret, int *fd_ret)
{
	if (i >= files->items.nr)
		return false;
	*path_ret = files->items.items[i]->path;
	*base_ret = files->items.items[i]->base;
	*fd_ret = files->items.items[i]->fd;
	return true;
}

void ot_mapped_files_miss(struct ot_mapped_files *files, const char *path)
{
	if (!files->missing)
		files->missing = ot_strdup(path);
}

const char *ot_mapped_files_missing(const struct ot_mapped_files *files)
{
	return files->missing;
}

bool ot_mapped_files_is_constant(const struct ot_mapped_files *files, uint64_t address)
{
	const struct mapped_file *file = NULL;
	const struct segment *segment = find(files, address, &file);

	return segment && segment->is_constant;
}

int ot_mapped_files_open(const struct ot_mapped_files *files, uint64_t address)
{
	const struct mapped_file *file = NULL;
	const struct segment *segment = files ? find(files, address, &file) : NULL;

	return segment && segment->is_code ? fcntl(file->fd, F_DUPFD_CLOEXEC, 0) : -1;
}

const char *ot_mapped_files_name(const struct ot_mapped_files *files, uint64_t address)
{
	const struct mapped_file *file = NULL;

	if (!files || !find(files, address, &file))
		return NULL;
	return strrchr(file->path, '/') + 1;
}

/* ------------------------------------------------------------------ for libdwfl */

static int no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **path,
		  Elf **elf)
{
	(void)module, (void)data, (void)name, (void)base, (void)path, (void)elf;
	return -1;
}

/* What is not in the file itself is not looked for: least of all in the network. */
static int no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word sum, char **path)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)link, (void)sum;
	(void)path;
	return -1;
}

static int no_address(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		      const char *section, GElf_Word index, const GElf_Shdr *shdr, Dwarf_Addr *ret)
{
	(void)module, (void)data, (void)name, (void)base, (void)section, (void)index, (void)shdr;
	(void)ret;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = no_elf,
	.find_debuginfo = no_debuginfo,
	.section_address = no_address,
};

static void report_all(const struct ot_mapped_files *files, Dwfl *dwfl)
{
	dwfl_report_begin(dwfl);
	for (size_t i = 0; i < files->items.nr; i++) {
		const struct mapped_file *file = files->items.items[i];
		int fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);

		/* it takes the descriptor over; another file may lie where this one did */
		if (fd >= 0 && !dwfl_report_elf(dwfl, file->path, file->path, fd, file->bias, true))
			close(fd);
	}
	dwfl_report_end(dwfl, NULL, NULL);
}

Dwfl *ot_mapped_files_dwfl(const struct ot_mapped_files *files)
{
	Dwfl *dwfl = files && files->items.nr ? dwfl_begin(&callbacks) : NULL;

	if (dwfl)
		report_all(files, dwfl);
	return dwfl;
}
