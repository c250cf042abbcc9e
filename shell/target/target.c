/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clean.h"
#include "target/impl.h"
#include "target/kept.h"
#include "target/recent.h"

/* The one reason that depends on the state and not on the kind. */
static struct ot_err *usable(const struct ot_target *target)
{
	if (target->silence)
		return ot_err_new(OT_ERR_SILENT, "%s", target->silence);
	if (target->state == OT_TARGET_ENDED)
		return ot_err_new(OT_ERR_GONE, "the program has ended: its memory is gone");
	if (target->state == OT_TARGET_DETACHED)
		return ot_err_new(OT_ERR_GONE, "detached from the program");
	return NULL;
}

static struct ot_err *cannot(const struct ot_target *target)
{
	return ot_err_new(OT_ERR_UNSUPPORTED, "%s", target->ops->cannot);
}

#define OT_DISPATCH(target, slot, ...)                               \
	do {                                                         \
		OT_TRY(usable(target));                              \
		if (!(target)->ops->slot)                            \
			return cannot(target);                       \
		return (target)->ops->slot((target), ##__VA_ARGS__); \
	} while (0)

const char *ot_target_error_text(int status)
{
	static const char *const texts[] = {
#define OT_X_TEXT(name, number, text) [number] = (text),
		OTRACE_ERRORS(OT_X_TEXT)
#undef OT_X_TEXT
	};

	if (status < 0 || (size_t)status >= OT_NR(texts) || !texts[status])
		return "an error that this otrace does not know";
	return texts[status];
}

void ot_target_modules_destroy(struct ot_target_module *modules, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(modules[i].path);
	free(modules);
}

/* Whether the lists name the same modules; an unchanged list must not make models look again. */
static bool same_modules(const struct ot_target *target, const struct ot_target_module *modules,
			 size_t nr)
{
	if (target->nr_modules != nr)
		return false;
	for (size_t i = 0; i < nr; i++)
		if (target->modules[i].m.id != modules[i].m.id)
			return false;
	return true;
}

void ot_target_set_modules(struct ot_target *target, struct ot_target_module *modules, size_t nr)
{
	if (!same_modules(target, modules, nr))
		target->generation++;
	ot_target_modules_destroy(target->modules, target->nr_modules);
	target->modules = modules;
	target->nr_modules = nr;
}

void ot_target_close(struct ot_target *target)
{
	if (!target)
		return;
	if (target->area)
		munmap(target->area, target->area_bytes);
	ot_target_modules_destroy(target->modules, target->nr_modules);
	ot_kept_destroy(target->kept);
	ot_recent_destroy(target->recent);
	free(target->path);
	free(target->silence);
	target->ops->close(target);
}

enum ot_target_state ot_target_state(const struct ot_target *target)
{
	return target->state;
}

pid_t ot_target_pid(const struct ot_target *target)
{
	return target->pid;
}

const char *ot_target_path(const struct ot_target *target)
{
	return target->path;
}

bool ot_target_is_copy(const struct ot_target *target)
{
	return target->ops->is_copy;
}

bool ot_target_may_have(const struct ot_target *target, uint64_t address)
{
	return target->ops->is_copy && address;
}

const char *ot_target_elsewhere(const struct ot_target *target)
{
	return target->ops->elsewhere ? target->ops->elsewhere : "";
}

const struct ot_target_module *ot_target_modules(const struct ot_target *target, size_t *nr_ret)
{
	*nr_ret = target->nr_modules;
	return target->modules;
}

uint64_t ot_target_generation(const struct ot_target *target)
{
	return target->generation;
}

struct otrace_area *ot_target_area(const struct ot_target *target)
{
	return target->area;
}

struct ot_err *ot_target_refresh(struct ot_target *target)
{
	OT_DISPATCH(target, refresh);
}

/* A page costs nothing but time where a request does: with a process. */
static bool is_for_recent(const struct ot_target *target, const struct ot_target_span *spans,
			  size_t nr)
{
	return target->nr_looks && nr == 1 && spans->bytes <= OT_RECENT_PAGE_BYTES &&
	       spans->address <= UINT64_MAX - OT_RECENT_PAGE_BYTES && target->ops->readv &&
	       (target->state == OT_TARGET_RUNNING || target->state == OT_TARGET_HELD);
}

struct ot_err *ot_target_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	if (target->state == OT_TARGET_ENDED && target->kept) {
		ot_kept_readv(target->kept, spans, nr);
		return NULL;
	}
	if (is_for_recent(target, spans, nr)) {
		OT_TRY(usable(target));
		if (!target->recent)
			target->recent = ot_recent_create();
		return ot_recent_read(target->recent, target, spans);
	}
	OT_DISPATCH(target, readv, spans, nr);
}

void ot_target_look_begin(struct ot_target *target)
{
	if (target)
		target->nr_looks++;
}

void ot_target_look_end(struct ot_target *target)
{
	if (!target || --target->nr_looks)
		return;
	ot_recent_destroy(target->recent);
	target->recent = NULL;
}

struct ot_err *ot_target_read_tables(struct ot_target *target, struct ot_target_span *span)
{
	span->got = 0;
	if (target->ops->read_file && (target->state == OT_TARGET_RUNNING ||
				       target->state == OT_TARGET_HELD || target->ops->is_copy))
		span->got = target->ops->read_file(target, span->address, span->buf, span->bytes);
	return span->got ? NULL : ot_target_readv(target, span, 1);
}

int ot_target_open_file(struct ot_target *target, uint64_t address)
{
	return target->ops->open_file && (target->state == OT_TARGET_RUNNING ||
					  target->state == OT_TARGET_HELD || target->ops->is_copy)
		       ? target->ops->open_file(target, address)
		       : -1;
}

void ot_target_keep(struct ot_target *target)
{
	if (target->state == OT_TARGET_ENDED || !target->ops->let_end)
		return;
	if (!target->kept)
		target->kept = ot_kept_create(target);
	/* The program may be gone before its answer is out. */
	ot_err_destroy(target->ops->let_end(target));
}

struct ot_err *ot_target_read(struct ot_target *target, uint64_t address, void *buf, size_t bytes)
{
	struct ot_target_span span = {.address = address, .buf = buf, .bytes = bytes};

	OT_TRY(ot_target_readv(target, &span, 1));
	if (span.got < bytes)
		return ot_err_new(OT_ERR_FAULT, "cannot read memory at 0x%" PRIx64,
				  address + span.got);
	return NULL;
}

size_t ot_target_settled(const struct ot_target *target, uint64_t address, size_t bytes)
{
	return target->ops->settled ? target->ops->settled(target, address, bytes) : bytes;
}

struct ot_err *ot_target_tls(struct ot_target *target, uint64_t accessor, uint32_t tid,
			     uint64_t *ret)
{
	OT_DISPATCH(target, tls, accessor, tid, ret);
}

struct ot_err *ot_target_status(struct ot_target *target, struct otrace_status *ret)
{
	OT_DISPATCH(target, status, ret);
}

struct ot_err *ot_target_threads(struct ot_target *target, struct otrace_thread_info **ret,
				 size_t *nr_ret)
{
	OT_DISPATCH(target, threads, ret, nr_ret);
}

/* The runtime says that something is wrong, but not where. */
static struct ot_err *at_address(struct ot_err *err, const char *what, uint64_t address,
				 const char *wrong)
{
	if (!err || err->code != OT_ERR_FAULT)
		return err;
	ot_err_destroy(err);
	return ot_err_new(OT_ERR_FAULT, "%s 0x%" PRIx64 "%s", what, address, wrong);
}

static struct ot_err *write_it(struct ot_target *target, uint64_t address, const void *buf,
			       size_t bytes)
{
	OT_DISPATCH(target, write, address, buf, bytes);
}

struct ot_err *ot_target_write(struct ot_target *target, uint64_t address, const void *buf,
			       size_t bytes)
{
	return at_address(write_it(target, address, buf, bytes), "memory at", address,
			  " cannot be written");
}

struct ot_err *ot_target_probe(struct ot_target *target, struct ot_target_probe *probes, size_t nr,
			       struct otrace_switched *ret)
{
	OT_DISPATCH(target, probe, probes, nr, ret);
}

struct ot_err *ot_target_ask(struct ot_target *target, enum otrace_msg_type type,
			     const void *payload, size_t bytes, struct ot_buf *reply)
{
	OT_DISPATCH(target, ask, type, payload, bytes, reply);
}

struct ot_err *ot_target_unprobe(struct ot_target *target, const uint64_t *fns, size_t nr,
				 struct otrace_switched *ret)
{
	OT_DISPATCH(target, unprobe, fns, nr, ret);
}

struct ot_err *ot_target_redirect(struct ot_target *target, uint64_t fn, uint64_t fn_target,
				  bool force, struct otrace_switched *ret)
{
	OT_DISPATCH(target, redirect, fn, fn_target, force, ret);
}

struct ot_err *ot_target_go(struct ot_target *target)
{
	OT_DISPATCH(target, go, NULL);
}

struct ot_err *ot_target_go_exit(struct ot_target *target, int exit_status)
{
	struct otrace_go how = {.flags = OTRACE_GO_EXIT, .exit_status = exit_status};

	OT_DISPATCH(target, go, &how);
}

static struct ot_err *call_it(struct ot_target *target, const struct ot_target_call *call,
			      uint32_t thread, uint32_t *ret)
{
	OT_DISPATCH(target, call, call, thread, ret);
}

struct ot_err *ot_target_call(struct ot_target *target, const struct ot_target_call *call,
			      uint32_t thread, uint32_t *ret)
{
	return at_address(call_it(target, call, thread, ret), "there is no code at", call->address,
			  "");
}

bool ot_target_take_done(struct ot_target *target, uint32_t call, struct ot_target_done *ret)
{
	return target->ops->take_done && target->ops->take_done(target, call, ret);
}

bool ot_target_forget_call(struct ot_target *target, uint32_t call)
{
	struct ot_err *err = NULL;

	if (!target->ops->take_done)
		return false;
	if (target->ops->withdraw)
		err = target->ops->withdraw(target, call);
	target->ops->take_done(target, call, NULL);
	ot_err_destroy(err);
	return target->ops->withdraw && !err;
}

void ot_target_done_deinit(struct ot_target_done *done)
{
	free(done->bytes);
	done->bytes = NULL;
}

struct ot_err *ot_target_detach(struct ot_target *target)
{
	OT_DISPATCH(target, detach);
}

struct ot_err *ot_target_take_silence(struct ot_target *target)
{
	ot_auto_free char *silence = target->silence;

	target->silence = NULL;
	return silence ? ot_err_new(OT_ERR_SILENT, "%s", silence) : NULL;
}

int ot_target_fd(const struct ot_target *target)
{
	return target->ops->fd ? target->ops->fd(target) : -1;
}

void ot_target_set_ended(struct ot_target *target)
{
	if (target->state == OT_TARGET_HELD || target->state == OT_TARGET_RUNNING)
		target->state = OT_TARGET_ENDED;
}

enum ot_target_event ot_target_pump(struct ot_target *target)
{
	if (!target->ops->pump)
		return OT_TARGET_NOTHING;
	return target->ops->pump(target);
}
