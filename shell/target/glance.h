/* SPDX-License-Identifier: BSD-2-Clause */
/** A look at who listens, that takes no shell's place and works beside one. */
#ifndef OT_TARGET_GLANCE_H
#define OT_TARGET_GLANCE_H

#include <otrace/wire.h>

#include "base/err.h"

struct ot_glance {
	const char *socket_path;
	struct otrace_glance info; /* filled in */
	struct ot_err *err;	   /* why not, or NULL; ot_err_destroy() */
};

/** Looks at all of them at once, for @p patience_ms in all. */
void ot_glance_all(struct ot_glance *items, size_t nr, unsigned int patience_ms);

#endif
