// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "vfs/vfs.h"

bool ot_vfs_is_outside(const struct ot_vfs *vfs)
{
	const char *cwd = ot_vfs_cwd(vfs);

	return strncmp(cwd, "/osh", 4) != 0 || (cwd[4] && cwd[4] != '/');
}
