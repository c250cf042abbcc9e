/* SPDX-License-Identifier: BSD-2-Clause */
/* The program's own way in: include/otrace/otrace.h. */
#include <otrace/otrace.h>

#include "base/mem.h"
#include "core/control.h"
#include "core/probe.h"
#include "core/server.h"
#include "core/start.h"

/* What is looked for, and what was found. */
struct lookup {
	struct ot_module *module; /* that is being looked at */
	uint64_t address;	  /* of the function, or 0 */
	const char *name;
	size_t name_bytes;
	const char *file; /* "" = any */
	uint64_t fn;	  /* entry; 0 = none */
	uint64_t stub;
	uint64_t body;
	bool gone; /* inlined everywhere */
	int error;
};

/* dir/shop.c has the last part shop.c, but not op.c */
static bool file_matches(const char *path, const char *wanted)
{
	size_t n = ot_strlen(path), m = ot_strlen(wanted);

	return ot_strends(path, wanted) && (n == m || path[n - m - 1] == '/');
}

static bool name_matches(struct ot_module *module, const struct ot_fn *fn,
			 const struct lookup *lookup)
{
	const char *name = fn->head.name;
	const char *linkage = fn->head.linkage_name;
	const struct otrace_file *file = fn->file;
	size_t n = lookup->name_bytes;

	if ((ot_strlen(name) != n || ot_memcmp(name, lookup->name, n)) &&
	    (ot_strlen(linkage) != n || ot_memcmp(linkage, lookup->name, n)))
		return false;
	if (!lookup->file[0])
		return true;
	return file && ot_module_segment(module, (uint64_t)file, sizeof(*file), 0) &&
	       file_matches(ot_module_string(module, &file->name), lookup->file);
}

static bool matches(struct ot_module *module, const struct ot_fn *fn, const struct lookup *lookup)
{
	if (!lookup->address)
		return name_matches(module, fn, lookup);
	return lookup->address == fn->symbol || lookup->address == fn->stub;
}

/* One without a stub gives way to one that has it. */
static void take(struct lookup *lookup, uint64_t entry, const struct ot_fn *fn)
{
	if (lookup->fn && lookup->stub && fn->stub && lookup->stub != fn->stub)
		lookup->error = OTRACE_E_AMBIGUOUS;
	if (lookup->fn && !fn->stub)
		return;
	lookup->fn = entry;
	lookup->stub = fn->stub;
	lookup->body = fn->body;
}

static void look_at_gone(const struct ot_fn *fn, void *context)
{
	struct lookup *lookup = context;

	lookup->gone = lookup->gone || name_matches(lookup->module, fn, lookup);
}

static void run_lookup(void *context)
{
	struct lookup *lookup = context;
	struct ot_fn fn;

	for (struct ot_module *module = ot_modules_first(); module; module = module->next) {
		if (!module->loaded || module->abi_version != OTRACE_ABI_VERSION)
			continue;
		for (uint64_t at = 0; (at = ot_module_next_fn(module, at, &fn));)
			if (matches(module, &fn, lookup))
				take(lookup, at, &fn);
		lookup->module = module;
		if (!lookup->address && !lookup->fn)
			ot_module_each_gone(module, look_at_gone, lookup);
	}
}

static int look_up(struct lookup *lookup)
{
	ot_start_core();
	ot_control_run(run_lookup, lookup);
	if (lookup->error)
		return lookup->error;
	if (!lookup->fn && lookup->gone)
		return OTRACE_E_NO_STUB;
	if (!lookup->fn)
		return lookup->address ? OTRACE_E_NO_FUNCTION : OTRACE_E_NOT_FOUND;
	return lookup->stub ? OTRACE_E_OK : OTRACE_E_NO_STUB;
}

static int by_address(struct lookup *lookup, void *fn)
{
	*lookup = (struct lookup){.address = (uint64_t)fn};
	return fn ? look_up(lookup) : OTRACE_E_INVALID;
}

static int by_name(struct lookup *lookup, const char *name)
{
	const char *at = name;

	if (!name || !name[0])
		return OTRACE_E_INVALID;
	while (*at && *at != '@')
		at++;
	*lookup = (struct lookup){.name = name, .name_bytes = (size_t)(at - name)};
	lookup->file = *at ? at + 1 : at;
	return look_up(lookup);
}

static int redirect(const struct lookup *lookup, void *target)
{
	struct otrace_redirect wish = {.fn = lookup->fn, .target = (uint64_t)target};
	struct otrace_switched done = {0};

	return -ot_control_redirect(&wish, OT_OWNER_API, &done);
}

int otrace_replace(void *fn, void *replacement)
{
	struct lookup lookup;
	int error = replacement ? by_address(&lookup, fn) : OTRACE_E_INVALID;

	return error ? -error : redirect(&lookup, replacement);
}

int otrace_replace_by_name(const char *name, void *replacement)
{
	struct lookup lookup;
	int error = replacement ? by_name(&lookup, name) : OTRACE_E_INVALID;

	return error ? -error : redirect(&lookup, replacement);
}

int otrace_restore(void *fn)
{
	struct lookup lookup;
	int error = by_address(&lookup, fn);

	return error ? -error : redirect(&lookup, NULL);
}

int otrace_restore_by_name(const char *name)
{
	struct lookup lookup;
	int error = by_name(&lookup, name);

	return error ? -error : redirect(&lookup, NULL);
}

int otrace_restore_all(void)
{
	struct otrace_switched done = {0};

	ot_start_core();
	ot_control_restore_all(OT_OWNER_API, &done);
	return 0;
}

void *otrace_original(void *fn)
{
	struct lookup lookup;

	return by_address(&lookup, fn) ? NULL : (void *)lookup.body;
}

int otrace_listen(void)
{
	return -ot_start_listen();
}

const char *otrace_socket(void)
{
	const char *path = ot_server_path();

	return path[0] ? path : NULL;
}

#define TEXT_OF(name, number, text) [number] = text,
static const char *const texts[] = {OTRACE_ERRORS(TEXT_OF)};

const char *otrace_strerror(int error)
{
	unsigned number = error < 0 ? 0u - (unsigned)error : (unsigned)error;

	return number < sizeof(texts) / sizeof(texts[0]) && texts[number] ? texts[number]
									  : "unknown error";
}
