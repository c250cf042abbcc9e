// SPDX-License-Identifier: BSD-2-Clause
// Variables of every kind: global, static, static in a function, thread-local, const, never read.
// Their values stand at the end of the program as the lines below say; tables and "pr" show them.
// thread_own ends with its thread, the others are shown also after the end.
// EXPECT {"variable":"counter","value":5}
// EXPECT {"variable":"origin","value":{"x":1,"y":2}}
// EXPECT {"variable":"ratio","value":0.75}
// EXPECT {"variable":"greeting","value":"hello"}
// EXPECT {"variable":"name","value":"a text in an array"}
// EXPECT {"variable":"favourite","value":{"enum":"BLUE","value":2}}
// EXPECT {"variable":"primes","value":[2,3,5,7,11]}
// EXPECT {"variable":"flags","value":{"on":1,"level":-3,"rest":1000}}
// EXPECT {"variable":"list","value":{"type":"struct node *"}}
// EXPECT {"variable":"handler","value":{"function":"bump"}}
// EXPECT {"variable":"nothing","value":null}
// EXPECT {"variable":"file_static","value":50}
// EXPECT {"variable":"calls","in":"bump","value":5}
// EXPECT {"variable":"thread_own","value":9,"missing_ok":true}
// EXPECT {"variable":"constant","value":123,"missing_ok":true}
// EXPECT {"variable":"grid","value":[[1,2,3],[4,5,6]]}
// EXPECT {"function":"bump","args":{"by":1},"value":5,"count":1,"calls":5}
#include <pthread.h>

#include "check.h"

enum color { RED, GREEN, BLUE };

struct node {
	int value;
	struct node *next;
};

struct point {
	int x, y;
};

int bump(int by);

int counter;
struct point origin = {1, 2};
double ratio = 0.75;
const char *greeting = "hello";
char name[32] = "a text in an array";
enum color favourite = BLUE;
int primes[] = {2, 3, 5, 7, 11};
struct {
	unsigned int on : 1;
	int level : 4;
	unsigned int rest : 20;
} flags = {1, -3, 1000};
int (*handler)(int) = bump;
void *nothing;
int grid[2][3] = {{1, 2, 3}, {4, 5, 6}};
static int file_static;
static const int constant = 123;
__thread int thread_own;

static struct node last = {3, NULL};
static struct node middle = {2, &last};
static struct node first = {1, &middle};
struct node *list = &first;

EXACT int bump(int by)
{
	static int calls;

	TOUCH();
	calls += by;
	counter = calls;
	file_static = counter * 10;
	return calls;
}

EXACT void *other_thread(void *argument)
{
	CHECK(thread_own == 0);
	thread_own = 77;
	TOUCH();
	return argument;
}

int main(void)
{
	pthread_t thread;
	int sum = 0;

	thread_own = HIDE(9);
	CHECK(pthread_create(&thread, NULL, other_thread, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	for (int i = 1; i <= 5; i++)
		CHECK(handler(HIDE(1)) == i);
	for (struct node *n = HIDE(list); n; n = n->next)
		sum = sum * 10 + n->value;
	CHECK(sum == 123 && HIDE(constant) == 123);
	CHECK(counter == 5 && file_static == 50 && thread_own == 9);
	CHECK(flags.level == -3 && flags.rest == 1000 && grid[1][2] == 6);
	FINISH("variables");
}
