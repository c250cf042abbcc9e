/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects are found level by level: those that are known and not yet read are read together, in pieces that fit into
 * a record each, by one system call; what they point to comes behind them in the same list. Pieces go through the
 * thread's room and not straight into the ring, as nobody knows before how long a string is.
 */
#include <sys/uio.h>

#include "core/area.h"
#include "core/clock.h"
#include "core/copies.h"
#include "core/modules.h"
#include "core/record.h"
#include "core/share.h"
#include "base/sys.h"

#define PIECE_BYTES OT_ROUND_DOWN(OTRACE_RECORD_MAX_BYTES - sizeof(struct otrace_rec_copy), 8)
#define STAGE_BYTES (4 * PIECE_BYTES)
#define PIECES_MAX 64u
#define RING_PART 4 /* of the ring that objects, or the stack, may take */

struct object {
	uint64_t address;
	uint32_t layout;
	uint32_t bytes; /* of a string that was read: what it has */
};

struct piece {
	uint64_t address;
	const char *from; /* where its bytes are taken from: the room, or its address */
	uint32_t object;
	uint32_t offset; /* in the object */
	uint32_t bytes;
	uint32_t got;
	bool is_cut; /* max_bytes has no room for all of it */
};

/** All that copying needs, in the thread's room: a small stack has no place for it. */
struct work {
	struct ot_thread *thread;
	const struct ot_copy_program *program;
	const struct ot_copies *what;
	uint64_t tsc;
	uint64_t bytes_left;
	uint64_t written_bytes;
	uint64_t left_out;
	bool is_over; /* the ring takes nothing more */
	uint32_t nr_objects;
	uint32_t next_object; /* that is not in a piece yet */
	uint32_t next_offset;
	uint32_t nr_pieces;
	uint32_t nr_reads;
	uint32_t staged_bytes;
	uint32_t planned_bytes;
	struct object objects[OTRACE_COPY_OBJECTS_MAX];
	struct piece pieces[PIECES_MAX];
	struct iovec to[PIECES_MAX];
	struct iovec from[PIECES_MAX];
	struct piece *reads[PIECES_MAX]; /* of to and from */
	char stage[STAGE_BYTES];
};

_Static_assert(sizeof(struct work) <= OT_COPY_ROOM_BYTES, "the thread's room");

/* ------------------------------------------------------------------ checking */

static bool leads_on(const struct ot_copy_program *program, uint32_t layout, uint32_t lowest)
{
	return layout == OTRACE_COPY_STRING || (layout >= lowest && layout < program->nr_layouts);
}

static bool pointers_are_sound(const struct ot_copy_program *program,
			       const struct otrace_copy_pointer *pointers, uint32_t nr,
			       uint64_t bytes, uint32_t lowest)
{
	for (uint32_t i = 0; i < nr; i++)
		if (pointers[i].offset + sizeof(uint64_t) > bytes ||
		    !leads_on(program, pointers[i].layout, lowest))
			return false;
	return true;
}

static bool layout_is_sound(const struct ot_copy_program *program, uint32_t i)
{
	const struct otrace_copy_layout *layout = &program->layouts[i];

	if (!layout->bytes || layout->bytes > OTRACE_COPY_BYTES_MAX || layout->reserved ||
	    layout->first_pointer > program->nr_pointers ||
	    layout->nr_pointers > program->nr_pointers - layout->first_pointer)
		return false;
	return pointers_are_sound(program, program->pointers + layout->first_pointer,
				  layout->nr_pointers, layout->bytes, i + 1);
}

bool ot_copy_program_is_sound(const struct ot_copy_program *program, uint32_t frame_bytes)
{
	if (program->nr_enter_roots > OTRACE_COPY_ROOTS_MAX ||
	    program->nr_leave_roots > OTRACE_COPY_ROOTS_MAX ||
	    program->nr_pointers > OTRACE_COPY_POINTERS_MAX ||
	    program->nr_layouts > OTRACE_COPY_LAYOUTS_MAX ||
	    program->stack_bytes > OTRACE_COPY_STACK_BYTES_MAX ||
	    program->max_bytes > OTRACE_COPY_BYTES_MAX)
		return false;
	for (uint32_t i = 0; i < program->nr_layouts; i++)
		if (!layout_is_sound(program, i))
			return false;
	return pointers_are_sound(program, program->enter_roots, program->nr_enter_roots,
				  frame_bytes, 0) &&
	       pointers_are_sound(program, program->leave_roots, program->nr_leave_roots,
				  frame_bytes, 0);
}

/* ------------------------------------------------------------------ parts */

/* What has no room is no lost call. */
static bool part_room(struct work *work, uint64_t bytes)
{
	struct otrace_ring *ring = work->thread->ring;
	uint64_t lost = ring->lost_waiting;

	if (work->is_over)
		return false;
	if (ot_record_room(work->thread, bytes, work->what->arm_flags))
		return true;
	ring->lost_waiting = lost;
	work->is_over = true;
	return false;
}

static void *begin_part(struct work *work, uint64_t bytes)
{
	struct otrace_rec *rec;

	if (!part_room(work, bytes))
		return NULL;
	rec = ot_record_at(work->thread);
	rec->tsc = work->tsc;
	rec->call_seq = work->what->call_seq;
	return rec;
}

static void end_part(struct work *work, void *rec, uint8_t type, uint64_t bytes)
{
	ot_record_head(rec, OT_REC_HEAD(work->what->trace_id, bytes / 8, type, 0));
	ot_record_commit_part(work->thread, bytes);
}

static uint32_t end_flag(const struct work *work)
{
	return work->what->at_end ? OTRACE_COPY_AT_END : 0;
}

/* Returns the bytes as they are in the ring: memory may be another by now. NULL: no room. */
static const char *write_copy(struct work *work, uint64_t address, const char *from, uint32_t nr,
			      uint32_t flags)
{
	uint64_t bytes = sizeof(struct otrace_rec_copy) + OT_ROUND_UP(nr, 8);
	struct otrace_rec_copy *rec = begin_part(work, bytes);
	char *to = (char *)(rec + 1);

	if (!rec) {
		work->left_out++;
		return NULL;
	}
	rec->address = address;
	rec->bytes = nr;
	rec->flags = flags | end_flag(work);
	((uint64_t *)rec)[bytes / 8 - 1] = 0; /* what the last word has beyond them */
	ot_memcpy(to, from, nr);
	end_part(work, rec, OTRACE_REC_COPY, bytes);
	work->written_bytes += nr;
	return to;
}

static void write_registers(struct work *work, const uint64_t *values)
{
	struct otrace_rec_registers *rec = begin_part(work, sizeof(*rec));

	if (!rec) {
		work->left_out++;
		return;
	}
	ot_memcpy(rec->values, values, sizeof(rec->values));
	end_part(work, rec, OTRACE_REC_REGISTERS, sizeof(*rec));
}

static uint32_t this_cpu(void)
{
	uint32_t cpu = 0;

	if (!ot_arch_cpu(&cpu))
		OT_SYS(SYS_getcpu, &cpu, 0, 0, 0, 0, 0);
	return cpu;
}

static void write_place(struct work *work, uint32_t flags)
{
	struct otrace_rec_place *rec;

	work->is_over = false; /* it is worth another try */
	rec = begin_part(work, sizeof(*rec));
	if (!rec)
		return;
	rec->rec.tsc = ot_clock_now();
	rec->begin_tsc = work->what->begin_tsc;
	rec->matched = work->what->matched;
	rec->flags = flags | end_flag(work);
	rec->cpu = this_cpu();
	rec->error = work->what->error;
	rec->left_out = work->left_out;
	end_part(work, rec, OTRACE_REC_PLACE, sizeof(*rec));
}

/* ------------------------------------------------------------------ objects */

static uint32_t bytes_of(const struct work *work, uint32_t layout)
{
	return layout == OTRACE_COPY_STRING ? OTRACE_COPY_STRING_BYTES
					    : work->program->layouts[layout].bytes;
}

static bool is_known(const struct work *work, uint64_t address, uint32_t layout, uint32_t bytes)
{
	for (uint32_t i = 0; i < work->nr_objects; i++) {
		const struct object *object = &work->objects[i];

		if (object->address != address)
			continue;
		if (object->bytes >= bytes ||
		    (object->layout == OTRACE_COPY_STRING && layout == OTRACE_COPY_STRING))
			return true;
	}
	return false;
}

static void add_object(struct work *work, uint64_t address, uint32_t layout)
{
	uint32_t bytes = bytes_of(work, layout);

	if (!address || is_known(work, address, layout, bytes))
		return;
	if (work->nr_objects == OTRACE_COPY_OBJECTS_MAX) {
		work->left_out++;
		return;
	}
	work->objects[work->nr_objects++] = (struct object){address, layout, bytes};
}

typedef uint64_t unaligned __attribute__((aligned(1)));

static void add_pointer(struct work *work, const char *at, uint32_t layout)
{
	add_object(work, *(const unaligned *)at, layout);
}

static void add_roots(struct work *work)
{
	const struct ot_copy_program *program = work->program;
	bool at_end = work->what->at_end;
	const struct otrace_copy_pointer *roots =
		at_end ? program->leave_roots : program->enter_roots;
	uint32_t nr = at_end ? program->nr_leave_roots : program->nr_enter_roots;

	for (uint32_t i = 0; i < nr; i++)
		add_pointer(work, (const char *)work->what->frame + roots[i].offset,
			    roots[i].layout);
}

/* What the piece's bytes point to. A pointer that goes on in the next piece (a packed struct's) is left out. */
static void follow(struct work *work, const struct piece *piece, const char *bytes)
{
	uint32_t layout = work->objects[piece->object].layout;
	const struct otrace_copy_pointer *pointer, *end;

	if (layout == OTRACE_COPY_STRING)
		return;
	pointer = work->program->pointers + work->program->layouts[layout].first_pointer;
	end = pointer + work->program->layouts[layout].nr_pointers;
	for (; pointer < end; pointer++) {
		uint32_t at = pointer->offset - piece->offset;

		if (pointer->offset < piece->offset || at >= piece->got)
			continue;
		if (piece->got - at >= sizeof(uint64_t))
			add_pointer(work, bytes + at, pointer->layout);
		else
			work->left_out++;
	}
}

/* ------------------------------------------------------------------ pieces */

static bool on_stack(uint64_t from, uint64_t bytes)
{
	const struct ot_stack *stack = &ot_tls.stack;

	return from - stack->low < stack->bytes && stack->bytes - (from - stack->low) >= bytes;
}

/* The bounds were made sure of when the work began. */
static bool is_direct(const struct work *work, uint64_t from, uint64_t bytes)
{
	if (from >= (uint64_t)work->what->frame && on_stack(from, bytes))
		return ot_tls.stack.flags & OT_STACK_OWN;
	return ot_modules_constant(from, bytes);
}

static void add_read(struct work *work, struct piece *piece)
{
	work->to[work->nr_reads] = (struct iovec){(void *)piece->from, piece->bytes};
	work->from[work->nr_reads] = (struct iovec){(void *)piece->address, piece->bytes};
	work->reads[work->nr_reads++] = piece;
	piece->got = 0;
}

/* Where the bytes come from: what is read by the kernel, and strings, which may change while their end is looked
 * for, go through the room. False when that is full. */
static bool find_source(struct work *work, struct piece *piece)
{
	bool direct = is_direct(work, piece->address, piece->bytes);
	char *to = work->stage + work->staged_bytes;

	piece->from = (const char *)piece->address;
	piece->got = piece->bytes;
	if (direct && work->objects[piece->object].layout != OTRACE_COPY_STRING)
		return true;
	if (work->staged_bytes + OT_ROUND_UP(piece->bytes, 8) > STAGE_BYTES)
		return false;
	work->staged_bytes += OT_ROUND_UP(piece->bytes, 8);
	piece->from = to;
	if (direct)
		ot_memcpy(to, (const void *)piece->address, piece->bytes);
	else
		add_read(work, piece);
	return true;
}

static void leave_out_rest(struct work *work)
{
	work->left_out++;
	work->next_object++;
	work->next_offset = 0;
}

/* What is cut has no second piece. */
static void step_behind(struct work *work, const struct piece *piece)
{
	work->planned_bytes += piece->bytes;
	work->next_offset += piece->bytes;
	if (piece->is_cut || work->next_offset == work->objects[work->next_object].bytes) {
		work->next_object++;
		work->next_offset = 0;
	}
}

/* False: the pieces so far are to be copied first. */
static bool add_piece(struct work *work)
{
	const struct object *object = &work->objects[work->next_object];
	uint64_t bytes = ot_smaller(object->bytes - work->next_offset, PIECE_BYTES);
	uint64_t left = work->bytes_left - work->planned_bytes;
	struct piece *piece = &work->pieces[work->nr_pieces];

	if (bytes > left && work->nr_pieces)
		return false; /* strings may turn out shorter */
	if (!left || work->is_over) {
		leave_out_rest(work);
		return true;
	}
	*piece = (struct piece){.address = object->address + work->next_offset,
				.object = work->next_object,
				.offset = work->next_offset,
				.bytes = (uint32_t)ot_smaller(bytes, left),
				.is_cut = bytes > left};
	if (!find_source(work, piece))
		return false;
	work->nr_pieces++;
	step_behind(work, piece);
	return true;
}

static void gather(struct work *work)
{
	work->nr_pieces = work->nr_reads = 0;
	work->staged_bytes = work->planned_bytes = 0;
	while (work->next_object < work->nr_objects && work->nr_pieces < PIECES_MAX)
		if (!add_piece(work))
			break;
}

/* Gives each place its bytes. Returns the first behind the one where reading stopped. */
static uint32_t share_out(struct work *work, uint32_t i, uint64_t got)
{
	for (; i < work->nr_reads; i++) {
		struct piece *piece = work->reads[i];

		piece->got = (uint32_t)ot_smaller(got, piece->bytes);
		got -= piece->got;
		if (piece->got < piece->bytes)
			return i + 1;
	}
	return i;
}

static void read_pieces(struct work *work)
{
	for (uint32_t i = 0; i < work->nr_reads;) {
		int64_t got = ot_safe_readv(work->to + i, work->from + i, work->nr_reads - i);

		if (got < 0)
			return;
		i = share_out(work, i, (uint64_t)got);
	}
}

static void cut_string(struct work *work, struct piece *piece)
{
	uint32_t used = (uint32_t)ot_strnlen(piece->from, piece->got);

	if (used < piece->got) {
		piece->is_cut = false;
		piece->got = used + 1;
	}
	work->objects[piece->object].bytes = piece->got;
}

static void write_piece(struct work *work, struct piece *piece)
{
	bool is_text = work->objects[piece->object].layout == OTRACE_COPY_STRING;
	const char *bytes;

	if (is_text)
		cut_string(work, piece);
	work->left_out += piece->is_cut;
	if (!piece->got)
		return;
	bytes = write_copy(work, piece->address, piece->from, piece->got,
			   is_text ? OTRACE_COPY_IS_TEXT : 0);
	work->bytes_left -= piece->got;
	if (bytes)
		follow(work, piece, bytes);
}

static void copy_objects(struct work *work)
{
	while (work->next_object < work->nr_objects) {
		gather(work);
		read_pieces(work);
		for (uint32_t i = 0; i < work->nr_pieces; i++)
			write_piece(work, &work->pieces[i]);
	}
}

/* ------------------------------------------------------------------ the stack */

static void lower_end(uint64_t *end, uint64_t low, uint64_t other)
{
	if (other > low && other < *end)
		*end = other;
}

/* Frames end below argv and below the thread's control block, where these lie on the stack. */
static uint64_t stack_copy_bytes(const struct work *work, uint64_t sp)
{
	uint64_t most =
		ot_smaller(work->program->stack_bytes, (work->thread->data_mask + 1) / RING_PART);
	uint64_t end = sp + OT_ROUND_UP(most, 8);

	if ((ot_tls.stack.flags & OT_STACK_EXACT) && on_stack(sp, 8))
		lower_end(&end, sp, ot_tls.stack.low + ot_tls.stack.bytes);
	lower_end(&end, sp, ot_stack_main_end);
	lower_end(&end, sp, ot_arch_thread_pointer());
	return end - sp;
}

static void write_stack_pieces(struct work *work, uint64_t at, const char *from, uint64_t bytes)
{
	while (bytes) {
		uint32_t nr = (uint32_t)ot_smaller(bytes, PIECE_BYTES);

		write_copy(work, at, from, nr, OTRACE_COPY_IS_STACK);
		at += nr;
		from += nr;
		bytes -= nr;
	}
}

static void write_stack_read(struct work *work, uint64_t at, uint64_t bytes)
{
	while (bytes) {
		uint64_t wanted = ot_smaller(bytes, STAGE_BYTES);
		uint64_t got = ot_safe_read(work->stage, at, wanted);

		write_stack_pieces(work, at, work->stage, got);
		if (got < wanted)
			return;
		at += got;
		bytes -= got;
	}
}

/* This function's frame is the innermost that is copied: it must not go before that is done, by a tail call. */
static __attribute__((noinline)) void copy_stack(struct work *work)
{
	uint64_t values[OTRACE_REC_NR_REGISTERS], sp, bytes;

	ot_arch_registers(values);
	sp = values[6];
	write_registers(work, values);
	bytes = stack_copy_bytes(work, sp);
	if ((ot_tls.stack.flags & OT_STACK_OWN) && on_stack(sp, bytes))
		write_stack_pieces(work, sp, (const char *)sp, bytes);
	else
		write_stack_read(work, sp, bytes);
	ot_barrier();
}

/* ------------------------------------------------------------------ all of it */

static struct work *begin(struct ot_thread *thread, const struct ot_copy_program *program,
			  const struct ot_copies *what)
{
	struct work *work = (void *)thread->copy_room;

	work->thread = thread;
	work->program = program;
	work->what = what;
	work->tsc = ot_clock_now();
	work->bytes_left = ot_smaller(program->max_bytes, (thread->data_mask + 1) / RING_PART);
	work->written_bytes = work->left_out = 0;
	work->is_over = false;
	work->nr_objects = work->next_object = work->next_offset = 0;
	return work;
}

/* Asked for once per stack: it reads /proc/self/maps. */
static void know_stack(const struct work *work)
{
	uint32_t flags = ot_tls.stack.flags;
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	if (!on_stack(here, 8) || !(flags & OT_STACK_OWN) ||
	    (work->program->stack_bytes && !(flags & OT_STACK_EXACT)))
		ot_stack_be_exact(here);
}

static void copy(struct work *work)
{
	know_stack(work);
	if (work->what->frame)
		add_roots(work);
	copy_objects(work);
	if (work->program->stack_bytes && !work->what->stack_is_known)
		copy_stack(work);
}

OT_SLOW void ot_copies_write(struct ot_thread *thread, const struct ot_copy_program *program,
			     const struct ot_copies *what)
{
	struct ot_rule_count *count = &thread->counts[what->counter];
	struct work *work = begin(thread, program, what);

	if (what->sparing && !ot_share_is_left(&thread->share, work->tsc)) {
		count->spared++;
		write_place(work, OTRACE_PLACE_SPARED);
		return;
	}
	copy(work);
	write_place(work, 0);
	count->copied_bytes += work->written_bytes;
	if (what->sparing)
		ot_share_spend(&thread->share, ot_clock_now() - work->tsc, work->written_bytes);
}
