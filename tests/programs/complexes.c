// SPDX-License-Identifier: BSD-2-Clause
// _Complex of float (one vector register), double (two) and long double (memory in, x87 out).
// EXPECT {"function":"times_i_f","later":{"args":{"z":{"re":1.5,"im":2.5}},"value":{"re":-2.5,"im":1.5}},"calls":1}
// EXPECT {"function":"times_i_d","later":{"args":{"z":{"re":3.5,"im":-4.5}},"value":{"re":4.5,"im":3.5}},"calls":1}
// EXPECT {"function":"times_i_l","later":{"args":{"z":{"re":5.5,"im":6.5}},"value":{"re":-6.5,"im":5.5}},"calls":1}
// EXPECT {"function":"between","args":{"a":1,"b":2},"later":{"args":{"z":{"re":1.5,"im":2.5}}},"value":7.0,"calls":1}
#include <complex.h>

#include "check.h"

EXACT _Complex float times_i_f(_Complex float z)
{
	TOUCH();
	return -cimagf(z) + crealf(z) * I;
}

EXACT _Complex double times_i_d(_Complex double z)
{
	TOUCH();
	return -cimag(z) + creal(z) * I;
}

EXACT _Complex long double times_i_l(_Complex long double z)
{
	TOUCH();
	return __builtin_complex(-cimagl(z), creall(z));
}

EXACT double between(int a, _Complex double z, int b)
{
	TOUCH();
	return a + b + creal(z) + cimag(z);
}

int main(void)
{
	_Complex float f = times_i_f(HIDE(__builtin_complex(1.5f, 2.5f)));
	_Complex double d = times_i_d(HIDE(__builtin_complex(3.5, -4.5)));
	_Complex long double l = times_i_l(HIDE(__builtin_complex(5.5L, 6.5L)));

	CHECK(crealf(f) == -2.5f && cimagf(f) == 1.5f);
	CHECK(creal(d) == 4.5 && cimag(d) == 3.5);
	CHECK(creall(l) == -6.5L && cimagl(l) == 5.5L);
	CHECK(between(HIDE(1), __builtin_complex(1.5, 2.5), 2) == 7.0);
	FINISH("complexes");
}
