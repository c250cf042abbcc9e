// SPDX-License-Identifier: BSD-2-Clause
// From the text of a request to a struct request, and from its answer to text.
// Shows: functions whose first argument is "self", the methods of a C program.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reciprocal.h"

/* False when the text is not a number that fits. */
bool number_parse(struct number *self, const char *text)
{
	char *end;

	memset(self, 0, sizeof(*self));
	if (strlen(text) >= sizeof(self->text))
		return false;
	strcpy(self->text, text);
	errno = 0;
	self->value = strtod(text, &end);
	return end != text && !*end && !errno && isfinite(self->value);
}

/* The line is "GET /path?n=4 HTTP/1.1". */
enum status request_parse(struct request *self, const char *line)
{
	char query[32] = "";

	if (sscanf(line, "GET %31[^? ]?%31[^ ]", self->path, query) < 1)
		return STATUS_BAD_REQUEST;
	if (!route_find(self->path))
		return STATUS_NOT_FOUND;
	if (strncmp(query, "n=", 2) != 0 || !number_parse(&self->number, query + 2))
		return STATUS_BAD_REQUEST;
	return STATUS_OK;
}

void response_write(struct response *self, const struct request *request)
{
	const struct route *route = route_find(request->path);

	self->status = request->answer.status;
	if (self->status == STATUS_OK && route)
		snprintf(self->body, sizeof(self->body), route->format, request->number.text,
			 request->answer.value);
	else if (self->status == STATUS_NOT_FOUND)
		strcpy(self->body, "no such page\n");
	else
		strcpy(self->body, "no answer to that\n");
	self->length = strlen(self->body);
}
