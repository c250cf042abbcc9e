// SPDX-License-Identifier: BSD-2-Clause
// worker: a program that never ends, to join and to leave.
// Shows: a function called ten times a second, and one with the same prototype to take its place.
#include <stdio.h>
#include <unistd.h>

struct state {
	long position;
	const char *name;
};

struct state state = {0, "walker"};

__attribute__((noinline)) long step(struct state *state, int by)
{
	state->position += by;
	return state->position;
}

__attribute__((noinline)) long step_back(struct state *state, int by)
{
	state->position -= by;
	return state->position;
}

int main(void)
{
	for (int by = 1;; by = by % 9 + 1) {
		if (step(&state, by) == -1000)
			step_back(&state, -by);
		usleep(100000);
	}
}
