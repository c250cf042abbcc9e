/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays larger than what is read at once, and one whose length nobody knows. */
int zeros[1000000];
int tail[200000] = {[199999] = 1};

struct packet {
	int length;
	char data[];
} *packet;

static struct {
	struct packet head;
	char room[8];
} room = {{3}, "abc"};

int main(void)
{
	packet = &room.head;
	return zeros[5];
}
