/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The program files that a process has mapped: held open, so that code, constants and unwind tables can be
 * looked at when the process is gone.
 */
#ifndef OT_CONTEXTS_FILES_H
#define OT_CONTEXTS_FILES_H

#include <elfutils/libdwfl.h>

#include "target/target.h"

struct ot_mapped_files;

/** @param target borrowed */
struct ot_mapped_files *ot_mapped_files_create(struct ot_target *target);
void ot_mapped_files_destroy(struct ot_mapped_files *files);

/** Looks whether there are new ones, if modules came or went since. Nothing when the process is gone. */
void ot_mapped_files_look(struct ot_mapped_files *files);

/** The same at any time: before somebody looks. */
void ot_mapped_files_check(struct ot_mapped_files *files);

/** Reads what lies in a segment that nobody may write to. @return bytes from the start on */
size_t ot_mapped_files_read(const struct ot_mapped_files *files, uint64_t address, void *buf,
			    size_t bytes);
/** The file that has code at @p address, a descriptor of its own; -1 = not known. */
int ot_mapped_files_open(const struct ot_mapped_files *files, uint64_t address);
/** Of file @p i: its path, where its first page lies, and its descriptor; all borrowed. False: there are no more. */
bool ot_mapped_files_at(const struct ot_mapped_files *files, size_t i, const char **path_ret,
			uint64_t *base_ret, int *fd_ret);
/** Adds one that is known to have been mapped. @param fd taken. False: it is no program file */
bool ot_mapped_files_add(struct ot_mapped_files *files, const char *path, uint64_t base, int fd);
/** Notes that one which was mapped is not to be had any more. */
void ot_mapped_files_miss(struct ot_mapped_files *files, const char *path);
/** The first of those, or NULL. */
const char *ot_mapped_files_missing(const struct ot_mapped_files *files);
/** Whether what lies there cannot be written to. */
bool ot_mapped_files_is_constant(const struct ot_mapped_files *files, uint64_t address);
/** Last component of its path, or NULL. */
const char *ot_mapped_files_name(const struct ot_mapped_files *files, uint64_t address);

/** All of them for libdwfl, with no way to fetch anything from elsewhere; NULL = none are known. dwfl_end() it. */
Dwfl *ot_mapped_files_dwfl(const struct ot_mapped_files *files);

#endif
