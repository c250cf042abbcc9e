/* SPDX-License-Identifier: BSD-2-Clause */
#include "common.h"

struct private
{
	char in_two[4];
	int z;
}
private_two = {"abc", 3};
struct holder holder_two = {&private_two};
