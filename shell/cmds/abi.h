/* SPDX-License-Identifier: BSD-2-Clause */
/** How a value of a type travels in a call: the System V ABI of x86-64, section 3.2.3. */
#ifndef OT_CMD_ABI_H
#define OT_CMD_ABI_H

#include <otrace/wire.h>

#include "model/type.h"

/**
 * The class of an argument, or of a result. A struct without members is VOID: it takes no place.
 * What the runtime cannot pass (vectors of 16 bytes and more) is an error that names the type.
 */
struct ot_err *ot_abi_classify(const struct ot_type *type, bool is_result,
			       struct otrace_call_value *ret);

#endif
