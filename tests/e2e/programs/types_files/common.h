/* SPDX-License-Identifier: BSD-2-Clause */
/* Types that several files share: some complete them, each in its own way. */
enum kind { KIND_A, KIND_B };
struct opaque;
struct private;
struct shared {
	int id;
	struct shared *next;
	struct opaque *opaque;
	enum kind kind;
};
struct holder {
	struct private *private;
};
typedef struct opaque opaque_t;
typedef struct {
	int x, y;
} pair;
extern int table[];
extern __thread int per_thread;
opaque_t *opaque_new(int n);
int use(struct shared *s);
