/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Included before a program that becomes a shared library with -Dmain=program_main.
 * Keeps its entry visible when everything else is hidden.
 */
#ifdef __cplusplus
extern "C" __attribute__((visibility("default"))) int program_main(void);
#else
__attribute__((visibility("default"))) int program_main(void);
#endif
