/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of pickle/ only: whether a program file is the one that it was. */
#ifndef OT_PICKLE_IDENTITY_H
#define OT_PICKLE_IDENTITY_H

/** Its build id in hex; without one, its size and time. @return free() it */
char *ot_pickle_identity(int fd);

#endif
