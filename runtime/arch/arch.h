/* SPDX-License-Identifier: BSD-2-Clause */
/* The only place that knows which CPUs there are. */
#ifndef OT_ARCH_H
#define OT_ARCH_H

#if defined(__x86_64__)
#include "arch/x86_64/arch.h"
#else
#error "no arch/ folder for this CPU; arch/x86_64/arch.h lists what one has to give"
#endif

#endif
