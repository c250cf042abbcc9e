/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A descriptor table of the calling thread's own. The program may close every descriptor there is
 * (daemons do) and open files under the same numbers: what the runtime keeps open must not be in the
 * program's table. Nor may the program's files stay open in ours: who waits for the other end of a
 * pipe to close would wait for ever.
 */
#ifndef OT_BASE_FDS_H
#define OT_BASE_FDS_H

/** Gives the calling thread a table with nothing in it but /dev/null as 0 to 2. 0, or -errno. */
long ot_fds_leave(void);
/**
 * Closes every descriptor from @p first on, in a process of ours (a table that no thread of the program has). As many
 * as the system lets us find: all of them, unless it has neither close_range() nor /proc and a file is open
 * above the limit.
 */
void ot_fds_close_from(int first);

#endif
