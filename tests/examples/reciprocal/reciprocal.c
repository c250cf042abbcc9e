// SPDX-License-Identifier: BSD-2-Clause
// The arithmetic of the server, and its bug: ask for /?n=0 and it says "1/0 = inf", status 200.
// Shows: a wrong answer found by tracing respond(), mended live by patching one static function.
#include <string.h>

#include "reciprocal.h"

/* Nobody thought of zero here. */
static struct answer reciprocal_of(struct number number)
{
	struct answer answer = {.status = STATUS_OK};

	answer.value = 1.0 / number.value;
	return answer;
}

/* The same, by somebody who did. Not in use at /, but at /checked. */
struct answer reciprocal_checked(struct number number)
{
	struct answer answer = {.status = STATUS_BAD_REQUEST};

	if (number.value != 0) {
		answer.status = STATUS_OK;
		answer.value = 1.0 / number.value;
	}
	return answer;
}

static struct answer square_of(struct number number)
{
	struct answer answer = {.status = STATUS_OK};

	answer.value = number.value * number.value;
	return answer;
}

static struct route routes[] = {
	{"/", "1/%s = %g\n", reciprocal_of},
	{"/checked", "1/%s = %g\n", reciprocal_checked},
	{"/square", "%s squared = %g\n", square_of},
};

const struct route *route_find(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

/* Answer one request; n is its number, handed over apart to be easy to watch. */
struct answer respond(struct request *request, double n)
{
	const struct route *route = route_find(request->path);
	struct answer answer = {.status = STATUS_NOT_FOUND};

	request->number.value = n;
	if (route)
		answer = route->compute(request->number);
	request->answer = answer;
	return answer;
}
