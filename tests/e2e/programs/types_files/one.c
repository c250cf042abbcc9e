/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "common.h"

struct local {
	double only_in_one;
	char c;
} local_one = {2.5, 'c'};
static int hidden = 20;
struct opaque {
	int secret;
};
struct private
{
	double in_one;
}
private_one = {1.5};
struct holder holder_one = {&private_one};
int table[] = {1, 2, 3};
struct shared shared_one = {2};
pair pair_one = {3, 4};

opaque_t *opaque_new(int n)
{
	opaque_t *new = malloc(sizeof(*new));

	new->secret = n;
	return new;
}

__attribute__((noinline)) int use(struct shared *s)
{
	return s->id + hidden;
}
