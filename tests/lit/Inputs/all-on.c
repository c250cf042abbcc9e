/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linked into a test program (compiled without the pass), switches every stub on before main, as a
 * runtime would but while there is one thread only, and calls everything through its wrapper.
 *
 * At exit, when $ALL_ON_COUNT is set, prints "entered N left N unwound N".
 */
#define _GNU_SOURCE
#include <link.h>
#include <otrace/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct otrace_probe {
	void *body;
};

static unsigned long entered, left, unwound, nr_on, nr_records;
static unsigned char *thunks, *thunks_end;

/* No libc in here: the program may have put its own functions under every name. */
static void *on_enter(struct otrace_frame *frame, struct otrace_probe *probe)
{
	__atomic_fetch_add(&entered, 1, __ATOMIC_RELAXED);
	frame->words[0] = (uint64_t)(uintptr_t)frame;
	frame->words[3] = ~(uint64_t)(uintptr_t)probe;
	return probe->body;
}

static void check(const struct otrace_frame *frame, const struct otrace_probe *probe)
{
	if (frame->words[0] != (uint64_t)(uintptr_t)frame ||
	    frame->words[3] != ~(uint64_t)(uintptr_t)probe)
		__builtin_trap();
}

static void on_leave(struct otrace_frame *frame, struct otrace_probe *probe)
{
	check(frame, probe);
	__atomic_fetch_add(&left, 1, __ATOMIC_RELAXED);
}

static void on_unwind(struct otrace_frame *frame, struct otrace_probe *probe, const void *exception)
{
	(void)exception;
	check(frame, probe);
	__atomic_fetch_add(&unwound, 1, __ATOMIC_RELAXED);
}

/* movabs $probe,%r10; jmp wrapper */
static unsigned char *make_thunk(struct otrace_probe *probe, const void *wrapper)
{
	unsigned char *thunk = thunks;
	int32_t distance = (int32_t)((const unsigned char *)wrapper - (thunk + 15));

	if (thunks + 16 > thunks_end)
		abort();
	thunks += 16;
	memcpy(thunk, "\x49\xba", 2);
	memcpy(thunk + 2, &probe, 8);
	thunk[10] = 0xe9;
	memcpy(thunk + 11, &distance, 4);
	return thunk;
}

/* Reads what an entry refers to; 0 when it is none of a function. */
static int read_entry(const struct otrace_entry *entry, struct otrace_pool_view *view,
		      struct otrace_fn *fn)
{
	struct otrace_stream stream;
	uint64_t distance;

	stream.at = otrace_ref_get(&entry->description);
	if (!stream.at)
		return 0;
	if (!entry->place.delta)
		return otrace_pool_open((const void *)stream.at, UINT32_MAX, view);
	stream.end = stream.at + 10;
	distance = otrace_stream_varint(&stream);
	if (!stream.end || distance & 1 || distance >> 25)
		return 0;
	if (!otrace_pool_open((const void *)((const char *)otrace_ref_get(&entry->description) -
					     (distance >> 1)),
			      UINT32_MAX, view))
		return 0;
	stream.end = view->stream.end;
	otrace_fn_read(view, &stream, distance, fn);
	return stream.end != NULL;
}

static void switch_on(const struct otrace_entry *entry, const struct otrace_pool_view *view,
		      const struct otrace_fn *fn)
{
	unsigned char *symbol = (unsigned char *)(uintptr_t)otrace_ref_get(&entry->place);
	unsigned char *stub = symbol + fn->stub_offset;
	const struct otrace_ref *wrapper = otrace_pool_ref(view, fn->wrapper);
	struct otrace_probe *probe;
	uintptr_t page = (uintptr_t)stub & ~(uintptr_t)4095;
	int32_t distance;

	nr_records++;
	if (!fn->body_offset || !wrapper || stub[0] == 0xe9)
		return;
	if (memcmp(stub, "\x0f\x1f\x44\x00\x00", 5) != 0 || ((uintptr_t)stub & 1)) {
		fprintf(stderr, "all-on: no stub in %s\n", fn->name);
		abort();
	}
	probe = (struct otrace_probe *)(void *)thunks; /* malloc may be the program's */
	thunks += 16;
	probe->body = symbol + fn->body_offset;
	distance = (int32_t)(make_thunk(probe, otrace_ref_get(wrapper)) - (stub + 5));
	if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
	stub[0] = 0xe9;
	memcpy(stub + 1, &distance, 4);
	nr_on++;
}

static void walk(const struct otrace_entry *anchor)
{
	struct otrace_pool_view view;
	struct otrace_fn fn;
	int step;

	for (step = -1; step <= 1; step += 2) {
		const struct otrace_entry *entry = anchor + step;

		for (; read_entry(entry, &view, &fn); entry += step)
			if (entry->place.delta)
				switch_on(entry, &view, &fn);
	}
}

static void reserve_thunks(uintptr_t near)
{
	uintptr_t at;

	for (at = (near & ~4095UL) + (64UL << 20); at < near + (1UL << 30); at += 16UL << 20) {
		void *p = mmap((void *)at, 1 << 20, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (p != MAP_FAILED) {
			thunks = p;
			thunks_end = thunks + (1 << 20);
			return;
		}
	}
	abort();
}

static int module(struct dl_phdr_info *info, size_t size, void *unused)
{
	int i;

	(void)size;
	(void)unused;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const char *at = (const char *)info->dlpi_addr + p->p_vaddr;
		const char *end = at + p->p_memsz;

		while (p->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) < end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof(*note);
			const struct otrace_note *desc =
				(const void *)(name + ((note->n_namesz + 3u) & ~3u));

			if (note->n_namesz == 7 && strcmp(name, OTRACE_NOTE_NAME) == 0) {
				struct otrace_hooks *hooks =
					(void *)(uintptr_t)otrace_ref_get(&desc->hooks);

				if (!hooks->enter)
					reserve_thunks((uintptr_t)hooks);
				hooks->enter = on_enter;
				hooks->leave = on_leave;
				hooks->unwind = on_unwind;
				walk(otrace_ref_get(&desc->fn_anchor));
			}
			at = (const char *)desc + ((note->n_descsz + 3u) & ~3u);
		}
	}
	return 0;
}

__attribute__((destructor)) static void tell(void)
{
	if (getenv("ALL_ON_COUNT"))
		fprintf(stderr, "all-on: %lu of %lu on, entered %lu left %lu unwound %lu\n", nr_on,
			nr_records, entered, left, unwound);
}

__attribute__((constructor)) static void all_on(void)
{
	dl_iterate_phdr(module, NULL);
}
