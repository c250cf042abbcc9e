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

#endif
