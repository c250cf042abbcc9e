/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/file.h"
#include "launch/examine.h"

/* A runtime that is linked in reads this name from the environment, so its bytes are in the file. */
#define RUNTIME_TRACE "OTRACE_DIR"

char *ot_examine_path(const char *program)
{
	const char *path = getenv("PATH");
	ot_auto_free char *copy = ot_strdup(path ? path : "/bin:/usr/bin");
	char *rest = copy, *folder;

	if (strchr(program, '/'))
		return ot_strdup(program);
	while ((folder = strsep(&rest, ":"))) {
		char *file = ot_asprintf("%s/%s", *folder ? folder : ".", program);
		struct stat st;

		if (!access(file, X_OK) && !stat(file, &st) && S_ISREG(st.st_mode))
			return file;
		free(file);
	}
	return NULL;
}

static bool has_interpreter(const uint8_t *data, size_t bytes)
{
	const Elf64_Ehdr *e = (const void *)data;

	if (e->e_phentsize != sizeof(Elf64_Phdr) || e->e_phoff > bytes ||
	    e->e_phnum * sizeof(Elf64_Phdr) > bytes - e->e_phoff)
		return true; /* damaged: let the kernel speak */
	for (unsigned int i = 0; i < e->e_phnum; i++) {
		Elf64_Phdr p;

		memcpy(&p, data + e->e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static int open_regular(const char *path)
{
	int fd = -1;

	ot_err_destroy(ot_file_open(path, true, &fd));
	return fd;
}

bool ot_examine_script(const char *path)
{
	ot_auto_close int fd = open_regular(path);
	char magic[SELFMAG];
	ssize_t got = fd < 0 ? -1 : read(fd, magic, sizeof(magic));

	return got >= 0 && (got < SELFMAG || memcmp(magic, ELFMAG, SELFMAG) != 0);
}

bool ot_examine_no_preload(const char *path, struct ot_buf *why)
{
	ot_auto_close int fd = open_regular(path);
	struct stat st;
	uint8_t *data;
	bool cannot = false;

	if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size < sizeof(Elf64_Ehdr))
		return false;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	if (!memcmp(data, ELFMAG, SELFMAG) && data[EI_CLASS] == ELFCLASS64 &&
	    !has_interpreter(data, (size_t)st.st_size) &&
	    !memmem(data, (size_t)st.st_size, RUNTIME_TRACE, sizeof(RUNTIME_TRACE) - 1)) {
		cannot = true;
		ot_buf_adds(why, "it is statically linked, so the runtime cannot be preloaded; "
				 "link it with -Wl,-u,otrace_listen -lotrace");
	}
	munmap(data, (size_t)st.st_size);
	return cannot;
}

bool ot_examine_raises(const char *path, struct ot_buf *why)
{
	struct statvfs fs;
	struct stat st;
	bool raises;

	if (stat(path, &st) || statvfs(path, &fs) || (fs.f_flag & ST_NOSUID))
		return false;
	raises = (st.st_mode & S_ISUID && st.st_uid != geteuid()) ||
		 (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getegid()) ||
		 (geteuid() && getxattr(path, "security.capability", NULL, 0) > 0);
	if (raises)
		ot_buf_adds(why, OT_EXAMINE_RAISED);
	return raises;
}

bool ot_examine_secure(pid_t pid)
{
	ot_auto_free char *path = ot_asprintf("/proc/%d/auxv", (int)pid);
	ot_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf64_auxv_t entry;

	/* Not even readable is what becomes of another user's process. */
	if (fd < 0)
		return errno == EACCES || errno == EPERM;
	while (read(fd, &entry, sizeof(entry)) == (ssize_t)sizeof(entry))
		if (entry.a_type == AT_SECURE)
			return entry.a_un.a_val != 0;
	return false;
}

unsigned int ot_examine_filters(pid_t pid)
{
	ot_auto_free char *path = ot_asprintf("/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	unsigned int nr = 0;

	if (!file)
		return 0;
	while (getline(&line, &room, file) > 0)
		if (sscanf(line, "Seccomp_filters: %u", &nr) == 1)
			break;
	free(line);
	fclose(file);
	return nr;
}

bool ot_examine_maps(pid_t pid, const char *part)
{
	ot_auto_free char *path = ot_asprintf("/proc/%d/maps", (int)pid);
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (!file)
		return false;
	while (!found && getline(&line, &room, file) > 0)
		found = strstr(line, part) != NULL;
	free(line);
	fclose(file);
	return found;
}

uint64_t ot_examine_stack_start(pid_t pid)
{
	enum { FIELD = 28, FIRST_BEHIND_NAME = 3 }; /* as proc(5) numbers them */
	ot_auto_free char *path = ot_asprintf("/proc/%d/stat", (int)pid);
	ot_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[2048];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *at;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* The name is in parentheses and may hold anything. */
	at = strrchr(text, ')');
	for (int field = FIRST_BEHIND_NAME; at && field <= FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

bool ot_examine_started_with(pid_t pid, char *const *words, uint32_t nr)
{
	ot_auto_free char *path = ot_asprintf("/proc/%d/cmdline", (int)pid);
	FILE *file = fopen(path, "re");
	char *word = NULL;
	size_t room = 0;
	uint32_t at = 0;
	bool same = true;

	if (!file)
		return false;
	for (bool first = true; getdelim(&word, &room, '\0', file) > 0; first = false) {
		if (first)
			continue;
		same = same && at < nr && !strcmp(word, words[at]);
		at++;
	}
	free(word);
	fclose(file);
	return same && at == nr;
}
