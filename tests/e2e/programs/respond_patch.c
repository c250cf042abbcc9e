// SPDX-License-Identifier: BSD-2-Clause
// Compiled into the example server: what somebody who looks for large answers would put in the place of respond().
#include <stdio.h>

#include <otrace/otrace.h>

#include "reciprocal.h"

struct answer respond_watched(struct request *request, double n);

struct answer respond_watched(struct request *request, double n)
{
	const struct route *route = route_find(request->path);
	struct answer answer = {.status = STATUS_NOT_FOUND};

	printf("respond to %s\n", request->number.text);
	request->number.value = n;
	if (route)
		answer = route->compute(request->number);
	traceassert(answer.value < 1000, "large", "");
	request->answer = answer;
	return answer;
}
