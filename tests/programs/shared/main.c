// SPDX-License-Identifier: BSD-2-Clause
// The executable of the shared modes: all of the program is in a library beside it.
// Even here main() is ordinary and may be traced.
int program_main(void);

int main(void)
{
	return program_main();
}
