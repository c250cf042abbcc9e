// SPDX-License-Identifier: BSD-2-Clause
// Freshness: a thousand calls each with another text in the same place, which is then overwritten.
// What is shown must have been copied at the call: on the stack, on the heap, inside a struct.
// EXPECT {"function":"show","series":{"arg":["text"],"format":"text number %d on the stack","from":0,"to":999},"calls":1000}
// EXPECT {"function":"show_heap","series":{"arg":["text"],"format":"text number %d on the heap","from":0,"to":999},"calls":1000}
// EXPECT {"function":"show_line","series":{"arg":["line","text"],"format":"text number %d in a struct","from":0,"to":999},"calls":1000}
// EXPECT {"function":"make","series":{"value":[],"format":"text number %d returned","from":0,"to":999},"calls":1000}
// EXPECT {"function":"refill","series":{"arg":["text"],"format":"text number %d on the way in","from":0,"to":999},"calls":1000}
#include <stdlib.h>
#include <string.h>

#include "check.h"

struct line {
	int number;
	char text[44];
};

static unsigned long sum;

EXACT void add_up(const char *text)
{
	while (*text)
		sum = sum * 31 + (unsigned char)*text++;
}

EXACT void show(const char *text)
{
	TOUCH();
	add_up(text);
}

EXACT void show_heap(char *text)
{
	TOUCH();
	add_up(text);
}

EXACT void show_line(struct line line)
{
	TOUCH();
	add_up(line.text);
	memset(&line, 0xff, sizeof(line));
	TOUCH();
}

/* Returns the same static buffer each time. */
EXACT const char *make(int n)
{
	static char text[64];

	snprintf(text, sizeof(text), "text number %d returned", n);
	TOUCH();
	return text;
}

/* Changes its argument before it returns: the call shows what came in. */
EXACT void refill(char *text)
{
	TOUCH();
	memset(text, '*', strlen(text));
}

static unsigned long expected_sum(void)
{
	static const char *const formats[] = {"text number %d on the stack",
					      "text number %d on the heap",
					      "text number %d in a struct"};
	unsigned long result = 0;
	char text[64];

	for (int i = 0; i < 1000; i++) {
		for (int f = 0; f < 3; f++) {
			snprintf(text, sizeof(text), formats[f], i);
			for (int j = 0; text[j]; j++)
				result = result * 31 + (unsigned char)text[j];
		}
	}
	return result;
}

int main(void)
{
	char stack[64], in[64];
	struct line line;

	for (int i = 0; i < 1000; i++) {
		char *heap = malloc(64);

		CHECK(heap != NULL);
		snprintf(stack, sizeof(stack), "text number %d on the stack", i);
		show(stack);
		snprintf(heap, 64, "text number %d on the heap", i);
		show_heap(heap);
		memset(heap, '!', 63);
		free(heap);
		line.number = i;
		snprintf(line.text, sizeof(line.text), "text number %d in a struct", i);
		show_line(line);
		snprintf(in, sizeof(in), "text number %d on the way in", i);
		refill(in);
		CHECK(in[0] == '*' && strspn(in, "*") == strlen(in));
		CHECK(atoi(make(i) + strlen("text number ")) == i);
	}
	memset(stack, '?', sizeof(stack));
	CHECK(sum == expected_sum());
	FINISH("fresh");
}
