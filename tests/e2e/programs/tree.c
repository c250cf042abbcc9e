// SPDX-License-Identifier: BSD-2-Clause
// One object of every shape that can be entered. "stay" starts two threads and goes on until it is killed; on SIGUSR1
// start->next is gone.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, used))
#define NR_THREADS 2

struct base {
	int id;
	const char *label;
};

struct middle {
	struct {
		int deep;
		int deeper;
	};
	int own;
};

/* Begins with a named struct; with an unnamed one that begins with an unnamed one. */
struct derived {
	struct base base;
	int extra;
	struct base *other;
};

struct unnamed {
	struct {
		struct {
			int lowest;
		};
		int low;
	};
	int high;
};

typedef struct ring {
	struct ring *next;
	int number;
	int __reserved__;
} ring;

struct bits {
	unsigned small : 3;
	signed negative : 5;
	union {
		int whole;
		unsigned char bytes[4];
	} both;
};

KEEP int ring_number(const ring *self)
{
	static int asked;

	asked++;
	return self->number + asked;
}

KEEP static int ring_twice(struct ring *self, int times)
{
	return self->number * times;
}

KEEP int not_a_method(int number, ring *self)
{
	return number + self->number;
}

static ring rings[3] = {{&rings[1], 1, 0}, {&rings[2], 2, 0}, {&rings[0], 3, 0}};
ring *start = &rings[0];
struct derived derived = {{7, "seven"}, 8, &derived.base};
struct unnamed unnamed = {{{1}, 2}, 3};
struct middle middle = {{4, 5}, 6};
struct bits bits = {5, -3, {0x01020304}};
int number = 42;
int *to_number = &number;
int **to_pointer = &to_number;
int matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
int (*row)[3] = &matrix[1];
int huge[100000];
const char *text = "some text";
const char *nothing;
char letters[8] = "letters";
struct base *null;
struct base *wild = (struct base *)0x10;
void *opaque = &derived;
int (*callback)(const ring *) = ring_number;
int (*no_callback)(const ring *);
int (*callbacks[2])(const ring *) = {ring_number, NULL};
float vector __attribute__((vector_size(16))) = {1, 2, 3, 4};
struct flexible {
	int length;
	int data[];
} *flexible;
struct leaf {
	struct leaf *left, *right;
	int depth;
} *wood;
struct elsewhere *elsewhere = (struct elsewhere *)&number;
int __hidden__ = 9;
_Thread_local int mine = 100;
volatile int volatile_number = 5;

static atomic_int ready;

KEEP int beat(int n)
{
	__asm__ volatile("" ::: "memory");
	return n + mine;
}

static void *work(void *arg)
{
	mine = (int)(size_t)arg;
	ready++;
	for (;;) {
		beat(0);
		usleep(2000);
	}
	return NULL;
}

static void vanish(int number)
{
	(void)number;
	rings[0].next = NULL;
}

static struct leaf *grow(int depth)
{
	struct leaf *leaf = calloc(1, sizeof(*leaf));

	if (leaf && depth < 17) {
		leaf->left = grow(depth + 1);
		leaf->right = grow(depth + 1);
		leaf->depth = depth;
	}
	return leaf;
}

static void stay(void)
{
	pthread_t threads[NR_THREADS];

	wood = grow(0);
	signal(SIGUSR1, vanish);
	for (size_t i = 0; i < NR_THREADS; i++) {
		pthread_create(&threads[i], NULL, work, (void *)(i + 1));
		pthread_setname_np(threads[i], i ? "second" : "first");
	}
	while (ready < NR_THREADS)
		usleep(100);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	static struct {
		int length;
		int data[3];
	} storage = {3, {10, 20, 30}};

	(void)argv;
	flexible = (struct flexible *)&storage;
	number += ring_number(start) + ring_twice(start, 0) + not_a_method(0, start) - 3;
	if (argc > 1)
		stay();
	return volatile_number == 0;
}
