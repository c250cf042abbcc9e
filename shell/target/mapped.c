// SPDX-License-Identifier: BSD-2-Clause
// /proc/PID/maps says which file lies where, and by device and inode number whether what we open by a
// name is that file: it may have been replaced since, or be in another mount namespace.
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/ownfd.h"
#include "base/vec.h"
#include "target/mapped.h"

/* The ELF header, and in what linkers make the build id: the process has this page anyway. */
#define PROOF_BYTES 1024u

struct mapping {
	uint64_t low;
	uint64_t high;
	uint64_t offset;
	size_t file; /* index */
};

struct mapped_file {
	dev_t device;
	ino_t inode;
	uint64_t begin; /* where offset 0 is mapped, 0 = nowhere */
	bool tried;
	int fd; /* -1 = not to be had */
};

struct ot_mapped {
	pid_t pid;
	bool known;
	OT_VEC(struct mapping) mappings; /* by address */
	OT_VEC(struct mapped_file) files;
};

struct ot_mapped *ot_mapped_create(pid_t pid)
{
	struct ot_mapped *mapped = ot_alloc(sizeof(*mapped));

	mapped->pid = pid;
	return mapped;
}

void ot_mapped_forget(struct ot_mapped *mapped)
{
	for (size_t i = 0; i < mapped->files.nr; i++)
		ot_ownfd_close(mapped->files.items[i].fd);
	mapped->files.nr = 0;
	mapped->mappings.nr = 0;
	mapped->known = false;
}

void ot_mapped_destroy(struct ot_mapped *mapped)
{
	if (!mapped)
		return;
	ot_mapped_forget(mapped);
	ot_vec_deinit(&mapped->mappings);
	ot_vec_deinit(&mapped->files);
	free(mapped);
}

/* ------------------------------------------------------------------ which file lies where */

static size_t file_index(struct ot_mapped *mapped, dev_t device, ino_t inode)
{
	for (size_t i = mapped->files.nr; i-- > 0;)
		if (mapped->files.items[i].device == device &&
		    mapped->files.items[i].inode == inode)
			return i;
	ot_vec_push(&mapped->files,
		    ((struct mapped_file){.device = device, .inode = inode, .fd = -1}));
	return mapped->files.nr - 1;
}

/* One line: low-high perms offset major:minor inode path. */
static void add_line(struct ot_mapped *mapped, const char *line)
{
	unsigned long long low, high, offset, inode;
	unsigned int major_nr, minor_nr;
	const char *space = strchr(line, ' ');
	struct mapping mapping;
	char perms[5];

	/* a program may have a hundred thousand mappings, most of them its own memory */
	if (!space || space[1] != 'r' || space[2] != '-')
		return;
	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu", &low, &high, perms, &offset, &major_nr,
		   &minor_nr, &inode) != 7 ||
	    !inode || perms[3] != 'p')
		return;
	mapping = (struct mapping){.low = low, .high = high, .offset = offset};
	mapping.file = file_index(mapped, makedev(major_nr, minor_nr), (ino_t)inode);
	if (!offset)
		mapped->files.items[mapping.file].begin = low;
	ot_vec_push(&mapped->mappings, mapping);
}

static void read_maps(struct ot_mapped *mapped)
{
	char path[64];
	char *line = NULL;
	size_t room = 0;
	FILE *maps;

	mapped->known = true;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)mapped->pid);
	maps = fopen(path, "re");
	if (!maps)
		return;
	while (getline(&line, &room, maps) > 0)
		add_line(mapped, line);
	free(line);
	fclose(maps);
}

static const struct mapping *find_mapping(const struct ot_mapped *mapped, uint64_t address)
{
	size_t low = 0, high = mapped->mappings.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mapping *mapping = &mapped->mappings.items[middle];

		if (address >= mapping->low && address < mapping->high)
			return mapping;
		if (address < mapping->low)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ------------------------------------------------------------------ opening it */

/* O_NONBLOCK: by a name that means something else by now we must not wait for anybody. */
static int open_if(const struct mapped_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_dev == file->device &&
	    st.st_ino == file->inode)
		return fd;
	close(fd);
	return -1;
}

/* A link to the mapped file itself may be followed by few; its text is the path in the process's eyes. */
static int open_file(const struct ot_mapped *mapped, const struct mapped_file *file)
{
	char link[96], path[PATH_MAX + 32];
	int prefix, fd;
	ssize_t nr;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)mapped->pid);
	fd = open_if(file, link);
	for (size_t i = 0; fd < 0 && i < mapped->mappings.nr; i++) {
		const struct mapping *mapping = &mapped->mappings.items[i];

		if (&mapped->files.items[mapping->file] != file)
			continue;
		snprintf(link, sizeof(link), "/proc/%d/map_files/%llx-%llx", (int)mapped->pid,
			 (unsigned long long)mapping->low, (unsigned long long)mapping->high);
		prefix = snprintf(path, sizeof(path), "/proc/%d/root", (int)mapped->pid);
		fd = open_if(file, link);
		nr = fd < 0 ? readlink(link, path + prefix, PATH_MAX - 1) : -1;
		if (nr <= 0)
			break;
		path[prefix + nr] = '\0';
		fd = open_if(file, path);
		break;
	}
	return fd;
}

/* Device and inode can agree by chance where file systems are stacked. */
static bool is_proven(struct ot_target *target, const struct mapped_file *file, int fd)
{
	char theirs[PROOF_BYTES], ours[PROOF_BYTES];
	struct ot_target_span span = {
		.address = file->begin, .buf = theirs, .bytes = sizeof(theirs)};

	if (!file->begin || pread(fd, ours, sizeof(ours), 0) != (ssize_t)sizeof(ours))
		return false;
	ot_err_destroy(ot_target_readv(target, &span, 1));
	return span.got == sizeof(theirs) && !memcmp(theirs, ours, sizeof(ours));
}

static int fd_of(struct ot_mapped *mapped, struct ot_target *target, struct mapped_file *file)
{
	int fd;

	if (file->tried)
		return file->fd;
	file->tried = true;
	fd = open_file(mapped, file);
	if (fd >= 0 && is_proven(target, file, fd))
		file->fd = ot_ownfd_take(fd);
	else if (fd >= 0)
		close(fd);
	return file->fd;
}

static int fd_at(struct ot_mapped *mapped, struct ot_target *target, uint64_t address,
		 const struct mapping **mapping)
{
	if (!mapped->known)
		read_maps(mapped);
	*mapping = find_mapping(mapped, address);
	return *mapping ? fd_of(mapped, target, &mapped->files.items[(*mapping)->file]) : -1;
}

int ot_mapped_open(struct ot_mapped *mapped, struct ot_target *target, uint64_t address)
{
	const struct mapping *mapping;
	int fd = fd_at(mapped, target, address, &mapping);

	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

size_t ot_mapped_read(struct ot_mapped *mapped, struct ot_target *target, uint64_t address,
		      void *buf, size_t bytes)
{
	const struct mapping *mapping;
	size_t got = 0;
	ssize_t nr = 1;
	int fd = fd_at(mapped, target, address, &mapping);

	if (fd < 0)
		return 0;
	if (bytes > mapping->high - address)
		bytes = mapping->high - address;
	while (got < bytes && nr > 0) {
		nr = pread(fd, (char *)buf + got, bytes - got,
			   (off_t)(mapping->offset + (address - mapping->low) + got));
		got += nr > 0 ? (size_t)nr : 0;
	}
	return got;
}
