// SPDX-License-Identifier: BSD-2-Clause
// A struct by value that is larger than most stacks' guesses about it.
struct large {
	char bytes[2 << 20];
};

static struct large large;

__attribute__((noinline)) int sum(const struct large value, int start)
{
	for (unsigned i = 0; i < sizeof(value.bytes); i += 4096)
		start += value.bytes[i];
	return start;
}

int main(void)
{
	large.bytes[0] = 3;
	return sum(large, 1) - 4;
}
