/* SPDX-License-Identifier: BSD-2-Clause */
/** What can be told of a program or process from outside: whether a runtime can be in it. */
#ifndef OT_LAUNCH_EXAMINE_H
#define OT_LAUNCH_EXAMINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/** The file that execvp() would run, or NULL. free() it. */
char *ot_examine_path(const char *program);

/**
 * Whether preloading cannot work for the file: statically linked without the runtime.
 * @param why filled in when it cannot
 */
bool ot_examine_no_preload(const char *path, struct ot_buf *why);

/** Whether what was started under this name is another file: it is a script, with "#!" or without. */
bool ot_examine_script(const char *path);

/** What keeps a program with raised privileges apart, behind "PROGRAM ...: ". */
#define OT_EXAMINE_RAISED                                                                      \
	"it gets raised privileges (setuid, setgid or capabilities), so nothing is preloaded " \
	"and OTRACE is ignored; start a copy without them, or call otrace_listen() in it"

/**
 * Whether the kernel will raise the privileges of whoever starts the file.
 * @param why filled in when it will
 */
bool ot_examine_raises(const char *path, struct ot_buf *why);

/** Whether the kernel made the process drop its environment's preloads (setuid, capabilities). */
bool ot_examine_secure(pid_t pid);

/** How many filters for system calls (seccomp) the process has; 0 when it cannot be told. */
unsigned int ot_examine_filters(pid_t pid);

/** Whether a file whose name contains @p part is mapped in the process. */
bool ot_examine_maps(pid_t pid, const char *part);

/** Address of argc on the process's first stack, argv right behind it; 0 = cannot be told. */
uint64_t ot_examine_stack_start(pid_t pid);

/** Whether the process was started with exactly these words behind its name. */
bool ot_examine_started_with(pid_t pid, char *const *words, uint32_t nr);

/** Whether a program or library has, or uses, a function of that name. */
bool ot_examine_has_symbol(const char *path, const char *name);

#endif
