// SPDX-License-Identifier: BSD-2-Clause
// Loaded and unloaded by the subject.
__attribute__((noinline)) int plugin(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n * 2;
}

/* For a caller that never comes back: by then this library may be gone. */
__attribute__((noinline)) int plugin_through(int (*go_on)(int n), int n)
{
	return go_on(n) + 1;
}
