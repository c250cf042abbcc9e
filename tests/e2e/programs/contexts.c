// SPDX-License-Identifier: BSD-2-Clause
// What single calls were made with: objects that change from call to call, out-parameters, callers with
// locals, some of them inlined, and a pointer that leads nowhere. Prints what was there, as name=value.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct account {
	long balance;
	const char *owner;
};

struct order {
	int id;
	char note[16];
	struct account *account;
	struct order *next;
	struct order *wild;
	double rates[3];
};

struct limit {
	int low;
	double high;
};

static const char *const owners[] = {"ann", "bob", "cleo"};
static const char *reasons[] = {"end of month", "closed"};

// Changes all that it is given.
__attribute__((noinline)) long settle(struct order *order, struct limit limit, const char *why, int *fee)
{
	order->rates[2] = limit.high;
	*fee = order->id * 2;
	order->account->balance -= *fee + limit.low;
	order->note[0] = 'X';
	errno = order->id % 2 ? ENOENT : EINTR;
	return order->account->balance + (long)strlen(why);
}

static inline __attribute__((always_inline)) long checked(struct order *order, int *fee, int strict)
{
	int level = strict * 11;
	long left = settle(order, (struct limit){level, strict + 0.5}, reasons[strict % 2], fee);

	return left + level;
}

// Changes nothing, and says so.
__attribute__((noinline)) int audit(const struct order *order)
{
	__asm__ volatile("" ::: "memory");
	return order->id;
}

__attribute__((noinline)) static long serve(struct order *order, int round)
{
	volatile int total = round * 7;
	char word[16];
	int fee = -round;
	long got;

	snprintf(word, sizeof(word), "round %d", round);
	printf("call round=%d id=%d note=%s balance=%ld owner=%s next=%d rate=%g total=%d word=%s fee=%d why=%s\n",
	       round, order->id, order->note, order->account->balance, order->account->owner, order->next->id,
	       order->rates[1], total, word, fee, reasons[round % 2]);
	got = checked(order, &fee, round);
	printf("end round=%d note=%s balance=%ld fee=%d got=%ld errno=%d\n", round, order->note,
	       order->account->balance, fee, got - round * 11, order->id % 2 ? ENOENT : EINTR);
	fflush(stdout);
	return got + total + word[0] + audit(order);
}

int main(int argc, char **argv)
{
	struct account *account = malloc(sizeof(*account));
	struct order *orders = calloc(2, sizeof(*orders));
	int rounds = argc > 1 ? atoi(argv[1]) : 3;
	long sum = argc > 10 ? settle(orders, (struct limit){argc, argc}, argv[1], &rounds) : 0;

	account->balance = 1000;
	for (int round = 1; round <= rounds; round++) {
		orders[0] = (struct order){.id = round,
					   .account = account,
					   .next = &orders[1],
					   .wild = (struct order *)0x10,
					   .rates = {0.5, round * 1.25, 2}};
		snprintf(orders[0].note, sizeof(orders[0].note), "note %d", round);
		orders[1] = (struct order){.id = round * 100, .account = account};
		account->owner = owners[round % 3];
		sum += serve(&orders[0], round);
	}
	orders[0].id = -1;
	if (argc > 2)
		raise(SIGKILL);
	return sum == 0;
}
